"""Rows of a frame that are equal in every column taken are encoded once.

An index frame has a row for each sample, but few different values in its categories: 327,346
flights leave at 3,000 different months, weekdays and hours. Fits are done by then, so this
changes what is stored and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..stages import FittedExtractor
from ..transformers import read_columns
from .dtypes import LIST

if TYPE_CHECKING:
    from ..bundle import Bundle

WORTH_MERGING = 0.5
"""The most different rows, as a share of all, for which merging is worth its time."""


def merge_all(extractors: Mapping[str, FittedExtractor],
              bundle: Bundle) -> dict[str, FittedExtractor]:
    """Every extractor over different rows; those that shared one fit share the result.

    Raises BundleError when a frame cannot be read.
    """
    merged: dict[int, FittedExtractor] = {}
    result = {}
    for name, entry in extractors.items():
        key = id(entry.columns)
        if key not in merged:
            merged[key] = merge_equal_rows(entry, bundle)
        shared = merged[key]
        result[name] = replace(entry, rows=shared.rows, reached=shared.reached,
                               positions=shared.positions)
    return result


def merge_equal_rows(entry: FittedExtractor, bundle: Bundle) -> FittedExtractor:
    """The same extractor over different rows alone, where it has few of them.

    Raises BundleError when the frame cannot be read.
    """
    groups = _groups(entry, bundle)
    if groups is None:
        return entry
    count = int(groups.max()) + 1
    first = np.empty(count, dtype=np.int64)
    # The last write wins, so walking backwards leaves the first row of each group.
    first[groups[::-1]] = np.arange(len(groups) - 1, -1, -1)
    rows = first if entry.rows is None else entry.rows[first]
    places = np.append(groups, count)[entry.positions]
    return replace(entry, rows=rows, reached=count,
                   positions=places.astype(entry.positions.dtype))


def _groups(entry: FittedExtractor, bundle: Bundle) -> NDArray[np.int64] | None:
    """The number of the group of equal rows for each reached row; None with too many groups."""
    most = int(entry.reached * WORTH_MERGING)
    names = [column.column for column in entry.columns]
    groups, count = np.zeros(entry.reached, dtype=np.int64), 1
    if any(column.dtype == LIST for column in entry.bound.columns):
        # Arrow finds no equal lists.
        return None
    for values in read_columns(bundle, entry.bound.positions.frame, names, entry.rows):
        own, different = _numbered(values)
        if different > most:
            return None
        groups, count = _numbered(pa.array(groups * different + own))
        if count > most:
            return None
    return groups if entry.reached else None


def _numbered(values: pa.Array) -> tuple[NDArray[Any], int]:
    """The number of each value among the different ones, and how many there are; null is one."""
    encoded = pc.dictionary_encode(values, null_encoding="encode")
    numbers: NDArray[Any] = encoded.indices.to_numpy().astype(np.int64)
    return numbers, len(encoded.dictionary)
