"""The training loop, one screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.seeds import derive_seed
from .batches import Batch
from .constructors import STEPS_BY_BATCH, step_scheduler
from .evaluate import Evaluation, evaluate_all
from .history import History, Row
from .progress import Progress
from .sampling import training_order
from .session import Session

CHECK_EVERY = 50
"""Steps between two looks at the loss: reading it makes a GPU wait."""

OnEpoch = Callable[[Row], None]


class Stopped(Exception):
    """Training cannot go on: the loss is not finite, or the user interrupted it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def train(session: Session, progress: Progress, on_epoch: OnEpoch) -> tuple[
        History, dict[str, Evaluation]]:
    """Trains all epochs; gives the history and the last evaluation of each split.

    Raises Stopped when the loss is not finite (SC501) or the user interrupts (SC504).
    """
    training = session.plan.graph.training
    history, evaluations = History(), dict[str, Evaluation]()
    for epoch in range(1, training.epochs + 1):
        row = run_epoch(session, epoch, progress)
        if epoch % training.evaluate_every == 0 or epoch == training.epochs:
            evaluations = evaluate_all(session, session.plan.evaluate_on)
            _check_outputs(evaluations, epoch, session.plan.steps_per_epoch)
            for split, evaluation in evaluations.items():
                for name, value in evaluation.measures.items():
                    row.setdefault(f"{name}_{split}", value)
        history.add(row)
        progress.epoch(row)
        on_epoch(row)
    return history, evaluations


def run_epoch(session: Session, epoch: int, progress: Progress) -> Row:
    """One pass over the training rows; gives the epoch's row of the history."""
    plan, start = session.plan, time.perf_counter()
    order = training_order(plan, epoch).to(session.device)
    # Dropout draws from the global stream, so each epoch starts one of its own.
    torch.manual_seed(derive_seed(plan.graph.seed, "/network", f"noise of epoch {epoch}"))
    session.module.train()
    # At the end a scheduler has moved on to the rate of the step that comes next.
    rate = session.optimizer.param_groups[0]["lr"]
    total = torch.zeros((), device=session.device)
    rows = 0
    mean = float("nan")
    step = 0
    try:
        for step, batch in enumerate(session.training.of(order), start=1):
            total += run_step(session, batch) * len(batch)
            rows += len(batch)
            if step == 1 or step % CHECK_EVERY == 0 or rows == len(order):
                mean = _finite(float(total) / rows, epoch, step)
            progress.batch(epoch, len(batch), mean)
    except KeyboardInterrupt:
        raise Stopped(codes.INTERRUPTED.at(epoch=epoch, batch=step)) from None
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
    return session.mean_loss(loss.detach(), len(batch))


def _after_epoch(session: Session, mean: float) -> None:
    scheduler = session.plan.graph.scheduler
    if scheduler is not None and scheduler.type not in STEPS_BY_BATCH:
        step_scheduler(scheduler, session.scheduler, mean)


def _check_outputs(evaluations: Mapping[str, Evaluation], epoch: int, batch: int) -> None:
    """Raises Diverged when the last step of an epoch broke the weights: no batch shows that."""
    for evaluation in evaluations.values():
        if not np.isfinite(evaluation.output).all():
            raise Stopped(codes.DIVERGED.at("/optimizer", value=float("nan"), epoch=epoch,
                                             batch=batch))


def _finite(mean: float, epoch: int, step: int) -> float:
    if mean != mean or mean in (float("inf"), float("-inf")):
        raise Stopped(codes.DIVERGED.at("/optimizer", value=mean, epoch=epoch, batch=step))
    return mean
