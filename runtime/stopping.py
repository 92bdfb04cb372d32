"""What ends training before its last epoch: limits of the run, and measures that stay behind."""

from __future__ import annotations

import time

from torch import Tensor, nn

from ..compiler.network.early_stopping import LOSS
from ..compiler.stages import Plan
from .history import History, Row
from .metrics import directions_of


class Limits:
    """The steps and the seconds that a run may take; both begin with this object."""

    def __init__(self, plan: Plan) -> None:
        self._left = plan.steps
        self._seconds = plan.graph.training.max_seconds
        self._start = time.perf_counter()

    def step(self) -> bool:
        """Counts an optimizer step; whether it was the last one."""
        self._left -= 1
        return self.reached()

    def reached(self) -> bool:
        """Whether training has to end."""
        late = self._seconds is not None and time.perf_counter() - self._start >= self._seconds
        return late or self._left <= 0


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

    def restore(self, module: nn.Module, history: History) -> bool:
        """Puts the best weights back and writes their epoch down; whether others were there."""
        if not self._weights or self._best_epoch == history.kept:
            return False
        module.load_state_dict(self._weights)
        history.kept = self._best_epoch
        return True
