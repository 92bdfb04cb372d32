"""Where the limits of an epoch end it, and what the next one takes.

Not checked here: the numbers of the plan (tests/compiler/test_epochs.py), and limits of the run
(test_stopping.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import epoch as epoch_module
from specc.runtime import loop
from specc.runtime.checkpoint_file import read_checkpoint, write_checkpoint
from specc.runtime.epoch import Epoch
from specc.runtime.progress import Live, Silent
from specc.runtime.session import Session, open_session
from specc.runtime.training_state import TrainingState

import specc

CPU = torch.device("cpu")
ROWS = 24
RNG = np.random.default_rng(5)
INDEX = pd.DataFrame({"a": RNG.normal(size=ROWS + 8), "y": RNG.integers(0, 2, ROWS + 8),
                      "split": ["train"] * ROWS + ["test"] * 8})


def plan_of(scheduler: dict[str, Any] | None = None, **training: Any) -> Plan:
    compiled = specc.compile({
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["x"],
                    "dropout": 0.3},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"}, "scheduler": scheduler,
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.5, "momentum": 0.9},
        "training": {"epochs": 3, "batch_size": 5, "device": "cpu", **training},
    }, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def steps_of(session: Session) -> list[int]:
    """How often the optimizer steps, in one number."""
    steps = [0]

    def count(*_: Any) -> None:
        steps[0] += 1

    session.optimizer.register_step_post_hook(count)
    return steps


@pytest.mark.parametrize(("training", "steps", "rows"), [
    ({"max_epoch_steps": 2}, 6, [10, 10, 10]),
    ({"max_epoch_steps": 1, "accumulate": 2}, 3, [10, 10, 10]),
    ({"max_epoch_steps": 2, "accumulate": 2}, 6, [20, 20, 20]),
    # The last step of an epoch takes what is left, where the limit lets it.
    ({"max_epoch_steps": 3, "accumulate": 2}, 9, [24, 24, 24]),
    ({"max_epoch_steps": 3, "mini_batch_size": 2, "mini_epochs": 2}, 9, [5, 5, 5]),
    ({"max_epoch_steps": 7, "mini_batch_size": 2, "mini_epochs": 2}, 21, [12, 12, 12]),
    ({"max_epoch_steps": 2, "max_steps": 3}, 3, [10, 5]),
    ({"max_epoch_steps": 99}, 15, [24, 24, 24]),
])
def test_max_epoch_steps_ends_each_epoch(training: dict[str, Any], steps: int,
                                         rows: list[int]) -> None:
    plan = plan_of(**training)
    session = open_session(plan, CPU)
    counted = steps_of(session)
    history, _ = loop.train(session, Silent(), lambda row: None)
    assert counted == [steps] and plan.steps == steps and plan.epochs == len(rows)
    assert history.columns["rows"] == rows
    assert history.columns["loss_test"][-1] is not None


class Taken(Silent):
    """Notes the rows that a session trains on, epoch by epoch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.epochs: list[list[float]] = []
        parts = Epoch.parts

        def noted(epoch: Epoch) -> Any:
            self.epochs.append([])
            for part in parts(epoch):
                ((_, values),) = part.rows.inputs.items()
                self.epochs[-1] += values[:, 0].tolist()
                yield part

        monkeypatch.setattr(epoch_module.Epoch, "parts", noted)


def test_the_next_epoch_draws_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Taken(monkeypatch)
    loop.train(open_session(plan_of(), CPU), whole, lambda row: None)
    monkeypatch.undo()
    short = Taken(monkeypatch)
    loop.train(open_session(plan_of(max_epoch_steps=2), CPU), short, lambda row: None)
    # A short epoch is the start of the long one; so rows that one leaves out another takes.
    assert short.epochs == [epoch[:10] for epoch in whole.epochs]
    assert len({row for epoch in short.epochs for row in epoch}) > 10


def test_schedules_follow() -> None:
    plan = plan_of({"type": "torch.optim.lr_scheduler:OneCycleLR", "max_lr": 0.1},
                   max_epoch_steps=2)
    assert open_session(plan, CPU).scheduler.total_steps == 6
    plan = plan_of({"type": "torch.optim.lr_scheduler:CosineAnnealingLR"}, max_epoch_steps=2)
    assert open_session(plan, CPU).scheduler.T_max == 3


class Clock(Silent):
    """A second for each step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        self.now += 1.0


@pytest.mark.parametrize(("training", "rows"), [
    ({"max_epoch_seconds": 2.5}, [15, 15, 15]),
    ({"max_epoch_seconds": 1}, [5, 5, 5]),
    ({"max_epoch_seconds": 99}, [24, 24, 24]),
    ({"max_epoch_seconds": 2, "max_epoch_steps": 1}, [5, 5, 5]),
    ({"max_epoch_seconds": 2, "accumulate": 2}, [20, 20, 20]),
    # Fewer steps an epoch, and as many epochs as the spec says.
    ({"max_epoch_seconds": 2, "max_steps": 5}, [10, 10, 5]),
    ({"max_epoch_seconds": 2, "max_seconds": 5}, [10, 10, 5]),
])
def test_max_epoch_seconds_ends_each_epoch(training: dict[str, Any], rows: list[int],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session(plan_of(**training), CPU)
    clock = Clock(monkeypatch)
    history, evaluations = loop.train(session, clock, lambda row: None)
    assert history.columns["rows"] == rows
    assert set(evaluations) == {"train", "test"}
    assert None not in history.columns["loss_test"]


def test_the_seconds_of_an_epoch_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plan = plan_of(max_epoch_seconds=3, epochs=1)
    clock = Clock(monkeypatch)
    state = TrainingState(open_session(plan, CPU))
    parts = state.begin().parts()
    next(parts)
    clock.now += 2.0
    write_checkpoint(tmp_path / "c", state.tree())
    clock.now += 1000.0
    again = TrainingState(open_session(plan, CPU))
    again.load(read_checkpoint(tmp_path / "c"))
    history, _ = loop.train(again.session, clock, lambda row: None, state=again)
    # One second was left, after a first batch that was given, but not trained on.
    assert history.columns["rows"] == [5]


def test_the_bar_counts_the_steps_of_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(max_epoch_seconds=100)
    bar = Live(plan)
    monkeypatch.setattr(Live, "REFRESH", 0.0)
    shown = []
    with bar:
        monkeypatch.setattr(bar._bar, "update", lambda task, **fields: shown.append(
            (fields["epoch"], fields["step"])))
        for epoch, steps in ((1, 3), (2, 2)):
            for _ in range(steps):
                bar.batch(epoch, 5, 0.5)
            bar.epoch({"epoch": epoch, "rows": 5 * steps, "seconds": 1.0, "loss_train": 0.5})
    assert shown == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
