"""From the names that a user gives to trackers that are ready, or to what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...compiler.diagnostics import codes
from ...compiler.diagnostics.diagnostic import Diagnostic, Result
from ...compiler.diagnostics.hints import did_you_mean
from ...compiler.diagnostics.suggest import nearest
from .reasons import reason_of
from .tracker import MLFLOW, TRACKERS, Refused, Tracker


def open_trackers(names: Sequence[str], experiment: str,
                  folder: Path | None = None) -> Result[tuple[Tracker, ...]]:
    """The trackers of these names; their packages are imported here, and nowhere before.

    Args:
        experiment: the name of the spec.
        folder: that of a run that goes on.

    Reports: SC532, SC533.
    """
    # A string is a sequence of strings too, of its letters.
    wanted = [names] if isinstance(names, str) else dict.fromkeys(names)
    trackers: list[Tracker] = []
    found: list[Diagnostic] = []
    for name in wanted:
        if name not in TRACKERS:
            found.append(codes.MISSING_TRACKER.at(
                tracker=name, reason="specc knows none of this name",
                help=did_you_mean(nearest(name, TRACKERS), TRACKERS, "trackers")))
            continue
        try:
            trackers.append(_open(name, experiment, folder))
        except ImportError as error:
            found.append(codes.MISSING_TRACKER.at(tracker=name, reason=reason_of(error)))
        except Refused as error:
            found.append(codes.UNUSABLE_TRACKER.at(
                tracker=name, reason=reason_of(error), help=error.help))
        except Exception as error:
            found.append(codes.UNUSABLE_TRACKER.at(tracker=name, reason=reason_of(error)))
    return Result(None if found else tuple(trackers), tuple(found))


def _open(name: str, experiment: str, folder: Path | None) -> Tracker:
    """Raises ImportError without the package of the tracker, and whatever the package raises."""
    if name == MLFLOW:
        from .mlflow_tracker import connect

        return connect(experiment, folder)
    from .tensorboard_tracker import TensorBoard

    return TensorBoard()
