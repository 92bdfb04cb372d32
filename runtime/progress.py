"""What a person sees while a run goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from types import TracebackType
from typing import IO, Any, Protocol

from ..compiler.network.early_stopping import LOSS, measure_names
from ..compiler.stages import Plan
from ..schema.pace import DAYS
from .history import Row


class Progress(Protocol):
    """What the loop tells while it runs."""

    def __enter__(self) -> Progress: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...

    def goes_on(self, steps: int) -> None:
        """A run that was stopped goes on, with so many steps done."""

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        """A training step is done; `loss` is the mean of the epoch so far."""

    def epoch(self, row: Row) -> None:
        """An epoch is done and evaluated; `row` is its row of the history."""

    def quiet(self, until: datetime) -> None:
        """The run waits for the end of quiet hours, in local time."""


class Silent:
    """Tells nothing: for programs."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def goes_on(self, steps: int) -> None:
        return None

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        return None

    def epoch(self, row: Row) -> None:
        return None

    def quiet(self, until: datetime) -> None:
        return None


def quiet_line(until: datetime) -> str:
    """`quiet until mon 06:00`."""
    return f"quiet until {DAYS[until.weekday()]} {until:%H:%M}"


def epoch_line(row: Row, plan: Plan) -> str:
    """`epoch 2/3  loss_train 0.4312  roc_auc_score: display 0.7682, test 0.7579  181,000 rows/s`.

    Of the metrics only the first is shown, or the loss without any; all are in the history.
    """
    names = measure_names(plan.graph)
    metric = next((name for name in names if name.rpartition(".")[2] != LOSS), LOSS)
    rows, seconds = row["rows"] or 0, row["seconds"] or 0
    parts = [f"epoch {row['epoch']}/{plan.last_epoch}"]
    if row["loss_train"] is not None:
        parts.append(f"loss_train {row['loss_train']:.4f}")
    values = [
        f"{split} {_shown(row[f'{metric}_{split}'])}"
        for split in plan.evaluate_on
        if f"{metric}_{split}" in row
    ]
    if values:
        parts.append(f"{metric}: {', '.join(values)}")
    parts.append(f"{rows / seconds:,.0f} rows/s" if seconds else "")
    return "  ".join(parts)


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


class Lines(Silent):
    """One plain line for each epoch, for logs and pipes."""

    def __init__(self, plan: Plan, stream: IO[str] | None = None) -> None:
        self._plan = plan
        self._stream = stream or sys.stderr

    def epoch(self, row: Row) -> None:
        print(epoch_line(row, self._plan), file=self._stream, flush=True)

    def quiet(self, until: datetime) -> None:
        print(quiet_line(until), file=self._stream, flush=True)


class Live:
    """A bar that moves: epoch, batch, rows/s, loss, time left; epochs stay above it."""

    REFRESH = 0.1
    """Seconds between two drawings; a step is far shorter than what an eye can follow."""

    def __init__(self, plan: Plan) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._plan = plan
        self._epochs = plan.last_epoch
        self._steps = plan.steps_per_epoch
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            TextColumn("batch {task.fields[step]}/{task.fields[steps]}"),
            TextColumn("{task.fields[rate]:,.0f} rows/s"),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        )
        self._done = self._rows = self._step = 0
        self._waits = False
        self._start = self._drawn = time.monotonic()
        self._task: Any = None

    def __enter__(self) -> Live:
        self._bar.start()
        self._task = self._bar.add_task(
            "", total=self._plan.steps, epoch=self._plan.epochs_before + 1,
            epochs=self._epochs, step=0, steps=self._steps, rate=0.0, loss=float("nan"),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def goes_on(self, steps: int) -> None:
        self._done, self._step = steps, steps % self._steps

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        self._done += 1
        self._step += 1
        self._rows += rows
        now = time.monotonic()
        if self._waits:
            # What comes after a pause has a rate of its own.
            self._waits, self._rows, self._start = False, 0, now
        if now - self._drawn < self.REFRESH:
            return
        self._drawn = now
        self._bar.update(
            self._task, completed=self._done, epoch=epoch,
            step=self._step, loss=loss,
            rate=self._rows / max(now - self._start, self.REFRESH), refresh=True,
        )

    def epoch(self, row: Row) -> None:
        # Time may have ended the epoch.
        self._step = 0
        self._bar.console.print(epoch_line(row, self._plan), highlight=False)

    def quiet(self, until: datetime) -> None:
        self._bar.console.print(quiet_line(until), highlight=False)
        self._waits = True
