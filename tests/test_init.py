"""`specc init` on the command line, and drafts of the bundles of `specs/`.

What is guessed is in compiler/test_drafting.py.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import specc as api

Specc = Callable[..., Result]

SPECS = Path(__file__).resolve().parents[1] / "specs"


def test_guesses_go_to_standard_error(specc: Specc, bundle: Path) -> None:
    result = specc("init", "bundle", "--label", "late")
    assert result.exit_code == 0
    spec = json.loads(result.stdout)
    assert spec["extractors"]["label"]["take_columns"] == ["late"]
    assert "learn late, binary: its values are 0 and 1" in result.stderr.splitlines()
    assert "join shops by shop: " in result.stderr


def test_json_holds_spec_and_guesses(specc: Specc, bundle: Path) -> None:
    result = specc("init", "bundle", "--label", "late", "--format", "json", "--out", "mine.json")
    report = json.loads(result.stdout)
    assert (result.exit_code, result.stderr, report["valid"]) == (0, "", True)
    assert report["spec"] == json.loads(Path("mine.json").read_text())
    assert report["written"] == "mine.json"
    (label,) = [guess for guess in report["guesses"] if guess["pointer"] == "/extractors/label"]
    assert label == {"pointer": "/extractors/label", "choice": "learn late, binary",
                     "reason": "its values are 0 and 1"}


def test_what_is_written_is_accepted(specc: Specc, bundle: Path) -> None:
    drafted = specc("init", "bundle", "--label", "late", "--out", "spec.json")
    assert (drafted.exit_code, drafted.stdout) == (0, "")
    checked = specc("validate", "spec.json", "bundle")
    assert checked.exit_code == 0, checked.stdout


def test_a_file_that_is_there_is_kept(specc: Specc, spec_file: Path, bundle: Path) -> None:
    before = spec_file.read_bytes()
    refused = specc("init", "bundle", "--label", "late", "--out", "spec.json")
    assert refused.exit_code == 1
    assert "error[SC646]" in refused.stdout and "--force" in refused.stdout
    assert spec_file.read_bytes() == before
    forced = specc("init", "bundle", "--label", "late", "--out", "spec.json", "--force")
    assert forced.exit_code == 0
    assert spec_file.read_bytes() != before
    for place in ("bundle", "nowhere/spec.json"):
        wrong = specc("init", "bundle", "--label", "late", "--out", place, "--force")
        assert (wrong.exit_code, wrong.stdout.count("SC646")) == (1, 1)


def test_a_label_that_is_not_there(specc: Specc, bundle: Path) -> None:
    result = specc("init", "bundle", "--label", "lte", "--format", "json")
    (found,) = json.loads(result.stdout)["diagnostics"]
    assert (result.exit_code, found["code"]) == (1, "SC607")
    assert "did you mean 'late'?" in found["help"]
    away = specc("init", "nowhere", "--label", "late")
    assert (away.exit_code, "error[SC601]" in away.stdout) == (1, True)
    assert specc("init", "bundle").exit_code == 2


LEAST = {
    "titanic": ("Survived", "roc_auc_score", 0.75), "iris": ("species", "accuracy_score", 0.8),
    "diabetes": ("target", "r2_score", 0.25), "breast_cancer": ("malignant", "roc_auc_score", 0.95),
}
"""The label, and what the draft has to reach on `test` as it is."""


@pytest.mark.parametrize("name", LEAST)
def test_drafts_train_as_they_are(name: str, tmp_path: Path) -> None:
    label, metric, least = LEAST[name]
    script = SPECS / name / "make_bundle.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), str(tmp_path / "bundle")])
        patch.setattr(sys, "path", [str(script.parent), str(SPECS), *sys.path])
        runpy.run_path(str(script), run_name="__main__")
    draft = api.draft(tmp_path / "bundle", label)
    assert draft.spec is not None, draft
    result = api.run(draft.spec, tmp_path / "bundle", out=tmp_path / "runs")
    assert result.diagnostics == ()
    reached = result.metrics["test"][metric]
    assert reached is not None and reached >= least
