"""An epoch that is under way: how far it is, and its sums."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch

from ..compiler.planning.epochs import most_parts, parts_in_batch
from ..compiler.seeds import derive_seed
from .history import Row
from .mini_batches import Part, parts_of
from .running_loss import OnRow, Reports, RunningLoss
from .sampling import training_order
from .schedules import warmup_factor
from .session import Session
from .stopping import finite


class Epoch:
    """The parts of an epoch that are done, and what was measured of them.

    Args:
        number: from 1.
        tell: is told each row of what is reported within the epoch.
        done: optimizer steps of the run before it.
    """

    def __init__(self, session: Session, number: int, tell: OnRow, done: int) -> None:
        self.number = number
        self.step = 0
        self.running = RunningLoss(session.device)
        self.reports = Reports(session.plan.graph.training.report, number, session.device,
                               self._told)
        # At the end a scheduler has moved on to the rate of the step that comes next.
        self.rate = learning_rate(session, done)
        self._session = session
        self._tell = tell
        self._start = time.perf_counter()
        self._batch, self._parts = 1, 0
        self._random: dict[str, torch.Tensor] | None = None
        self._begun = False

    def _told(self, row: Row) -> None:
        finite(row["loss"] or 0.0, self.number, self.step)
        self._tell(row)

    def parts(self) -> Iterator[Part]:
        """What is left of the epoch, from where it is now.

        Dropout draws from the global stream, which starts anew for each epoch, or goes on where a
        checkpoint left it.
        """
        session, plan = self._session, self._session.plan
        order = training_order(plan, self.number).to(session.device)
        done = (self._batch - 1) * session.training.batch_size
        left = parts_of(plan, session.training.of(order[done:]), self.number, self._batch)
        most = most_parts(plan.graph.training)
        if most is not None:
            before = (self._batch - 1) * parts_in_batch(
                plan.graph.training, session.training.batch_size)
            most = max(self._parts, most - before)
        if self._random is None:
            torch.manual_seed(
                derive_seed(plan.graph.seed, "/network", f"noise of epoch {self.number}"))
        else:
            _set_random(self._random, session.device)
        self._begun = True
        for part in islice(left, self._parts, most):
            if part.batch != self._batch:
                self._batch, self._parts = part.batch, 0
            self._parts += 1
            yield part

    def late(self) -> bool:
        """Whether the epoch has had its time."""
        seconds = self._session.plan.graph.training.max_epoch_seconds
        return seconds is not None and time.perf_counter() - self._start >= seconds

    def paused(self, seconds: float) -> None:
        """Leaves out a time in which the run waited."""
        self._start += seconds

    def row(self, mean: float) -> Row:
        """The row of the history, without evaluations."""
        return {
            "epoch": self.number,
            "rows": self.running.rows,
            "seconds": time.perf_counter() - self._start,
            "learning_rate": self.rate,
            "loss_train": mean,
        }

    def state(self) -> dict[str, Any]:
        """For a checkpoint between two optimizer steps."""
        return {
            "number": self.number, "step": self.step, "rate": self.rate,
            "batch": self._batch, "parts": self._parts,
            "seconds": time.perf_counter() - self._start,
            "running": self.running.state(), "reports": self.reports.state(),
            "random": _random(self._session.device) if self._begun else self._random,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on where a checkpoint left an epoch of this number."""
        self.step, self.rate = int(state["step"]), float(state["rate"])
        self._batch, self._parts = int(state["batch"]), int(state["parts"])
        self._start = time.perf_counter() - float(state["seconds"])
        self.running.load(state["running"])
        self.reports.load(state["reports"])
        random = state["random"]
        self._random = None if random is None else dict(random)


def learning_rate(session: Session, done: int) -> float:
    """That of the first group of weights in the next step, after so many."""
    rate = float(session.optimizer.param_groups[0]["lr"])
    return rate * warmup_factor(session.plan, done)


def _random(device: torch.device) -> dict[str, torch.Tensor]:
    """The state of the global streams, by device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_random(states: Mapping[str, torch.Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
    if device.type == "mps":
        torch.mps.set_rng_state(states["mps"])
