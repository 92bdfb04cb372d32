"""What ends training early: the names of measures, and whether what is watched is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, one_line
from ..diagnostics.hints import did_you_mean, replace_fix, unknown
from ..diagnostics.suggest import certain, nearest
from ..stages import Graph, Node
from ..text.pointer import join, touched
from .heads import name_in

LOSS = "loss"

_PLACE = "/training/early_stopping"


def metric_names(nodes: Sequence[Node]) -> tuple[str, ...]:
    """A name for each metric: its function or type, numbered where one stands several times."""
    seen: dict[str, int] = {}
    names = []
    for node in nodes:
        name = node.type.rpartition(":")[2]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(names)


def measure_names(graph: Graph) -> tuple[str, ...]:
    """Everything that is measured on a split: the loss, and with heads that of each, before its
    metrics."""
    if not graph.heads:
        return (LOSS, *metric_names(graph.metrics))
    return (LOSS, *(name_in(head.name, name) for head in graph.heads
                    for name in (LOSS, *metric_names(head.metrics))))


def check_metric(graph: Graph) -> Iterator[Diagnostic]:
    """Whether the spec measures what early stopping watches.

    Reports: SC410.
    """
    stopping = graph.training.early_stopping
    places = [join(head.pointer, "metrics") for head in graph.heads] or ["/metrics"]
    if stopping is None or any(touched(place, graph.holes) for place in places):
        return
    names = measure_names(graph)
    if stopping.metric not in names:
        yield unknown(codes.UNMEASURED, f"{_PLACE}/metric", "measures", stopping.metric, names)


def check_split(graph: Graph, evaluated: Sequence[str]) -> Iterator[Diagnostic]:
    """Whether the split that early stopping watches is evaluated.

    Reports: SC204.
    """
    stopping = graph.training.early_stopping
    if stopping is None or stopping.split in evaluated:
        return
    pointer = f"{_PLACE}/split"
    guess = nearest(stopping.split, evaluated)
    yield codes.CONFLICTING_KEYS.at(
        pointer, name="split", reason=f"{stopping.split!r} is not evaluated",
        help=one_line(did_you_mean(guess, evaluated, "evaluated splits")),
        fix=replace_fix(pointer, certain(stopping.split, evaluated)))
