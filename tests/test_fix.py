"""`specc validate --fix`: the file, the difference, the exit status; --format and --color.

The repairs themselves are in compiler/test_patch.py and in the golden corpus.
"""

from __future__ import annotations

import codecs
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from specc import api
from specc.cli import main
from specc.fix import difference, write_text

Specc = Callable[..., Result]
Json = dict[str, Any]


@pytest.fixture
def wrong(specc: Specc, spec: Json) -> Path:
    """A spec with two mistakes whose repair is certain."""
    spec["training"]["epoch"] = spec["training"].pop("epochs")
    spec["optimizer"]["type"] = "torch.optim:Sgd"
    path = Path("spec.json")
    path.write_text(json.dumps(spec, indent=3) + "\n", encoding="utf-8")
    return path


def test_certain_mistakes_are_repaired(specc: Specc, wrong: Path) -> None:
    before = wrong.read_text(encoding="utf-8")
    result = specc("validate", "spec.json", "--fix")
    assert result.exit_code == 0
    assert wrong.read_text(encoding="utf-8") == before.replace('"epoch"', '"epochs"').replace(
        "Sgd", "SGD")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["--- spec.json", "+++ spec.json"]
    assert [line for line in lines[2:] if line.startswith(("+", "-"))] == [
        '-      "type": "torch.optim:Sgd",', '+      "type": "torch.optim:SGD",',
        '-      "epoch": 2', '+      "epochs": 2']
    assert lines[-2:] == ["", "spec.json: no mistakes found"]


def test_what_is_left_is_reported(specc: Specc, wrong: Path) -> None:
    text = wrong.read_text(encoding="utf-8").replace('"epoch": 2', '"epoch": 2.5')
    wrong.write_text(text, encoding="utf-8")
    result = specc("validate", "spec.json", "--fix")
    assert result.exit_code == 1
    assert '+      "epochs": 2.5' in result.stdout
    assert "error[SC104]" in result.stdout and "SC102" not in result.stdout


def test_dry_run_shows_the_difference_only(specc: Specc, wrong: Path) -> None:
    before = wrong.read_bytes()
    result = specc("validate", "spec.json", "--fix", "--dry-run")
    assert (result.exit_code, wrong.read_bytes()) == (1, before)
    assert result.stdout.startswith("--- spec.json\n")
    assert "SC1" not in result.stdout and result.stdout.splitlines()[-1][0] in " +-"


def test_nothing_to_repair(specc: Specc, spec_file: Path) -> None:
    before = spec_file.stat()
    for options in ([], ["--dry-run"]):
        result = specc("validate", "spec.json", "--fix", *options)
        assert result.exit_code == 0
        assert "nothing that can be repaired" in result.stderr
        assert "---" not in result.stdout
    assert spec_file.stat().st_mtime_ns == before.st_mtime_ns


def test_repairs_that_need_the_bundle(specc: Specc, wrong: Path, spec: Json,
                                      bundle: Path) -> None:
    spec["extractors"]["label"]["take_columns"] = ["size"]
    spec["extractors"]["order"]["take_columns"] = ["amount"]
    spec["loss"] = {"type": "torch.nn:CrossEntropyLoss"}
    spec["network"]["sizes"] = [4, 3]
    spec["metrics"] = []
    wrong.write_text(json.dumps(spec), encoding="utf-8")
    result = specc("validate", "spec.json", "bundle", "--fix")
    assert result.exit_code == 0, result.stdout
    assert json.loads(wrong.read_bytes())["extractors"]["label"]["transformer"] == {
        "type": "class_index"}


@pytest.mark.parametrize(("arguments", "message"), [
    (["--fix", "--set", "/training/epochs=3"], "--set"), (["--dry-run"], "--fix"),
    (["--fix", "--dry-run", "--set", "/training/epochs=3"], "--set"),
])
def test_options_that_do_not_go_together(specc: Specc, wrong: Path, arguments: list[str],
                                         message: str) -> None:
    before = wrong.read_bytes()
    result = specc("validate", "spec.json", *arguments)
    assert (result.exit_code, result.stdout, wrong.read_bytes()) == (2, "", before)
    assert message in result.stderr


def test_a_missing_file_is_reported_as_ever(specc: Specc) -> None:
    result = specc("validate", "nowhere.json", "--fix")
    assert result.exit_code == 1
    assert "error[SC001]" in result.stdout


@pytest.mark.parametrize("text", ["[1]", '"spec.json"', "other.json", '{"a": 1, "a": 2}', "{", ""])
def test_text_without_certain_places_stays(specc: Specc, spec_file: Path, text: str) -> None:
    Path("odd.json").write_text(text, encoding="utf-8")
    Path("other.json").write_bytes(b'{"specc": "1"}')
    assert specc("validate", "odd.json", "--fix").exit_code == 1
    assert Path("odd.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_one_document_on_standard_output(specc: Specc, wrong: Path, form: str) -> None:
    result = specc("validate", "spec.json", "--fix", "--format", form)
    json.loads(result.stdout)
    assert result.exit_code == 0
    assert '"epochs": 2' in result.stderr


def test_the_file_keeps_its_mark_breaks_permissions_and_link(specc: Specc, wrong: Path) -> None:
    text = wrong.read_text(encoding="utf-8").replace("\n", "\r\n")
    wrong.write_bytes(codecs.BOM_UTF8 + text.encode())
    wrong.chmod(0o640)
    Path("link.json").symlink_to("spec.json")
    assert specc("validate", "link.json", "--fix").exit_code == 0
    assert Path("link.json").is_symlink()
    assert stat.S_IMODE(wrong.stat().st_mode) == 0o640
    assert wrong.read_bytes() == codecs.BOM_UTF8 + text.replace('"epoch"', '"epochs"').replace(
        "Sgd", "SGD").encode()
    assert sorted(path.name for path in Path().iterdir()) == ["link.json", "spec.json"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(b"new")
    with pytest.raises(OSError, match="changed"):
        write_text(path, "old", "fixed")
    assert path.read_bytes() == b"new"


def test_a_file_that_cannot_be_written(specc: Specc, wrong: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = wrong.read_bytes()
    monkeypatch.setattr(Path, "replace", refuse)
    result = specc("validate", "spec.json", "--fix")
    assert (result.exit_code, wrong.read_bytes()) == (2, before)
    assert "Permission denied" in result.stderr
    assert [path.name for path in Path().iterdir()] == ["spec.json"]


def test_a_difference_shows_no_control_characters() -> None:
    lines = list(difference("a\x1b", "x\u202e\t1\n", "x\t2\n", lambda style, text: text))
    assert lines == ["--- a\\x1b", "+++ a\\x1b", "@@ -1 +1 @@", "-x\\u202e\t1", "+x\t2"]


def test_the_difference_of_a_huge_text_is_not_shown() -> None:
    before = "a\n" * 6000
    (line,) = difference("s.json", before, before.replace("a", "b"), lambda style, text: text)
    assert "6,000 lines" in line


# Formats of the other commands


@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_sarif_and_github_of_every_verb(specc: Specc, wrong: Path, bundle: Path,
                                        verb: str) -> None:
    result = specc(verb, "spec.json", "bundle", "--format", "sarif")
    found = {entry["ruleId"] for entry in json.loads(result.stdout)["runs"][0]["results"]}
    assert (result.exit_code, found) == (1, {"SC101", "SC102"})
    result = specc(verb, "spec.json", "bundle", "--format", "github")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "2 errors")
    assert result.stdout.count("::error file=spec.json,line=") == 2


def test_formats_of_an_accepted_spec(specc: Specc, spec_file: Path, bundle: Path) -> None:
    result = specc("validate", "spec.json", "--format", "sarif")
    assert json.loads(result.stdout)["runs"][0]["results"] == []
    result = specc("run", "spec.json", "bundle", "--format", "github")
    assert result.stdout.startswith("spec.json: no mistakes found\ntrain: loss ")


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_a_fault_is_reported_in_the_format(monkeypatch: pytest.MonkeyPatch, form: str,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a fault in a pass")

    monkeypatch.setattr(api, "validate", fail)
    monkeypatch.setattr(sys, "argv", ["specc", "validate", "spec.json", "--format", form])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 3
    assert "AssertionError: a fault in a pass" in printed.out
    assert "Traceback" in printed.err
    if form == "json":
        assert json.loads(printed.out)["fault"] == "AssertionError: a fault in a pass"


@pytest.mark.parametrize(("options", "environment", "colored"), [
    (["--color", "always"], {"NO_COLOR": "1"}, True), ([], {}, False),
    (["--color", "never"], {"FORCE_COLOR": "1"}, False), ([], {"FORCE_COLOR": "1"}, True),
    (["--color", "auto"], {"FORCE_COLOR": "1"}, True),
    (["--color", "auto"], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    (["--color", "always", "--fix", "--dry-run"], {}, True), (["--fix", "--dry-run"], {}, False),
])
def test_colour(specc: Specc, wrong: Path, options: list[str], environment: dict[str, str],
                colored: bool) -> None:
    result = specc("validate", "spec.json", *options, env=environment)
    assert ("\x1b[" in result.stdout) is colored
