"""Every spec of the repository on the bundle that its script makes.

A spec is named by its folder, and by its file where that is not `spec.json`:
`departures/weather` is `specs/departures/weather.json`.

Not checked here: the bundles themselves (tests/specs/test_bundles.py).
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from specc.schema.vocabulary import VOCABULARY

import specc

SPECS = Path(__file__).resolve().parents[1] / "specs"
ALL = sorted(path.relative_to(SPECS).with_suffix("").as_posix().removesuffix("/spec")
             for path in SPECS.glob("*/*.json"))
FOLDERS = sorted(path.parent.name for path in SPECS.glob("*/spec.json"))
LARGE = {"flights"}
"""Folders whose bundle takes long to make."""

SMALL = [name for name in ALL if name.partition("/")[0] not in LARGE]

WARNED = {"titanic": ["SC312"]}
"""Titanic trains classes with the squared error, as its text does, and is warned of it."""

# What a run has to reach on `test`, or on `train` where that is all there is: well below what it
# reaches, far above guessing.
LEAST: dict[str, tuple[str, float]] = {
    "breast_cancer": ("roc_auc_score", 0.97),
    "departures": ("roc_auc_score", 0.7),
    "departures/aircraft": ("roc_auc_score", 0.75),
    "departures/carriers": ("label_ranking_average_precision_score", 0.6),
    "departures/deepfm": ("roc_auc_score", 0.73),
    "departures/ranking": ("group_auc", 0.54),
    "departures/weather": ("r2_score", 0.95),
    "diabetes": ("r2_score", 0.3),
    "diabetes/heads": ("progression.r2_score", 0.35),
    "diabetes/quantiles": ("spearman", 0.55),
    "digits": ("accuracy_score", 0.94),
    "digits/ensemble": ("accuracy_score", 0.95),
    "digits/lines": ("accuracy_score", 0.93),
    "flights": ("roc_auc_score", 0.74),
    "flights/history": ("roc_auc_score", 0.795),
    "iris": ("accuracy_score", 0.85),
    "iris/ensemble": ("accuracy_score", 0.85),
    "sentences": ("roc_auc_score", 0.97),
    "sentences/lstm": ("roc_auc_score", 0.97),
    "sentences/vectors": ("roc_auc_score", 0.95),
    "titanic": ("roc_auc_score", 0.8),
    "wine": ("accuracy_score", 0.85),
    "wine/embeddings": ("accuracy_score", 0.85),
}

QUICK = {"breast_cancer", "diabetes", "diabetes/heads", "iris", "sentences", "titanic"}
"""The specs that are trained to the end even in the quick round of tests."""


class Bundles:
    """The bundles by folder, each made once a session, by the first test that needs it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, name: str) -> Path:
        folder = name.partition("/")[0]
        if not (self.root / folder).exists():
            make(folder, self.root / folder)
        return self.root / folder


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("specs"))


def make(name: str, out: Path) -> None:
    """Run `make_bundle.py` in this process, which spares its imports."""
    script = SPECS / name / "make_bundle.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), str(out)])
        patch.setattr(sys, "path", [str(script.parent), str(SPECS), *sys.path])
        runpy.run_path(str(script), run_name="__main__")


def spec(name: str) -> Path:
    return SPECS / (f"{name}.json" if "/" in name else f"{name}/spec.json")


def document(name: str) -> dict[str, Any]:
    return json.loads(spec(name).read_text(encoding="utf-8"))


def marked(names: list[str], slow: set[str]) -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.slow] if name in slow else [])
            for name in names]


@pytest.mark.parametrize("name", ALL)
def test_spec_is_valid(name: str) -> None:
    assert specc.validate(spec(name)).diagnostics == ()


@pytest.mark.parametrize("name", ALL)
def test_spec_says_who_it_is(name: str) -> None:
    text = document(name)
    assert text["name"] == name.replace("/", "_") and len(text["description"]) > 20
    assert (spec(name).parent / text["$schema"]).resolve().is_file()


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_tells_of_every_spec(folder: str) -> None:
    readme = (SPECS / folder / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in (SPECS / folder).glob("*.json")
               if f"{folder}/{path.name}" not in readme and f"`{path.name}`" not in readme]
    assert not missing


@pytest.mark.parametrize("name", SMALL)
def test_spec_takes_two_steps(name: str, bundles: Bundles, tmp_path: Path) -> None:
    result = specc.run(spec(name), bundles.of(name), out=tmp_path,
                       overrides=["/training/max_steps=2"])
    assert result.run is not None, str(result)
    assert codes(result) == WARNED.get(name, []), str(result)
    values = [value for measured in result.metrics.values() for value in measured.values()]
    assert values and None not in values


@pytest.mark.parametrize("name", marked(ALL, set(ALL) - QUICK))
def test_spec_learns(name: str, bundles: Bundles, tmp_path: Path) -> None:
    result = specc.run(spec(name), bundles.of(name), out=tmp_path)
    assert result.run is not None, str(result)
    assert codes(result) == WARNED.get(name, []), str(result)
    metric, least = LEAST[name]
    value = result.metrics["test" if "test" in result.metrics else "train"][metric]
    assert value is not None and value >= least
    losses = result.history["loss_train"]
    assert losses.iloc[-1] < losses.iloc[0]
    training = document(name)["training"]
    assert len(losses) == training["epochs"] or "early_stopping" in training


@pytest.mark.slow
def test_history_of_flights_tells_more(bundles: Bundles, tmp_path: Path) -> None:
    found = {}
    for name in ("flights", "flights/history"):
        # After one epoch the gain is nearly what it is in the end.
        result = specc.run(spec(name), bundles.of(name), out=tmp_path,
                           overrides=["/training/epochs=1"])
        found[name] = result.metrics["test"]["roc_auc_score"]
    assert found["flights/history"] >= found["flights"] + 0.025


def codes(result: specc.Validation) -> list[str]:
    return [one.code for one in result.diagnostics]


def test_every_type_of_specc_is_in_a_spec() -> None:
    folder = SPECS.parent / "docs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(folder), *sys.path])
        used = runpy.run_path(str(folder / "spec_uses.py"))["resolved"]()
    own = {f"{family.name}.{declared.name}" for family in VOCABULARY
           for declared in family.types if ":" not in declared.name}
    assert len(own) > 50
    assert sorted(own - used.keys()) == []
