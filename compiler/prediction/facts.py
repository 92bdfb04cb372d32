"""What values each column had in training, and how those of a prediction differ from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..bundle import Bundle
from ..data.dtypes import FLOAT, INTEGER, LIST, classify
from ..data.windows import reach
from ..network.heads import labels
from ..stages import FittedContext, FittedExtractor, FittedGraph
from ..transformers import FittedColumn, null_mask, read_columns
from ..transformers.categories import UNKNOWN, counted, look_up
from ..transformers.lists import elements
from ..transformers.rows import numbers

MOST_VALUES = 1_000_000
"""Different values of one column that are kept with a model; of more none is."""

_BY_VALUE = ("categorical", "hash", "ids", "multi_hot", "target_encoding")
"""Transformers to which values are names: one that training did not have is unseen."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ColumnFacts:
    """A column of an extractor as training saw it.

    Args:
        extractor: its name; of a context the name of the part that takes rows.
        rows: training samples, in a context the rows that they see, each as often as it is seen.
        nulls: how many of them are null or have no row.
        minimum, maximum: of numbers; None for other columns and where all are null.
        values: the different values, of lists those inside; None where they are not kept.
    """

    extractor: str
    column: str
    rows: int
    nulls: int
    minimum: float | None
    maximum: float | None
    values: pa.Array | None


@dataclass(frozen=True)
class Drift:
    """A column of a prediction held against training.

    Args:
        rows: samples, or rows that samples see, each as often as it is seen.
        nulls: how many are null or have no row.
        training_null_share: the share of them in training.
        unseen: how many hold a value that training did not have; None where that is not known.
        outside: how many are below the least or above the largest number of training; None for
            columns without numbers.
    """

    extractor: str
    column: str
    rows: int
    nulls: int
    training_null_share: float
    unseen: int | None
    outside: int | None


def training_facts(fitted: FittedGraph) -> Iterator[ColumnFacts]:
    """Of every column of every feature. Raises BundleError when a frame cannot be read."""
    bundle = fitted.bound.bundle
    for name, entry, weights in _populations(fitted, fitted.bound.samples.training):
        for column, values, counts in _columns(entry, bundle, weights):
            yield _facts(name, column, values, counts)


def drift(fitted: FittedGraph, training: Mapping[tuple[str, str], ColumnFacts]) -> Iterator[Drift]:
    """Of every column of every feature whose facts are known, over all samples.

    Raises BundleError when a frame cannot be read.
    """
    bundle = fitted.bound.bundle
    everything = np.ones(len(fitted.bound.samples), dtype=np.bool_)
    for name, entry, weights in _populations(fitted, everything):
        for column, values, counts in _columns(entry, bundle, weights):
            facts = training.get((name, column.column))
            if facts is not None:
                yield _drift(facts, values, counts)


def _populations(fitted: FittedGraph, chosen: NDArray[np.bool_]) -> Iterator[
        tuple[str, FittedExtractor, Counts]]:
    """Each feature with how often each of its rows counts, those of contexts too.

    Args:
        chosen: which samples count.
    """
    hidden = {label.name for label in labels(fitted.bound.graph)}
    weights = chosen.astype(np.int64)
    for name, entry in fitted.extractors.items():
        if name not in hidden:
            yield name, entry, weights
    for context in fitted.contexts.values():
        yield from _of_context(context, weights)


def _of_context(context: FittedContext, weights: Counts) -> Iterator[
        tuple[str, FittedExtractor, Counts]]:
    seen = reach(context.bound.windows, weights)
    for name, entry in context.extractors.items():
        yield name, entry, seen


def _columns(entry: FittedExtractor, bundle: Bundle, weights: Counts) -> Iterator[
        tuple[FittedColumn, pa.Array, Counts]]:
    """Each column with its reached values, a null for those without a row, and their counts."""
    found = np.bincount(entry.positions, weights, minlength=entry.reached + 1).astype(np.int64)
    names = [column.column for column in entry.columns]
    read = read_columns(bundle, entry.bound.positions.frame, names, entry.rows)
    for column, values in zip(entry.columns, read, strict=True):
        yield column, pa.concat_arrays([values, pa.nulls(1, values.type)]), found


def _facts(extractor: str, column: FittedColumn, values: pa.Array, counts: Counts) -> ColumnFacts:
    nulls = int(counts[null_mask(values)].sum())
    low = high = None
    if _is_number(values):
        there = numbers(values)[(counts > 0) & ~null_mask(values)]
        if len(there):
            low, high = float(there.min()), float(there.max())
    kept = None
    if column.type in _BY_VALUE:
        inner, of_inner = _named(values, counts)
        kept = counted(inner, of_inner)[0]
    if kept is not None and len(kept) > MOST_VALUES:
        kept = None
    return ColumnFacts(extractor, column.column, int(counts.sum()), nulls, low, high, kept)


def _drift(facts: ColumnFacts, values: pa.Array, counts: Counts) -> Drift:
    unseen = outside = None
    if facts.values is not None:
        unseen = _unseen(facts.values, values, counts)
    if _is_number(values) and facts.minimum is not None and facts.maximum is not None:
        found = numbers(values)
        outside = int(counts[(found < facts.minimum) | (found > facts.maximum)].sum())
    return Drift(facts.extractor, facts.column, int(counts.sum()),
                 int(counts[null_mask(values)].sum()),
                 facts.nulls / facts.rows if facts.rows else 0.0, unseen, outside)


def _unseen(known: pa.Array, values: pa.Array, counts: Counts) -> int:
    """How many rows hold a value that is not known, of lists at least one."""
    if classify(values.type) != LIST:
        return int(counts[look_up(values, known) == UNKNOWN].sum())
    inner, rows = elements(values)
    return int(counts[np.unique(rows[look_up(inner, known) == UNKNOWN])].sum())


def _named(values: pa.Array, counts: Counts) -> tuple[pa.Array, Counts]:
    """The values that are names, with their counts: of lists those inside."""
    if classify(values.type) != LIST:
        return values, counts
    inner, rows = elements(values)
    return inner, counts[rows]


def _is_number(values: pa.Array) -> bool:
    return classify(values.type) in (INTEGER, FLOAT)


def as_json(entry: Drift) -> dict[str, Any]:
    """For `FILE.json`."""
    return {
        "extractor": entry.extractor, "column": entry.column, "rows": entry.rows,
        "nulls": entry.nulls, "training_null_share": entry.training_null_share,
        "unseen": entry.unseen, "outside": entry.outside,
    }
