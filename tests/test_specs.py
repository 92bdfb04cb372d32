"""Every spec of the repository on the bundle that its script makes.

Not checked here: the bundles themselves (tests/specs/test_bundles.py).
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

import specc

SPECS = Path(__file__).resolve().parents[1] / "specs"
ALL = sorted(path.parent.name for path in SPECS.glob("*/spec.json"))
LARGE = {"flights"}
SMALL = [name for name in ALL if name not in LARGE]

# What a run has to reach on `test`: well below what it reaches, far above guessing.
WARNED = {"titanic": ["SC312"]}
"""Titanic trains classes with the squared error, as its text does, and is warned of it."""

LEAST = {
    "breast_cancer": ("roc_auc_score", 0.97), "diabetes": ("r2_score", 0.3),
    "flights": ("roc_auc_score", 0.74), "iris": ("accuracy_score", 0.85),
    "titanic": ("roc_auc_score", 0.8),
}


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Made once a session; the large one by the test that needs it."""
    root = tmp_path_factory.mktemp("specs")
    return {name: make(name, root / name) for name in SMALL}


def make(name: str, out: Path) -> Path:
    """Run `make_bundle.py` in this process, which spares its imports."""
    script = SPECS / name / "make_bundle.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), str(out)])
        patch.setattr(sys, "path", [str(script.parent), str(SPECS), *sys.path])
        runpy.run_path(str(script), run_name="__main__")
    return out


def spec(name: str) -> Path:
    return SPECS / name / "spec.json"


@pytest.mark.parametrize("name", ALL)
def test_spec_is_valid(name: str) -> None:
    assert specc.validate(spec(name)).diagnostics == ()


@pytest.mark.parametrize("name", ALL)
def test_spec_says_who_it_is(name: str) -> None:
    document = json.loads(spec(name).read_text(encoding="utf-8"))
    assert document["name"] == name and len(document["description"]) > 20
    assert (spec(name).parent / document["$schema"]).resolve().is_file()


@pytest.mark.parametrize("name", SMALL)
def test_spec_runs(name: str, bundles: dict[str, Path], tmp_path: Path) -> None:
    checked = specc.validate(spec(name), bundles[name])
    assert codes(checked) == WARNED.get(name, []), str(checked)
    reaches(name, specc.run(spec(name), bundles[name], out=tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LARGE))
def test_large_spec_runs(name: str, tmp_path: Path) -> None:
    bundle = make(name, tmp_path / "bundle")
    reaches(name, specc.run(spec(name), bundle, out=tmp_path))


def codes(result: specc.Validation) -> list[str]:
    return [one.code for one in result.diagnostics]


def reaches(name: str, result: specc.RunResult) -> None:
    assert result.run is not None, str(result)
    assert codes(result) == WARNED.get(name, []), str(result)
    metric, least = LEAST[name]
    value = result.metrics["test"][metric]
    assert value is not None and value >= least
    epochs = json.loads(spec(name).read_text(encoding="utf-8"))["training"]["epochs"]
    assert len(result.history) == epochs
    losses = result.history["loss_train"]
    assert losses.iloc[-1] < losses.iloc[0]
