"""Numbers over the rows of each window: mean, maximum, median and the like.

A result depends on the rows of its own window alone, bit for bit: every sum runs from the first
row of a window to its last, and never across windows. So nothing that stands in other rows, not
even a number too large to add, can move it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...schema.contexts import OF_THE_SAMPLE, OF_TIMES
from .windows import Windows, ages, lengths, of_samples, positions

Doubles: TypeAlias = NDArray[np.float64]

MOST_CELLS = 2**15
"""Numbers gathered at a time; a chunk is longer only where one window alone is.

A chunk takes up to about 40 bytes for each, 1.3 MiB together, which stays in the caches.
"""

MOST_WINDOWS = 2**13
"""Windows laid out at a time."""

_SHORTEST = 1e-200
"""A half-life after which nothing is left, and by which every age can be divided."""


def aggregate(
    values: NDArray[np.float32],
    places: NDArray[np.integer[Any]],
    offsets: NDArray[np.int64],
    functions: Sequence[str],
    ages: Doubles | None = None,
    half_life: float | None = None,
    out: NDArray[np.float32] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Every function over the rows of every window; sums are taken in float64.

    `mean`, `min`, `max`, `sum`, `std` (of the population), `median`, `first`, `last`, `nunique`
    and `decayed_mean` give a number for each column, `[n, columns]`; `count` and `since_last`
    (the smallest absolute age) give one, `[n, 1]`. An empty window gives 0.
    `decayed_mean` weighs a row by 0.5 ** (absolute age / half_life).

    Args:
        values: the columns of the rows, finite, `[rows, columns]`.
        places: the rows of each window, first to last, one window behind the other, `[total]`.
        offsets: where each window starts and ends in `places`, `[n + 1]`.
        functions: names from above, without repeats.
        ages: how far each row is from its sample, `[total]`; for `since_last`, in whose unit it
            is, and `decayed_mean`.
        half_life: in the unit of `ages`, for `decayed_mean`; 0 leaves the nearest rows alone.
        out: where the results are put side by side, `[n, widths of all functions]`; the arrays
            that are returned are views of it.

    Raises:
        KeyError: an unknown function.
        ValueError: a function that needs ages, or a half-life, was given none.
    """
    if ages is None and _need_ages(functions):
        raise ValueError("since_last and decayed_mean need ages")
    if half_life is None and "decayed_mean" in functions:
        raise ValueError("decayed_mean needs a half-life")
    columns = values.shape[1]
    if out is None:
        out = np.empty((len(offsets) - 1, _width(functions, columns)), dtype=np.float32)
    out[:] = 0
    results = _views(functions, columns, out)
    filled = np.flatnonzero(np.diff(offsets))
    for first, stop in _chunks(offsets, filled, max(columns, 1)):
        samples = filled[first:stop]
        # Windows of one length stand together, so that one sort serves them all.
        counts = offsets[samples + 1] - offsets[samples]
        order = np.argsort(counts, kind="stable")
        samples, counts = samples[order], counts[order]
        starts = np.cumsum(counts) - counts
        flat = np.arange(counts.sum()) + np.repeat(offsets[samples] - starts, counts)
        chunk = _Chunk(
            rows=values.take(places[flat], axis=0), starts=starts, counts=counts,
            ages=None if ages is None else np.abs(ages[flat]),
            half_life=max(half_life or 0.0, _SHORTEST),
            sorts=not _ORDERED.isdisjoint(functions),
        )
        for name, result in results.items():
            result[samples] = _FUNCTIONS[name](chunk).T
    return results


def aggregate_windows(
    values: NDArray[np.float32],
    rows: NDArray[np.integer[Any]],
    windows: Windows,
    samples: NDArray[np.integer[Any]] | None,
    functions: Sequence[str],
    half_life: float | None = None,
    out: NDArray[np.float32] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """`aggregate` over the windows of some samples, which are laid out a chunk at a time.

    Args:
        rows: for each of `windows.rows` its row in `values`, `[kept]`; `windows.rows` itself
            where `values` holds the whole frame.
        samples: the samples to answer for, `[n]`; None for all, in order.
        half_life: in seconds, or in the unit of the places where these are numbers.

    Raises:
        KeyError, ValueError: as `aggregate`; `ages` of the windows are asked for where needed.
    """
    columns = values.shape[1]
    total = len(windows.starts) if samples is None else len(samples)
    if out is None:
        out = np.empty((total, _width(functions, columns)), dtype=np.float32)
    for start in range(0, total, MOST_WINDOWS):
        stretch = slice(start, start + MOST_WINDOWS)
        some = of_samples(windows, stretch if samples is None else samples[stretch])
        # The shorter windows first, so that a chunk holds few lengths.
        counts = lengths(some)
        order = np.argsort(counts, kind="stable")
        offsets = np.append(0, np.cumsum(counts[order]))
        for first, stop in _chunks(offsets, np.arange(len(order)), max(columns, 1)):
            part = order[first:stop]
            places, bounds = positions(some, part)
            apart = ages(some, part, places, bounds) if _need_ages(functions) else None
            found = np.empty((len(part), out.shape[1]), dtype=np.float32)
            aggregate(values, rows[places], bounds, functions, apart, half_life, found)
            out[start + part] = found
    return _views(functions, columns, out)


def _need_ages(functions: Sequence[str]) -> bool:
    return not set(OF_TIMES).isdisjoint(functions)


def _width(functions: Sequence[str], columns: int) -> int:
    return sum(1 if name in OF_THE_SAMPLE else columns for name in functions)


def _views(functions: Sequence[str], columns: int,
           out: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The columns of each function in an array that holds them side by side."""
    widths = [_width([name], columns) for name in functions]
    parts = np.split(out, np.cumsum(widths)[:-1], axis=1)
    return dict(zip(functions, parts, strict=True))


def _chunks(offsets: NDArray[np.int64], filled: NDArray[np.int64],
            columns: int) -> Iterator[tuple[int, int]]:
    """Ranges of `filled` whose rows fit into a chunk; a window that does not stands alone."""
    ends = offsets[filled + 1]
    first = 0
    while first < len(filled):
        most = offsets[filled[first]] + MOST_CELLS // columns
        stop = max(int(np.searchsorted(ends, most, "right")), first + 1)
        yield first, stop
        first = stop


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Whole windows, the shorter first; what several functions need is computed once.

    Args:
        rows: the rows of the windows, `[total, columns]`.
        starts: where each window starts, `[n]`.
        counts: its rows, at least 1, `[n]`.
        ages: absolute, `[total]`.
        sorts: whether a function needs the values in order; others then use it.
    """

    rows: NDArray[np.float32]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    ages: Doubles | None
    half_life: float
    sorts: bool

    @cached_property
    def values(self) -> Doubles:
        """Column by column, `[columns, total]`, so that a window is one stretch of memory."""
        return self.rows.T.astype(np.float64, order="C")

    @cached_property
    def sums(self) -> Doubles:
        return self.added(self.values)

    @cached_property
    def means(self) -> Doubles:
        return self.sums / self.counts

    @cached_property
    def ordered(self) -> NDArray[np.float32]:
        """The values ascending within each window, `[columns, total]`."""
        # Adding zero turns -0.0 into 0.0, so that equal values are equal bits.
        found = np.ascontiguousarray(self.rows.T + np.float32(0))
        for block, _ in self.blocks(found):
            block.sort(axis=-1)
        return found

    @cached_property
    def weights(self) -> Doubles:
        """0.5 ** (age / half-life), `[total]`, times a number that makes the largest 1."""
        # That number falls out of a mean, and without it all weights of old rows would be 0.
        behind = self.known_ages - self.repeated(np.minimum.reduceat(self.known_ages, self.starts))
        return np.asarray(np.exp2(-behind / self.half_life))

    @property
    def known_ages(self) -> Doubles:
        assert self.ages is not None
        return self.ages

    def blocks(self, numbers: NDArray[Any]) -> Iterator[tuple[NDArray[Any], slice]]:
        """Views of `[columns, total]` as `[columns, windows, length]`, and which windows."""
        lengths, first = np.unique(self.counts, return_index=True)
        for length, start, stop in zip(lengths, first, [*first[1:], len(self.counts)], strict=True):
            begin = self.starts[start]
            block = numbers[:, begin:begin + (stop - start) * length]
            yield block.reshape(len(numbers), stop - start, length), slice(start, stop)

    def added(self, numbers: Doubles) -> Doubles:
        """Sums of each window, along the last axis."""
        return np.asarray(np.add.reduceat(numbers, self.starts, axis=-1))

    def repeated(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """A number of each window for each of its rows, along the last axis."""
        return np.repeat(numbers, self.counts, axis=-1)

    def ranked(self, rank: NDArray[np.int64]) -> Doubles:
        """The value of this rank in each window, `[columns, n]`."""
        return self.ordered.take(self.starts + rank, axis=1).astype(np.float64)


def _min(chunk: _Chunk) -> Doubles:
    if chunk.sorts:
        return chunk.ranked(np.zeros_like(chunk.counts))
    # As in the order, no zero has a sign.
    return np.asarray(np.minimum.reduceat(chunk.values, chunk.starts, axis=1) + 0.0)


def _max(chunk: _Chunk) -> Doubles:
    if chunk.sorts:
        return chunk.ranked(chunk.counts - 1)
    return np.asarray(np.maximum.reduceat(chunk.values, chunk.starts, axis=1) + 0.0)


def _std(chunk: _Chunk) -> Doubles:
    apart = chunk.values.copy()
    for block, windows in chunk.blocks(apart):
        block -= chunk.means[:, windows, None]
    return np.asarray(np.sqrt(chunk.added(np.square(apart, out=apart)) / chunk.counts))


def _median(chunk: _Chunk) -> Doubles:
    return (chunk.ranked((chunk.counts - 1) // 2) + chunk.ranked(chunk.counts // 2)) / 2


def _nunique(chunk: _Chunk) -> Doubles:
    new = np.ones(chunk.ordered.shape, dtype=np.bool_)
    np.not_equal(chunk.ordered[:, 1:], chunk.ordered[:, :-1], out=new[:, 1:])
    new[:, chunk.starts] = True
    return np.asarray(np.add.reduceat(new, chunk.starts, axis=1, dtype=np.int64), np.float64)


def _decayed_mean(chunk: _Chunk) -> Doubles:
    return chunk.added(chunk.values * chunk.weights) / chunk.added(chunk.weights)


_ORDERED = {"median", "nunique"}

_FUNCTIONS: Any = {
    "mean": lambda chunk: chunk.means,
    "min": _min,
    "max": _max,
    "sum": lambda chunk: chunk.sums,
    "count": lambda chunk: chunk.counts[None].astype(np.float64),
    "std": _std,
    "median": _median,
    "first": lambda chunk: chunk.values.take(chunk.starts, axis=1),
    "last": lambda chunk: chunk.values.take(chunk.starts + chunk.counts - 1, axis=1),
    "nunique": _nunique,
    "decayed_mean": _decayed_mean,
    "since_last": lambda chunk: np.minimum.reduceat(chunk.known_ages, chunk.starts)[None],
}
