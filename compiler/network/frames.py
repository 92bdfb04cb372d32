"""What each frame of the batch is for the network: its width, its ids, its length."""

from __future__ import annotations

from collections.abc import Mapping

from ...schema.shapes import (
    BATCH,
    UNKNOWN,
    Features,
    IdColumn,
    Length,
    Shape,
    Unknown,
)
from ..resolution.extractors import IDS
from ..resolution.globs import is_glob
from ..stages import BatchFrame, Context, Extractor, FittedExtractor, FittedGraph, Graph, Node

SIDES = 2
"""A folded step holds a row before the sample beside one after it."""


def frames_of(graph: Graph, fitted: FittedGraph | None = None) -> Mapping[
        str, Shape | Features | Unknown]:
    """Every frame that the network may read; widths are None while they are not known.

    Args:
        fitted: None without a bundle.
    """
    found: dict[str, Shape | Features | Unknown] = {}
    for name, frame in graph.frames.items():
        if name == graph.label.name:
            continue
        if frame.context is None:
            parts = [entry for entry in graph.extractors if entry.name in frame.extractors]
            found[name] = _side_by_side(
                parts, {} if fitted is None else fitted.extractors, (BATCH,))
        else:
            found[name] = _of_context(name, frame, graph, fitted)
    return found


def is_fitted(frame: BatchFrame, fitted: FittedGraph) -> bool:
    """Whether all that a frame is made of could be fitted."""
    if frame.context is not None:
        return frame.context in fitted.contexts
    return set(frame.extractors) <= set(fitted.extractors)


def _side_by_side(parts: list[Extractor], fitted: Mapping[str, FittedExtractor],
                  lead: Shape) -> Shape | Features | Unknown:
    width: int | None = 0
    ids: list[IdColumn] = []
    for part in parts:
        entry = fitted.get(part.name)
        if entry is not None:
            width = None if width is None else width + entry.width
            ids += [IdColumn(f"{part.prefix}{column.column}", column.size, column.vectors,
                             column.width, not column.trained) for column in entry.ids]
        elif part.transformer.type != IDS:
            width = None
        else:
            named = _named(part)
            if named is None:
                return UNKNOWN
            frozen = part.vectors is not None and not part.vectors.trained
            vectors = part.name if part.vectors is not None else None
            ids += [IdColumn(f"{part.prefix}{name}", None, vectors, None, frozen)
                    for name in named]
    numbers = (*lead, width)
    return Features(numbers, tuple(ids)) if ids else numbers


def _named(part: Extractor) -> list[str] | None:
    """The columns of an extractor where it names each; None where a bundle must tell."""
    names = [selector.name for selector in part.take if selector.name is not None]
    exact = len(names) == len(part.take) and not part.drop and not any(map(is_glob, names))
    return names if exact else None


def _of_context(name: str, frame: BatchFrame, graph: Graph,
                fitted: FittedGraph | None) -> Shape | Features | Unknown:
    (context,) = (entry for entry in graph.contexts if entry.name == frame.context)
    assert frame.aggregation is not None
    node = context.aggregations[frame.aggregation]
    known = None if fitted is None else fitted.contexts.get(context.name)
    if node.type == "group_by":
        return (BATCH, None if known is None
                else len(known.aggregates[frame.aggregation].names))
    timed = context.place is not None and (known is None or known.bound.timed)
    steps = steps_of(context, node)
    row = _side_by_side(list(context.extractors), {} if known is None else known.extractors,
                        (BATCH, Length(name, steps, timed)))
    if isinstance(row, Unknown):
        return row
    if isinstance(row, Features) and (node.type == "pivot" or node.args["folded"]):
        # Ids cannot be computed with, which was reported.
        return UNKNOWN
    if node.type == "pivot":
        assert isinstance(row, tuple)
        return (BATCH, _pivoted(row[-1], context, node))  # type: ignore[arg-type]
    if node.args["folded"]:
        assert isinstance(row, tuple) and not isinstance(row[-1], str | Length)
        return (*row[:-1], None if row[-1] is None
                else SIDES * (row[-1] + 1))  # type: ignore[operator]
    return row


def steps_of(context: Context, node: Node) -> int:
    """The most rows of one sample that a `pivot` or a `sequence` tells apart, on each side of
    those `around`; of an unfolded sequence on both together."""
    # Without a size, which is reported elsewhere, one row stands for those that there are.
    size: int = node.args["size"] or context.size or 1
    if node.type == "sequence" and context.direction == "around" and not node.args["folded"]:
        return SIDES * size + context.include_self
    return size


def places_of(context: Context, node: Node) -> int:
    """The rows that a `pivot` puts side by side."""
    size = steps_of(context, node)
    return SIDES * size + context.include_self if context.direction == "around" else size


def _pivoted(width: int | None, context: Context, node: Node) -> int | None:
    places = places_of(context, node)
    return None if width is None else places * (width + node.args["presence"])
