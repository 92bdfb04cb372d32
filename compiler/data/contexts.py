"""Contexts against the data of a bundle: which rows of its frame each sample sees."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

import numpy as np
import pyarrow as pa

from ...schema.contexts import OF_TIMES
from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import unknown
from ..stages import BoundContext, BoundExtractor, Context, Graph, Node, Positions, Samples
from ..text.pointer import join as below
from .arrays import taken
from .chains import Step, at_pointer, check_place
from .conditions import check_conditions, columns_of, kept
from .dtypes import DATETIME, FLOAT, INTEGER, LIST, OTHER, classify, spelled
from .durations import nanoseconds
from .population import LabelRows, Population, collected
from .windows import Window, Windows, relate, sees


def bind_context(context: Context, graph: Graph, bundle: Bundle, index_frame: str | None,
                 samples: Samples | None, population: Population, labels: Sequence[LabelRows],
                 undecided: Collection[str], found: list[Diagnostic]) -> BoundContext | None:
    """The rows of a context for each sample, and what is taken of them.

    Reports: SC604, SC606, SC607, SC611, SC613, SC614, SC622, SC626, SC711; all mistakes at once.

    Args:
        population: the samples.
        labels: their columns are hidden where a context shows a sample the row of its own label.
        found: where diagnostics are put.
    """
    known = len(found)
    frame = context.on.frame
    if frame not in bundle.frames:
        found.append(unknown(codes.UNKNOWN_FRAME, below(context.pointer, "frame"), "frames", frame,
                             bundle.frames))
    chain = collected(
        lambda: population.chains.resolve(context.pointer, None, context.joins), found)
    if chain is None or frame not in bundle.frames or index_frame is None:
        return None
    anchor = collected(
        lambda: population.matching.positions(context.pointer, context.joins, chain), found)
    step = collected(lambda: population.chains.step(context.on, chain.end), found)
    found += _check_columns(context, graph, bundle, index_frame)
    windows = None
    if samples is not None and anchor is not None and step is not None \
            and not _errors(found[known:]):
        windows = collected(
            lambda: Result(_windows(context, bundle, index_frame, samples, anchor, step)), found)
        if windows is not None and not any(map(_asks_relation, context.aggregations.values())):
            windows = replace(windows, relation=None)
    own = [] if windows is None else [
        replace(label, chain=None, windows=windows) for label in labels]
    rows = None if windows is None else windows.rows.astype(np.int64)
    inner = Population(graph, bundle, index_frame, frame, rows, undecided, _placing(context),
                       population.taken)
    extractors: dict[str, BoundExtractor] = {}
    for extractor in context.extractors:
        bound, _ = inner.bind(extractor, own, found)
        if bound is not None:
            extractors[extractor.name] = bound
    found += (wrong for label in own for wrong in _chosen_by(label, context))
    found += _unguarded(context, bundle, index_frame)
    if windows is None or anchor is None or _errors(found[known:]):
        return None
    return BoundContext(context, anchor, windows, _timed(context, bundle), extractors)


def _placing(context: Context) -> set[str]:
    """The columns of the frame that say which rows belong to a sample, and in which order."""
    place = () if context.place is None else (context.place.row,)
    return {*(context.on.key_columns or ()), *place, *context.order_by}


def _errors(found: list[Diagnostic]) -> bool:
    return any(diagnostic.is_error for diagnostic in found)


def _chosen_by(label: LabelRows, context: Context) -> Iterator[Diagnostic]:
    """Rows that a label chooses or orders tell it to a sample that sees its own. Reports SC622."""
    windows, own = label.windows, label.positions
    if windows is None or own is None or own.frame != context.on.frame \
            or not sees(windows, windows.rows, own.rows):
        return
    for key, names in (("where", columns_of(context.where)), ("order_by", context.order_by)):
        for name in names:
            if name in label.columns:
                yield codes.LABEL_COLUMN_AS_FEATURE.at(
                    below(context.pointer, key), name=name, help="remove it, or leave out the "
                    "sample's own row: among rows that its label chooses or orders, it tells it")


def _check_columns(context: Context, graph: Graph, bundle: Bundle,
                   index_frame: str) -> Iterator[Diagnostic]:
    """Reports SC607, SC611, SC614, SC204."""
    frame = context.on.frame
    schema = bundle.schema(frame)
    if context.place is not None:
        found = check_place(context.place, bundle, index_frame, frame)
        yield from found
        if not found:
            yield from _check_units(context, bundle)
    one = isinstance(at_pointer(graph, below(context.pointer, "order_by")), str)
    for index, column in enumerate(context.order_by):
        pointer = below(context.pointer, "order_by")
        pointer = pointer if one else below(pointer, index)
        if column not in schema.names:
            yield unknown(codes.UNKNOWN_COLUMN, pointer, "columns", column, schema.names,
                          frame=frame)
        elif classify(schema.field(column).type) in (LIST, OTHER):
            yield codes.UNSUPPORTED_DTYPE.at(
                pointer, name=column, frame=frame, dtype=spelled(schema.field(column).type),
                user="an order", help="order by numbers, times or strings")
    yield from check_conditions(below(context.pointer, "where"), context.where, schema, frame)


def _timed(context: Context, bundle: Bundle) -> bool:
    return context.place is not None and classify(
        bundle.schema(context.on.frame).field(context.place.row).type) == DATETIME


def _check_units(context: Context, bundle: Bundle) -> Iterator[Diagnostic]:
    """Durations go with times, numbers with numbers. Reports SC204."""
    timed = _timed(context, bundle)
    assert context.place is not None
    if context.within is not None and isinstance(context.within, str) != timed:
        yield codes.CONFLICTING_KEYS.at(
            below(context.pointer, "within"), name="within",
            reason=f"{context.place.row!r} is {'a time' if timed else 'a number'}",
            help='write a duration, such as "PT6H"' if timed else "write a number")
    if timed:
        return
    for aggregation in context.aggregations.values():
        for key in ("spans", "functions"):
            wanted = aggregation.args.get(key) or ()
            names = wanted if key == "spans" else set(wanted) & {"decayed_mean", "since_last"}
            if names:
                yield codes.CONFLICTING_KEYS.at(
                    below(aggregation.pointer, key), name=key,
                    reason=f"it needs times, and {context.place.row!r} is a number",
                    help="name a column of times in `as_of` or `at`, or remove it")


def _windows(context: Context, bundle: Bundle, index_frame: str, samples: Samples,
             anchor: Positions, step: Step) -> Windows:
    """Raises BundleError for damaged pages."""
    frame = context.on.frame
    place = context.place
    left = bundle.read(step.left, step.columns).columns if step.columns else []
    within = nanoseconds(context.within) if isinstance(context.within, str) else context.within
    return relate(
        [taken(column, anchor.rows.astype(np.int64)) for column in left],
        bundle.read(frame, step.key).columns if step.key else [],
        None if place is None
        else taken(bundle.read(index_frame, [place.sample]).column(0), samples.rows),
        None if place is None else bundle.read(frame, [place.row]).column(0),
        bundle.read(frame, context.order_by).columns if context.order_by else [],
        kept(bundle.read(frame, columns_of(context.where)), context.where)
        if context.where else None,
        Window(cast(Literal["before", "after", "around"], context.direction), context.size,
               within, context.include_self),
    )


def _asks_relation(aggregation: Node) -> bool:
    """Whether an aggregation looks beyond which rows a sample has: at their ages, at a part of
    them, or at each of them."""
    args = aggregation.args
    return (aggregation.type != "group_by" or args["sizes"] is not None
            or args["spans"] is not None or not set(OF_TIMES).isdisjoint(args["functions"]))


def _unguarded(context: Context, bundle: Bundle, index_frame: str) -> Iterator[Diagnostic]:
    """SC711 where rows have times, samples have times, and nothing compares them."""
    place, schema = context.place, bundle.schema(context.on.frame)
    # A place that is neither a time nor a number was reported.
    if context.strict or (place is not None and (
            place.row not in schema.names
            or classify(schema.field(place.row).type) not in (INTEGER, FLOAT))):
        return
    times = [
        [field.name for field in bundle.schema(frame) if pa.types.is_timestamp(field.type)]
        for frame in (index_frame, context.on.frame)
    ]
    if all(times):
        yield codes.CONTEXT_WITHOUT_TIME.at(
            context.pointer, target="key", name=context.name, frame=context.on.frame,
            column=times[1][0],
            help=f'compare the times: "as_of": {{"sample": "{times[0][0]}", '
            f'"row": "{times[1][0]}"}}')
