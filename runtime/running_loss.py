"""The training loss while an epoch goes on: its running mean, and reports within the epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..schema.training import EPOCH, MINI_EPOCH
from .batches import Batch
from .history import Row
from .mini_batches import Part

OnRow = Callable[[Row], None]
"""Is told a row of the history, or of what is reported within an epoch."""


class RunningLoss:
    """The mean loss of rows, weighted where they are, kept on the device until it is read."""

    def __init__(self, device: torch.device) -> None:
        self.rows = 0
        self._total = torch.zeros((), device=device)
        self._amount: int | torch.Tensor = 0

    def add(self, loss: torch.Tensor, batch: Batch) -> None:
        """Adds a batch with the mean loss of its rows."""
        amount = batch.amount
        self._total += loss * amount
        self._amount = self._amount + amount
        self.rows += len(batch)

    def mean(self) -> float:
        """The mean so far; 0 where no row counts."""
        amount, total = float(self._amount), float(self._total)
        return total / amount if amount else total

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"rows": self.rows, "total": self._total.clone(), "amount": self._amount}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on with the sums of a checkpoint."""
        device, amount = self._total.device, state["amount"]
        self.rows = int(state["rows"])
        self._total = state["total"].to(device)
        self._amount = amount.to(device) if isinstance(amount, torch.Tensor) else int(amount)


class Reports:
    """Tells the loss of each batch, or of each pass over one, when it is done.

    Args:
        report: one of `schema.training.REPORTS`; for `epoch` nothing is told.
    """

    def __init__(self, report: str, epoch: int, device: torch.device, tell: OnRow) -> None:
        self._report = report
        self._epoch = epoch
        self._device = device
        self._tell = tell
        self._place: tuple[int, int | None] | None = None
        self._running = RunningLoss(device)

    def add(self, loss: torch.Tensor, part: Part) -> None:
        """Adds the next part of the epoch with the mean loss of its rows."""
        if self._report == EPOCH:
            return
        place = (part.batch, part.mini_epoch if self._report == MINI_EPOCH else None)
        if place != self._place:
            self.close()
            self._place, self._running = place, RunningLoss(self._device)
        self._running.add(loss, part.rows)

    def close(self) -> None:
        """Tells what has not been told yet: the end of the epoch has come."""
        if self._place is None:
            return
        batch, mini_epoch = self._place
        self._place = None
        self._tell({"epoch": self._epoch, "batch": batch, "mini_epoch": mini_epoch,
                    "rows": self._running.rows, "loss": self._running.mean()})

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"place": self._place, "running": self._running.state()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on with what a checkpoint holds."""
        self._place = state["place"]
        self._running.load(state["running"])
