"""One step of the optimizer: on one batch, or on the gradients of several."""

from __future__ import annotations

import torch
from torch import nn

from .batches import Batch
from .constructors import STEPS_BY_BATCH
from .session import Session
from .weights import positive


def run_step(session: Session, batch: Batch) -> torch.Tensor:
    """One optimizer step on one batch; gives the mean loss of its rows, detached."""
    loss = session.loss_of(session.module(batch), batch.label, batch.weight)
    session.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    _follow(session)
    return session.mean_loss(loss.detach(), batch.amount)


def _follow(session: Session) -> None:
    """The optimizer follows the gradients that there are."""
    norm = session.plan.graph.training.gradient_clipping
    if norm is not None:
        nn.utils.clip_grad_norm_(session.module.parameters(), norm)
    session.optimizer.step()
    scheduler = session.plan.graph.scheduler
    if scheduler is not None and scheduler.type in STEPS_BY_BATCH:
        session.scheduler.step()


class Accumulation:
    """Optimizer steps on the gradients of several batches.

    A step is the one that a single batch of all their rows would give, but for what layers
    learn of a batch as a whole, such as batch normalization.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._most = session.plan.graph.training.accumulate
        self._amount: int | torch.Tensor = 0
        self.pending = 0

    def add(self, batch: Batch) -> torch.Tensor:
        """Adds the gradients of a batch, and takes a step where they are enough; gives the mean
        loss of its rows, detached."""
        session, amount = self._session, batch.amount
        loss = session.loss_of(session.module(batch), batch.label, batch.weight)
        if not self.pending:
            session.optimizer.zero_grad(set_to_none=True)
            self._amount = 0
        # A loss that is a mean gets the weight of its batch; one that is a sum has it.
        summed = loss if session.sums else loss * amount
        summed.backward()  # type: ignore[no-untyped-call]
        self._amount = self._amount + amount
        self.pending += 1
        if self.pending == self._most:
            self.finish()
        return session.mean_loss(loss.detach(), amount)

    def finish(self) -> bool:
        """Takes a step on what there is; whether there was anything."""
        if not self.pending:
            return False
        self.pending = 0
        if not self._session.sums:
            amount = self._amount
            total = positive(amount) if isinstance(amount, torch.Tensor) else amount
            for parameter in self._session.module.parameters():
                if parameter.grad is not None:
                    parameter.grad /= total
        _follow(self._session)
        return True
