"""Plan -> run folder: rehearse, train, evaluate, write."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compiler.bundle import BundleError
from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic, one_line
from ..compiler.stages import Plan
from . import artifacts, checkpoints, compiling, run_folder
from .assessment.assess import assess
from .checkpoint_file import BROKEN, damaged
from .device import choose_device, threads
from .environment import environment, identity
from .evaluate import everything
from .history import History, Row
from .inputs import ENVIRONMENT, INPUTS, SPEC, Inputs
from .interrupts import interruptible
from .loop import train
from .pace import Pace
from .progress import Progress, quiet_line
from .rehearse import rehearse
from .session import open_session
from .stopping import Stopped
from .tracking.opening import open_trackers
from .tracking.telling import Telling
from .tracking.tracker import Tracker
from .training_state import TrainingState, Tree

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Args:
        folder: where everything was written.
        plan: what was run.
        metrics: split -> loss and metrics after the last epoch.
    """

    folder: Path
    plan: Plan
    history_columns: History
    metrics: Mapping[str, Mapping[str, float | None]]

    @property
    def history(self) -> pd.DataFrame:
        """One row for each epoch."""
        return self.history_columns.to_pandas()

    @property
    def predictions(self) -> pd.DataFrame:
        """One row for each evaluated sample, as in `predictions.parquet`."""
        import pandas as pd

        return pd.read_parquet(self.folder / "predictions.parquet")


Outcome = tuple[Run | None, tuple[Diagnostic, ...]]


def execute(plan: Plan, parent: Path, progress: Callable[[Plan], Progress],
            warnings: Sequence[Diagnostic] = (), inputs: Inputs | None = None,
            follows: Tree | None = None, track: Sequence[str] = ()) -> Outcome:
    """Runs a plan and writes its run folder below `parent`.

    Nothing is written before the rehearsal on a sample batch has passed.

    Args:
        warnings: what was found when the plan was made.
        inputs: where the parts of the run came from.
        follows: the checkpoint of an earlier run, whose weights this one trains on.
        track: the names of trackers.

    Reports: SC301, SC310, SC404, SC412, SC501 to SC504, SC513, SC521, SC523, SC532 to SC534, SC604.
    """
    device = choose_device(plan.graph.training.device)
    if device is None:
        return None, (no_device(plan),)
    refused = rehearse(plan)
    if refused:
        return None, refused
    trackers = open_trackers(track, plan.graph.name)
    if trackers.stage is None:
        return None, trackers.diagnostics
    opened = trackers.stage
    inputs = inputs or Inputs()

    def work() -> Outcome:
        session = open_session(plan, device)
        state = TrainingState(session)
        if follows is not None:
            try:
                state.follow(follows)
            except BROKEN as error:
                return None, (codes.OTHER_NETWORK.at(
                    "/network", path=inputs.continues, reason=one_line(str(error))),)
        about = environment(plan, device, inputs, follows)
        folder = run_folder.create(parent, plan.graph.name, plan.hash, {
            SPEC: plan.graph.source.text,
            "plan.json": run_folder.json_text(plan.description),
            ENVIRONMENT: run_folder.json_text(about),
            INPUTS: run_folder.json_text(inputs.document(plan.graph.resolved)),
        })
        with run_folder.locked(folder):
            artifacts.Log(folder).add("start", time=time.time(), plan=plan.hash)
            first = inputs.continues if follows is not None else None
            with _taken_over(Path(first) / checkpoints.LAST if first else None, state):
                return _run(folder, state, about, progress, warnings, opened)

    return _guarded(plan, work)


def go_on(plan: Plan, folder: Path, about: Mapping[str, Any],
          progress: Callable[[Plan], Progress], warnings: Sequence[Diagnostic] = (),
          follows: Tree | None = None, track: Sequence[str] = ()) -> Outcome:
    """Goes on with a run from its last checkpoint, or from its start where it has none.

    Args:
        plan: that of the run, made again.
        about: its `environment.json`, with all that `environment` would say here and now.
        follows, track: as in `execute`.

    Reports: SC404, SC501 to SC504, SC513, SC515, SC518, SC523, SC532 to SC534, SC604.
    """
    device = choose_device(plan.graph.training.device)
    if device is None:
        return None, (no_device(plan),)
    trackers = open_trackers(track, plan.graph.name, folder)
    if trackers.stage is None:
        return None, trackers.diagnostics
    opened = trackers.stage

    def work() -> Outcome:
        with run_folder.locked(folder):
            state = TrainingState(open_session(plan, device))
            loaded = checkpoints.load(folder, identity(about), state)
            if not loaded and follows is not None:
                state.follow(follows)
            step = 0 if state.under_way is None else state.under_way.step
            artifacts.Log(folder).add("resume", time=time.time(), epoch=state.next_epoch,
                                      step=step)
            with _taken_over(folder / checkpoints.LAST if loaded else None, state):
                return _run(folder, state, about, progress, warnings, opened)

    return _guarded(plan, work)


@contextmanager
def _taken_over(checkpoint: Path | None, state: TrainingState) -> Iterator[None]:
    """What breaks before the next step is the fault of the checkpoint that the state is from.

    Raises FolderError (SC515).
    """
    begun = state.steps
    try:
        yield
    except BROKEN as error:
        if checkpoint is None or state.steps != begun:
            raise
        raise damaged(checkpoint, error) from error


def no_device(plan: Plan) -> Diagnostic:
    """The finding about a device that is not there (SC404)."""
    return codes.UNAVAILABLE_DEVICE.at("/training/device", device=plan.graph.training.device)


def _guarded(plan: Plan, work: Callable[[], Outcome]) -> Outcome:
    """What a run gives, or what has stopped it."""
    try:
        with threads(plan.threads):
            return work()
    except BundleError as error:
        return None, error.diagnostics
    except (Stopped, run_folder.FolderError) as error:
        return None, (error.diagnostic,)
    except RuntimeError as error:
        # A batch may have another form than those before, and be compiled anew.
        if not compiling.is_of_compiler(error):
            raise
        return None, (compiling.uncompilable(error),)


def _run(folder: Path, state: TrainingState, about: Mapping[str, Any],
         progress: Callable[[Plan], Progress], warnings: Sequence[Diagnostic],
         trackers: Sequence[Tracker]) -> Outcome:
    """Trains to the end and writes everything; what stops it says how to go on."""
    telling = Telling(trackers, folder, state, about)
    try:
        with interruptible() as interruption:
            keeper = checkpoints.Checkpoints(folder, identity(about), state, interruption)
            try:
                with telling:
                    return _finish(folder, state, about, progress, warnings, keeper, telling)
            except KeyboardInterrupt:
                raise checkpoints.interrupted(state) from None
    except (Stopped, run_folder.FolderError) as error:
        names = [tracker.name for tracker in trackers]
        return None, (resumable(error.diagnostic, folder, names), *telling.found)


def resumable(found: Diagnostic, folder: Path, trackers: Sequence[str] = ()) -> Diagnostic:
    """A finding with the command that goes on, where nothing but time or room was wanting."""
    options = "".join(f" --track {name}" for name in trackers)
    command = f"specc resume {shlex.quote(str(folder))}{options}"
    if found.code == codes.INTERRUPTED.name:
        return replace(found, help=f"go on with: {command}")
    if found.code in (codes.UNWRITABLE_FOLDER.name, codes.UNWRITABLE_CHECKPOINT.name):
        return replace(found, help=f"make room, then go on with: {command}")
    return found


def _finish(folder: Path, state: TrainingState, about: Mapping[str, Any],
            progress: Callable[[Plan], Progress], warnings: Sequence[Diagnostic],
            keeper: checkpoints.Checkpoints, telling: Telling) -> Outcome:
    session = state.session
    plan = session.plan
    log = artifacts.Log(folder)

    def on_batch(row: Row) -> None:
        log.add("batch", time=time.time(), **row)
        telling.batch(row)

    def on_epoch(row: Row) -> None:
        log.add("epoch", time=time.time(), **row)
        telling.epoch(row)

    state.tells(on_batch)
    with progress(plan) as shown:
        if state.steps:
            shown.goes_on(state.steps)
        pace = Pace(plan.graph.training, partial(_quiet, shown, log), keeper)
        history, evaluations = train(session, shown, on_epoch, state=state, keeper=keeper,
                                     pace=pace)
    reports = state.reports
    found = tuple(
        diagnostic for evaluation in evaluations.values() for diagnostic in evaluation.found
    )
    artifacts.write_history(folder, history)
    if len(reports):
        artifacts.write_history(folder, reports, "batches")
    artifacts.write_predictions(folder, artifacts.predictions_table(plan, *everything(session)))
    artifacts.write_model(folder, plan, session.network)
    artifacts.write_assessment(folder, history.kept, evaluations, assess(session, evaluations))
    artifacts.write_findings(folder, (*warnings, *found))
    found = (*found, *_write_report(folder))
    metrics = artifacts.final_metrics(evaluations)
    telling.finish(metrics, history.kept)
    log.add("end", time=time.time())
    return Run(folder, plan, history, metrics), (*found, *telling.found)


def _quiet(shown: Progress, log: artifacts.Log, until: datetime) -> None:
    """Tells that the run waits."""
    shown.quiet(until)
    log.add("quiet", time=time.time(), until=until.isoformat(timespec="minutes"),
            says=quiet_line(until))


def _write_report(folder: Path) -> tuple[Diagnostic, ...]:
    """`report.html`, from what stands in the folder by now."""
    from .report.gather import report_of

    page = report_of(folder)
    if page.stage is not None:
        run_folder.write_text(folder / "report.html", page.stage)
    return page.diagnostics


__all__ = ["Run", "execute", "go_on"]
