"""The training loop, one screen."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn

from ..compiler import codes
from ..compiler.diagnostic import Diagnostic
from ..compiler.seeds import derive_seed
from .batches import Batch
from .constructors import FOLLOWS_LOSS, STEPS_BY_BATCH
from .evaluate import Evaluation, evaluate_all
from .history import History
from .progress import Progress
from .sampling import training_order
from .session import Session

CHECK_EVERY = 50
"""Steps between two looks at the loss: reading it makes a GPU wait."""

OnEpoch = Callable[[dict[str, float | int | None]], None]


class Diverged(Exception):
    """The loss is not a finite number any more."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def train(session: Session, progress: Progress, on_epoch: OnEpoch) -> tuple[
        History, dict[str, Evaluation]]:
    """Trains all epochs; gives the history and the last evaluation of each split.

    Raises Diverged (SC501) when the loss is not finite.
    """
    training = session.plan.graph.training
    history, evaluations = History(), dict[str, Evaluation]()
    for epoch in range(1, training.epochs + 1):
        row = run_epoch(session, epoch, progress)
        if epoch % training.evaluate_every == 0 or epoch == training.epochs:
            evaluations = evaluate_all(session, session.plan.evaluate_on)
            for split, evaluation in evaluations.items():
                row |= {f"{name}_{split}": value for name, value in evaluation.measures.items()}
        history.add(row)
        progress.epoch(row)
        on_epoch(row)
    return history, evaluations


def run_epoch(session: Session, epoch: int, progress: Progress) -> dict[str, float | int | None]:
    """One pass over the training rows; gives the epoch's row of the history."""
    plan, start = session.plan, time.perf_counter()
    order = training_order(plan, epoch).to(session.device)
    # Dropout draws from the global stream, so each epoch starts one of its own.
    torch.manual_seed(derive_seed(plan.graph.seed, "/network", f"noise of epoch {epoch}"))
    session.module.train()
    total = torch.zeros((), device=session.device)
    rows = 0
    mean = float("nan")
    for step, batch in enumerate(session.training.of(order), start=1):
        total += run_step(session, batch) * len(batch)
        rows += len(batch)
        if step % CHECK_EVERY == 0 or rows == len(order):
            mean = _finite(float(total) / rows, epoch, step)
        progress.batch(epoch, len(batch), mean)
    rate = session.optimizer.param_groups[0]["lr"]
    _after_epoch(session, mean)
    return {
        "epoch": epoch,
        "rows": rows,
        "seconds": time.perf_counter() - start,
        "learning_rate": float(rate),
        "loss_train": mean,
    }


def run_step(session: Session, batch: Batch) -> torch.Tensor:
    """One optimizer step; gives the loss of the batch, detached."""
    loss = session.loss_of(session.module(batch), batch.label)
    session.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    session.optimizer.step()
    scheduler = session.plan.graph.scheduler
    if scheduler is not None and scheduler.type in STEPS_BY_BATCH:
        session.scheduler.step()
    return _mean(session.loss, loss.detach(), len(batch))


def _mean(loss: nn.Module, value: torch.Tensor, rows: int) -> torch.Tensor:
    """The loss of one row, so that batches of different sizes add up."""
    return value / rows if getattr(loss, "reduction", "mean") == "sum" else value


def _after_epoch(session: Session, mean: float) -> None:
    scheduler = session.plan.graph.scheduler
    if scheduler is None or scheduler.type in STEPS_BY_BATCH:
        return
    if scheduler.type == FOLLOWS_LOSS:
        session.scheduler.step(mean)
    else:
        session.scheduler.step()


def _finite(mean: float, epoch: int, step: int) -> float:
    if mean != mean or mean in (float("inf"), float("-inf")):
        raise Diverged(codes.DIVERGED.at("/optimizer", value=mean, epoch=epoch, batch=step))
    return mean
