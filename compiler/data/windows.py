"""Windows: for each sample the rows of a frame that stand around its own place.

The rows are sorted once by key and place. A window is then a range of them, so that a context
is two numbers a sample, and no row is copied before a batch asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .arrays import Values
from .joins import compact
from .ordering import differences, moved
from .relations import Relation, Rows, first_at, related

Direction: TypeAlias = Literal["before", "after", "around"]


@dataclass(frozen=True)
class Window:
    """Which rows a sample sees.

    Args:
        direction: rows at earlier places than the sample's, at later ones, or on both sides.
        size: the most rows, the nearest in the order of the rows; of `around` on each side,
            where rows at the sample's own place do not count. None sets no limit.
        within: the longest distance of places that still belongs: nanoseconds between times,
            else in the unit of the places. None sets none.
        include_self: whether rows at the very place of the sample belong too.
    """

    direction: Direction
    size: int | None = None
    within: float | None = None
    include_self: bool = False


@dataclass(frozen=True, eq=False)
class Windows:
    """A range of sorted rows for each sample.

    Args:
        rows: row numbers of the frame by key, place, order and row number, `[kept]`; int32
            where the frame is short enough, as all that follow.
        starts, stops: the window of each sample as a range of `rows`, `[samples]`.
        hole_starts, hole_stops: the part of the range that is left out, `[samples]`; None
            where no sample has one.
        window: what was asked for.
        relation: what smaller windows and ages are taken from; `replace(windows,
            relation=None)` sets its memory free.
    """

    rows: Rows
    starts: Rows
    stops: Rows
    hole_starts: Rows | None
    hole_stops: Rows | None
    window: Window
    relation: Relation | None


def relate(
    sample_keys: Sequence[Values],
    row_keys: Sequence[Values],
    sample_place: Values | None,
    row_place: Values | None,
    order: Sequence[Values],
    kept: NDArray[np.bool_] | None,
    window: Window,
) -> Windows:
    """The window of each sample over the rows of a frame.

    Rows with a null key or place are in no window, and samples with one have an empty one.
    Without places a sample sees the rows of its key: `before` keeps the last `size` of them,
    `after` the first, `around` all.

    Arguments and errors are those of `related`.
    """
    return cut(related(sample_keys, row_keys, sample_place, row_place, order, kept), window)


def cut(relation: Relation, window: Window) -> Windows:
    """The window of each sample, as `relate` describes it."""
    starts, stops = relation.starts, relation.stops
    if relation.distinct is None:
        if window.size is not None and window.direction == "before":
            starts = np.maximum(starts, stops - window.size)
        elif window.size is not None and window.direction == "after":
            stops = np.minimum(stops, starts + window.size)
        return _windows(relation, window, starts, stops, None)
    nearest, farthest = _within(relation, window.within)
    lows, highs = relation.lows, relation.highs
    if window.direction == "before":
        stops = highs if window.include_self else lows
    elif window.direction == "after":
        starts = lows if window.include_self else highs
    if window.direction != "after":
        first = stops if window.direction == "before" else lows
        starts = _later(starts, nearest, None if window.size is None else first - window.size)
    if window.direction != "before":
        last = starts if window.direction == "after" else highs
        stops = _earlier(stops, farthest, None if window.size is None else last + window.size)
    hole = None
    if window.direction == "around" and not window.include_self and (lows < highs).any():
        hole = lows, highs
    return _windows(relation, window, starts, stops, hole)


def narrowed(windows: Windows, size: int | None = None, within: float | None = None) -> Windows:
    """The part of each window that a smaller `size` and `within` leave, in the same direction.

    Raises:
        ValueError: the relation of the windows was set free.
    """
    window = windows.window
    return cut(_relation(windows), replace(window, size=_least(window.size, size),
                                           within=_least(window.within, within)))


def lengths(windows: Windows) -> NDArray[np.int64]:
    """The rows in each window, `[samples]`."""
    found = windows.stops.astype(np.int64) - windows.starts
    if windows.hole_starts is not None and windows.hole_stops is not None:
        found -= windows.hole_stops - windows.hole_starts
    return found


def positions(windows: Windows,
              samples: NDArray[np.integer[Any]]) -> tuple[Rows, NDArray[np.int64]]:
    """The windows of some samples one behind the other.

    Returns:
        places in `windows.rows`, ascending within a sample, `[total]`, and where the places of
        each sample start and end among them, `[len(samples) + 1]`.
    """
    starts, stops = windows.starts[samples], windows.stops[samples]
    counts = stops.astype(np.int64) - starts
    gaps: NDArray[np.int64] | None = None
    if windows.hole_starts is not None and windows.hole_stops is not None:
        gaps = windows.hole_stops[samples].astype(np.int64) - windows.hole_starts[samples]
        counts -= gaps
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], counts)
    if gaps is not None and windows.hole_starts is not None:
        behind = places >= np.repeat(windows.hole_starts[samples], counts)
        places += np.where(behind, np.repeat(gaps, counts), 0)
    return places.astype(windows.rows.dtype, copy=False), offsets


def ages(windows: Windows, samples: NDArray[np.integer[Any]], places: Rows,
         offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sample's place less that of each row, `[total]`: seconds between times.

    Args:
        samples, places, offsets: as `positions` takes and gives them.

    Raises:
        ValueError: the windows have no places, or their relation was set free.
    """
    relation = _relation(windows)
    if relation.places is None:
        raise ValueError("rows without places have no age")
    mine = np.repeat(relation.places[samples], np.diff(offsets))
    return differences(mine, relation.row_places[places], relation.unit)


def reach(windows: Windows, samples_weight: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each of `windows.rows` is in a window, `[kept]`, exact.

    Args:
        samples_weight: how often each sample counts, `[samples]`.
    """
    changes = np.zeros(len(windows.rows) + 1, dtype=np.int64)
    np.add.at(changes, windows.starts, samples_weight)
    np.subtract.at(changes, windows.stops, samples_weight)
    if windows.hole_starts is not None and windows.hole_stops is not None:
        np.subtract.at(changes, windows.hole_starts, samples_weight)
        np.add.at(changes, windows.hole_stops, samples_weight)
    return np.cumsum(changes)[:-1]


def of_samples(windows: Windows, samples: NDArray[np.integer[Any]] | slice) -> Windows:
    """The windows of some samples alone, in their order, over the same rows."""
    relation = windows.relation
    if relation is not None:
        relation = replace(
            relation, keys=relation.keys[samples],
            places=None if relation.places is None else relation.places[samples],
            starts=relation.starts[samples], stops=relation.stops[samples],
            lows=relation.lows[samples], highs=relation.highs[samples])
    holes = (None if edge is None else edge[samples]
             for edge in (windows.hole_starts, windows.hole_stops))
    hole_starts, hole_stops = holes
    return replace(windows, starts=windows.starts[samples], stops=windows.stops[samples],
                   hole_starts=hole_starts, hole_stops=hole_stops, relation=relation)


def sees(windows: Windows, targets: Rows, wanted: Rows) -> bool:
    """Whether any sample sees a row that leads to the one that is wanted of it.

    Args:
        targets: where each of `windows.rows` leads, -1 for nowhere, `[kept]`.
        wanted: one such place for each sample, -1 for none, `[samples]`.
    """
    width = len(windows.rows) + 1
    leading = np.flatnonzero(targets >= 0)
    codes = np.sort(targets[leading].astype(np.int64) * width + leading)

    def before(edges: Rows) -> NDArray[np.int64]:
        return np.searchsorted(codes, wanted.astype(np.int64) * width + edges)

    found = before(windows.stops) - before(windows.starts)
    if windows.hole_starts is not None and windows.hole_stops is not None:
        found -= before(windows.hole_stops) - before(windows.hole_starts)
    return bool((found[wanted >= 0] > 0).any())


def last_before(sample_keys: Sequence[Values], row_keys: Sequence[Values], sample_time: Values,
                row_time: Values) -> NDArray[np.int64]:
    """As-of join: the last row of each sample's key strictly before its time, `[samples]`.

    -1 where there is none; of rows of one time the last in the frame. Arguments as `relate`.
    """
    relation = related(sample_keys, row_keys, sample_time, row_time, (), None)
    found = np.full(len(relation.keys), -1, dtype=np.int64)
    some = relation.lows > relation.starts
    found[some] = relation.rows[relation.lows[some] - 1]
    return found


def _within(relation: Relation, within: float | None) -> tuple[
        NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """The first row that is near enough and the first behind those, `[samples]` both."""
    if within is None or relation.distinct is None or relation.places is None:
        return None, None
    # Distances of times are whole ticks, so the rest of a division changes nothing.
    far = within if relation.unit is None else int(within) // relation.unit
    width = len(relation.distinct) + 1
    first = np.searchsorted(relation.distinct, moved(relation.places, -far), "left")
    last = np.searchsorted(relation.distinct, moved(relation.places, far), "right")
    return (first_at(relation.codes, relation.keys, width, first),
            first_at(relation.codes, relation.keys, width, last))


def _windows(relation: Relation, window: Window, starts: NDArray[np.int64],
             stops: NDArray[np.int64],
             hole: tuple[NDArray[np.int64], NDArray[np.int64]] | None) -> Windows:
    rows = len(relation.rows)
    return Windows(
        rows=relation.rows, starts=compact(starts, rows), stops=compact(stops, rows),
        hole_starts=None if hole is None else compact(hole[0], rows),
        hole_stops=None if hole is None else compact(hole[1], rows),
        window=window, relation=relation,
    )


def _relation(windows: Windows) -> Relation:
    if windows.relation is None:
        raise ValueError("the relation of these windows was set free")
    return windows.relation


def _later(*edges: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.asarray(np.maximum.reduce([edge for edge in edges if edge is not None]))


def _earlier(*edges: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.asarray(np.minimum.reduce([edge for edge in edges if edge is not None]))


def _least(left: float | None, right: float | None) -> Any:
    return min((bound for bound in (left, right) if bound is not None), default=None)
