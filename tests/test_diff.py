"""`specc diff` and `specc.diff`: specs and run folders, exit status, formats.

What a comparison finds is in compiler/test_comparing.py.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import specc as package

Specc = Callable[..., Result]
Json = dict[str, Any]


def write(path: str, spec: Json) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(spec), encoding="utf-8")
    return file


@pytest.fixture
def other(specc: Specc, spec: Json) -> Json:
    """The spec with another learning rate, as `b.json`; the spec itself is `a.json`."""
    write("a.json", spec)
    changed = copy.deepcopy(spec)
    changed["optimizer"]["lr"] = 0.25
    write("b.json", changed)
    return changed


def test_equal_specs(specc: Specc, spec: Json) -> None:
    write("a.json", spec)
    write("b.json", {**dict(reversed(spec.items())), "seed": 0})
    for options in ([], ["--exit-code"]):
        result = specc("diff", "a.json", "b.json", *options)
        assert (result.exit_code, result.stdout) == (0, "a.json and b.json mean the same\n")


def test_different_specs(specc: Specc, other: Json) -> None:
    result = specc("diff", "a.json", "b.json")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "a.json -> b.json: training changes; data preparation and network stay the same", "",
        "training: 1 change", "  ~ /optimizer/lr 0.1 -> 0.25"]
    assert specc("diff", "a.json", "b.json", "--exit-code").exit_code == 1


def test_colour_is_asked_for(specc: Specc, other: Json) -> None:
    assert "\x1b[" in specc("diff", "a.json", "b.json", "--color", "always").stdout
    assert "\x1b[" not in specc("diff", "a.json", "b.json").stdout


def test_json(specc: Specc, other: Json) -> None:
    report = json.loads(specc("diff", "a.json", "b.json", "--format", "json").stdout)
    assert (report["format"], report["equal"], report["sections"]) == (1, False, ["training"])
    assert [one["spec"] for one in report["specs"]] == ["a.json", "b.json"]
    assert report["changes"][0]["after"] == "/optimizer/lr"


def test_both_rejected_specs_are_told(specc: Specc, spec: Json) -> None:
    spec["training"]["epochs"] = 0
    write("a.json", spec)
    Path("b.json").write_text("{", encoding="utf-8")
    result = specc("diff", "a.json", "b.json")
    assert result.exit_code == 1
    assert "a.json:1:" in result.stdout and "error[SC106]" in result.stdout
    assert "b.json:1:2: error[SC003]" in result.stdout
    report = specc("diff", "a.json", "b.json", "--format", "json")
    assert report.exit_code == 1
    found = json.loads(report.stdout)
    assert [one["valid"] for one in found["specs"]] == [False, False]
    assert "equal" not in found


def test_one_rejected_spec_is_told_alone(specc: Specc, spec: Json, other: Json) -> None:
    write("b.json", {**spec, "epochs": 3})
    result = specc("diff", "a.json", "b.json", "--exit-code")
    assert result.exit_code == 1
    assert "SC102" in result.stdout and "a.json" not in result.stdout


@pytest.mark.parametrize("place", ["nowhere.json", "empty", "nul\0.json"])
def test_unreadable_place_is_a_finding(specc: Specc, other: Json, place: str) -> None:
    Path("empty").mkdir()
    found = package.diff("a.json", place)
    assert [entry.code for entry in found.diagnostics] == ["SC001"]


def test_two_specs_are_asked_for(specc: Specc, other: Json) -> None:
    assert specc("diff", "a.json").exit_code == 2
    assert specc("diff", "a.json", "b.json", "--format", "sarif").exit_code == 2


def test_run_is_compared_as_it_ran(specc: Specc, spec: Json, bundle: Path) -> None:
    write("a.json", spec)
    run = package.run("a.json", "bundle", out="runs", overrides=["/optimizer/lr=0.3"])
    result = specc("diff", "a.json", str(run.folder))
    assert result.stdout.splitlines()[2:] == [
        "training: 1 change", "  ~ /optimizer/lr 0.1 -> 0.3"]


def test_unfinished_run_is_compared_as_it_was_given(specc: Specc, other: Json) -> None:
    write("runs/one/spec.json", other)
    assert specc("diff", "b.json", "runs/one").stdout == "b.json and runs/one mean the same\n"


def test_renamed_extractor_trains_the_same(spec: Json, bundle: Path, tmp_path: Path) -> None:
    changed = copy.deepcopy(spec)
    name = changed["network"]["input_frames"][0]
    changed["network"]["input_frames"][0] = "zz"
    changed["extractors"]["zz"] = changed["extractors"].pop(name)
    assert package.diff(spec, changed).sections == ("names",)
    runs = [package.run(one, bundle, out=tmp_path / "runs") for one in (spec, changed)]
    assert runs[0].metrics == runs[1].metrics
    weights = [(run.folder / "model/weights.safetensors").read_bytes() for run in runs]
    assert weights[0] == weights[1]


def test_python(specc: Specc, spec: Json, other: Json) -> None:
    found = package.diff(spec, json.dumps(other))
    assert found.ok and not found.equal
    assert [change.pointer for change in found.changes] == ["/optimizer/lr"]
    assert found.sections == ("training",)
    assert found.patch == ({"op": "replace", "path": "/optimizer/lr", "value": 0.25},)
    assert str(found).splitlines()[-1] == "  ~ /optimizer/lr 0.1 -> 0.25"
    assert package.diff(Path("a.json"), spec).equal


def test_python_of_a_rejected_spec(spec: Json) -> None:
    found = package.diff(spec, {})
    assert not found.ok and found.first.ok and "SC103" in str(found)
    with pytest.raises(RuntimeError, match="SC103"):
        _ = found.changes


def test_nothing_heavy_is_imported(specc: Specc, other: Json) -> None:
    program = ("import sys, specc; assert not specc.diff('a.json', 'b.json').equal; "
               "print([name for name in ('torch', 'pandas', 'pyarrow', 'sklearn', 'numpy') "
               "if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=True)
    assert done.stdout == "[]\n"
