"""The training loop, one screen."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import torch

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.seeds import derive_seed
from .batches import by_head
from .constructors import STEPS_BY_BATCH, step_scheduler
from .evaluate import Evaluation, evaluate_all
from .history import History, Row
from .mini_batches import parts_of
from .progress import Progress
from .running_loss import OnRow, Reports, RunningLoss
from .sampling import training_order
from .session import Session
from .steps import Accumulation, run_step
from .stopping import Limits, Watch

CHECK_EVERY = 50
"""Steps between two looks at the loss: reading it makes a GPU wait."""


class Stopped(Exception):
    """Training cannot go on: the loss is not finite, or the user interrupted it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def _ignored(row: Row) -> None:
    return None


def train(session: Session, progress: Progress, on_epoch: OnRow,
          on_report: OnRow = _ignored) -> tuple[History, dict[str, Evaluation]]:
    """Trains to the end of the run; gives the history and the evaluations of each split with
    the weights that are kept.

    Args:
        on_epoch: is told each row of the history.
        on_report: is told the loss of each batch or mini-epoch, where the spec asks for it.

    Raises Stopped when the loss is not finite (SC501) or the user interrupts (SC504).
    """
    plan = session.plan
    training = plan.graph.training
    limits, watch = Limits(plan), Watch(plan)
    history, evaluations = History(), dict[str, Evaluation]()
    for epoch in range(0 if training.evaluate_before_training else 1, plan.epochs + 1):
        row = run_epoch(session, epoch, progress, on_report, limits) if epoch else _start(session)
        last = epoch == plan.epochs or limits.reached()
        if last or epoch % training.evaluate_every == 0:
            evaluations = evaluate_all(session, plan.evaluate_on)
            _check_outputs(evaluations, epoch, plan.steps_per_epoch)
            for split, evaluation in evaluations.items():
                for name, value in evaluation.measures.items():
                    row.setdefault(f"{name}_{split}", value)
            last |= watch.sees(row, session.module) or limits.reached()
        history.add(row)
        history.kept = epoch
        progress.epoch(row)
        on_epoch(row)
        if last:
            break
    if watch.restore(session.module, history):
        evaluations = evaluate_all(session, plan.evaluate_on)
    return history, evaluations


def _start(session: Session) -> Row:
    """The row of an epoch 0, before any step."""
    return {"epoch": 0, "rows": 0, "seconds": 0.0, "learning_rate": _rate(session),
            "loss_train": None}


def _rate(session: Session) -> float:
    return float(session.optimizer.param_groups[0]["lr"])


def run_epoch(session: Session, epoch: int, progress: Progress, on_report: OnRow = _ignored,
              limits: Limits | None = None) -> Row:
    """One pass over the training rows, or less where the run ends; gives its row of the
    history."""
    plan, start = session.plan, time.perf_counter()
    training = plan.graph.training
    limits = limits or Limits(plan)
    order = training_order(plan, epoch).to(session.device)
    # Dropout draws from the global stream, so each epoch starts one of its own.
    torch.manual_seed(derive_seed(plan.graph.seed, "/network", f"noise of epoch {epoch}"))
    session.module.train()
    # At the end a scheduler has moved on to the rate of the step that comes next.
    rate = _rate(session)
    running = RunningLoss(session.device)
    mean = float("nan")
    step = told = 0

    def report(row: Row) -> None:
        _finite(row["loss"] or 0.0, epoch, step)
        on_report(row)

    reports = Reports(training.report, epoch, session.device, report)
    added = Accumulation(session) if training.accumulate > 1 else None
    try:
        for part in parts_of(plan, session.training.of(order), epoch):
            loss = run_step(session, part.rows) if added is None else added.add(part.rows)
            running.add(loss, part.rows)
            reports.add(loss, part)
            if added is not None and added.pending:
                continue
            step += 1
            if step == 1 or step % CHECK_EVERY == 0 or step == plan.steps_per_epoch:
                mean = _finite(running.mean(), epoch, step)
            progress.batch(epoch, running.rows - told, mean)
            told = running.rows
            if limits.step():
                break
        if added is not None and added.finish():
            step += 1
            progress.batch(epoch, running.rows - told, mean)
            limits.step()
        reports.close()
    except KeyboardInterrupt:
        raise Stopped(codes.INTERRUPTED.at(epoch=epoch, batch=step)) from None
    mean = _finite(running.mean(), epoch, step)
    _after_epoch(session, mean)
    return {
        "epoch": epoch,
        "rows": running.rows,
        "seconds": time.perf_counter() - start,
        "learning_rate": rate,
        "loss_train": mean,
    }


def _after_epoch(session: Session, mean: float) -> None:
    scheduler = session.plan.graph.scheduler
    if scheduler is not None and scheduler.type not in STEPS_BY_BATCH:
        step_scheduler(scheduler, session.scheduler, mean)


def _check_outputs(evaluations: Mapping[str, Evaluation], epoch: int, batch: int) -> None:
    """Raises Diverged when the last step of an epoch broke the weights: no batch shows that."""
    for evaluation in evaluations.values():
        if not all(np.isfinite(output).all() for output in by_head(evaluation.output).values()):
            raise Stopped(codes.DIVERGED.at("/optimizer", value=float("nan"), epoch=epoch,
                                             batch=batch))


def _finite(mean: float, epoch: int, step: int) -> float:
    if mean != mean or mean in (float("inf"), float("-inf")):
        raise Stopped(codes.DIVERGED.at("/optimizer", value=mean, epoch=epoch, batch=step))
    return mean
