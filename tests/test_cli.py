"""The command line: exit status, formats, colour, options. Bad input is in test_bad_input.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from specc.schema import SCHEMA_FILE

from specc import __version__, api
from specc.cli import cli, main

Specc = Callable[..., Result]
Json = dict[str, Any]

ESCAPE = "\x1b["


def write_spec(spec: Json) -> None:
    Path("spec.json").write_text(json.dumps(spec), encoding="utf-8")


@pytest.fixture
def wrong_spec(specc: Specc, spec: Json) -> None:
    """A spec with one mistake in the standing folder."""
    spec["training"]["epochs"] = 0
    write_spec(spec)


# Exit status


def test_accepted_spec_exits_0(specc: Specc, spec_file: Path, bundle: Path) -> None:
    for arguments in (["spec.json"], ["spec.json", "bundle"]):
        result = specc("validate", *arguments)
        assert (result.exit_code, result.stdout) == (0, "spec.json: no mistakes found\n")


def test_warning_exits_0(specc: Specc, spec: Json, bundle: Path) -> None:
    spec["training"]["batch_size"] = 64
    write_spec(spec)
    for verb in ("validate", "plan", "run"):
        result = specc(verb, "spec.json", "bundle")
        assert result.exit_code == 0
        assert "warning[SC402]" in result.stdout


@pytest.mark.parametrize("arguments", [
    ["validate", "spec.json"], ["validate", "spec.json", "bundle"],
    ["plan", "spec.json", "bundle"], ["run", "spec.json", "bundle"],
])
def test_rejected_spec_exits_1(specc: Specc, wrong_spec: None, bundle: Path,
                               arguments: list[str]) -> None:
    result = specc(*arguments)
    assert result.exit_code == 1
    assert "error[SC106]" in result.stdout
    assert result.stdout.endswith("1 error\n")


@pytest.mark.parametrize("arguments", [
    ["train"], ["validate"], ["run", "spec.json"], ["plan", "spec.json", "bundle", "more"],
    ["validate", "spec.json", "--format", "yaml"], ["run", "spec.json", "bundle", "--epochs", "3"],
    ["bundle"], ["bundle", "describe"],
])
def test_wrong_usage_exits_2(specc: Specc, arguments: list[str]) -> None:
    result = specc(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_fault_of_specc_exits_3(monkeypatch: pytest.MonkeyPatch,
                                capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a fault in a pass")

    monkeypatch.setattr(api, "validate", fail)
    monkeypatch.setattr(sys, "argv", ["specc", "validate", "spec.json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    printed = capsys.readouterr()
    assert "fault of specc" in printed.err
    assert "a fault in a pass" in printed.err
    assert printed.out == ""


def test_interruption_before_a_run_starts_is_no_traceback(
        specc: Specc, spec_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "validate", interrupt)
    result = specc("validate", "spec.json")
    assert result.exit_code == 1
    assert "Traceback" not in result.output


# JSON


@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_json_of_a_rejected_spec(specc: Specc, wrong_spec: None, bundle: Path, verb: str) -> None:
    result = specc(verb, "spec.json", "bundle", "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["format_version"] == "1.0"
    assert (report["valid"], report["error_count"], report["warning_count"]) == (False, 1, 0)
    (found,) = report["diagnostics"]
    assert (found["code"], found["pointer"]) == ("SC106", "/training/epochs")


@pytest.mark.parametrize("arguments", [
    ["validate", "spec.json"], ["validate", "spec.json", "bundle"], ["run", "spec.json", "bundle"],
])
def test_json_of_an_accepted_spec(specc: Specc, spec_file: Path, bundle: Path,
                                  arguments: list[str]) -> None:
    result = specc(*arguments, "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["format_version"] == "1.0"
    assert (report["valid"], report["error_count"], report["warning_count"]) == (True, 0, 0)


def test_json_of_a_warning(specc: Specc, spec: Json, bundle: Path) -> None:
    spec["training"]["batch_size"] = 64
    write_spec(spec)
    report = json.loads(specc("validate", "spec.json", "bundle", "--format", "json").stdout)
    assert (report["valid"], report["error_count"], report["warning_count"]) == (True, 0, 1)


def test_json_of_a_plan_has_counts_beside_it(specc: Specc, spec_file: Path,
                                             bundle: Path) -> None:
    result = specc("plan", "spec.json", "bundle", "--format", "json")
    plan = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (plan["format"], plan["name"], plan["task"]) == (1, "orders", "binary")
    assert (plan["format_version"], plan["valid"], plan["error_count"]) == ("1.0", True, 0)


def test_json_of_a_plan_holds_its_warnings(specc: Specc, spec: Json, bundle: Path) -> None:
    spec["training"]["batch_size"] = 64
    write_spec(spec)
    result = specc("plan", "spec.json", "bundle", "--format", "json")
    plan = json.loads(result.stdout)
    assert plan["training"]["batch_size"] == 64
    assert [found["code"] for found in plan["diagnostics"]] == ["SC402"]


def test_json_of_a_bundle_that_cannot_be_read(specc: Specc) -> None:
    result = specc("bundle", "describe", "nowhere", "--format", "json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["format_version"], report["error_count"]) == ("1.0", 1)
    assert report["diagnostics"][0]["code"] == "SC601"


# Plans, runs, bundles, the schema


def test_plan_is_text(specc: Specc, spec_file: Path, bundle: Path) -> None:
    result = specc("plan", "spec.json", "bundle")
    assert result.exit_code == 0
    assert result.stdout.startswith("plan orders: binary")
    assert not Path("runs").exists()


def test_run_prints_metrics_and_its_folder(specc: Specc, spec_file: Path, bundle: Path) -> None:
    result = specc("run", "spec.json", "bundle", "--out", "there")
    assert result.exit_code == 0
    *_, train, test, folder = result.stdout.splitlines()
    assert train.startswith("train: loss ") and "roc_auc_score" in train
    assert test.startswith("test: loss ")
    assert Path(folder.removeprefix("run folder: ")).parent == Path("there")
    assert Path(folder.removeprefix("run folder: "), "plan.json").is_file()


def test_progress_goes_to_standard_error(specc: Specc, spec_file: Path, bundle: Path) -> None:
    result = specc("run", "spec.json", "bundle")
    assert "epoch 2/2" in result.stderr
    assert "epoch 2/2" not in result.stdout


def test_bundle_is_described(specc: Specc, bundle: Path) -> None:
    text = specc("bundle", "describe", "bundle")
    data = specc("bundle", "describe", "bundle", "--format", "json")
    assert (text.exit_code, data.exit_code) == (0, 0)
    described = json.loads(data.stdout)
    for name in ("customers", "index", "shops"):
        assert name in text.stdout
        assert name in json.dumps(described)


def test_schema_is_printed(specc: Specc) -> None:
    result = specc("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def test_version(specc: Specc) -> None:
    assert specc("--version").stdout.strip().endswith(__version__)


@pytest.mark.parametrize("verb", [None, *cli.commands])
def test_help_by_both_names(specc: Specc, verb: str | None) -> None:
    arguments = [] if verb is None else [verb]
    short, long = specc(*arguments, "-h"), specc(*arguments, "--help")
    assert (short.exit_code, short.stdout) == (0, long.stdout)
    assert short.stdout.startswith("Usage: ")


# --set


def test_set_gives_typed_values(specc: Specc, spec_file: Path, bundle: Path) -> None:
    result = specc("plan", "spec.json", "bundle", "--format", "json",
                   "--set", "/training/epochs=7", "--set", "/name=other",
                   "--set", '/training/evaluate_on=["test"]', "--set", "/optimizer/lr=1e-2")
    plan = json.loads(result.stdout)
    assert plan["name"] == "other"
    assert plan["training"]["epochs"] == 7
    assert plan["training"]["evaluate_on"] == ["test"]
    assert plan["optimizer"]["lr"] == 0.01


def test_set_of_a_wrong_value_is_told_at_the_option(specc: Specc, spec_file: Path) -> None:
    result = specc("validate", "spec.json", "--set", "/training/epochs=three")
    assert result.exit_code == 1
    assert result.stdout.startswith("--set /training/epochs: error[SC104]")


@pytest.mark.parametrize("override", ["training/epochs=3", "/training/epochs", "/metrics/5/type=x",
                                      "/name/first=x", "=3"])
def test_set_of_a_wrong_pointer(specc: Specc, spec_file: Path, override: str) -> None:
    result = specc("validate", "spec.json", "--set", override, "--format", "json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["diagnostics"]
    assert found["code"] == "SC009"
    assert "--set" in found["help"]


def test_set_does_not_change_the_file(specc: Specc, spec_file: Path) -> None:
    before = spec_file.read_bytes()
    specc("validate", "spec.json", "--set", "/training/epochs=3")
    assert spec_file.read_bytes() == before


# Colour


@pytest.mark.parametrize(("environment", "colored"), [
    ({}, False), ({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1"}, False),
    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({"FORCE_COLOR": "", "NO_COLOR": ""}, False),
])
def test_colour_follows_the_environment(specc: Specc, wrong_spec: None,
                                        environment: dict[str, str], colored: bool) -> None:
    result = specc("validate", "spec.json", env=environment, color=True)
    assert (ESCAPE in result.stdout) is colored


def test_json_has_no_colour(specc: Specc, wrong_spec: None) -> None:
    result = specc("validate", "spec.json", "--format", "json", env={"FORCE_COLOR": "1"},
                   color=True)
    assert ESCAPE not in result.stdout


# Start-up


@pytest.mark.parametrize("arguments", [["validate", "spec.json"], ["--help"], ["schema"]])
def test_what_needs_no_bundle_imports_nothing_heavy(spec_file: Path,
                                                    arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from specc.cli import cli\n"
        f"cli({arguments!r}, standalone_mode=False)\n"
    )
    watched = (
        "import atexit, sys\n"
        "heavy = ('torch', 'pandas', 'pyarrow', 'sklearn', 'numpy', 'rich', 'matplotlib')\n"
        "atexit.register(lambda: print('loaded:', *(n for n in heavy if n in sys.modules),"
        " file=sys.stderr))\n"
    )
    done = subprocess.run([sys.executable, "-c", watched + program], cwd=spec_file.parent,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


def test_module_is_the_command(spec_file: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "specc", "validate", "spec.json"],
                          cwd=spec_file.parent, capture_output=True, text=True, timeout=60,
                          check=False)
    assert (done.returncode, done.stdout) == (0, "spec.json: no mistakes found\n")
