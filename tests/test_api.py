"""The Python interface: every way to give a spec and a bundle, and what comes back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.compiler.bundle import Bundle
from specc.compiler.stages import Plan

import specc
from specc import api

Frames = dict[str, pd.DataFrame]
Json = dict[str, Any]


def _as_path(path: Path, spec: Json) -> Any:
    return path


def _as_path_text(path: Path, spec: Json) -> Any:
    return str(path)


def _as_json(path: Path, spec: Json) -> Any:
    return "\n " + json.dumps(spec)


def _as_mapping(path: Path, spec: Json) -> Any:
    return spec


GIVEN = [_as_path, _as_path_text, _as_json, _as_mapping]


@pytest.fixture(params=GIVEN, ids=lambda way: way.__name__.removeprefix("_as_"))
def given_spec(request: pytest.FixtureRequest, spec_file: Path, spec: Json) -> Any:
    """The same spec in each form that the interface takes."""
    return request.param(spec_file, spec)


def _folder(bundle: Path, frames: Frames) -> Any:
    return bundle


def _zip(bundle: Path, frames: Frames) -> Any:
    path = bundle.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as packed:
        for file in bundle.iterdir():
            packed.write(file, file.name)
    return str(path)


def _bundle(bundle: Path, frames: Frames) -> Any:
    return Bundle.open(bundle)


def _frames(bundle: Path, frames: Frames) -> Any:
    return frames


BUNDLES: list[Callable[[Path, Frames], Any]] = [_folder, _zip, _bundle, _frames]


@pytest.fixture(params=BUNDLES, ids=lambda way: way.__name__.removeprefix("_"))
def given_bundle(request: pytest.FixtureRequest, bundle: Path, frames: Frames) -> Any:
    """The same bundle in each form that the interface takes."""
    return request.param(bundle, frames)


# What may be given


def test_validate_takes_every_form_of_a_spec(given_spec: Any) -> None:
    result = api.validate(given_spec)
    assert (result.ok, result.diagnostics, str(result)) == (True, (), "")


def test_compile_takes_every_form_of_a_spec(given_spec: Any, frames: Frames) -> None:
    assert isinstance(api.compile(given_spec, frames).plan, Plan)


def test_validate_takes_every_form_of_a_bundle(spec: Json, given_bundle: Any) -> None:
    result = api.validate(spec, given_bundle)
    assert result.ok, str(result)


def test_every_form_gives_the_same_plan(spec: Json, frames: Frames, given_bundle: Any) -> None:
    plan = api.compile(spec, given_bundle).plan
    other = api.compile(spec, frames).plan
    assert plan is not None and other is not None
    assert (plan.description, plan.hash) == (other.description, other.hash)


def test_every_form_of_a_bundle_runs(spec: Json, given_bundle: Any, tmp_path: Path) -> None:
    spec["training"]["epochs"] = 1
    result = api.run(spec, given_bundle, out=tmp_path / "runs")
    assert result.ok, str(result)
    assert len(result.predictions) == 16


def test_every_form_of_a_spec_shows_the_same_mistake(given_spec: Any) -> None:
    result = api.validate(given_spec, overrides=["/training/epochs=0"])
    assert [finding.code for finding in result.diagnostics] == ["SC106"]


def test_mapping_is_left_as_it_was(spec: Json, frames: Frames) -> None:
    before = json.dumps(spec)
    api.compile(spec, frames, overrides=["/training/epochs=3"])
    assert json.dumps(spec) == before


@pytest.mark.parametrize(("value", "code"), [
    (float("nan"), "SC005"), (float("inf"), "SC005"), ("\ud800", "SC006"), ({1, 2}, "SC003"),
    (object(), "SC003"), (Path("x"), "SC003"), (b"bytes", "SC003"),
])
def test_mapping_with_what_json_cannot_hold(spec: Json, value: Any, code: str) -> None:
    spec["optimizer"]["lr"] = value
    assert [finding.code for finding in api.validate(spec).diagnostics] == [code]


def test_mapping_that_holds_itself(spec: Json) -> None:
    spec["network"]["again"] = spec
    assert not api.validate(spec).ok


def test_keys_of_a_mapping_are_strings(spec: Json) -> None:
    spec["training"][3] = 1
    assert not api.validate(spec).ok


def test_empty_mapping_of_frames_is_a_finding(spec: Json) -> None:
    result = api.validate(spec, {})
    assert [finding.code for finding in result.diagnostics] == ["SC602"]


# What comes back


def test_public_names_are_there() -> None:
    for name in specc.__all__:
        assert hasattr(specc, name)
    assert {"validate", "compile", "run", "Bundle"} <= set(specc.__all__)


def test_rejected_spec_has_findings_and_no_plan(spec: Json, frames: Frames) -> None:
    spec["extractors"]["shop"]["joins"][0]["frame"] = "shop"
    validation, compilation = api.validate(spec, frames), api.compile(spec, frames)
    assert not validation.ok and not compilation.ok
    assert compilation.plan is None
    assert validation.diagnostics == compilation.diagnostics
    assert "SC606" in str(compilation) and "did you mean 'shops'?" in str(compilation)


def test_warning_is_ok(spec: Json, frames: Frames) -> None:
    spec["training"]["batch_size"] = 64
    result = api.compile(spec, frames)
    assert result.ok and result.plan is not None
    assert [finding.code for finding in result.diagnostics] == ["SC402"]


def test_finding_of_spec_and_bundle_is_told_once(spec: Json, frames: Frames) -> None:
    spec["network"]["output_activation"] = "sigmoid"
    found = api.compile(spec, frames).diagnostics
    assert [finding.code for finding in found] == ["SC304"]


def test_finished_run(spec: Json, frames: Frames, tmp_path: Path) -> None:
    result = api.run(spec, frames, out=tmp_path / "runs")
    assert result.ok and result.run is not None
    assert result.folder.parent == tmp_path / "runs"
    history = result.history
    assert isinstance(history, pd.DataFrame)
    assert list(history["epoch"]) == [1, 2]
    assert list(history["rows"]) == [10, 10]
    assert {"seconds", "learning_rate", "loss_train", "loss_test", "roc_auc_score_train",
            "roc_auc_score_test"} <= set(history.columns)
    assert set(result.metrics) == {"train", "test"}
    assert set(result.metrics["test"]) == {"loss", "roc_auc_score"}
    assert list(result.predictions.columns) == ["order", "split", "true", "predicted"]


def test_overrides_reach_the_run(spec: Json, frames: Frames, tmp_path: Path) -> None:
    result = api.run(spec, frames, out=tmp_path / "runs", overrides=["/training/epochs=1"])
    assert list(result.history["epoch"]) == [1]


def test_compile_writes_nothing(spec: Json, frames: Frames, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert api.compile(spec, frames).ok
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["folder", "history", "metrics", "predictions"])
def test_refused_run_tells_why_when_it_is_read(spec: Json, frames: Frames, tmp_path: Path,
                                               name: str) -> None:
    spec["training"]["epochs"] = 0
    result = api.run(spec, frames, out=tmp_path / "runs")
    assert result.run is None and not result.ok
    with pytest.raises(RuntimeError, match="SC106"):
        getattr(result, name)
    assert not (tmp_path / "runs").exists()


def test_run_that_broke_off_tells_why_when_it_is_read(spec: Json, frames: Frames,
                                                      tmp_path: Path) -> None:
    spec["extractors"]["label"]["take_columns"] = ["shop"]
    spec["loss"]["type"] = "torch.nn:MSELoss"
    spec["optimizer"]["lr"] = 1e6
    spec["metrics"] = []
    result = api.run(spec, frames, out=tmp_path / "runs", overrides=["/training/epochs=5"])
    assert not result.ok
    with pytest.raises(RuntimeError, match="SC501"):
        _ = result.history


def test_same_spec_gives_the_same_numbers(spec: Json, frames: Frames, tmp_path: Path) -> None:
    runs = [api.run(spec, frames, out=tmp_path / "runs") for _ in range(2)]
    assert runs[0].metrics == runs[1].metrics
    pd.testing.assert_frame_equal(runs[0].predictions, runs[1].predictions)
    assert runs[0].folder != runs[1].folder
