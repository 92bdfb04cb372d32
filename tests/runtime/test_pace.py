"""Runs that wait: between which steps, for how long, and that nothing else comes of it.

The clock is a stub. Not checked here: when quiet hours end (test_quiet_hours.py).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.resolution.quiet_hours import quiet_week
from specc.runtime import loop, pace
from specc.runtime.evaluate import Evaluation
from specc.runtime.progress import Lines, Silent
from specc.runtime.quiet_hours import is_quiet
from specc.schema.pace import DAYS

import specc

EQUAL = ("metrics.json", "predictions.parquet", "model/weights.safetensors")
QUIET = ["22:00-06:00"]
EVENING = datetime(2024, 5, 15, 21, 0, tzinfo=UTC)
"""A Wednesday, an hour before quiet hours."""

ROWS = 50
RNG = np.random.default_rng(2)
INDEX = pd.DataFrame({"a": RNG.normal(size=ROWS), "y": RNG.integers(0, 2, ROWS),
                      "split": ["train"] * 40 + ["test"] * 10})


def spec_of(**training: Any) -> dict[str, Any]:
    """Two epochs of five steps, with noise that depends on what was drawn before."""
    return {
        "specc": 1, "name": "slow",
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["x"],
                    "dropout": 0.3, "normalization": "batch_norm"},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "scheduler": {"type": "torch.optim.lr_scheduler:CosineAnnealingLR"},
        "training": {"epochs": 2, "batch_size": 8, "device": "cpu", **training},
    }


class Clock:
    """A clock that runs when somebody sleeps, or where a test moves it on.

    `asleep` is called with the number of each sleep, from 1.
    """

    def __init__(self, now: datetime) -> None:
        self.start = self.now = now
        self.slept: list[float] = []
        self.asleep: Callable[[int], None] = lambda number: None

    def seconds(self) -> float:
        return (self.now - self.start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.asleep(len(self.slept))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of a machine in Greenwich, on an evening."""
    made = Clock(EVENING)
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        patched.setattr(pace, "now", lambda: made.now)
        patched.setattr(pace, "LONGEST", 60.0)
        for name in ("monotonic", "perf_counter"):
            patched.setattr(time, name, made.seconds)
        patched.setattr(time, "sleep", made.sleep)
        yield made
    time.tzset()


class Steps(Silent):
    """Each step takes so many minutes."""

    def __init__(self, clock: Clock, minutes: float) -> None:
        self.clock, self.minutes, self.done = clock, minutes, 0

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        self.done += 1
        self.clock.now += timedelta(minutes=self.minutes)


def run_of(place: Path, steps: Silent, **training: Any) -> specc.RunResult:
    return specc.run(spec_of(**training), {"index": INDEX}, out=place,
                     progress=lambda plan: steps)


def outcome(folder: Path) -> dict[str, Any]:
    """What must not depend on waiting."""
    found: dict[str, Any] = {name: (folder / name).read_bytes() for name in EQUAL}
    history = pd.read_parquet(folder / "history.parquet")
    return found | {"history": history.drop(columns="seconds").to_csv()}


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What comes of a run that never waits."""
    return outcome(run_of(tmp_path_factory.mktemp("whole"), Silent()).folder)


# Waiting


def test_a_delay_comes_after_each_step_but_the_last(clock: Clock, wanted: dict[str, Any],
                                                    tmp_path: Path) -> None:
    result = run_of(tmp_path, Steps(clock, 0.0), delay=90)
    assert clock.slept == [60.0, 30.0] * 9
    assert outcome(result.folder) == wanted
    assert result.history["seconds"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("training", [
    {}, {"accumulate": 2}, {"max_epoch_steps": 3}, {"evaluate_before_training": True}])
@pytest.mark.parametrize("start", [0, 100, 480])
def test_neither_a_step_nor_an_evaluation_begins_in_quiet_hours(
        start: int, training: dict[str, Any], clock: Clock, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    clock.now += timedelta(minutes=start)
    week, begun = quiet_week(QUIET), list[datetime]()

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            begun.append(clock.now)
            return function(*args)

        return call

    monkeypatch.setattr(loop, "run_step", noted(loop.run_step))
    monkeypatch.setattr(loop.Accumulation, "add", noted(loop.Accumulation.add))
    monkeypatch.setattr(loop, "evaluate_all", noted(loop.evaluate_all))
    result = run_of(tmp_path, Steps(clock, 50.0), quiet_hours=QUIET, **training)
    assert result.ok and len(begun) > 6
    # The end of the run is not held up: its last step is done.
    assert not any(is_quiet(week, instant) for instant in begun[:-1])
    (quiet, *_) = [event for event in events(result.folder) if event["event"] == "quiet"]
    assert quiet["until"] == "2024-05-16T06:00+00:00" and quiet["says"] == "quiet until thu 06:00"


def test_quiet_hours_change_nothing(clock: Clock, wanted: dict[str, Any], tmp_path: Path,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    class Slow(Lines):
        def batch(self, epoch: int, rows: int, loss: float) -> None:
            clock.now += timedelta(minutes=50)

    result = specc.run(spec_of(quiet_hours=QUIET, delay=1), {"index": INDEX}, out=tmp_path,
                       progress=Slow)
    assert outcome(result.folder) == wanted
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "quiet until thu 06:00" and said[1].startswith("epoch 1/2 ")
    # Five steps of 50 minutes each; the night is not counted.
    assert result.history["seconds"].tolist() == [15_000.0, 15_000.0]
    plain = run_of(tmp_path, Silent())
    assert plain.folder.name.rpartition("-")[0] == result.folder.name.rpartition("-")[0]
    told = json.loads((result.folder / "plan.json").read_text())["training"]["pace"]
    assert told == {"delay": 1, "quiet_hours": QUIET}


def test_pauses_are_no_time_of_training(clock: Clock, tmp_path: Path) -> None:
    steps = Steps(clock, 50.0)
    result = run_of(tmp_path, steps, quiet_hours=QUIET, delay=600, max_seconds=7 * 3000,
                    max_epoch_seconds=4 * 3000)
    # Four steps, then three; with their pauses two would have been too long.
    assert result.history["rows"].tolist() == [32, 24]


def test_the_clock_is_read_anew(clock: Clock, tmp_path: Path) -> None:
    """A machine that slept itself, or whose clock was set, goes on at once."""
    def asleep(number: int) -> None:
        if number == 3:
            clock.now += timedelta(hours=20)

    clock.now += timedelta(hours=2)
    clock.asleep = asleep
    assert run_of(tmp_path, Silent(), quiet_hours=QUIET).ok
    assert len(clock.slept) == 3


# Stopped while it waits


def press() -> None:
    signal.raise_signal(signal.SIGINT)


class Killed(BaseException):
    """Stands for SIGKILL: nobody catches it."""


def kill() -> None:
    raise Killed


WAITS: dict[str, dict[str, Any]] = {
    "quiet hours": {"quiet_hours": QUIET},
    "a delay": {"delay": 600},
    "both": {"quiet_hours": QUIET, "delay": 600},
    "quiet hours, steps left over": {"quiet_hours": QUIET, "accumulate": 2},
}


# In the middle of an epoch, at its end, at that of an epoch with a step left over, at the start.
@pytest.mark.parametrize("minutes", [13, 0, 25, 60])
@pytest.mark.parametrize("waits", WAITS)
def test_an_interrupted_pause_ends_at_once_and_the_run_goes_on(
        waits: str, minutes: int, clock: Clock, wanted: dict[str, Any], tmp_path: Path) -> None:
    training = WAITS[waits]
    whole = wanted
    if "accumulate" in training:
        whole = outcome(run_of(tmp_path / "whole", Silent(), accumulate=2).folder)
    clock.now += timedelta(minutes=minutes)
    steps = Steps(clock, 12.0)
    at: list[int] = []

    def asleep(number: int) -> None:
        if number == 5:
            at.append(steps.done)
            press()

    clock.asleep = asleep
    result = run_of(tmp_path / "runs", steps, **training)
    # Not one step and not one sleep more.
    assert result.interrupted and at == [steps.done] and len(clock.slept) == 5
    assert [one.code for one in result.diagnostics if one.is_error] == ["SC504"]
    (folder,) = (tmp_path / "runs").iterdir()
    again = specc.resume(folder, {"index": INDEX}, progress=lambda plan: steps)
    assert again.run is not None, str(again)
    assert outcome(folder) == whole
    taken = 3 if "accumulate" in training else 5
    assert steps.done == 2 * taken


@pytest.mark.parametrize(("minutes", "sleep"), [(60, 1), (0, 9), (13, 1), (25, 9)])
def test_a_run_that_is_killed_in_quiet_hours_goes_on_after_them(
        minutes: int, sleep: int, clock: Clock, wanted: dict[str, Any], tmp_path: Path) -> None:
    clock.now += timedelta(minutes=minutes)
    steps = Steps(clock, 12.0)
    clock.asleep = lambda number: kill() if number == sleep else None
    with pytest.raises(Killed):
        run_of(tmp_path / "runs", steps, quiet_hours=QUIET, checkpoint={"every_epochs": None})
    done = steps.done
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "checkpoints" / "last.safetensors").exists()
    again = specc.resume(folder, {"index": INDEX}, progress=lambda plan: steps)
    assert again.run is not None, str(again)
    # Not a step was lost, and the night was waited for.
    assert steps.done == 10 and done < 10
    assert clock.now.date() > EVENING.date() and clock.now.hour >= 6
    assert outcome(folder) == wanted
    assert [event["event"] for event in events(folder)].count("quiet") == 2


def test_the_second_ctrl_c_of_a_pause_stops_too(clock: Clock, tmp_path: Path) -> None:
    clock.now += timedelta(hours=2)

    def asleep(number: int) -> None:
        press()
        press()

    clock.asleep = asleep
    result = run_of(tmp_path, Silent(), quiet_hours=QUIET)
    assert result.interrupted and len(clock.slept) == 1


def test_a_run_without_checkpoints_waits_too(clock: Clock, tmp_path: Path) -> None:
    clock.now += timedelta(hours=2)
    result = run_of(tmp_path, Silent(), quiet_hours=QUIET, checkpoint=None)
    assert result.ok and clock.now.hour == 6
    assert not (result.folder / "checkpoints").exists()


def test_evaluations_of_a_waiting_run_are_those_of_the_spec(clock: Clock, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch,
                                                            ) -> None:
    """Nothing is evaluated twice because a run waits before it."""
    count = [0]
    evaluate_all = loop.evaluate_all

    def counted(*args: Any) -> dict[str, Evaluation]:
        count[0] += 1
        return evaluate_all(*args)

    monkeypatch.setattr(loop, "evaluate_all", counted)
    run_of(tmp_path, Steps(clock, 50.0), quiet_hours=QUIET)
    assert count == [2]


def test_the_command_line_ends_with_130(tmp_path: Path) -> None:
    """With the clock of this machine: quiet today, tomorrow and yesterday."""
    today = datetime.now(UTC).astimezone().weekday()
    days = ",".join(DAYS[(today + offset) % 7] for offset in (-1, 0, 1))
    (tmp_path / "bundle").mkdir()
    INDEX.to_parquet(tmp_path / "bundle" / "index.parquet")
    (tmp_path / "spec.json").write_text(json.dumps(
        spec_of(quiet_hours=[f"{days} 00:00-24:00"])))
    child = subprocess.Popen(
        [sys.executable, "-m", "specc", "run", "spec.json", "bundle", "--out", "runs"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert child.stderr is not None
    line = ""
    while "quiet until" not in line:
        line = child.stderr.readline()
        assert line, "it ended without waiting"
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "SC504" in out + err and "specc resume" in out + err
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "checkpoints" / "last.safetensors").exists()
