"""Windows against a reference that looks at every pair of a sample and a row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.data import windows as module
from specc.compiler.data.ordering import orderable, placeable
from specc.compiler.data.windows import (
    Window,
    Windows,
    ages,
    last_before,
    lengths,
    narrowed,
    positions,
    reach,
    relate,
)

NOON = dt.datetime(2013, 1, 1, 12)
HOUR = 3_600 * 10**9
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Case:
    """Columns as Python lists; `order` and places may be None."""

    sample_keys: tuple[list[Any], ...]
    row_keys: tuple[list[Any], ...]
    sample_place: list[Any] | None
    row_place: list[Any] | None
    order: tuple[list[Any], ...]
    kept: list[bool] | None


def seen(case: Case, window: Window) -> list[list[int]]:
    """The rows of each sample, in order, found pair by pair."""
    samples = len(case.sample_keys[0] if case.sample_keys else case.sample_place or ())
    rows = len(case.row_keys[0] if case.row_keys else case.row_place or ())

    def standing(row: int) -> tuple[Any, ...]:
        place = 0 if case.row_place is None else case.row_place[row]
        return (place, *((column[row] is None, column[row] or 0) for column in case.order), row)

    found = []
    for sample in range(samples):
        key = [column[sample] for column in case.sample_keys]
        here = 0 if case.sample_place is None else case.sample_place[sample]
        mine = [
            row for row in range(rows)
            if (case.kept is None or case.kept[row]) and None not in key and here is not None
            and key == [column[row] for column in case.row_keys]
            and (case.row_place is None or case.row_place[row] is not None)
        ]
        mine.sort(key=standing)
        if case.row_place is None:
            parts = {"before": mine[-(window.size or rows):], "after": mine[:window.size],
                     "around": mine}
            found.append(parts[window.direction])
            continue
        near = [row for row in mine
                if window.within is None or abs(case.row_place[row] - here) <= window.within]
        before = [row for row in near if case.row_place[row] < here]
        equal = [row for row in near if case.row_place[row] == here] * window.include_self
        after = [row for row in near if case.row_place[row] > here]
        if window.direction == "before":
            found.append((before + equal)[-(window.size or rows):])
        elif window.direction == "after":
            found.append((equal + after)[:window.size])
        else:
            last = before[-(window.size or rows):]
            found.append(last + equal + after[:window.size])
    return found


def related(case: Case, window: Window, place: pa.DataType | None = None) -> Windows:
    def column(values: list[Any] | None) -> pa.Array | None:
        return None if values is None else pa.array(values, place or pa.int64())

    def key(values: list[Any]) -> pa.Array:
        return pa.array(values, pa.string() if any(isinstance(v, str) for v in values) else None)

    return relate(
        [key(values) for values in case.sample_keys], [key(values) for values in case.row_keys],
        column(case.sample_place), column(case.row_place),
        [pa.array(values, pa.int32()) for values in case.order],
        None if case.kept is None else np.array(case.kept, dtype=np.bool_), window,
    )


def listed(windows: Windows) -> list[list[int]]:
    places, offsets = positions(windows, np.arange(len(windows.starts)))
    return [part.tolist() for part in np.split(windows.rows[places], offsets[1:-1])] \
        if len(windows.starts) else []


def columns(elements: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, min_size=size, max_size=size)


NULLABLE = st.one_of(st.none(), st.integers(-4, 4))
KEY = st.one_of(st.none(), st.sampled_from(["ann", "bob", "cid"]))
WINDOWS = st.builds(
    Window, st.sampled_from(["before", "after", "around"]), st.one_of(st.none(), st.integers(1, 3)),
    st.one_of(st.none(), st.integers(0, 3)), st.booleans(),
)


@st.composite
def cases(draw: st.DrawFn, placed: bool | None = None) -> Case:
    samples, rows = draw(st.integers(0, 6)), draw(st.integers(0, 12))
    places = draw(st.booleans()) if placed is None else placed
    kinds = draw(st.lists(st.sampled_from([KEY, NULLABLE]), min_size=0 if places else 1,
                          max_size=2))
    return Case(
        tuple(draw(columns(kind, samples)) for kind in kinds),
        tuple(draw(columns(kind, rows)) for kind in kinds),
        draw(columns(NULLABLE, samples)) if places else None,
        draw(columns(NULLABLE, rows)) if places else None,
        tuple(draw(columns(NULLABLE, rows)) for _ in range(draw(st.integers(0, 2)))),
        draw(st.one_of(st.none(), columns(st.booleans(), rows))),
    )


@given(cases(), WINDOWS)
def test_the_rows_of_each_sample(case: Case, window: Window) -> None:
    windows, expected = related(case, window), seen(case, window)
    assert listed(windows) == expected
    assert lengths(windows).tolist() == [len(rows) for rows in expected]


@given(cases(placed=True), WINDOWS, st.sampled_from(["s", "ms", "us", "ns"]),
       st.sampled_from(["s", "ms", "us", "ns"]))
def test_times_of_any_unit(case: Case, window: Window, ours: str, theirs: str) -> None:
    def hours(values: list[Any], unit: str) -> pa.Array:
        times = [None if value is None else NOON + dt.timedelta(hours=value) for value in values]
        return pa.array(times, pa.timestamp(unit))

    assert case.sample_place is not None and case.row_place is not None
    windows = relate(
        [pa.array(values) for values in case.sample_keys],
        [pa.array(values) for values in case.row_keys],
        hours(case.sample_place, ours), hours(case.row_place, theirs),
        [pa.array(values, pa.int32()) for values in case.order],
        None if case.kept is None else np.array(case.kept, dtype=np.bool_),
        replace(window, within=None if window.within is None else window.within * HOUR),
    )
    assert listed(windows) == seen(case, window)


@given(cases(placed=True), WINDOWS)
def test_numbers_as_floats(case: Case, window: Window) -> None:
    assert listed(related(case, window, pa.float32())) == seen(case, window)


@given(cases(), WINDOWS, st.one_of(st.none(), st.integers(1, 3)),
       st.one_of(st.none(), st.integers(0, 3)))
def test_smaller_windows_of_the_same_rows(case: Case, window: Window, size: int | None,
                                          within: int | None) -> None:
    smaller = replace(
        window,
        size=min((n for n in (size, window.size) if n is not None), default=None),
        within=min((n for n in (within, window.within) if n is not None), default=None),
    )
    wide = related(case, window)
    assert listed(narrowed(wide, size, within)) == seen(case, smaller)
    # Nothing of the wide ones has moved.
    assert listed(wide) == seen(case, window)


@given(cases(), WINDOWS, st.data())
def test_reach_counts_every_row_of_every_window(case: Case, window: Window,
                                                data: st.DataObject) -> None:
    expected = seen(case, window)
    weights = data.draw(columns(st.integers(0, 2**40), len(expected)))
    windows = related(case, window)
    counts = dict.fromkeys(windows.rows.tolist(), 0)
    for weight, rows in zip(weights, expected, strict=True):
        for row in rows:
            counts[row] += weight
    found = reach(windows, np.array(weights, dtype=np.int64))
    assert found.dtype == np.int64
    assert found.tolist() == [counts[row] for row in windows.rows.tolist()]


@given(cases(placed=True), WINDOWS, st.data())
def test_positions_and_ages_of_some_samples(case: Case, window: Window,
                                            data: st.DataObject) -> None:
    expected = seen(case, window)
    assert case.sample_place is not None and case.row_place is not None
    some = data.draw(st.lists(st.sampled_from(range(len(expected))), max_size=8)
                     if expected else st.just([]))
    windows = related(case, window)
    samples = np.array(some, dtype=np.int64)
    places, offsets = positions(windows, samples)
    assert places.dtype == windows.rows.dtype == windows.starts.dtype == np.int32
    assert windows.rows[places].tolist() == [row for sample in some for row in expected[sample]]
    assert np.diff(offsets).tolist() == [len(expected[sample]) for sample in some]
    assert ages(windows, samples, places, offsets).tolist() == [
        case.sample_place[sample] - case.row_place[row]
        for sample in some for row in expected[sample]]


@given(cases(placed=True))
def test_the_last_row_before(case: Case) -> None:
    case = replace(case, order=(), kept=None)
    expected = [rows[-1] if rows else -1 for rows in seen(case, Window("before"))]
    found = last_before([pa.array(values) for values in case.sample_keys],
                        [pa.array(values) for values in case.row_keys],
                        pa.array(case.sample_place, pa.int64()),
                        pa.array(case.row_place, pa.int64()))
    assert found.tolist() == expected


def test_the_last_row_before_is_that_of_pandas() -> None:
    generator = np.random.default_rng(0)
    left = pd.DataFrame({"key": generator.integers(0, 40, 500),
                         "at": generator.integers(0, 99, 500)})
    right = pd.DataFrame({"key": generator.integers(0, 40, 900),
                          "at": generator.integers(0, 99, 900), "row": np.arange(900)})
    merged = pd.merge_asof(left.reset_index().sort_values("at", kind="stable"),
                           right.sort_values("at", kind="stable"), on="at", by="key",
                           allow_exact_matches=False).sort_values("index")
    found = last_before([pa.array(left["key"])], [pa.array(right["key"])],
                        pa.array(left["at"]), pa.array(right["at"]))
    assert found.tolist() == merged["row"].fillna(-1).astype(int).tolist()


def test_ages_are_seconds_between_times() -> None:
    windows = relate([], [], pa.array([NOON], pa.timestamp("ns")),
                     pa.array([dt.date(2013, 1, 1), dt.date(2013, 1, 2)]), (), None,
                     Window("around"))
    places, offsets = positions(windows, np.array([0]))
    assert ages(windows, np.array([0]), places, offsets).tolist() == [43_200.0, -43_200.0]


def test_ages_are_not_rounded_because_of_others() -> None:
    times = pa.array([0, 1_357_041_600 * 10**9 + 1, LARGEST, -LARGEST], pa.timestamp("ns"))
    near = pa.array([1_357_041_600 * 10**9], pa.timestamp("ns"))
    windows = relate([], [], near, times, (), None, Window("around"))
    places, offsets = positions(windows, np.array([0]))
    found = ages(windows, np.array([0]), places, offsets)
    assert found[:3].tolist() == [
        1.357041600e9 + LARGEST / 1e9, 1_357_041_600.0, -1e-9]


@pytest.mark.parametrize("samples, rows, within, found", [
    # Whole numbers at the very ends of 64 bits.
    (pa.array([-LARGEST, LARGEST]), pa.array([-LARGEST, LARGEST]), 5, [[0], [1]]),
    (pa.array([-LARGEST - 1]), pa.array([LARGEST]), 2**70, [[0]]),
    (pa.array([LARGEST]), pa.array([-LARGEST - 1, -LARGEST]), 2**64 - 2, [[1]]),
    (pa.array([2**63 + 5], pa.uint64()), pa.array([-1, LARGEST]), None, [[0, 1]]),
    # Neighbours that float64 does not tell apart.
    (pa.array([2**60 + 1]), pa.array([2**60, 2**60 + 1, 2**60 + 2]), 0, [[1]]),
    # A time that nanoseconds do not reach.
    (pa.array([dt.datetime(9999, 12, 31)], pa.timestamp("s")),
     pa.array([NOON], pa.timestamp("ns")), None, [[0]]),
    (pa.array([NOON], pa.timestamp("ns")),
     pa.array([dt.datetime(9999, 12, 31), dt.datetime(1, 1, 1), NOON], pa.timestamp("us")),
     10**18, [[2]]),
    # A nanosecond beside what is near enough.
    (pa.array([NOON], pa.timestamp("ns")),
     pa.array([1_357_041_600 * 10**9 + 7, 1_357_041_600 * 10**9 + 8], pa.timestamp("ns")), 7,
     [[0]]),
    (pa.array([0.5, float("nan"), float("inf")]), pa.array([0, 1, None]), 0.5, [[0, 1], [], []]),
    (pa.array([None, None]), pa.array([1, 2]), None, [[], []]),
])
def test_places_far_and_near(samples: pa.Array, rows: pa.Array, within: float | None,
                             found: list[list[int]]) -> None:
    window = Window("around", within=within, include_self=True)
    windows = relate([], [], samples, rows, (), None, window)
    assert listed(windows) == found
    some = np.arange(len(samples))
    assert np.isfinite(ages(windows, some, *positions(windows, some))).all()


@pytest.mark.parametrize("order, rows", [
    (pa.array(["b", None, "a"]), [2, 0, 1]),
    (pa.array(["b", "b", "a"]).dictionary_encode(), [2, 0, 1]),
    (pa.array(["b", None, "a"]).cast(pa.string_view()), [2, 0, 1]),
    (pa.array([float("nan"), None, -1.5]), [2, 0, 1]),
    (pa.array([None, float("nan"), -1.5]), [2, 0, 1]),
    (pa.array([0.0, -0.0, 1.0]), [0, 1, 2]),
    (pa.array([True, False, None]), [1, 0, 2]),
    (pa.array([NOON, None, dt.datetime(1999, 1, 1)]), [2, 0, 1]),
    (pa.nulls(3), [0, 1, 2]),
])
def test_order_of_any_dtype(order: pa.Array, rows: list[int]) -> None:
    key = pa.array([1, 1, 1])
    chunked = pa.chunked_array([order.slice(0, 1), order.slice(1)])
    assert orderable(order.type)
    for column in (order, chunked):
        windows = relate([pa.array([1.0])], [key], None, None, [column], None, Window("before"))
        assert listed(windows) == [rows]


def test_which_dtypes_have_places() -> None:
    assert all(map(placeable, (pa.int8(), pa.float32(), pa.date32(), pa.timestamp("s"))))
    assert not any(map(placeable, (pa.string(), pa.bool_(), pa.time32("s"), pa.list_(pa.int8()))))
    assert not any(map(orderable, (pa.list_(pa.int8()), pa.duration("s"))))


def test_what_cannot_be_related() -> None:
    numbers = pa.array([1, 2])
    with pytest.raises(ValueError, match="needs keys or places"):
        relate([], [], None, None, (), None, Window("before"))
    with pytest.raises(ValueError, match="both, or none"):
        relate([numbers], [numbers], numbers, None, (), None, Window("before"))
    windows = relate([numbers], [numbers], None, None, (), None, Window("before"))
    with pytest.raises(ValueError, match="no age"):
        ages(windows, np.array([0]), *positions(windows, np.array([0])))
    with pytest.raises(ValueError, match="set free"):
        module.narrowed(replace(windows, relation=None), size=1)
