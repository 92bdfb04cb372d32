"""The moving average of the weights: whether a run comes to make one."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Graph
from ..text.pointer import touched

_PLACE = "/training/weight_average"


def check_average_epochs(graph: Graph) -> Iterator[Diagnostic]:
    """The epoch in which averaging starts against the epochs of the run.

    Reports: SC413.
    """
    average, epochs = graph.training.weight_average, graph.training.epochs
    places = (_PLACE, "/training/epochs")
    if average is None or any(touched(place, graph.holes) for place in places):
        return
    if average.start_epoch > epochs:
        yield codes.NEVER_AVERAGED.at(
            f"{_PLACE}/start_epoch",
            reason=f"it starts in epoch {average.start_epoch}, the run has {epochs}")


def check_average_steps(graph: Graph, per_epoch: int, steps: int) -> Iterator[Diagnostic]:
    """The steps between two averages against those of the run.

    Reports: SC413.

    Args:
        per_epoch: optimizer steps of one epoch.
        steps: those of the whole run.
    """
    average = graph.training.weight_average
    if average is None or average.start_epoch > graph.training.epochs:
        return
    # With a limit of seconds for an epoch, nobody knows how many steps it has.
    if graph.training.max_epoch_seconds is not None:
        return
    before = (average.start_epoch - 1) * per_epoch
    if steps <= before:
        yield codes.NEVER_AVERAGED.at(
            f"{_PLACE}/start_epoch",
            reason=f"epoch {average.start_epoch} starts after {before:,} steps, the run has "
            f"{steps:,}")
    elif steps - before < average.every_steps:
        yield codes.NEVER_AVERAGED.at(
            f"{_PLACE}/every_steps",
            reason=f"the run has {steps - before:,} steps from epoch {average.start_epoch} on, "
            f"fewer than {average.every_steps:,}")
