"""Features that tell the label, and samples that stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..network.heads import labels
from ..stages import BoundExtractor, BoundGraph
from .arrays import arrow, codes_of
from .dtypes import LIST, OTHER
from .joins import examples

FEWEST_SAMPLES = 20
"""Samples from which a perfect match is no accident."""


def label_twins(bound: BoundGraph) -> Iterator[Diagnostic]:
    """Columns that are a label under another name: one value of theirs for each of the label's.

    Only columns of the samples' own rows are compared, and a label in which most values differ,
    such as a price, only with columns of the same values.

    Reports: SC706. Raises BundleError when a frame cannot be read.
    """
    names = dict.fromkeys(extractor.name for extractor in labels(bound.graph))
    features = {name: entry for name, entry in bound.extractors.items() if name not in names}
    for name in names:
        if name in bound.extractors:
            yield from _twins(bound, bound.extractors[name], features)


def _twins(bound: BoundGraph, label: BoundExtractor,
           features: Mapping[str, BoundExtractor]) -> Iterator[Diagnostic]:
    if len(label.columns) != 1 or len(bound.samples) < FEWEST_SAMPLES:
        return
    if label.columns[0].dtype in (LIST, OTHER):
        return
    wanted = _values(bound, label, label.columns[0].name)
    for entry in _beside(label, features):
        for column in entry.columns:
            if column.dtype not in (LIST, OTHER) and _tells(
                    _values(bound, entry, column.name), wanted):
                yield codes.LABEL_TWIN.at(entry.extractor.pointer, target="key",
                                          name=column.name)


def _beside(label: BoundExtractor,
            features: Mapping[str, BoundExtractor]) -> Iterator[BoundExtractor]:
    for entry in features.values():
        same_rows = entry.positions.frame == label.positions.frame and np.array_equal(
            entry.positions.rows, label.positions.rows)
        if same_rows:
            yield entry


def _values(bound: BoundGraph, entry: BoundExtractor, name: str) -> tuple[NDArray[Any], Any]:
    """The number of each sample's value among the different ones, and those."""
    column = bound.bundle.read(entry.positions.frame, [name]).column(0)
    numbers, values = codes_of(column)
    return numbers[entry.positions.rows], values


def _tells(feature: tuple[NDArray[Any], Any], label: tuple[NDArray[Any], Any]) -> bool:
    numbers, wanted = feature[0], label[0]
    different = _count(wanted)
    if different < 2 or _count(numbers) != different:
        return False
    if different > len(wanted) // 2:
        same_kind = feature[1].type == label[1].type
        return same_kind and bool(feature[1].take(arrow(numbers)).equals(
            label[1].take(arrow(wanted))))
    pairs = numbers.astype(np.int64) * (int(wanted.max()) + 1) + wanted
    return len(np.unique(pairs)) == different


def _count(numbers: NDArray[Any]) -> int:
    """How many different numbers there are; counting is quicker than sorting."""
    return int(np.count_nonzero(np.bincount(numbers)))


def keys_on_both_sides(bound: BoundGraph) -> tuple[Diagnostic, ...]:
    """Keys of the index frame with rows that train and rows that are evaluated and do not.

    Reports: SC628. Raises BundleError when the index frame cannot be read.
    """
    key = bound.bundle.key(bound.index_frame)
    samples = bound.samples
    if not key or samples.training.all():
        return ()
    table = bound.bundle.read(bound.index_frame, list(key))
    groups = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        numbers, values = codes_of(column)
        _, groups = np.unique(groups * (len(values) + 1) + numbers, return_inverse=True)
    mine = groups[samples.rows]
    torn = np.isin(mine, np.intersect1d(mine[samples.training], mine[~samples.training]))
    if not torn.any():
        return ()
    return (codes.KEY_ON_BOTH_SIDES.at(
        file=bound.bundle.file(bound.index_frame), key=", ".join(key),
        frame=bound.index_frame, count=len(np.unique(mine[torn])),
        examples=", ".join(examples(table.columns, samples.rows[torn])),
    ),)
