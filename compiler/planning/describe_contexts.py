"""The contexts of a plan as JSON data: which rows each sample sees, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...schema.shapes import Features, Shape, Unknown, length_of, show
from ..data.windows import lengths, reach
from ..network.frames import frames_of
from ..stages import Context, FittedContext, FittedGraph, Node
from .describe_extractors import describe_chain, describe_extractor
from .memory import context_bytes

STORAGE = ("kept", "bytes")
"""What a machine decides by the memory it has: whether results are kept, and what they take."""


def describe_contexts(fitted: FittedGraph) -> Iterator[dict[str, Any]]:
    """Each context with its aggregations; but for `STORAGE`, equal specs on equal bundles give
    equal data.

    Raises BundleError when a frame cannot be read.
    """
    shapes = frames_of(fitted.bound.graph, fitted)
    for entry in fitted.contexts.values():
        yield _context(fitted, entry, shapes)


def without_storage(described: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same on every machine."""
    return {key: value for key, value in described.items() if key not in STORAGE}


def _context(fitted: FittedGraph, entry: FittedContext,
             shapes: Mapping[str, Shape | Features | Unknown]) -> dict[str, Any]:
    context, windows, bundle = entry.bound.context, entry.bound.windows, fitted.bound.bundle
    seen = reach(windows, np.ones(len(windows.starts), dtype=np.int64)) > 0
    return {
        "name": context.name,
        "frame": context.on.frame,
        "rows": bundle.rows(context.on.frame),
        "rows_seen": int(np.count_nonzero(seen)),
        "chain": [step.frame for step in entry.bound.anchor.coverage],
        "coverage": describe_chain(entry.bound.anchor, context.joins),
        **_window(context),
        **_rows_a_sample(entry),
        "extractors": [describe_extractor(bundle, part, context.on.frame, seen)
                       for part in entry.extractors.values()],
        "aggregations": [
            _aggregation(entry, name, node, shapes[f"{context.name}.{name}"])
            for name, node in context.aggregations.items()
        ],
        "bytes": context_bytes(entry),
    }


def _window(context: Context) -> dict[str, Any]:
    """Which rows belong to a sample, in the words of the spec."""
    place = None
    if context.place is not None:
        place = {"sample": context.place.sample, "row": context.place.row}
    return {
        "on": {"columns": list(context.on.columns),
               "key_columns": list(context.on.key_columns or ())},
        "as_of": place if context.strict else None,
        "at": None if context.strict else place,
        **rows_taken(context),
    }


def rows_taken(context: Context) -> dict[str, Any]:
    """Of the rows that a sample may see those that it takes, in the words of the spec."""
    return {
        "order_by": list(context.order_by),
        "direction": context.direction,
        "size": context.size,
        "within": context.within,
        "where": list(context.where),
        "include_self": context.include_self,
    }


def _rows_a_sample(entry: FittedContext) -> dict[str, Any]:
    counts = lengths(entry.bound.windows)
    return {
        "samples": len(counts),
        "empty": int(np.count_nonzero(counts == 0)),
        "rows_a_sample": {
            "mean": float(counts.mean()) if len(counts) else 0.0,
            "median": float(np.median(counts)) if len(counts) else 0.0,
            "max": int(counts.max(initial=0)),
        },
    }


def _aggregation(entry: FittedContext, name: str, node: Node,
                 shape: Shape | Features | Unknown) -> dict[str, Any]:
    aggregate = entry.aggregates.get(name)
    length = None if isinstance(shape, Unknown) else length_of(shape)
    numbers = shape.numbers if isinstance(shape, Features) else shape
    values = None if aggregate is None else aggregate.values
    return {
        "name": name,
        "frame": f"{entry.bound.context.name}.{name}",
        "type": node.type,
        "args": dict(node.args),
        "shape": show(shape),
        "steps": None if length is None else length.longest,
        "width": None if isinstance(numbers, Unknown) else numbers[-1],
        "ids": len(shape.ids) if isinstance(shape, Features) else 0,
        "columns": [] if aggregate is None else list(aggregate.names),
        "kept": values is not None,
        "bytes": 0 if values is None else values.nbytes,
    }
