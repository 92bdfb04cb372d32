"""The training loop, one screen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..compiler.diagnostics import codes
from .batches import by_head
from .epoch import learning_rate
from .evaluate import Evaluation, evaluate_all
from .history import History, Row
from .pace import Pace
from .progress import Progress
from .running_loss import OnRow
from .schedules import after_epoch
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
          state: TrainingState | None = None, keeper: Keeper | None = None,
          pace: Pace | None = None) -> tuple[History, dict[str, Evaluation]]:
    """Trains to the end of the run; gives the history and the evaluations of each split with
    the weights that are kept.

    Args:
        on_epoch: is told each row of the history.
        on_report: is told the loss of each batch or mini-epoch, where the spec asks for it.
        state: where the run is; without it at its start.
        pace: makes it wait between two steps.

    Raises Stopped when the loss is not finite (SC501) or the user interrupts (SC504).
    """
    plan = session.plan
    training = plan.graph.training
    state = state or TrainingState(session, on_report)
    evaluations = dict[str, Evaluation]()
    while not state.ended:
        if pace is not None:
            pace.quiet(state)
        epoch = state.next_epoch
        row = _run_epoch(state, progress, keeper, pace) if epoch else _start(session)
        last = epoch == plan.last_epoch or state.limits.reached()
        if last or (epoch % training.evaluate_every == 0 and state.evaluates()):
            with state.average.in_use():
                evaluations = _evaluate(state, last)
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
    state.average.settle()
    # A run that was stopped when its training was over has not evaluated anything since.
    if state.watch.restore(session.module, state.history) or not evaluations \
            or not state.drawn_rows.everything:
        evaluations = evaluate_all(session, plan.evaluate_on)
    return state.history, evaluations


def _evaluate(state: TrainingState, last: bool) -> dict[str, Evaluation]:
    """What the network gives now for the rows that the limits of evaluations leave."""
    rows = state.drawn_rows
    begin = time.perf_counter()
    found = evaluate_all(state.session, state.session.plan.evaluate_on,
                         None if rows.everything else rows)
    if not last:
        state.evaluations.spend(found.values(), rows.batch_size, time.perf_counter() - begin)
    return found


def _start(session: Session) -> Row:
    """The row of an epoch 0, before any step."""
    return {"epoch": 0, "rows": 0, "seconds": 0.0, "learning_rate": learning_rate(session, 0),
            "loss_train": None}


def run_epoch(session: Session, epoch: int, progress: Progress, on_report: OnRow = _ignored,
              ) -> Row:
    """One pass over the training rows; gives its row of the history."""
    state = TrainingState(session, on_report)
    state.next_epoch = epoch
    return _run_epoch(state, progress)


def _run_epoch(state: TrainingState, progress: Progress, keeper: Keeper | None = None,
               pace: Pace | None = None) -> Row:
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
            done = state.steps
            loss = run_step(session, part.rows, done) if added is None \
                else added.add(part.rows, done)
            running.add(loss, part.rows)
            epoch.reports.add(loss, part)
            if added is not None and added.pending:
                continue
            epoch.step += 1
            state.average.step(epoch.number)
            if epoch.step == 1 or epoch.step % CHECK_EVERY == 0 \
                    or epoch.step == plan.steps_per_epoch:
                mean = finite(running.mean(), epoch.number, epoch.step)
            progress.batch(epoch.number, running.rows - told, mean)
            told = running.rows
            if limits.step() or epoch.late():
                break
            if keeper is not None:
                keeper.step(state)
            if pace is not None:
                pace.after_step(state)
        if added is not None and added.finish(state.steps):
            epoch.step += 1
            state.average.step(epoch.number)
            progress.batch(epoch.number, running.rows - told, mean)
            limits.step()
        if pace is not None and not limits.reached():
            # An evaluation comes next, and begins in quiet hours as little as a step does.
            pace.quiet(state)
        epoch.reports.close()
    except KeyboardInterrupt:
        raise Stopped(codes.INTERRUPTED.at(epoch=epoch.number, batch=epoch.step)) from None
    mean = finite(running.mean(), epoch.number, epoch.step)
    after_epoch(plan, session.scheduler, mean)
    return epoch.row(mean)


def _check_outputs(evaluations: Mapping[str, Evaluation], epoch: int, batch: int) -> None:
    """Raises Diverged when the last step of an epoch broke the weights: no batch shows that."""
    for evaluation in evaluations.values():
        if not all(np.isfinite(output).all() for output in by_head(evaluation.output).values()):
            raise Stopped(codes.DIVERGED.at("/optimizer", value=float("nan"), epoch=epoch,
                                             batch=batch))
