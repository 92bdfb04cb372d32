"""The training loop, one screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..compiler.diagnostics import codes
from .batches import by_head
from .constructors import STEPS_BY_BATCH, step_scheduler
from .epoch import learning_rate
from .evaluate import Evaluation, evaluate_all
from .history import History, Row
from .progress import Progress
from .running_loss import OnRow
from .session import Session
from .steps import Accumulation, run_step
from .stopping import Stopped, finite
from .training_state import TrainingState

CHECK_EVERY = 50
"""Steps between two looks at the loss: reading it makes a GPU wait."""


def _ignored(row: Row) -> None:
    return None


class Keeper(Protocol):
    """Looks at a run between two steps, and may keep its state or stop it."""

    def step(self, state: TrainingState) -> None:
        """An optimizer step is done, and the epoch is not."""

    def epoch(self, state: TrainingState) -> None:
        """An epoch is done, and written down."""


def train(session: Session, progress: Progress, on_epoch: OnRow, on_report: OnRow = _ignored,
          state: TrainingState | None = None,
          keeper: Keeper | None = None) -> tuple[History, dict[str, Evaluation]]:
    """Trains to the end of the run; gives the history and the evaluations of each split with
    the weights that are kept.

    Args:
        on_epoch: is told each row of the history.
        on_report: is told the loss of each batch or mini-epoch, where the spec asks for it.
        state: where the run is; without it at its start.

    Raises Stopped when the loss is not finite (SC501) or the user interrupts (SC504).
    """
    plan = session.plan
    training = plan.graph.training
    state = state or TrainingState(session, on_report)
    evaluations = dict[str, Evaluation]()
    while not state.ended:
        epoch = state.next_epoch
        row = _run_epoch(state, progress, keeper) if epoch else _start(session)
        last = epoch == plan.last_epoch or state.limits.reached()
        if last or epoch % training.evaluate_every == 0:
            evaluations = evaluate_all(session, plan.evaluate_on)
            _check_outputs(evaluations, epoch, plan.steps_per_epoch)
            for split, evaluation in evaluations.items():
                for name, value in evaluation.measures.items():
                    # The loss that training has measured stays; before it there is none.
                    if row.get(f"{name}_{split}") is None:
                        row[f"{name}_{split}"] = value
            last |= state.watch.sees(row, session.module) or state.limits.reached()
        state.finish(row, last)
        progress.epoch(row)
        on_epoch(row)
        if keeper is not None:
            keeper.epoch(state)
    # A run that was stopped when its training was over has not evaluated anything since.
    if state.watch.restore(session.module, state.history) or not evaluations:
        evaluations = evaluate_all(session, plan.evaluate_on)
    return state.history, evaluations


def _start(session: Session) -> Row:
    """The row of an epoch 0, before any step."""
    return {"epoch": 0, "rows": 0, "seconds": 0.0, "learning_rate": learning_rate(session),
            "loss_train": None}


def run_epoch(session: Session, epoch: int, progress: Progress, on_report: OnRow = _ignored,
              ) -> Row:
    """One pass over the training rows; gives its row of the history."""
    state = TrainingState(session, on_report)
    state.next_epoch = epoch
    return _run_epoch(state, progress)


def _run_epoch(state: TrainingState, progress: Progress, keeper: Keeper | None = None) -> Row:
    """What is left of the next epoch, or less where the run ends."""
    session, limits = state.session, state.limits
    plan = session.plan
    session.module.train()
    epoch = state.begin()
    running = epoch.running
    mean = running.mean() if epoch.step else float("nan")
    told = running.rows
    added = Accumulation(session) if plan.graph.training.accumulate > 1 else None
    try:
        for part in epoch.parts():
            loss = run_step(session, part.rows) if added is None else added.add(part.rows)
            running.add(loss, part.rows)
            epoch.reports.add(loss, part)
            if added is not None and added.pending:
                continue
            epoch.step += 1
            if epoch.step == 1 or epoch.step % CHECK_EVERY == 0 \
                    or epoch.step == plan.steps_per_epoch:
                mean = finite(running.mean(), epoch.number, epoch.step)
            progress.batch(epoch.number, running.rows - told, mean)
            told = running.rows
            if limits.step():
                break
            if keeper is not None:
                keeper.step(state)
        if added is not None and added.finish():
            epoch.step += 1
            progress.batch(epoch.number, running.rows - told, mean)
            limits.step()
        epoch.reports.close()
    except KeyboardInterrupt:
        raise Stopped(codes.INTERRUPTED.at(epoch=epoch.number, batch=epoch.step)) from None
    mean = finite(running.mean(), epoch.number, epoch.step)
    _after_epoch(session, mean)
    return epoch.row(mean)


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
