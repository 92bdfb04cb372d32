"""Samples against the rows of a frame, sorted once by key and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .arrays import Values
from .joins import compact, match
from .ordering import Numbers, Places, on_one_scale, ranks

Rows: TypeAlias = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, eq=False)
class Relation:
    """Samples against the sorted rows of a frame: all that windows are cut from.

    Args:
        rows: row numbers of the frame by key, place, order and row number, `[kept]`.
        codes: one ascending number for key and place of each of `rows`, `[kept]`:
            `key * (len(distinct) + 1) + place in distinct`.
        distinct: the different places of rows, ascending; None without places.
        unit: nanoseconds of 1 in the places; None for plain numbers.
        keys: the number of each sample's key, -1 where it sees nothing, `[samples]`; int32 where
            the frame is short enough, as the four ranges.
        places: the place of each sample, `[samples]`; None without places.
        starts, stops: all rows of the sample's key, as a range of `rows`, `[samples]`.
        lows, highs: of those, the range at the sample's own place, `[samples]`.
    """

    rows: Rows
    codes: NDArray[np.int64]
    distinct: Numbers | None
    unit: int | None
    keys: Rows
    places: Numbers | None
    starts: Rows
    stops: Rows
    lows: Rows
    highs: Rows

    @cached_property
    def row_places(self) -> Numbers:
        """The place of each of `rows`, `[kept]`. Raises ValueError without places."""
        if self.distinct is None:
            raise ValueError("these rows have no places")
        return self.distinct[self.codes % (len(self.distinct) + 1)]


def related(
    sample_keys: Sequence[Values],
    row_keys: Sequence[Values],
    sample_place: Values | None,
    row_place: Values | None,
    order: Sequence[Values],
    kept: NDArray[np.bool_] | None,
) -> Relation:
    """What all windows over the same rows share.

    Args:
        sample_keys: key columns, `[samples]`; equal by value as in `joins.match`. None of them
            makes all rows one group, which needs places.
        row_keys: as many columns of the frame, `[rows]`.
        sample_place: times or numbers, `[samples]`; nulls and NaN are no place.
        row_place: the same kind, `[rows]`; None exactly where `sample_place` is.
        order: columns that order rows of one key and place, ascending with nulls last, `[rows]`;
            then the row number decides.
        kept: the rows that may be seen at all, `[rows]`; None for all.

    Raises:
        ValueError: neither keys nor places, or a place on one side alone.
    """
    if (sample_place is None) != (row_place is None):
        raise ValueError("samples and rows need a place both, or none of them")
    if not sample_keys and sample_place is None:
        raise ValueError("a relation needs keys or places")
    keys, groups = _groups(sample_keys, row_keys, sample_place, row_place)
    here, there = _places(sample_place, row_place)
    seen = groups >= 0
    if kept is not None:
        seen &= kept
    distinct, codes, width = None, groups, 1
    if here is not None and there is not None:
        keys = np.where(here.present, keys, -1)
        seen &= there.present
        distinct = np.unique(there.numbers[seen])
        width = len(distinct) + 1
        codes = groups * width + np.searchsorted(distinct, there.numbers)
    total = len(groups)
    # What is not needed any more makes room: it is as long as the frame.
    del there
    rows = _sorted(codes, seen, order)
    codes = codes[rows]
    starts, stops = _of_keys(groups[rows], keys, total)
    keys = compact(keys, total)
    del groups, seen
    lows, highs = starts, stops
    if here is not None and distinct is not None:
        lows, highs = (
            compact(first_at(codes, keys, width, np.searchsorted(distinct, here.numbers, side)),
                    total)
            for side in ("left", "right"))
    return Relation(
        rows=rows, codes=codes, distinct=distinct,
        unit=None if here is None else here.unit, keys=keys,
        places=None if here is None else here.numbers,
        starts=starts, stops=stops, lows=lows, highs=highs,
    )


def first_at(codes: NDArray[np.int64], keys: Rows, width: int,
             places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each sample, the first of the sorted rows that has its key and such a place, or more."""
    wanted = keys.astype(np.int64) * width + places
    # In order, neighbours are looked up in the same few lines of memory.
    order = np.argsort(wanted)
    found = np.empty_like(wanted)
    found[order] = np.searchsorted(codes, wanted[order])
    return np.where(keys >= 0, found, 0)


def _groups(sample_keys: Sequence[Values], row_keys: Sequence[Values],
            sample_place: Values | None,
            row_place: Values | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each sample's and of each row's key, -1 for none: its first row."""
    if sample_keys:
        return match(sample_keys, row_keys), match(row_keys, row_keys)
    assert sample_place is not None and row_place is not None
    return np.zeros(len(sample_place), np.int64), np.zeros(len(row_place), np.int64)


def _places(sample_place: Values | None,
            row_place: Values | None) -> tuple[Places | None, Places | None]:
    if sample_place is None or row_place is None:
        return None, None
    return on_one_scale(sample_place, row_place)


def _sorted(codes: NDArray[np.int64], seen: NDArray[np.bool_], order: Sequence[Values]) -> Rows:
    """The rows that are seen by code, order and row number."""
    rows = np.flatnonzero(seen)
    columns = [ranks(column)[rows] for column in order]
    codes = codes[rows]
    # Both sorts are stable, so the row number decides last.
    places = np.lexsort([*reversed(columns), codes]) if columns \
        else np.argsort(codes, kind="stable")
    return compact(rows[places], len(seen))


def _of_keys(groups: NDArray[np.int64], keys: NDArray[np.int64], total: int) -> tuple[Rows, Rows]:
    """Where the rows of each sample's key start and end among sorted rows of these groups."""
    counts = np.bincount(groups, minlength=total + 1)
    ends = np.cumsum(counts)
    starts = ends - counts
    return (compact(np.where(keys >= 0, starts[keys], 0), total),
            compact(np.where(keys >= 0, ends[keys], 0), total))
