"""What ends training before its last epoch: limits of the run, and measures that stay behind."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.network.early_stopping import LOSS
from ..compiler.stages import Plan
from .history import History, Row
from .metrics import directions_of


class Stopped(Exception):
    """Training cannot go on: the loss is not finite, or the user interrupted it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def finite(loss: float, epoch: int, step: int) -> float:
    """The loss itself. Raises Stopped where it is not finite (SC501)."""
    if not math.isfinite(loss):
        raise Stopped(codes.DIVERGED.at("/optimizer", value=loss, epoch=epoch, batch=step))
    return loss


class Limits:
    """The steps and the seconds that a run may take; both begin with this object, or where a
    checkpoint of the run left them.

    `left` are the steps that it may take still.
    """

    def __init__(self, plan: Plan) -> None:
        self.left = plan.steps
        self._seconds = plan.graph.training.max_seconds
        self._start = time.perf_counter()

    def step(self) -> bool:
        """Counts an optimizer step; whether it was the last one."""
        self.left -= 1
        return self.reached()

    def reached(self) -> bool:
        """Whether training has to end."""
        late = self._seconds is not None and time.perf_counter() - self._start >= self._seconds
        return late or self.left <= 0

    def paused(self, seconds: float) -> None:
        """Leaves out a time in which the run waited."""
        self._start += seconds

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"left": self.left, "seconds": time.perf_counter() - self._start}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on with what a checkpoint left."""
        self.left = int(state["left"])
        self._start = time.perf_counter() - float(state["seconds"])


class Watch:
    """Follows the measure that early stopping watches, and keeps the best weights.

    Without early stopping it never ends anything. An evaluation in which the measure is not
    defined is one without a better value.
    """

    def __init__(self, plan: Plan) -> None:
        self._stopping = plan.graph.training.early_stopping
        self._directions = {LOSS: "lower", **directions_of(plan.graph)}
        self._best: float | None = None
        self._best_epoch = 0
        self._weights: dict[str, Tensor] = {}
        self._behind = 0

    def sees(self, row: Row, module: nn.Module) -> bool:
        """Takes the row of an evaluated epoch; whether training has to end."""
        stopping = self._stopping
        if stopping is None:
            return False
        value = row[f"{stopping.metric}_{stopping.split}"]
        if value is None or not self._better(value):
            self._behind += 1
            return self._behind >= stopping.patience
        self._best, self._behind, self._best_epoch = value, 0, int(row["epoch"] or 0)
        if stopping.restore_best:
            self._weights = {name: tensor.detach().clone()
                             for name, tensor in module.state_dict().items()}
        return False

    def _better(self, value: float) -> bool:
        assert self._stopping is not None
        if self._best is None:
            return True
        gain = value - self._best
        if self._directions[self._stopping.metric] == "lower":
            gain = -gain
        return gain > self._stopping.min_change

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the best value so far; None before the first."""
        return None if self._best is None else self._best_epoch

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"best": self._best, "best_epoch": self._best_epoch, "behind": self._behind,
                "weights": dict(self._weights)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on with what a checkpoint holds."""
        best = state["best"]
        self._best = None if best is None else float(best)
        self._best_epoch, self._behind = int(state["best_epoch"]), int(state["behind"])
        self._weights = state["weights"]

    def restore(self, module: nn.Module, history: History) -> bool:
        """Puts the best weights back and writes their epoch down; whether others were there."""
        if not self._weights or self._best_epoch == history.kept:
            return False
        module.load_state_dict(self._weights)
        history.kept = self._best_epoch
        return True
