"""The data plan as JSON data: samples, frames, joins, columns, encodings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...schema.preparation import DERIVE, FILTER
from ..data.preparation import PRIORITY, SPLIT
from ..data.prepared import STEPS
from ..stages import (
    BoundExtractor,
    BoundGraph,
    Coverage,
    FittedExtractor,
    FittedGraph,
    LabelFacts,
    Samples,
)
from ..transformers import null_mask, read_columns
from .memory import data_bytes

FEATURE, KEY, SAMPLING, PREPARATION = "feature", "key", "sampling", "preparation"
WEIGHT = "weight"
"""What a column is read for."""

_READ_BY_PREPARATION = ("column", "columns", "only_where_not_null")
"""The properties of the steps for splits and priorities that name columns."""


def describe_data(fitted: FittedGraph) -> dict[str, Any]:
    """What is read and how it is stored; equal specs on equal bundles give equal data.

    Raises BundleError when a frame cannot be read.
    """
    bound = fitted.bound
    return {
        "index_frame": bound.index_frame,
        "samples": len(bound.samples),
        "splits": _splits(bound.samples),
        **({"prepare": [dict(step) for step in bound.prepared]} if bound.prepared else {}),
        "label": {"extractor": bound.graph.label.name, **_label(fitted.label)},
        "frames": list(_frames(bound)),
        "extractors": [_extractor(bound, entry) for entry in fitted.extractors.values()],
    }


def _splits(samples: Samples) -> dict[str, int]:
    return {
        name: int((samples.split == index).sum()) for index, name in enumerate(samples.names)
    }


def _label(label: LabelFacts) -> dict[str, Any]:
    described: dict[str, Any] = {"form": label.form, "columns": label.columns}
    if label.classes:
        return {**described, "classes": [str(value) for value in label.classes]}
    if label.names:
        described["names"] = list(label.names)
    return {**described, "minimum": label.minimum, "maximum": label.maximum}


def _frames(bound: BoundGraph) -> Iterator[dict[str, Any]]:
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


def _reads(bound: BoundGraph) -> Iterator[tuple[str, str, str]]:
    """`(frame, column, what for)` of everything that is read, some more than once."""
    yield from _index_reads(bound)
    for entry in bound.extractors.values():
        yield from _key_reads(bound, entry)
        for column in entry.columns:
            yield entry.positions.frame, column.name, FEATURE


def _index_reads(bound: BoundGraph) -> Iterator[tuple[str, str, str]]:
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


def _key_reads(bound: BoundGraph, entry: BoundExtractor) -> Iterator[tuple[str, str, str]]:
    extractor, bundle = entry.extractor, bound.bundle
    left = _start(bound, entry)
    if left != bound.index_frame:
        for frame in (bound.index_frame, left):
            yield from ((frame, column, KEY) for column in bundle.key(frame))
    for join in extractor.joins:
        yield from ((left, column, KEY) for column in join.columns)
        key = bundle.key(join.frame) if join.key_columns is None else join.key_columns
        yield from ((join.frame, column, KEY) for column in key)
        left = join.frame


def _start(bound: BoundGraph, entry: BoundExtractor) -> str:
    """The frame before the first join."""
    return bound.index_frame if entry.extractor.frame is None else entry.extractor.frame


def _extractor(bound: BoundGraph, fitted: FittedExtractor) -> dict[str, Any]:
    entry = fitted.bound
    return {
        "name": entry.extractor.name,
        "start": _start(bound, entry),
        "frame": entry.positions.frame,
        "chain": [step.frame for step in entry.positions.coverage],
        "rows": fitted.reached,
        "width": fitted.width,
        "bytes": data_bytes(fitted),
        "positions": {"dtype": str(fitted.positions.dtype), "bytes": fitted.positions.nbytes},
        "coverage": [_coverage(step) for step in entry.positions.coverage],
        "encoding": f"codes for {', '.join(sorted(fitted.codes))}" if fitted.codes else "dense",
        "why": fitted.why,
        "columns": list(_columns(bound, fitted)),
    }


def _coverage(step: Coverage) -> dict[str, Any]:
    return {
        "frame": step.frame,
        "columns": list(step.columns),
        "samples": step.samples,
        "matched": step.matched,
        "missing": step.missing,
        "missing_examples": list(step.missing_examples),
        "max_missing": step.max_missing,
        "null_keys": step.null_keys,
        "rows": step.rows,
        "orphans": step.orphans,
        # A repeated key is refused (SC612), so a join never makes two samples of one.
        "duplicates": 0,
    }


def _columns(bound: BoundGraph, fitted: FittedExtractor) -> Iterator[dict[str, Any]]:
    """Each column taken; `nulls` are the samples that see a null, for want of a row or of a
    value in it."""
    names = [column.column for column in fitted.columns]
    frame = fitted.bound.positions.frame
    dtypes = {column.name: column.dtype for column in fitted.bound.columns}
    read = read_columns(bound.bundle, frame, names, fitted.rows)
    for column, values in zip(fitted.columns, read, strict=True):
        null = np.append(null_mask(values), True)
        yield {
            "name": column.column,
            "dtype": dtypes[column.column],
            "width": len(column.names),
            "nulls": int(np.count_nonzero(null[fitted.positions])),
            **column.describe(),
        }
