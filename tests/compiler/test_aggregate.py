"""Aggregates of windows against pandas, window by window, and their independence of others."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from specc.compiler.data import aggregate as module
from specc.compiler.data.aggregate import aggregate, aggregate_windows
from specc.compiler.data.windows import Window, ages, positions, relate
from specc.schema.contexts import FUNCTIONS, OF_THE_SAMPLE

HALF_LIFE = 3.0

NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e30, -1e30]),
    st.floats(-1e6, 1e6, width=32),
)


def expected(function: str, rows: NDArray[np.float32], ages: NDArray[np.float64]) -> Any:
    """One window `[rows, columns]`, in float64."""
    if function in OF_THE_SAMPLE:
        if not len(rows):
            return np.zeros(1)
        return [len(rows) if function == "count" else np.abs(ages).min()]
    if not len(rows):
        return np.zeros(rows.shape[1])
    frame = pd.DataFrame(rows.astype(np.float64))
    if function == "std":
        return frame.std(ddof=0)
    if function in ("first", "last"):
        return frame.iloc[0 if function == "first" else -1]
    if function == "decayed_mean":
        return np.average(frame, axis=0, weights=0.5 ** (np.abs(ages) / HALF_LIFE))
    return frame.agg(function)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Any, ...]:
    rows, width = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    cells = draw(st.lists(NUMBERS, min_size=rows * width, max_size=rows * width))
    places = [draw(st.lists(st.integers(0, rows - 1), max_size=6))
              for _ in range(draw(st.integers(0, 6)))]
    flat = np.array(list(chain.from_iterable(places)), dtype=np.int32)
    ages = draw(st.lists(st.floats(-20, 20), min_size=len(flat), max_size=len(flat)))
    offsets = np.cumsum([0, *map(len, places)], dtype=np.int64)
    return (np.array(cells, dtype=np.float32).reshape(rows, width), flat, offsets,
            np.array(ages, dtype=np.float64))


def results(given: tuple[Any, ...]) -> dict[str, NDArray[np.float32]]:
    values, places, offsets, ages = given
    return aggregate(values, places, offsets, FUNCTIONS, ages, HALF_LIFE)


@given(windows())
def test_every_function_is_that_of_pandas(given: tuple[Any, ...]) -> None:
    values, places, offsets, ages = given
    found = results(given)
    assert list(found) == list(FUNCTIONS)
    for function, result in found.items():
        width = 1 if function in OF_THE_SAMPLE else values.shape[1]
        assert result.dtype == np.float32 and result.shape == (len(offsets) - 1, width)
        for sample, (start, stop) in enumerate(pairwise(offsets)):
            rows = values[places[start:stop]]
            scale = np.abs(rows.astype(np.float64)).sum() if rows.size else 0.0
            np.testing.assert_allclose(
                result[sample], expected(function, rows, ages[start:stop]),
                rtol=1e-6, atol=1e-12 * scale + 1e-30, err_msg=function)


@given(windows())
def test_one_function_alone_is_the_same(given: tuple[Any, ...]) -> None:
    values, places, offsets, ages = given
    for function, result in results(given).items():
        alone = aggregate(values, places, offsets, [function], ages, HALF_LIFE)
        assert alone[function].tobytes() == result.tobytes()


@pytest.mark.parametrize("cells", [1, 7, 64])
def test_chunks_change_no_bit(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = _many(0)
    whole = results(given)
    monkeypatch.setattr(module, "MOST_CELLS", cells)
    for function, result in results(given).items():
        assert result.tobytes() == whole[function].tobytes(), function


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -3.4e38, 1e-42])
def test_other_rows_change_no_bit(garbage: float) -> None:
    values, places, offsets, ages = _many(1)
    clean = results((values, places, offsets, ages))
    for mine in range(0, len(offsets) - 1, 7):
        own = slice(offsets[mine], offsets[mine + 1])
        dirty, theirs = values.copy(), np.full_like(ages, garbage)
        theirs[own] = ages[own]
        dirty[np.setdiff1d(np.arange(len(values)), places[own])] = garbage
        with np.errstate(all="ignore"):
            found = results((dirty, places, offsets, theirs))
        for function, result in found.items():
            assert result[mine].tobytes() == clean[function][mine].tobytes(), function


def test_windows_before_and_behind_change_no_bit() -> None:
    values, places, offsets, ages = _many(2)
    whole = results((values, places, offsets, ages))
    for mine in range(len(offsets) - 1):
        own = slice(offsets[mine], offsets[mine + 1])
        alone = results((values, places[own], offsets[mine:mine + 2] - offsets[mine], ages[own]))
        for function, result in alone.items():
            assert result[0].tobytes() == whole[function][mine].tobytes(), function


def test_one_window_longer_than_a_chunk() -> None:
    rows = module.MOST_CELLS + 3
    values = np.arange(rows, dtype=np.float32)[:, None] % 1000
    offsets = np.array([0, 0, rows, rows + 1, rows + 1])
    places = np.append(np.arange(rows), 5)
    found = aggregate(values, places, offsets, ["sum", "nunique", "median", "count"])
    assert found["nunique"][:, 0].tolist() == [0, 1000, 1, 0]
    assert found["count"][:, 0].tolist() == [0, rows, 1, 0]
    assert found["median"][:, 0].tolist() == [0, np.median(values), 5, 0]
    np.testing.assert_allclose(found["sum"][1], values.sum(dtype=np.float64), rtol=1e-6)


def test_rows_of_long_ago_still_have_a_mean() -> None:
    values = np.array([[4.0], [8.0]], dtype=np.float32)
    found = aggregate(values, np.array([0, 1]), np.array([0, 2]), ["decayed_mean"],
                      np.array([1e9 + 1, 1e9]), 1.0)
    np.testing.assert_allclose(found["decayed_mean"], [[(4 + 2 * 8) / 3]])


def test_a_half_life_of_zero_leaves_the_nearest_rows() -> None:
    values = np.array([[4.0], [8.0], [2.0]], dtype=np.float32)
    found = aggregate(values, np.arange(3), np.array([0, 3]), ["decayed_mean"],
                      np.array([1e11, 5.0, -5.0]), 0.0)
    assert found["decayed_mean"].tolist() == [[5.0]]


def test_windows_are_laid_out_chunk_by_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(3)
    keys, at = (pa.array(generator.integers(0, most, 300)) for most in (9, 50))
    windows = relate([keys], [keys], at, at, (), None, Window("around", 4))
    values = generator.normal(size=(40, 2)).astype(np.float32)
    rows, samples = generator.integers(0, 40, 300), generator.integers(0, 300, 90)
    places, offsets = positions(windows, samples)
    whole = aggregate(values, rows[places], offsets, FUNCTIONS,
                      ages(windows, samples, places, offsets), HALF_LIFE)
    monkeypatch.setattr(module, "MOST_CELLS", 30)
    found = aggregate_windows(values, rows, windows, samples, FUNCTIONS, HALF_LIFE)
    assert list(found) == list(FUNCTIONS)
    for function, result in found.items():
        assert result.tobytes() == whole[function].tobytes(), function
    for stretch in (7, 64):
        monkeypatch.setattr(module, "MOST_WINDOWS", stretch)
        again = aggregate_windows(values, rows, windows, samples, FUNCTIONS, HALF_LIFE)
        assert {name: result.tobytes() for name, result in again.items()} == {
            name: result.tobytes() for name, result in found.items()}
    # Ages are not asked for where nothing needs them.
    timeless = relate([keys], [keys], None, None, (), None, Window("before", 4))
    assert aggregate_windows(values, rows, timeless, samples, ["count"])["count"].max() == 4


def test_results_stand_side_by_side_where_they_are_wanted() -> None:
    keys = pa.array([1, 2, 1, 3, 2, 1])
    windows = relate([keys], [keys], keys, pa.array([0, 1, 0, 3, 3, 0]), (), None,
                     Window("before"))
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    functions = ["max", "count", "first"]
    wide = np.full((6, 7), -1, dtype=np.float32)
    found = aggregate_windows(values, windows.rows, windows, None, functions, None, wide[:, 1:6])
    assert all(np.shares_memory(result, wide) for result in found.values())
    assert wide.tolist() == [
        [-1, 10, 11, 3, 0, 1, -1], [-1, 2, 3, 1, 2, 3, -1], [-1, 10, 11, 3, 0, 1, -1],
        [-1, 0, 0, 0, 0, 0, -1], [-1, 2, 3, 1, 2, 3, -1], [-1, 10, 11, 3, 0, 1, -1]]


def test_no_zero_has_a_sign() -> None:
    given = np.array([[-0.0]], np.float32), np.array([0]), np.array([0, 1])
    for functions in (["min", "max"], ["min", "max", "median"]):
        found = aggregate(*given, functions)
        assert not any(np.signbit(result).any() for result in found.values())


def test_a_frame_without_columns_has_counts() -> None:
    found = aggregate(np.zeros((3, 0), np.float32), np.array([0, 2]), np.array([0, 2, 2]),
                      ["mean", "median", "nunique", "count"])
    assert found["count"].tolist() == [[2], [0]]
    assert found["mean"].shape == found["median"].shape == found["nunique"].shape == (2, 0)


def test_what_is_missing_is_told() -> None:
    given = np.zeros((1, 1), np.float32), np.array([0]), np.array([0, 1])
    with pytest.raises(ValueError, match="need ages"):
        aggregate(*given, ["since_last"])
    with pytest.raises(ValueError, match="a half-life"):
        aggregate(*given, ["decayed_mean"], np.array([1.0]))
    with pytest.raises(KeyError):
        aggregate(*given, ["mode"])


def _many(seed: int) -> tuple[Any, ...]:
    generator = np.random.default_rng(seed)
    values = generator.normal(1e3, 1e2, (400, 3)).astype(np.float32)
    lengths = generator.choice([0, 0, 1, 2, 3, 9, 20, 130], 80)
    places = generator.integers(0, len(values), lengths.sum())
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    return values, places, offsets, generator.exponential(50.0, len(places))
