"""All trackers of a run: they are told what happens, and one that fails stops nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from ...compiler.bundle import BundleError
from ...compiler.diagnostics import codes
from ...compiler.diagnostics.diagnostic import Diagnostic
from ..artifacts import Log
from ..history import Row
from ..run_folder import FolderError
from ..stopping import Stopped
from ..training_state import TrainingState
from .curves import Curves, Point, final
from .facts import facts_of
from .reasons import reason_of
from .tracker import Tracker

FILES = ("report.html", "metrics.json", "spec.json")
"""What a tracker that keeps files is given of a run folder."""


class Telling:
    """Tells the trackers of one run, between the start and the end of a `with`.

    They begin with everything that the run has told so far. One that fails is left alone while
    the run goes on, and tried once more when it is done: it is then told what it has missed.

    Args:
        about: `environment.json` of the run.
    """

    def __init__(self, trackers: Sequence[Tracker], folder: Path, state: TrainingState,
                 about: Mapping[str, Any]) -> None:
        plan = state.session.plan
        self._trackers = trackers
        self._state = state
        self._log = Log(folder)
        self._facts = facts_of(folder, plan.graph, about)
        self._curves = Curves(plan)
        self._failed: dict[str, Diagnostic] = {}

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """A warning for each tracker that has failed (SC534)."""
        return tuple(self._failed.values())

    def __enter__(self) -> Telling:
        self._each(self._begin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if error is not None:
            code = _code_of(error)
            interrupted = code == codes.INTERRUPTED.name
            self._each(lambda tracker: tracker.stop(code, interrupted))

    def epoch(self, row: Row) -> None:
        """A row of the history."""
        point = self._curves.epoch(row)
        self._each(lambda tracker: _add(tracker, point))
        self._each(lambda tracker: tracker.flush())

    def batch(self, row: Row) -> None:
        """The last row that was reported within an epoch."""
        point = self._curves.report(len(self._state.reports), row)
        self._each(lambda tracker: _add(tracker, point))

    def finish(self, metrics: Mapping[str, Mapping[str, float | None]], epoch: int) -> None:
        """The run is done.

        Args:
            metrics: split -> loss and metrics, with the weights of `epoch`.
        """
        failed = dict(self._failed)
        self._failed.clear()
        for tracker in self._trackers:
            if tracker.name in failed:
                self._call(tracker, self._begin, failed[tracker.name])
        self._each(lambda tracker: self._finish(tracker, final(metrics), epoch))

    def _begin(self, tracker: Tracker) -> None:
        tracker.begin(self._facts)
        for point in self._curves.all(self._state.history, self._state.reports):
            _add(tracker, point)
        tracker.flush()

    def _finish(self, tracker: Tracker, metrics: Mapping[str, float], epoch: int) -> None:
        missing = {name: value for name, value in metrics.items() if not tracker.has(name, epoch)}
        files = [self._facts.folder / name for name in FILES]
        tracker.finish(missing, epoch, [path for path in files if path.is_file()])

    def _each(self, call: Callable[[Tracker], None]) -> None:
        for tracker in self._trackers:
            if tracker.name not in self._failed:
                self._call(tracker, call)

    def _call(self, tracker: Tracker, call: Callable[[Tracker], None],
              before: Diagnostic | None = None) -> None:
        """Calls a tracker; whatever it raises becomes a warning.

        Args:
            before: the warning of a tracker that has failed already; it is told once.
        """
        try:
            call(tracker)
        except Exception as error:
            failed = codes.TRACKER_FAILED.at(tracker=tracker.name, reason=reason_of(error))
            self._failed[tracker.name] = before or failed
            if before is None:
                # A full disk is told by the run itself.
                with suppress(FolderError):
                    self._log.add("tracker", time=time.time(), code=failed.code,
                                  message=failed.message)


def _add(tracker: Tracker, point: Point) -> None:
    step, values = point
    tracker.add(step, {name: value for name, value in values.items()
                       if not tracker.has(name, step)})


def _code_of(error: BaseException) -> str:
    """The code of what has ended a run; the name of an exception that has none."""
    if isinstance(error, Stopped | FolderError):
        return error.diagnostic.code
    if isinstance(error, BundleError):
        return error.diagnostics[0].code
    if isinstance(error, KeyboardInterrupt):
        return codes.INTERRUPTED.name
    return type(error).__name__
