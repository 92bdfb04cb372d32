"""Runs that are stopped and go on: killed, interrupted, on a full disk, changed underneath.

Not checked here: that every part of the vocabulary goes on (tests/runtime/test_checkpoints.py).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from specc.runtime import checkpoints, loop, run_folder
from specc.runtime.history import Row
from specc.runtime.progress import Silent

import specc
from specc.cli import cli

EQUAL = ("metrics.json", "predictions.parquet", "batches.parquet", "model/weights.safetensors",
         "model/transformers.json", "model/transformers.arrow", "model/spec.json")
ROWS = 300
SPEC: dict[str, Any] = {
    "specc": 1, "name": "again", "seed": 3,
    "extractors": {
        "label": {"type": "plain", "take_columns": ["y"]},
        "x": {"type": "plain", "take_columns": ["a", "word"], "transformer": {"type": "auto"}}},
    "network": {"type": "fully_connected", "sizes": [8, 1], "dropout": 0.2,
                "normalization": "batch_norm", "input_frames": ["x"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "optimizer": {"type": "torch.optim:Adam", "lr": 0.01},
    "scheduler": {"type": "torch.optim.lr_scheduler:CosineAnnealingLR"},
    "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
    "training": {"epochs": 6, "batch_size": 20, "device": "cpu", "report": "batch",
                 "checkpoint": {"every_epochs": 1, "every_steps": 4},
                 "scheduler_interval": "step", "warmup": {"share": 0.3},
                 "early_stopping": {"split": "test", "patience": 20}},
}


def frames(seed: int = 0) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    a, word = rng.normal(size=ROWS), rng.choice(["p", "q", "r"], ROWS)
    y = (a + (word == "p") + rng.normal(size=ROWS) > 0).astype(int)
    split = np.where(np.arange(ROWS) % 5 == 0, "test", "train")
    return {"index": pd.DataFrame({"a": a, "word": word, "y": y, "split": split})}


def write_bundle(folder: Path, seed: int = 0) -> Path:
    folder.mkdir(parents=True)
    for name, frame in frames(seed).items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def outcome(folder: Path) -> dict[str, Any]:
    """What must not depend on stops: bytes, and the history without times."""
    found: dict[str, Any] = {name: (folder / name).read_bytes() for name in EQUAL}
    found["history"] = pd.read_parquet(folder / "history.parquet").drop(columns="seconds").to_csv()
    return found


def events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "log.jsonl").read_text().splitlines()]


class Stopping(Silent):
    """Presses Ctrl-C after so many steps, or after the epoch of this number."""

    def __init__(self, steps: int | None = None, epoch: int | None = None, times: int = 1) -> None:
        self.left, self.at, self.times = steps, epoch, times

    def _press(self) -> None:
        for _ in range(self.times):
            signal.raise_signal(signal.SIGINT)

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self._press()

    def epoch(self, row: Row) -> None:
        if row["epoch"] == self.at:
            self._press()


def stopped(place: Path, bundle: Any, spec: Any = SPEC, **when: Any) -> tuple[Path, Any]:
    """The folder of a run that was interrupted, and what was said."""
    result = specc.run(spec, bundle, out=place, progress=lambda plan: Stopping(**when))
    assert result.run is None and result.interrupted, str(result)
    (folder,) = place.iterdir()
    return folder, result


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("resume") / "bundle")


@pytest.fixture(scope="module")
def whole(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> specc.RunResult:
    result = specc.run(SPEC, bundle, out=tmp_path_factory.mktemp("whole"))
    assert result.run is not None, str(result)
    return result


# Interrupted


@pytest.mark.parametrize("when", [{"steps": 1}, {"steps": 17}, {"epoch": 2}],
                         ids=lambda when: "-".join(f"{key} {value}" for key, value in when.items()))
def test_an_interrupted_run_goes_on(when: dict[str, int], whole: specc.RunResult, bundle: Path,
                                    tmp_path: Path) -> None:
    folder, said = stopped(tmp_path / "runs", bundle, **when)
    (found,) = (one for one in said.diagnostics if one.is_error)
    assert found.code == "SC504" and f"specc resume {folder}" in (found.help or "")
    assert (folder / checkpoints.LAST).exists() and not (folder / "metrics.json").exists()
    result = specc.resume(folder)
    assert result.run is not None, str(result)
    assert not result.already_finished and result.folder == folder
    assert outcome(folder) == outcome(whole.folder)
    assert events(folder).count("resume") == 1 and events(folder)[-1] == "end"
    again = specc.resume(folder)
    assert again.already_finished and again.ok and events(folder).count("resume") == 1


def test_a_run_that_is_interrupted_often_is_the_same(whole: specc.RunResult, bundle: Path,
                                                     tmp_path: Path) -> None:
    folder, _ = stopped(tmp_path / "runs", bundle, steps=5)
    for _ in range(4):
        result = specc.resume(folder, progress=lambda plan: Stopping(steps=11))
        assert result.run is None and result.interrupted
    assert specc.resume(folder).run is not None
    assert outcome(folder) == outcome(whole.folder)


def test_the_second_ctrl_c_stops_at_once(whole: specc.RunResult, bundle: Path,
                                         tmp_path: Path) -> None:
    folder, _ = stopped(tmp_path / "runs", bundle, steps=6, times=2)
    # The last checkpoint is that of step 4.
    result = specc.resume(folder)
    assert result.run is not None
    resumed = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()
               if '"resume"' in line]
    assert [(line["epoch"], line["step"]) for line in resumed] == [(1, 4)]
    assert outcome(folder) == outcome(whole.folder)


def test_signals_are_given_back(bundle: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    stopped(tmp_path / "runs", bundle, steps=1)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_run_without_checkpoints_starts_again(whole: specc.RunResult, bundle: Path,
                                                tmp_path: Path) -> None:
    spec = {**SPEC, "training": {**SPEC["training"], "checkpoint": None}}
    folder, _ = stopped(tmp_path / "runs", bundle, spec, steps=30)
    assert not (folder / "checkpoints").exists()
    assert specc.resume(folder).run is not None
    mine, others = outcome(folder), outcome(whole.folder)
    del mine["model/spec.json"], others["model/spec.json"]
    assert mine == others


# Killed


def slow_down(slow: str) -> None:
    """Makes this process spend its time where it is to be killed. For children alone."""

    def slowed(function: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        def run(*args: Any, **others: Any) -> Any:
            time.sleep(seconds)
            return function(*args, **others)

        return run

    def put(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:len(content) // 2])
            file.flush()
            time.sleep(0.02)
            file.write(content[len(content) // 2:])

    if slow == "training":
        loop.run_step = slowed(loop.run_step, 0.005)
    elif slow == "evaluation":
        loop.evaluate_all = slowed(loop.evaluate_all, 0.05)
    else:
        run_folder._put = put


def go(slow: str, spec: Path, bundle: Path, runs: Path) -> None:
    """What a child does: begins a run, or goes on with it."""
    slow_down(slow)
    folder = the_run(runs)
    result = specc.run(spec, bundle, out=runs) if folder is None else specc.resume(folder)
    assert result.ok, str(result)


def the_run(runs: Path) -> Path | None:
    """The run folder, as soon as it has its name."""
    return next(runs.glob("[!.]*"), None) if runs.exists() else None


def fork(*args: Any) -> int:
    """The id of a child that is a copy of this process, and so has nothing to import."""
    child = os.fork()
    if child == 0:
        try:
            go(*args)
            os._exit(0)
        finally:
            os._exit(1)
    return child


def spawn(*args: Any) -> int:
    """The id of a child of its own, as a user has it."""
    program = ("import runpy, sys; from pathlib import Path; slow, *paths = sys.argv[1:]; "
               f"runpy.run_path({__file__!r})['go'](slow, *map(Path, paths))")
    return subprocess.Popen([sys.executable, "-c", program, *map(str, args)],
                            env={**os.environ, "OMP_NUM_THREADS": "1"}).pid


def ended(child: int) -> int:
    """Waits for a child; its exit status, or its signal as a negative number."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_and_resumed(start: Callable[..., int], slow: str, draws: random.Random, bundle: Path,
                       place: Path, kills: int) -> Path:
    """The folder of a run that was killed so many times, each at a random time, and went on."""
    spec, runs = place / "spec.json", place / "runs"
    spec.write_text(json.dumps(SPEC))
    hits = 0
    for _ in range(kills):
        before = said(runs)
        child = start(slow, spec, bundle, runs)
        # Planning takes most of the time, and writes nothing.
        until = time.monotonic() + 120
        while said(runs) == before and time.monotonic() < until:
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
            time.sleep(0.002)
        time.sleep(draws.random() * 0.5)
        os.kill(child, signal.SIGKILL)
        hits += ended(child) == -signal.SIGKILL
    assert hits
    assert ended(start(slow, spec, bundle, runs)) == 0
    folder = the_run(runs)
    assert folder is not None
    return folder


def said(runs: Path) -> int:
    """Bytes of the log."""
    folder = the_run(runs)
    log = None if folder is None else folder / "log.jsonl"
    return log.stat().st_size if log is not None and log.exists() else 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slow", ["training", "evaluation", "writing"])
def test_a_killed_run_goes_on(slow: str, seed: int, whole: specc.RunResult, bundle: Path,
                              tmp_path: Path) -> None:
    draws = random.Random(f"{slow} {seed}")
    folder = killed_and_resumed(fork, slow, draws, bundle, tmp_path, kills=1 + seed % 2)
    assert outcome(folder) == outcome(whole.folder)


@pytest.mark.slow
@pytest.mark.parametrize(("slow", "start", "kills"), [
    ("training", fork, 10), ("evaluation", fork, 10), ("writing", fork, 10),
    ("training", spawn, 2)])
def test_a_run_that_is_killed_often_goes_on(slow: str, start: Callable[..., int], kills: int,
                                            whole: specc.RunResult, bundle: Path,
                                            tmp_path: Path) -> None:
    folder = killed_and_resumed(start, slow, random.Random(slow), bundle, tmp_path, kills)
    assert outcome(folder) == outcome(whole.folder)


class Killed(BaseException):
    """Stands for SIGKILL: nobody catches it, and what was open is left as it is."""


@pytest.mark.parametrize("count", [1, 2, 5, 13])
@pytest.mark.parametrize("kind", ["before", "half", "unnamed"])
def test_a_run_that_dies_while_it_writes_goes_on(
        kind: str, count: int, whole: specc.RunResult, bundle: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    left, put = count, run_folder._put

    def dying(path: Path, content: bytes) -> None:
        nonlocal left
        # The files that a run starts with stand in a folder that has no name yet.
        left -= path.parent.name == "checkpoints"
        if left:
            put(path, content)
            return
        if kind == "half":
            put(path.with_name("torn"), content[:len(content) // 2])
        if kind == "unnamed":
            put(path.with_name("unnamed"), content)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(run_folder, "_put", dying)
        specc.run(SPEC, bundle, out=tmp_path / "runs")
    (folder,) = (tmp_path / "runs").iterdir()
    assert specc.resume(folder).run is not None
    assert outcome(folder) == outcome(whole.folder)


# A full disk


@pytest.mark.parametrize("good", [0, 1, 7])
def test_a_full_disk_is_told_and_the_last_checkpoint_is_good(
        good: int, whole: specc.RunResult, bundle: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    left, put = good, run_folder._put

    def full(path: Path, content: bytes) -> None:
        nonlocal left
        if path.parent.name == "checkpoints":
            left -= 1
            if left < 0:
                put(path, content[:100])
                raise OSError(28, "No space left on device")
        put(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(run_folder, "_put", full)
        result = specc.run(SPEC, bundle, out=tmp_path / "runs")
    (folder,) = (tmp_path / "runs").iterdir()
    (found,) = result.diagnostics
    assert found.code == "SC513" and "No space left on device" in found.message
    assert f"specc resume {folder}" in (found.help or "")
    names = {file.name for file in (folder / "checkpoints").glob("*")}
    assert names <= {"last.safetensors", "best.safetensors"} and bool(names) == bool(good)
    assert specc.resume(folder).run is not None
    assert outcome(folder) == outcome(whole.folder)


def test_a_log_that_cannot_be_written_is_told(bundle: Path, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if path.name == "log.jsonl" and "a" in mode and path.exists():
            raise OSError(28, "No space left on device")
        return opened(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", full)
    result = specc.run(SPEC, bundle, out=tmp_path / "runs")
    assert [(one.code, "make room" in (one.help or "")) for one in result.diagnostics] == [
        ("SC502", True)]


def test_a_torn_line_of_the_log_stays_alone(whole: specc.RunResult, bundle: Path,
                                            tmp_path: Path) -> None:
    folder, _ = stopped(tmp_path / "runs", bundle, epoch=1)
    with (folder / "log.jsonl").open("a") as log:
        log.write('{"event": "epo')
    assert specc.resume(folder).run is not None
    lines = (folder / "log.jsonl").read_text().splitlines()
    torn = lines.index('{"event": "epo')
    assert json.loads(lines[torn + 1])["event"] == "resume"


# What has changed


def codes(result: specc.RunResult) -> list[str]:
    return [one.code for one in result.diagnostics]


@pytest.fixture
def halfway(tmp_path: Path) -> tuple[Path, Path]:
    """A run that was stopped, and its bundle, both free to be changed."""
    bundle = write_bundle(tmp_path / "bundle")
    return stopped(tmp_path / "runs", bundle, epoch=1)[0], bundle


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_changed_spec_is_refused(halfway: tuple[Path, Path]) -> None:
    folder, _ = halfway
    edit(folder / "spec.json", lambda spec: spec["optimizer"].update(lr=0.5))
    (found,) = specc.resume(folder).diagnostics
    assert (found.code, found.pointer) == ("SC516", "/optimizer/lr")
    assert "is 0.5, and was 0.01" in found.message
    edit(folder / "spec.json", lambda spec: spec["optimizer"].update(lr="fast"))
    assert codes(specc.resume(folder)) == ["SC516"]
    (folder / "spec.json").write_text(json.dumps(SPEC, indent=7))
    (found,) = specc.resume(folder).diagnostics
    assert found.code == "SC516" and "the text of the spec" in found.message


def test_a_changed_override_is_refused(halfway: tuple[Path, Path]) -> None:
    folder, _ = halfway
    edit(folder / "inputs.json", lambda inputs: inputs.update(set=["/training/epochs=7"]))
    (found,) = specc.resume(folder).diagnostics
    assert found.code == "SC516" and "the plan" in found.message


def test_a_changed_frame_is_refused(halfway: tuple[Path, Path]) -> None:
    folder, bundle = halfway
    frame = pd.read_parquet(bundle / "index.parquet")
    frame.loc[7, "a"] += 1e-9
    frame.to_parquet(bundle / "index.parquet")
    (found,) = specc.resume(folder).diagnostics
    assert found.code == "SC516" and "the frame 'index'" in found.message


@pytest.mark.parametrize(("where", "what"), [
    ("torch", "the version of torch"), ("specc", "the version of specc")])
def test_another_version_is_refused(where: str, what: str, halfway: tuple[Path, Path]) -> None:
    folder, _ = halfway
    edit(folder / "environment.json", lambda about: about["versions"].update({where: "0.0"}))
    (found,) = specc.resume(folder).diagnostics
    assert found.code == "SC516" and what in found.message and "was 0.0" in found.message


def test_versions_that_compute_nothing_may_change(halfway: tuple[Path, Path]) -> None:
    folder, _ = halfway
    edit(folder / "environment.json", lambda about: about["versions"].update(pandas="0.0"))
    assert specc.resume(folder).run is not None


def test_another_device_is_refused(halfway: tuple[Path, Path]) -> None:
    folder, _ = halfway
    edit(folder / "environment.json", lambda about: about.update(device="cuda"))
    (found,) = specc.resume(folder).diagnostics
    assert found.code == "SC516" and "the device is cpu, and was cuda" in found.message


def test_a_bundle_that_has_moved_is_named(halfway: tuple[Path, Path],
                                          whole: specc.RunResult) -> None:
    folder, bundle = halfway
    moved = bundle.rename(bundle.with_name("moved"))
    assert codes(specc.resume(folder)) == ["SC601"]
    assert specc.resume(folder, moved).run is not None
    assert outcome(folder) == outcome(whole.folder)


def test_frames_in_memory_are_given_again(tmp_path: Path, whole: specc.RunResult) -> None:
    folder, _ = stopped(tmp_path, frames(), steps=9)
    assert codes(specc.resume(folder)) == ["SC517"]
    assert codes(specc.resume(folder, frames(1))) == ["SC516"]
    assert specc.resume(folder, frames()).run is not None
    assert outcome(folder) == outcome(whole.folder)


@pytest.mark.parametrize("spoil", [
    lambda folder: shutil.rmtree(folder),
    lambda folder: (folder / "inputs.json").unlink(),
    lambda folder: (folder / "environment.json").write_text("{"),
    lambda folder: (folder / "environment.json").write_text("[]"),
    lambda folder: (folder / "environment.json").write_text('{"versions": {}}'),
    lambda folder: (folder / "inputs.json").write_text('{"format": 2}'),
    lambda folder: (folder / "inputs.json").write_text('{"format": 1}'),
    lambda folder: edit(folder / "inputs.json", lambda inputs: inputs.update(bundle=3)),
    lambda folder: edit(folder / "inputs.json", lambda inputs: inputs.update(set="x")),
    lambda folder: (folder / "spec.json").write_bytes(b"\xff\xfe"),
    lambda folder: (folder / "inputs.json").write_text("[" * 100_000),
])
def test_a_folder_that_no_run_has_written_is_told(spoil: Callable[[Path], Any], tmp_path: Path,
                                                  some_run: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(some_run, folder)
    spoil(folder)
    for result in (specc.resume(folder), specc.run_again(folder),
                   specc.continue_run(folder, frames())):
        assert codes(result) == ["SC514"], str(result)


@pytest.fixture(scope="module")
def some_run(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped in its second epoch; not to be changed."""
    return stopped(tmp_path_factory.mktemp("some"), bundle, steps=17)[0]


def test_a_checkpoint_of_another_run_is_not_used(some_run: Path, bundle: Path,
                                                 tmp_path: Path) -> None:
    other, _ = stopped(tmp_path / "runs", bundle, {**SPEC, "seed": 4}, steps=17)
    shutil.copy(some_run / checkpoints.LAST, other / checkpoints.LAST)
    (found,) = specc.resume(other).diagnostics
    assert found.code == "SC515" and "another run" in found.message
    (other / checkpoints.LAST).unlink()
    assert specc.resume(other).run is not None


def test_a_run_is_held_by_one_process(some_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(some_run, folder)
    with run_folder.locked(folder):
        assert codes(specc.resume(folder)) == ["SC518"]
    assert specc.resume(folder).run is not None


# The command line


def pressing(steps: int, number: int) -> Callable[..., Any]:
    """A step of training after so many of which a signal comes."""
    step, left = loop.run_step, steps

    def run(*args: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            signal.raise_signal(number)
        return step(*args)

    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_line_says_how_to_go_on(number: int, whole: specc.RunResult, bundle: Path,
                                            tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.json").write_text(json.dumps(SPEC))
    runner = CliRunner()
    with monkeypatch.context() as patched:
        patched.setattr(loop, "run_step", pressing(9, number))
        done = runner.invoke(cli, ["run", "spec.json", str(bundle)])
    (folder,) = Path("runs").iterdir()
    assert done.exit_code == 130
    assert f"specc resume {folder}" in done.stdout and "SC504" in done.stdout
    gone_on = runner.invoke(cli, ["resume", str(folder)])
    assert gone_on.exit_code == 0 and f"run folder: {folder}" in gone_on.stdout
    assert outcome(folder) == outcome(whole.folder)
    finished = runner.invoke(cli, ["resume", str(folder)])
    assert finished.exit_code == 0 and "has finished" in finished.stderr
    again = runner.invoke(cli, ["run", "--again", str(folder)])
    assert again.exit_code == 0 and "byte for byte" in again.stdout
    other = write_bundle(tmp_path / "other", 1)
    changed = runner.invoke(cli, ["run", "--again", str(folder), str(other), "--format", "json"])
    report = json.loads(changed.stdout)
    assert changed.exit_code == 1 and not report["same"] and report["changed"]
    trained_on = runner.invoke(cli, ["run", "--continue", str(folder), str(other), "--set",
                                     "/training/epochs=1"])
    assert trained_on.exit_code == 0 and "run folder:" in trained_on.stdout


@pytest.mark.parametrize("words", [
    ["run"], ["run", "spec.json"], ["run", "a", "b", "c"], ["run", "--again", "r", "a", "b"],
    ["run", "--again", "r", "--continue", "r"], ["run", "--again", "r", "--set", "/seed=1"],
    ["run", "--continue", "r"], ["run", "--continue", "r", "b", "--fits", "r"],
    ["run", "--continue", "r", "a", "b", "c"], ["resume"],
])
def test_arguments_that_do_not_go_together(words: list[str]) -> None:
    assert CliRunner().invoke(cli, words).exit_code == 2


# Trained on


def test_a_run_is_continued_on_other_data(whole: specc.RunResult, tmp_path: Path) -> None:
    result = specc.continue_run(whole.folder, frames(1), out=tmp_path / "runs",
                                overrides=["/training/epochs=2"])
    assert result.run is not None, str(result)
    before, after = whole.history, result.history
    kept = json.loads((whole.folder / "metrics.json").read_text())["epoch"]
    assert after["epoch"].tolist() == list(range(1, kept + 3))
    pd.testing.assert_frame_equal(before.head(kept), after.head(kept))
    # The fits are those of the run: the scale of `a` is not that of the new data.
    for name in ("transformers.json", "transformers.arrow"):
        assert (result.folder / "model" / name).read_bytes() == \
            (whole.folder / "model" / name).read_bytes()
    inputs = json.loads((result.folder / "inputs.json").read_text())
    assert inputs["continues"] == str(whole.folder)


def test_a_continued_run_starts_with_the_weights_of_the_run(whole: specc.RunResult,
                                                            bundle: Path, tmp_path: Path) -> None:
    result = specc.continue_run(whole.folder, bundle, out=tmp_path, overrides=[
        "/training/epochs=1", "/optimizer/lr=0", "/network/normalization=\"batch_norm\""])
    assert result.run is not None, str(result)
    from safetensors.numpy import load_file

    first, second = (load_file(folder / "model" / "weights.safetensors")
                     for folder in (whole.folder, result.folder))
    for name, weight in first.items():
        if "running" not in name and "num_batches" not in name:
            np.testing.assert_array_equal(weight, second[name])


def test_a_continued_run_goes_on_and_is_made_again(whole: specc.RunResult, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "other", 1)
    options: dict[str, Any] = {"overrides": ["/training/epochs=2"]}
    straight = specc.continue_run(whole.folder, other, out=tmp_path / "straight", **options)
    assert straight.run is not None, str(straight)
    cut = specc.continue_run(whole.folder, other, out=tmp_path / "cut", **options,
                             progress=lambda plan: Stopping(steps=5))
    assert cut.interrupted
    (folder,) = (tmp_path / "cut").iterdir()
    assert specc.resume(folder).run is not None
    assert outcome(folder) == outcome(straight.folder)
    again = specc.run_again(straight.folder)
    assert again.same and not again.changed, str(again)


def test_another_optimizer_starts_anew(whole: specc.RunResult, tmp_path: Path) -> None:
    spec = {**SPEC, "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
            "training": {**SPEC["training"], "epochs": 1}}
    result = specc.continue_run(whole.folder, frames(1), spec, out=tmp_path)
    assert result.run is not None, str(result)


def test_another_network_is_refused(whole: specc.RunResult, tmp_path: Path) -> None:
    spec = {**SPEC, "network": {**SPEC["network"], "sizes": [9, 1]}}
    result = specc.continue_run(whole.folder, frames(1), spec, out=tmp_path / "runs")
    assert codes(result) == ["SC521"] and "linear_0" in result.diagnostics[0].message
    assert not (tmp_path / "runs").exists()


def test_only_a_finished_run_with_checkpoints_is_continued(some_run: Path, bundle: Path,
                                                           tmp_path: Path) -> None:
    assert codes(specc.continue_run(some_run, bundle)) == ["SC519"]
    assert codes(specc.run_again(some_run)) == ["SC519"]
    spec = {**SPEC, "training": {**SPEC["training"], "checkpoint": None, "epochs": 1}}
    bare = specc.run(spec, bundle, out=tmp_path)
    assert codes(specc.continue_run(bare.folder, bundle)) == ["SC520"]


# Made again


def test_a_run_is_made_again(whole: specc.RunResult) -> None:
    again = specc.run_again(whole.folder)
    assert again.same and again.changed == () and again.different == ()
    assert again.folder.parent == whole.folder.parent and again.folder != whole.folder


def test_what_has_changed_is_named(whole: specc.RunResult, tmp_path: Path) -> None:
    again = specc.run_again(whole.folder, write_bundle(tmp_path / "other", 1),
                            out=tmp_path / "runs")
    assert not again.same
    assert "the frame 'index'" in [change.what for change in again.changed]
    assert set(again.different) == {"model/weights.safetensors", "metrics.json",
                                    "predictions.parquet"}


# The environment


def test_the_commit_of_the_spec_is_written(bundle: Path, tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "specs"
    folder.mkdir()
    short = {**SPEC, "training": {**SPEC["training"], "epochs": 1}}
    (folder / "spec.json").write_text(json.dumps(short))
    about = [made_with(folder / "spec.json", bundle, tmp_path)]
    for words in (["init", "-q"], ["add", "."],
                  ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    about.append(made_with(folder / "spec.json", bundle, tmp_path))
    (folder / "spec.json").write_text(json.dumps(short, indent=1))
    about.append(made_with(folder / "spec.json", bundle, tmp_path))
    assert about[0]["git"] is None
    assert [entry["git"]["dirty"] for entry in about[1:]] == [False, True]
    assert len(about[1]["git"]["commit"]) == 40
    assert about[1]["spec"] != about[2]["spec"]


def made_with(spec: Path, bundle: Path, place: Path) -> dict[str, Any]:
    folder = specc.run(spec, bundle, out=place / "runs").folder
    about: dict[str, Any] = json.loads((folder / "environment.json").read_text())
    return about


def test_git_that_does_not_answer_is_no_failure(monkeypatch: pytest.MonkeyPatch,
                                                tmp_path: Path) -> None:
    from specc.runtime.git_state import git_state

    def fails(*_: Any, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("git", 5)

    monkeypatch.setattr(subprocess, "run", fails)
    assert git_state(str(tmp_path / "spec.json")) is None
    assert git_state(None) is None
