"""`preprocessing.json` and its arrays: the way from raw rows to the inputs of a network, as data
that can be followed without specc. docs/export.md describes it for readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from ...schema.preparation import DERIVE
from ..bundle import Bundle
from ..fits.state import fitted_state
from ..planning.describe_contexts import rows_taken
from ..prediction.saved import SavedModel
from ..stages import (
    BatchFrame,
    Context,
    FittedContext,
    FittedExtractor,
    FittedGraph,
    Join,
    Node,
    Place,
)
from .columns import Starts, describe_columns, describe_scalers
from .inputs import context_frames, frames_read, inputs

FORMAT = 1

Arrays = dict[str, pa.Array]

Object = dict[str, Any]


def preprocessing(fitted: FittedGraph, model: SavedModel) -> tuple[Object, Arrays]:
    """The document, and the arrays that it names as `<extractor>/<place of the column>/<array>`.

    Args:
        fitted: of `compile_prediction`, so that its steps are those that a prediction takes.
    """
    bound = fitted.bound
    states, arrays = fitted_state(fitted)
    used = {name for frame in frames_read(fitted)
            for name in bound.graph.frames[frame].extractors}
    contexts = {context.bound.context.name: context
                for context, _ in context_frames(fitted).values()}
    described: dict[str, Object] = {}
    kept = set(used)
    for frame in frames_read(fitted):
        starts: Starts = {}
        for name in bound.graph.frames[frame].extractors:
            described[name] = _extractor(fitted.extractors[name], bound.bundle,
                                         bound.index_frame, starts, states[name])
    for context in contexts.values():
        kept |= set(context.extractors) | {
            f"{context.bound.context.name}.{name}" for name in context.aggregates}
    document = {
        "format": FORMAT,
        "specc": model.document["specc"],
        "index_frame": bound.index_frame,
        "frames": raw_frames(fitted, model),
        "steps": [_step(step, bound.bundle, bound.index_frame)
                  for step in bound.graph.bundle.prepare],
        "inputs": [one.document() for one in inputs(fitted)],
        "batch_frames": {name: _batch_frame(bound.graph.frames[name], fitted)
                         for name in frames_read(fitted)},
        "extractors": described,
        "contexts": {name: _context(context, bound.bundle, bound.index_frame, states)
                     for name, context in contexts.items()},
    }
    return document, {name: array for name, array in arrays.items()
                      if name.rsplit("/", 2)[0] in kept}


def raw_frames(fitted: FittedGraph, model: SavedModel) -> dict[str, Object]:
    """What is read of the raw bundle: of each frame its key and its columns with their dtypes."""
    frames: dict[str, Object] = {
        frame: {"key": list(model.document["keys"].get(frame, ())), "columns": {}}
        for frame in model.document["frames"]}
    for frame, column in model.columns(evaluation=False):
        frames[frame]["columns"][column] = str(model.dtypes[frame, column])
    return frames


def _step(step: Node, bundle: Bundle, index_frame: str) -> Object:
    frame = index_frame if step.args["frame"] is None else step.args["frame"]
    described = {"type": step.type, **step.args, "frame": frame}
    if step.type == DERIVE.name:
        described["dtype"] = str(bundle.schema(frame).field(step.args["column"]).type)
    return described


def _batch_frame(frame: BatchFrame, fitted: FittedGraph) -> Object:
    if frame.context is None:
        return {"type": "rows", "extractors": list(frame.extractors)}
    assert frame.aggregation is not None
    context = fitted.contexts[frame.context].bound.context
    return {"type": context.aggregations[frame.aggregation].type, "context": frame.context,
            "aggregation": frame.aggregation}


def _extractor(fitted: FittedExtractor, bundle: Bundle, base: str, starts: Starts,
               states: list[Object]) -> Object:
    """An extractor over the rows of the frame `base`."""
    extractor = fitted.bound.extractor
    start = base if extractor.frame is None else extractor.frame
    aligned: Any = None
    if start != base:
        key = bundle.key(start)
        aligned = {"columns": list(bundle.key(base)), "key": list(key)} if key else "row number"
    return {
        "rows_of": base,
        "start": start,
        "aligned_by": aligned,
        "joins": list(_joins(extractor.joins, bundle)),
        "frame": fitted.bound.positions.frame,
        "missing_rows": extractor.missing_rows,
        "nulls": extractor.nulls,
        "fill_value": extractor.fill_value if extractor.nulls == "fill" else None,
        "columns": list(describe_columns(fitted, bundle, starts, states)),
    }


def _joins(joins: tuple[Join, ...], bundle: Bundle) -> Iterator[Object]:
    for join in joins:
        key = bundle.key(join.frame) if join.key_columns is None else join.key_columns
        yield {"frame": join.frame, "columns": list(join.columns), "key": list(key),
               "as_of": _place(join.as_of)}


def _place(place: Place | None) -> Object | None:
    return None if place is None else {"sample": place.sample, "row": place.row}


def _context(entry: FittedContext, bundle: Bundle, index_frame: str,
             states: Mapping[str, Any]) -> Object:
    context = entry.bound.context
    starts: Starts = {}
    (on,) = _joins((context.on,), bundle)
    return {
        "joins": list(_joins(context.joins, bundle)),
        "frame": context.on.frame,
        "columns": on["columns"],
        "key": on["key"],
        "place": _place(context.place),
        "times": entry.bound.timed,
        "strictly_before": context.strict,
        **rows_taken(context),
        "extractors": {
            name: _extractor(part, bundle, context.on.frame, starts, states[name])
            for name, part in entry.extractors.items()},
        "aggregations": {name: _aggregation(context, name, node, states)
                         for name, node in context.aggregations.items()},
    }


def _aggregation(context: Context, name: str, node: Node, states: Mapping[str, Any]) -> Object:
    described = {"type": node.type, **node.args}
    if node.type == "group_by":
        frame = f"{context.name}.{name}"
        described["scalers"] = describe_scalers(frame, states[frame])
    elif described["size"] is None:
        described["size"] = context.size
    return described
