"""Waiting between two steps: a delay after each, and quiet hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from ..compiler.resolution.quiet_hours import quiet_week
from ..compiler.stages import Training
from .quiet_hours import is_quiet, quiet_until
from .training_state import TrainingState

LONGEST = 0.2
"""Seconds of one sleep, after which somebody may have asked the run to end, or the clock of the
machine may have been changed."""

OnQuiet = Callable[[datetime], None]
"""Is told when quiet hours end, in local time."""


class Waits(Protocol):
    """Keeps the state of a run that waits."""

    def keep(self, state: TrainingState) -> None:
        """The run is about to wait for long."""

    def waits(self, state: TrainingState) -> None:
        """The run waits still, and may be stopped."""


class Pace:
    """Makes a run wait where its spec asks for it. Nothing that a run computes depends on it, and
    the time is not counted as time of training.

    Args:
        tell: is told each pause of quiet hours when it begins.
        keeper: keeps the state before such a pause, and may stop the run in any.
    """

    def __init__(self, training: Training, tell: OnQuiet, keeper: Waits | None = None) -> None:
        self._delay = training.delay
        self._week = quiet_week(training.quiet_hours) if training.quiet_hours else None
        self._tell = tell
        self._keeper = keeper

    def after_step(self, state: TrainingState) -> None:
        """An optimizer step is done, and training is not over."""
        if self._delay:
            end = time.monotonic() + self._delay
            while (left := end - time.monotonic()) > 0:
                self._sleep(state, left)
        self.quiet(state)

    def quiet(self, state: TrainingState) -> None:
        """Waits until quiet hours are over.

        Raises Stopped when the user has interrupted (SC504), FolderError when the disk is full
        (SC513).
        """
        if self._week is None or not is_quiet(self._week, now()):
            return
        if self._keeper is not None:
            self._keeper.keep(state)
        self._tell(quiet_until(self._week, now()))
        # The clock is read anew each time: the machine may sleep, or its clock be set.
        while is_quiet(self._week, now()):
            self._sleep(state, LONGEST)

    def _sleep(self, state: TrainingState, seconds: float) -> None:
        if self._keeper is not None:
            self._keeper.waits(state)
        begin = time.perf_counter()
        time.sleep(min(seconds, LONGEST))
        state.paused(time.perf_counter() - begin)


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)
