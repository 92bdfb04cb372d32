"""Trackers: what TensorBoard and MLflow hold of a run, read back with their own readers.

Not checked here: the server and the databases of MLflow, which are not in its small package; its
store in a folder, and `mlflow_server.py`, stand for them.
"""

from __future__ import annotations

import json
import logging
import os
import random
import runpy
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from specc.runtime import loop
from specc.runtime.history import Row
from specc.runtime.progress import Silent
from specc.runtime.tracking import opening
from specc.runtime.tracking.mlflow_tracker import Mlflow, key, server
from specc.runtime.tracking.parameters import as_text, parameters
from specc.runtime.tracking.reasons import reason_of
from specc.runtime.tracking.telling import FILES
from specc.runtime.tracking.tensorboard_tracker import TensorBoard
from specc.runtime.tracking.tracker import TRACKERS, RunFacts

import specc

Specc = Callable[..., Result]
Points = dict[str, list[tuple[int, float]]]

SERVER = runpy.run_path(str(Path(__file__).with_name("mlflow_server.py")))["Server"]
RESUMED = runpy.run_path(str(Path(__file__).with_name("test_resume.py")))
SPEC: dict[str, Any] = RESUMED["SPEC"]


@pytest.fixture(autouse=True)
def settings(tmp_path: Path) -> Iterator[None]:
    """A store of MLflow in a folder, and none of the settings of who runs the tests."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("MLFLOW_"):
            del os.environ[name]
    os.environ["MLFLOW_TRACKING_URI"] = f"file:{tmp_path / 'store'}"
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = RESUMED["write_bundle"](tmp_path_factory.mktemp("trackers") / "bundle")
    return folder


@pytest.fixture(scope="module")
def whole(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> specc.RunResult:
    """A run without trackers."""
    result = specc.run(SPEC, bundle, out=tmp_path_factory.mktemp("whole"))
    assert result.run is not None, str(result)
    return result


def outcome(folder: Path) -> Any:
    return RESUMED["outcome"](folder)


def events(folder: Path) -> Any:
    """The event files of a run, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0})
    return found.Reload()


def in_tensorboard(folder: Path) -> Points:
    found = events(folder)
    return {name: [(event.step, event.value) for event in found.Scalars(name)]
            for name in found.Tags()["scalars"]}


def client() -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient

    return MlflowClient()


def mlflow_run(folder: Path) -> Any:
    tracking = json.loads((folder / "tracking.json").read_text())
    return client().get_run(tracking["mlflow"]["run_id"])


def in_mlflow(folder: Path) -> Points:
    run = mlflow_run(folder)
    return {name: [(point.step, point.value)
                   for point in client().get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics}


READ = {"tensorboard": in_tensorboard, "mlflow": in_mlflow}


def in_files(folder: Path) -> Points:
    """What the files of a run say that a tracker must hold, without the seconds."""
    history, batches = (pd.read_parquet(folder / f"{name}.parquet")
                        for name in ("history", "batches"))
    names = {"loss_train": "loss/train", "loss_test": "loss/test",
             "roc_auc_score_train": "roc_auc_score/train",
             "roc_auc_score_test": "roc_auc_score/test", "rows": "rows",
             "learning_rate": "learning_rate"}
    metrics = json.loads((folder / "metrics.json").read_text())
    found: Points = {shown: list(zip(history["epoch"], history[column], strict=True))
                     for column, shown in names.items()}
    found["batches/loss"] = list(enumerate(batches["loss"], start=1))
    for split, measures in metrics["splits"].items():
        for measure, value in measures.items():
            found[f"final/{measure}/{split}"] = [(metrics["epoch"], value)]
    return found


def assert_complete(points: Points, folder: Path) -> None:
    """Each point of the run once, and no other."""
    seconds = points.pop("seconds")
    expected = in_files(folder)
    assert [step for step, _ in sorted(seconds)] == [step for step, _ in expected["rows"]]
    assert points.keys() == expected.keys()
    for name, curve in expected.items():
        assert [step for step, _ in sorted(points[name])] == [step for step, _ in curve], name
        # An event file holds float32.
        assert [value for _, value in sorted(points[name])] == \
            pytest.approx([value for _, value in curve], rel=1e-6), name


def codes(result: specc.Validation) -> list[str]:
    return [one.code for one in result.diagnostics]


# What a tracker holds


def test_trackers_hold_the_run_and_change_nothing(whole: specc.RunResult, bundle: Path,
                                                  tmp_path: Path) -> None:
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=TRACKERS)
    assert result.run is not None and not result.diagnostics, str(result)
    folder = result.folder
    for read in READ.values():
        assert_complete(read(folder), folder)
    assert outcome(folder) == outcome(whole.folder)
    assert {path.name for path in folder.iterdir()} - {path.name for path in
            whole.folder.iterdir()} == {"tensorboard", "tracking.json"}
    about, other = (json.loads((each / "environment.json").read_text())
                    for each in (folder, whole.folder))
    assert about == other
    assert not specc.compare(whole.folder, folder).diagnostics
    assert not specc.report(folder).diagnostics
    assert specc.resume(folder, track=["mlflow"]).already_finished


def test_mlflow_shows_parameters_tags_and_files(bundle: Path, tmp_path: Path) -> None:
    spec = {**SPEC, "description": "whether y"}
    folder = specc.run(spec, bundle, out=tmp_path / "runs", overrides=["/training/epochs=3"],
                       track=["mlflow"]).folder
    run = mlflow_run(folder)
    assert run.info.status == "FINISHED" and run.info.run_name == folder.name
    assert client().get_experiment(run.info.experiment_id).name == "again"
    params = run.data.params
    assert params["training/epochs"] == "3" and params["network/sizes"] == "[8, 1]"
    assert params["network/dropout"] == "0.2" and params["loss/type"] == SPEC["loss"]["type"]
    tags, about = run.data.tags, json.loads((folder / "environment.json").read_text())
    assert tags["specc.plan"] == about["plan"] and tags["specc.folder"] == str(folder)
    assert tags["specc.version.torch"] == about["versions"]["torch"]
    assert tags["mlflow.note.content"] == "whether y"
    kept = {each.path for each in client().list_artifacts(run.info.run_id)}
    assert kept == set(FILES) == {"report.html", "metrics.json", "spec.json"}


def test_the_commit_is_a_tag(tmp_path: Path) -> None:
    from specc.runtime.tracking.facts import facts_of

    class Graph:
        description, resolved = "", {"seed": 3}

    git = {"commit": "ab" * 20, "dirty": True}
    facts = facts_of(tmp_path, Graph(), {"plan": "p", "versions": {"torch": "2", "x": None},  # type: ignore[arg-type]
                                         "device": "cpu", "git": git})
    assert facts.tags["commit"] == git["commit"] and facts.tags["dirty"] == "yes"
    assert "version.x" not in facts.tags and facts.parameters == {"/seed": 3}


def test_tensorboard_shows_the_spec_and_its_parameters(bundle: Path, tmp_path: Path) -> None:
    folder = specc.run(SPEC, bundle, out=tmp_path / "runs", overrides=["/training/epochs=3"],
                       track="tensorboard").folder
    found = events(folder)
    (spec,), (status,) = (found.Tensors(f"{name}/text_summary") for name in ("spec", "status"))
    assert b"/network/sizes: [8, 1]" in spec.tensor_proto.string_val[0]
    assert status.tensor_proto.string_val == [b"finished"]
    metadata = found.SummaryMetadata("_hparams_/session_start_info")
    assert b"/optimizer/lr" in metadata.plugin_data.content


@pytest.mark.parametrize("experiment", [None, "mine"])
def test_the_experiment_has_the_name_of_the_spec_or_that_of_the_user(
        experiment: str | None, bundle: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    if experiment is not None:
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", experiment)
    for _ in range(2):
        (opened,) = opening.open_trackers(["mlflow"], "again").stage or ()
        opened.begin(RunFacts(tmp_path / "run", "", {}, {}))
    (found,) = (each for each in client().search_experiments() if each.name != "Default")
    assert found.name == (experiment or "again")
    assert len(client().search_runs([found.experiment_id])) == 2


# Runs that are stopped and go on


@pytest.mark.parametrize("name", TRACKERS)
def test_an_interrupted_run_goes_on_without_doubled_points(
        name: str, whole: specc.RunResult, bundle: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    stopped = specc.run(SPEC, bundle, out=runs, track=[name],
                        progress=lambda plan: RESUMED["Stopping"](steps=17))
    assert stopped.interrupted
    (folder,) = runs.iterdir()
    assert (stopped.diagnostics[-1].help or "").endswith(f"specc resume {folder} --track {name}")
    before = READ[name](folder)
    # What the last step gave is told when the next one begins.
    assert len(before["loss/train"]) == 1 and len(before["batches/loss"]) == 16
    if name == "mlflow":
        run = mlflow_run(folder)
        assert run.info.status == "KILLED" and run.data.tags["specc.stopped_by"] == "SC504"
    again = specc.resume(folder, track=[name])
    assert again.run is not None, str(again)
    assert_complete(READ[name](folder), folder)
    assert outcome(folder) == outcome(whole.folder)
    if name == "mlflow":
        after = mlflow_run(folder)
        assert after.info.run_id == run.info.run_id and after.info.status == "FINISHED"
        assert "specc.stopped_by" not in after.data.tags


def test_a_tracker_that_is_named_later_is_told_everything(bundle: Path, tmp_path: Path) -> None:
    folder, _ = RESUMED["stopped"](tmp_path / "runs", bundle, steps=17)
    assert specc.resume(folder, track=TRACKERS).run is not None
    for read in READ.values():
        assert_complete(read(folder), folder)


def test_a_tracker_is_left_out_later(whole: specc.RunResult, bundle: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    specc.run(SPEC, bundle, out=runs, track=TRACKERS,
              progress=lambda plan: RESUMED["Stopping"](steps=17))
    (folder,) = runs.iterdir()
    assert specc.resume(folder).run is not None
    assert outcome(folder) == outcome(whole.folder)
    assert len(in_mlflow(folder)["loss/train"]) == 1


def go(slow: str, spec: Path, bundle: Path, runs: Path) -> None:
    """What a child does: begins a run, or goes on with it, with both trackers."""
    RESUMED["slow_down"](slow)
    folder = RESUMED["the_run"](runs)
    result = specc.run(spec, bundle, out=runs, track=TRACKERS) if folder is None \
        else specc.resume(folder, track=TRACKERS)
    assert result.ok and not result.diagnostics, str(result)


def fork(*args: Any) -> int:
    child = os.fork()
    if child == 0:
        try:
            go(*args)
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.parametrize("slow", ["training", "writing"])
def test_a_killed_run_goes_on_without_doubled_points(
        slow: str, whole: specc.RunResult, bundle: Path, tmp_path: Path) -> None:
    # The parent has imported what the children need.
    client()
    folder = RESUMED["killed_and_resumed"](fork, slow, random.Random(0), bundle, tmp_path, 3)
    for read in READ.values():
        assert_complete(read(folder), folder)
    assert outcome(folder) == outcome(whole.folder)


def test_an_event_file_that_was_cut_is_filled_up(bundle: Path, tmp_path: Path) -> None:
    folder, _ = RESUMED["stopped"](tmp_path / "runs", bundle, steps=30)
    # Goes on up to the second stop with the tracker, so that there is something to cut.
    result = specc.resume(folder, track=["tensorboard"],
                          progress=lambda plan: RESUMED["Stopping"](steps=10))
    assert result.interrupted
    (file,) = (folder / "tensorboard").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-900])
    before = in_tensorboard(folder)
    assert 0 < len(before["batches/loss"]) < 30
    assert specc.resume(folder, track=["tensorboard"]).run is not None
    assert_complete(in_tensorboard(folder), folder)


def test_a_run_that_is_trained_on_shows_what_was_before(whole: specc.RunResult, bundle: Path,
                                                        tmp_path: Path) -> None:
    result = specc.continue_run(whole.folder, bundle, out=tmp_path / "runs",
                                overrides=["/training/epochs=3"], track=["tensorboard"])
    assert_complete(in_tensorboard(result.folder), result.folder)
    again = specc.run_again(result.folder, track=["tensorboard"])
    assert again.same
    assert_complete(in_tensorboard(again.folder), again.folder)


# Trackers that are not there


@pytest.mark.slow
def test_a_run_without_trackers_imports_none(bundle: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**SPEC, "training": {**SPEC["training"], "epochs": 3}}))
    code = ("import sys; from specc.cli import cli\n"
            f"cli(['run', {str(spec)!r}, {str(bundle)!r}, '--out', {str(tmp_path / 'runs')!r}],"
            " standalone_mode=False)\n"
            "print(sorted({name.partition('.')[0] for name in sys.modules}"
            " & {'mlflow', 'tensorboard'}))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", TRACKERS)
def test_a_missing_package_is_told_before_anything_is_written(
        name: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in tuple(sys.modules):
        if module.partition(".")[0] == name or module.startswith(
                ("torch.utils.tensorboard", f"specc.runtime.tracking.{name}")):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=[name])
    assert codes(result) == ["SC532"]
    assert result.diagnostics[0].help == f"install it: pip install 'specc[{name}]'"
    assert not (tmp_path / "runs").exists()


def test_an_unknown_tracker_is_refused(bundle: Path, tmp_path: Path, specc: Specc) -> None:
    import specc as api

    result = api.run(SPEC, bundle, out=tmp_path / "runs", track=["tensorbord", "mlflow", "x"])
    assert codes(result) == ["SC532", "SC532"]
    assert "did you mean 'tensorboard'?" in (result.diagnostics[0].help or "")
    assert not (tmp_path / "runs").exists()
    assert specc("run", "spec.json", "bundle", "--track", "x").exit_code == 2


@pytest.mark.parametrize("uri", ["http://ann:secret@127.0.0.1:1", "nonsense://there",
                                 "sqlite:///there.db"])
def test_a_wrong_address_is_told_before_anything_is_written(
        uri: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=["mlflow"])
    assert codes(result) == ["SC533"]
    assert "MLFLOW_TRACKING_URI" in (result.diagnostics[0].help or "")
    assert "secret" not in str(result)
    assert not (tmp_path / "runs").exists()


def test_a_deleted_experiment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    client().delete_experiment(client().create_experiment("again"))
    (found,) = opening.open_trackers(["mlflow"], "again").diagnostics
    assert found.code == "SC533" and "deleted" in found.message


@pytest.fixture
def stopped(bundle: Path, tmp_path: Path) -> Path:
    """A run that was stopped, with MLflow."""
    runs = tmp_path / "runs"
    specc.run(SPEC, bundle, out=runs, track=["mlflow"],
              progress=lambda plan: RESUMED["Stopping"](steps=17))
    (folder,) = runs.iterdir()
    return folder


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1}',
                                  '{"format": 1, "mlflow": {"server": 3, "run_id": []}}'])
def test_a_damaged_file_is_refused(text: str, stopped: Path) -> None:
    (stopped / "tracking.json").write_text(text)
    result = specc.resume(stopped, track=["mlflow"])
    assert codes(result) == ["SC533"] and "tracking.json" in result.diagnostics[0].message
    assert (stopped / "tracking.json").read_text() == text


def test_a_run_that_was_deleted_there_is_told(stopped: Path) -> None:
    first = mlflow_run(stopped).info.run_id
    client().delete_run(first)
    result = specc.resume(stopped, track=["mlflow"])
    assert codes(result) == ["SC533"]
    assert "remove tracking.json" in (result.diagnostics[0].help or "")
    (stopped / "tracking.json").unlink()
    assert specc.resume(stopped, track=["mlflow"]).run is not None
    assert_complete(in_mlflow(stopped), stopped)
    assert mlflow_run(stopped).info.run_id != first


def test_another_server_gets_a_run_of_its_own(stopped: Path, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file:{tmp_path / 'other'}")
    assert specc.resume(stopped, track=["mlflow"]).run is not None
    assert_complete(in_mlflow(stopped), stopped)


# Trackers that fail


def failing(calls: Sequence[int], real: Callable[..., Any]) -> Callable[..., Any]:
    """A method that fails at the calls of these numbers, or from the last on where it is -1."""
    count = 0

    def method(*args: Any, **others: Any) -> Any:
        nonlocal count
        count += 1
        if count in calls or -1 in calls:
            raise OSError(28, "No space left on device, said http://ann:secret@there/")
        return real(*args, **others)

    return method


@pytest.mark.parametrize("method", ["begin", "add", "flush", "finish"])
@pytest.mark.parametrize("tracker", [TensorBoard, Mlflow])
def test_a_tracker_that_fails_is_told_once_and_stops_nothing(
        tracker: Any, method: str, whole: specc.RunResult, bundle: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, method, failing([-1], getattr(tracker, method)))
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=TRACKERS)
    assert result.run is not None and codes(result) == ["SC534"]
    assert "No space left" in result.diagnostics[0].message and "secret" not in str(result)
    assert outcome(result.folder) == outcome(whole.folder)
    told = [line for line in map(json.loads, (result.folder / "log.jsonl").read_text().splitlines())
            if line["event"] == "tracker"]
    assert [line["code"] for line in told] == ["SC534"]
    # The other one is told all the same.
    other = "tensorboard" if tracker is Mlflow else "mlflow"
    assert_complete(READ[other](result.folder), result.folder)


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_that_is_back_at_the_end_is_told_what_it_missed(
        name: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker: Any = {"tensorboard": TensorBoard, "mlflow": Mlflow}[name]
    monkeypatch.setattr(tracker, "flush", failing([3], tracker.flush))
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=[name])
    assert result.run is not None and not result.diagnostics, str(result)
    assert_complete(READ[name](result.folder), result.folder)


def test_a_run_ends_for_mlflow_where_its_files_cannot_be_kept(
        bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.setattr(MlflowClient, "log_artifact", failing([-1], MlflowClient.log_artifact))
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=["mlflow"])
    assert result.run is not None and codes(result) == ["SC534"]
    assert mlflow_run(result.folder).info.status == "FINISHED"


@pytest.mark.parametrize(("error", "code"), [(None, "SC501"), (KeyError("x"), "KeyError")])
def test_what_ends_a_run_is_told(error: Exception | None, code: str, bundle: Path, tmp_path: Path,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    step = loop.run_step

    def breaks(*args: Any) -> Any:
        if error is not None:
            raise error
        return step(*args) * float("nan")

    monkeypatch.setattr(loop, "run_step", breaks)
    options: dict[str, Any] = {"out": tmp_path / "runs", "track": TRACKERS}
    if error is None:
        assert codes(specc.run(SPEC, bundle, **options)) == ["SC501"]
    else:
        with pytest.raises(KeyError):
            specc.run(SPEC, bundle, **options)
    (folder,) = (tmp_path / "runs").iterdir()
    run = mlflow_run(folder)
    assert run.info.status == "FAILED" and run.data.tags["specc.stopped_by"] == code
    (status,) = events(folder).Tensors("status/text_summary")
    assert status.tensor_proto.string_val == [f"failed: {code}".encode()]


def test_ctrl_c_while_a_tracker_waits_is_an_interruption(
        bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Mlflow, "flush", waits)
    # The first is in `begin`, the second after the first epoch.
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=["mlflow"])
    assert result.interrupted and codes(result) == ["SC504"]


# A server


@pytest.fixture
def tracking_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with SERVER(str(tmp_path / "kept")) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        yield server


def on_server(server: Any) -> Points:
    found: Points = {}
    for point in server.points:
        found.setdefault(point["key"], []).append((int(point["step"]), point["value"]))
    return found


class Away(Silent):
    """Takes the server away after one epoch, and brings it back after another."""

    def __init__(self, server: Any, back: int) -> None:
        self.server, self.back = server, back

    def epoch(self, row: Row) -> None:
        self.server.away = 2 <= (row["epoch"] or 0) < self.back


@pytest.mark.parametrize("back", [1, 5, 99], ids=["there", "back", "away"])
def test_a_server_that_is_away_stops_nothing(
        back: int, tracking_server: Any, whole: specc.RunResult, bundle: Path, tmp_path: Path,
        capfd: pytest.CaptureFixture[str]) -> None:
    result = specc.run(SPEC, bundle, out=tmp_path / "runs", track=["mlflow"],
                       progress=lambda plan: Away(tracking_server, back))
    assert result.run is not None and capfd.readouterr() == ("", "")
    assert outcome(result.folder) == outcome(whole.folder)
    tracked = on_server(tracking_server)
    if back == 99:
        assert codes(result) == ["SC534"] and "500" in result.diagnostics[0].message
        assert len(tracked["loss/train"]) == 1
    else:
        assert not result.diagnostics
        assert_complete(tracked, result.folder)
        assert tracking_server.run["info"]["status"] == "FINISHED"
        assert {path.name for path in (tmp_path / "kept").iterdir()} == set(FILES)
    for path in result.folder.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes(), path


# Silence


QUIET = """
import socket, sys, threading
reached = []
def refused(self, address, *_):
    reached.append(address)
    raise OSError("no network")
socket.socket.connect = refused
socket.getaddrinfo = lambda *args, **others: refused(None, args)
from specc.cli import cli
try:
    cli(sys.argv[1:], standalone_mode=False)
finally:
    print(reached, [each.name for each in threading.enumerate() if each.daemon])
"""


@pytest.mark.slow
def test_no_network_and_no_noise(bundle: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**SPEC, "training": {**SPEC["training"], "epochs": 3}}))
    words = ["run", str(spec), str(bundle), "--out", str(tmp_path / "runs"),
             "--track", "mlflow", "--track", "tensorboard"]
    done = subprocess.run([sys.executable, "-c", QUIET, *words], capture_output=True, text=True,
                          check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[] []"
    assert [line.partition("  ")[0] for line in done.stderr.splitlines()] == [
        "epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert {path.name for path in tmp_path.iterdir()} == {"spec.json", "runs", "store"}


def test_settings_of_the_user_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    monkeypatch.setenv("MLFLOW_LOGGING_LEVEL", "DEBUG")
    monkeypatch.setattr(logging.getLogger("mlflow"), "level", logging.DEBUG)
    assert opening.open_trackers(["mlflow"], "again").ok
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "3"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert logging.getLogger("mlflow").level == logging.DEBUG


# Parts


def test_parameters_are_pointers_with_plain_values() -> None:
    document = {"a": {"b/c": [1, 2], "none": {}}, "d": [{"e": None}, 3], "f": True}
    assert parameters(document) == {"/a/b~1c": [1, 2], "/a/none": {}, "/d/0/e": None, "/d/1": 3,
                                    "/f": True}
    assert as_text([1, "x"], 20) == '[1, "x"]' and as_text("x" * 30, 20) == "x" * 17 + "..."


HARD = ["a", "a/b c.d-e", "", "a//b", "/a", "..", "a/../b", "a/./b", "...", "größe", "a?", "a!",
        "a:b", "\n", "x" * 400, "x" * 399 + "y", "a/" + "é?" * 200]


def test_keys_are_what_mlflow_takes() -> None:
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name

    keys = [key(name) for name in HARD]
    for one in keys:
        _validate_metric_name(one)
        _validate_param_name(one)
        assert len(one) <= 250
    assert Counter(keys).most_common(1)[0][1] == 1
    assert key("loss/test") == "loss/test"


@pytest.mark.parametrize(("uri", "shown"), [
    ("http://ann:secret@there:5000/x?token=1", "http://there:5000/x"),
    ("postgresql://ann:secret@there/db", "postgresql://there/db"),
    ("https://there", "https://there"), ("databricks", "databricks")])
def test_secrets_of_an_address_are_not_kept(uri: str, shown: str) -> None:
    assert server(uri) == shown
    assert "secret" not in reason_of(OSError(f"cannot reach {uri}"))


def test_reasons_are_one_short_line() -> None:
    assert reason_of(ValueError("a\n  b\x07")) == "a b\\x07"
    assert reason_of(ValueError()) == "ValueError"
    assert len(reason_of(ValueError("x" * 5000))) == 400
