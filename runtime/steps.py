"""One step of the optimizer: on one batch, or on the gradients of several."""

from __future__ import annotations

import torch

from .batches import Batch
from .clipping import clip
from .schedules import after_step, warmed_up
from .session import Session
from .weights import positive


def run_step(session: Session, batch: Batch, done: int = 0) -> torch.Tensor:
    """One optimizer step on one batch, after so many; gives the mean loss of its rows,
    detached."""
    loss = session.loss_of(session.computing.output(batch), batch.label, batch.weight)
    session.optimizer.zero_grad(set_to_none=True)
    session.computing.backward(loss)
    _follow(session, done)
    return session.mean_loss(loss.detach(), batch.amount)


def _follow(session: Session, done: int) -> None:
    """The optimizer follows the gradients that there are."""
    session.computing.unscale()
    norm = session.plan.graph.training.gradient_clipping
    if norm is not None:
        clip(session.module, norm)
    with warmed_up(session.plan, session.optimizer, done):
        session.computing.step()
    after_step(session.plan, session.scheduler)


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

    def add(self, batch: Batch, done: int = 0) -> torch.Tensor:
        """Adds the gradients of a batch, and takes a step where they are enough; gives the mean
        loss of its rows, detached."""
        session, amount = self._session, batch.amount
        loss = session.loss_of(session.computing.output(batch), batch.label, batch.weight)
        if not self.pending:
            session.optimizer.zero_grad(set_to_none=True)
            self._amount = 0
        # A loss that is a mean gets the weight of its batch; one that is a sum has it.
        summed = loss if session.sums else loss * amount
        session.computing.backward(summed)
        self._amount = self._amount + amount
        self.pending += 1
        if self.pending == self._most:
            self.finish(done)
        return session.mean_loss(loss.detach(), amount)

    def finish(self, done: int = 0) -> bool:
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
        _follow(self._session, done)
        return True
