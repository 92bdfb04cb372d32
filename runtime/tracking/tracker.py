"""What a tracker is: a place outside of specc that shows how a run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

MLFLOW, TENSORBOARD = "mlflow", "tensorboard"

TRACKERS = (MLFLOW, TENSORBOARD)
"""The names by which a user asks for a tracker; each is that of its package and of its extra."""


class Refused(Exception):
    """A tracker cannot be used as it is set up; says why.

    Args:
        help: what to do; None where that of SC533 says it.
    """

    def __init__(self, reason: str, help: str | None = None) -> None:
        super().__init__(reason)
        self.help = help


@dataclass(frozen=True)
class RunFacts:
    """What a tracker shows of a run beside its curves.

    Args:
        folder: the run folder; its name is that of the run.
        description: that of the spec.
        parameters: JSON Pointer -> value of the resolved spec, without objects.
        tags: plan, versions, device, folder and commit.
    """

    folder: Path
    description: str
    parameters: Mapping[str, Any]
    tags: Mapping[str, str]


class Tracker(Protocol):
    """One tracker. Any exception of a method means that it has failed; `begin` may then be called
    again, and begins anew with what has arrived."""

    name: str

    def begin(self, facts: RunFacts) -> None:
        """Begins a run, or goes on with one."""

    def has(self, curve: str, step: int) -> bool:
        """Whether a curve had a point at this step when the run was begun."""

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """A point for each curve that is named; it may wait until `flush`."""

    def flush(self) -> None:
        """Shows all points so far."""

    def finish(self, final: Mapping[str, float], epoch: int, files: Sequence[Path]) -> None:
        """The run is done, with these measures at the epoch whose weights it keeps."""

    def stop(self, code: str, interrupted: bool) -> None:
        """The run has ended before its time, with the finding of this code."""
