"""The size of what a `group_by` makes, counted before it is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...schema.contexts import OF_THE_SAMPLE
from ..data.windows import lengths
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import BoundContext, FittedExtractor, Node
from ..text.pointer import parts
from .available import available_memory
from .memory import LARGE_LABEL, data_bytes, show_bytes

MOST_COLUMNS = 100_000
"""Columns that one `group_by` may make."""

_FLOAT = 4

_CELL = 40
"""Bytes that a number takes while its window is aggregated, which is done in float64."""


def check_results(bound: BoundContext, extractors: Mapping[str, FittedExtractor],
                  nodes: Iterable[Node]) -> Iterator[Diagnostic]:
    """Reports SC405 and SC713 for results that are too many to compute.

    The rows are encoded once, the windows one after the other: so much is in memory together.

    Args:
        extractors: those of the context, fitted.
        nodes: the aggregations `group_by`.
    """
    width = sum(entry.width for entry in extractors.values())
    rows = sum(data_bytes(entry) for entry in extractors.values())
    counts = lengths(bound.windows)
    longest = int(counts.max()) if len(counts) else 0
    for node in nodes:
        args, name = node.args, parts(node.pointer)[-1]
        windows = len(args["sizes"] or ()) + len(args["spans"] or ()) or 1
        results = sum(1 if each in OF_THE_SAMPLE else width for each in args["functions"])
        count = windows * results + args["presence"]
        if count > MOST_COLUMNS:
            yield codes.TOO_MANY_RESULTS.at(node.pointer, target="key", name=name, count=count,
                                            limit=MOST_COLUMNS)
            continue
        needed = rows + _FLOAT * len(counts) * results + _CELL * longest * width
        available = available_memory() if needed > LARGE_LABEL else None
        if available is not None and needed > available:
            yield codes.TOO_LITTLE_MEMORY.at(
                node.pointer, target="key", needed=show_bytes(needed),
                available=show_bytes(available), what=f"the aggregation {name!r}",
                size=show_bytes(needed),
                help="take fewer columns of the rows, fewer functions, or smaller windows")
