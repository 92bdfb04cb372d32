"""What a plan reads of the frames of a bundle, as JSON data: each column, and what for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...schema.preparation import DERIVE, FILTER
from ..data.conditions import columns_of
from ..data.preparation import PRIORITY, SPLIT
from ..data.prepared import STEPS
from ..stages import BoundContext, BoundExtractor, BoundGraph, Join

FEATURE, KEY, SAMPLING, PREPARATION = "feature", "key", "sampling", "preparation"
WEIGHT, TIME, PLACE, ORDER = "weight", "time", "place", "order"
CONDITION, VECTOR = "condition", "vector"
"""What a column is read for."""

_READ_BY_PREPARATION = ("column", "columns", "only_where_not_null")
"""The properties of the steps for splits and priorities that name columns."""

Read = tuple[str, str, str]
"""`(frame, column, what for)`."""


def describe_frames(bound: BoundGraph) -> Iterator[dict[str, Any]]:
    """Each frame that is read: its rows, and what each of the columns read is for."""
    uses: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for frame, column, use in _reads(bound):
        uses[frame][column].add(use)
    for frame, column in _prepared_reads(bound, uses):
        uses[frame][column].add(PREPARATION)
    for frame in sorted({*uses, bound.index_frame}):
        schema = bound.bundle.schema(frame)
        yield {
            "name": frame,
            "rows": bound.bundle.rows(frame),
            "columns_in_frame": len(schema.names),
            "columns": [
                {"name": name, "dtype": str(schema.field(name).type),
                 "read_as": sorted(uses[frame][name])}
                for name in schema.names if name in uses[frame]
            ],
        }


def _reads(bound: BoundGraph) -> Iterator[Read]:
    """Everything that is read, some more than once."""
    yield from _index_reads(bound)
    for entry in bound.extractors.values():
        yield from _extractor_reads(bound, entry, bound.index_frame)
    for context in bound.contexts.values():
        yield from _context_reads(bound, context)


def _index_reads(bound: BoundGraph) -> Iterator[Read]:
    index_frame = bound.index_frame
    steps = [step for step in bound.graph.bundle.prepare if step.type not in STEPS]
    for step in steps:
        for key in _READ_BY_PREPARATION:
            named = step.args.get(key) or ()
            for column in (named,) if isinstance(named, str) else named:
                yield index_frame, column, PREPARATION
    made = {PRIORITY if step.type == PRIORITY else SPLIT for step in steps}
    for column in (SPLIT, PRIORITY):
        if column in bound.bundle.schema(index_frame).names and column not in made:
            yield index_frame, column, SAMPLING
    training = bound.graph.training
    if training.sample_weight is not None:
        yield index_frame, training.sample_weight, WEIGHT
    if "column" in training.sampler.args:
        yield index_frame, training.sampler.args["column"], SAMPLING


def _prepared_reads(bound: BoundGraph, uses: Mapping[str, Mapping[str, Any]]
                    ) -> Iterator[tuple[str, str]]:
    """`(frame, column)` of what filters compare, and what the derived columns in use need."""
    filters = [step for step in bound.prepared if step["type"] == FILTER.name]
    yield from ((step["frame"], column) for step in filters for column in step["columns"])
    # The caller notes each column before the next is asked for, and what a column is computed
    # from was made before it.
    for step in reversed(bound.prepared):
        if step["type"] == DERIVE.name and step["column"] in uses.get(step["frame"], ()):
            yield from ((step["frame"], column) for column in step["columns"])


def _extractor_reads(bound: BoundGraph, entry: BoundExtractor, population: str
                     ) -> Iterator[Read]:
    """Args: population: the frame whose rows the extractor takes values for."""
    extractor, bundle = entry.extractor, bound.bundle
    left = population if extractor.frame is None else extractor.frame
    if left != population:
        for frame in (population, left):
            yield from ((frame, column, KEY) for column in bundle.key(frame))
    yield from _chain_reads(bound, extractor.joins, left, population)
    for column in entry.columns:
        yield entry.positions.frame, column.name, FEATURE
    if entry.vectors is not None:
        yield entry.vectors.frame, entry.vectors.key, KEY
        yield from ((entry.vectors.frame, column, VECTOR) for column in entry.vectors.columns)


def _context_reads(bound: BoundGraph, entry: BoundContext) -> Iterator[Read]:
    context, index_frame = entry.context, bound.index_frame
    frame = context.on.frame
    # The frame of a context needs no key, and its chain ends with the rows that are matched.
    yield from _chain_reads(bound, (*context.joins, context.on), index_frame, index_frame)
    if context.place is not None:
        use = TIME if context.strict else PLACE
        yield index_frame, context.place.sample, use
        yield frame, context.place.row, use
    yield from ((frame, column, ORDER) for column in context.order_by)
    yield from ((frame, column, CONDITION) for column in columns_of(context.where))
    for extractor in entry.extractors.values():
        yield from _extractor_reads(bound, extractor, frame)


def _chain_reads(bound: BoundGraph, joins: Iterable[Join], left: str, population: str
                 ) -> Iterator[Read]:
    for join in joins:
        yield from ((left, column, KEY) for column in join.columns)
        key = bound.bundle.key(join.frame) if join.key_columns is None else join.key_columns
        yield from ((join.frame, column, KEY) for column in key)
        if join.as_of is not None:
            yield population, join.as_of.sample, TIME
            yield join.frame, join.as_of.row, TIME
        left = join.frame
