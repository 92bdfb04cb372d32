"""Conditions: each word against pandas, exactness at the edges, and refused values."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.data.conditions import check_conditions, columns_of, decided, kept
from specc.compiler.resolution.conditions import check_words
from specc.schema.conditions import COMPARISONS

PANDAS = {"equal": "eq", "not_equal": "ne", "above": "gt", "below": "lt", "at_least": "ge",
          "at_most": "le"}


def holding(column: Any, word: str, value: Any = None) -> list[bool]:
    array = column if isinstance(column, pa.Array) else pa.array(column)
    return kept(pa.table({"x": array}), [{"column": "x", "is": word, "value": value}]).tolist()


def refused(column: Any, *conditions: Any) -> list[tuple[str, str | None]]:
    schema = pa.table({"x": column if isinstance(column, pa.Array) else pa.array(column)}).schema
    return [(found.code, found.pointer)
            for found in check_conditions("/where", conditions, schema, "index")]


NUMBERS = {
    "int8": st.integers(-128, 127), "int64": st.integers(-2**63, 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float64": st.floats(allow_infinity=True, allow_nan=True),
    "float32": st.floats(width=32, allow_nan=True),
}


@given(dtype=st.sampled_from(list(NUMBERS)), word=st.sampled_from(COMPARISONS), data=st.data())
def test_numbers_compare_as_in_pandas(dtype: str, word: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(NUMBERS[dtype], max_size=8))
    value = data.draw(st.sampled_from(values) if values else st.just(1))
    value = data.draw(st.sampled_from([value, 0, 1, -1]))
    if value != value:
        value = 0
    series = pd.Series(values, dtype=dtype)
    array = pa.array(series.tolist(), pa.from_numpy_dtype(series.dtype))
    expected = getattr(series, PANDAS[word])(value) & series.notna()
    assert holding(array, word, value) == expected.tolist()


@given(values=st.lists(st.integers(-3, 3)), value=st.floats(-3, 3),
       word=st.sampled_from(COMPARISONS))
def test_whole_numbers_compare_with_fractions(values: list[int], value: float, word: str) -> None:
    expected = getattr(pd.Series(values, dtype=float), PANDAS[word])(value)
    assert holding(pa.array(values, pa.int64()), word, value) == expected.tolist()


def test_nothing_is_rounded() -> None:
    close = [2**53, 2**53 + 1]
    assert holding(close, "equal", 2**53 + 1) == [False, True]
    assert holding(close, "above", 2**53) == [False, True]
    assert holding([2**63 - 1], "below", 1e30) == [True]
    assert holding([1], "in", [1e30, 1.5]) == [False]
    # What a 32-bit column holds of 0.1 is equal to 0.1, as in pandas.
    assert holding(pa.array([0.1, 0.2], pa.float32()), "equal", 0.1) == [True, False]
    assert holding(pa.array([0.1], pa.float32()), "above", 0.1) == [False]
    assert holding(pa.array([1.0], pa.float32()), "below", 1e30) == [True]


WORDS = st.sampled_from(["a", "b", "", "ä", None])


@given(values=st.lists(WORDS), wanted=st.lists(st.sampled_from(["a", "b", "", "z"]), min_size=1),
       kind=st.sampled_from([pa.string(), pa.large_string(), pa.string_view(), None]))
def test_strings_in_a_list(values: list[str | None], wanted: list[str],
                           kind: pa.DataType | None) -> None:
    array = pa.array(values, pa.string())
    array = array.dictionary_encode() if kind is None else array.cast(kind)
    series = pd.Series(values, dtype=object)
    assert holding(array, "in", wanted) == series.isin(wanted).tolist()
    assert holding(array, "not_in", wanted) == (~series.isin(wanted) & series.notna()).tolist()
    assert holding(array, "equal", wanted[0]) == (series == wanted[0]).tolist()


def test_null_and_nan_fail_every_word_but_one() -> None:
    for column in (pa.array([None, 1], pa.int64()), pa.array([float("nan"), 1.0])):
        for word in COMPARISONS:
            assert holding(column, word, 0)[0] is False
        assert holding(column, "not_in", [0])[0] is False
        assert holding(column, "null") == [True, False]
        assert holding(column, "not_null") == [False, True]
    assert holding(pa.array([[1], None]), "null") == [False, True]
    assert holding(pa.nulls(2), "null") == [True, True]
    assert holding(pa.array([], pa.int64()), "above", 1) == []


def test_booleans() -> None:
    column = pa.array([True, False, None])
    assert holding(column, "equal", True) == [True, False, False]
    assert holding(column, "not_equal", True) == [False, True, False]
    assert holding(column, "in", [True, False]) == [True, True, False]


@pytest.mark.parametrize("dtype", [pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")]
                         + [pa.timestamp("us", "UTC"), pa.timestamp("ns", "Europe/Paris")])
def test_times(dtype: pa.DataType) -> None:
    start = dt.datetime(2013, 10, 1, tzinfo=dt.UTC if dtype.tz else None)
    times = [start - dt.timedelta(seconds=1), start, start + dt.timedelta(hours=1), None]
    column = pa.array(times, dtype)
    assert holding(column, "below", "2013-10-01") == [True, False, False, False]
    assert holding(column, "at_least", "2013-10-01T00:00:00") == [False, True, True, False]
    assert holding(column, "in", ["2013-10-01", "2013-10-01T01:00"]) == [False, True, True, False]
    if dtype.tz:
        assert holding(column, "equal", "2013-10-01T02:00+02:00") == [False, True, False, False]


def test_a_time_between_two_ticks() -> None:
    days = pa.array([dt.date(2013, 9, 30), dt.date(2013, 10, 1), dt.date(2013, 10, 2)])
    noon = "2013-10-01T12:00"
    assert holding(days, "above", noon) == [False, False, True]
    assert holding(days, "at_least", noon) == [False, False, True]
    assert holding(days, "at_most", noon) == [True, True, False]
    assert holding(days, "equal", noon) == [False, False, False]
    assert holding(pa.array([2**63 - 1], pa.timestamp("s")), "above", "9999-12-31") == [True]


def test_all_must_hold_and_one_of_an_inner_list() -> None:
    table = pa.table({"a": [1, 2, 3, None], "b": ["x", "y", None, "x"]})
    one = {"column": "a", "is": "above", "value": 1}
    other = {"column": "b", "is": "equal", "value": "x"}
    assert kept(table, [one, other]).tolist() == [False, False, False, False]
    assert kept(table, [[one, other]]).tolist() == [True, True, True, True]
    assert kept(table, []).tolist() == [True] * 4
    assert columns_of([[one, other], one]) == ("a", "b")
    assert decided(table, [[one, other]]).tolist() == [True, True, False, False]
    assert decided(table, [{"column": "a", "is": "null", "value": None}]).all()


def test_wrong_conditions_are_told_at_their_places() -> None:
    def condition(word: str, value: Any = None, column: str = "x") -> dict[str, Any]:
        return {"column": column, "is": word, "value": value}

    assert refused([1], condition("equal", 1, "y")) == [("SC607", "/where/0/column")]
    assert refused([1], [condition("equal", "1")]) == [("SC629", "/where/0/0/value")]
    assert refused([1], condition("equal", True)) == [("SC629", "/where/0/value")]
    assert refused([True], condition("equal", 1)) == [("SC629", "/where/0/value")]
    assert refused([True], condition("above", False)) == [("SC629", "/where/0/is")]
    assert refused(["a"], condition("below", "b")) == [("SC629", "/where/0/is")]
    assert refused(["a"], condition("in", ["b", 2, 3])) == [
        ("SC629", "/where/0/value/1"), ("SC629", "/where/0/value/2")]
    assert refused([[1]], condition("equal", 1)) == [("SC614", "/where/0/column")]
    assert refused([[1]], condition("not_null")) == []
    assert refused([1.5], condition("equal", 1), condition("in", [2, 2.5])) == []
    times = pa.array([0], pa.timestamp("s"))
    assert refused(times, condition("above", 3)) == [("SC629", "/where/0/value")]
    assert refused(times, condition("above", "1.10.2013")) == [("SC629", "/where/0/value")]
    assert refused(times, condition("above", "2013-10-01T00:00Z")) == [("SC629", "/where/0/value")]
    assert refused(pa.array([0], pa.timestamp("s", "UTC")),
                   condition("above", "2013-10-01T00:00Z")) == []


@pytest.mark.parametrize(("word", "value", "wrong"), [
    ("null", None, False), ("null", 1, True), ("not_null", [1], True), ("equal", None, True),
    ("above", [1], True), ("equal", "", False), ("equal", False, False), ("in", [1], False),
    ("in", 1, True), ("not_in", None, True),
])
def test_words_and_their_values(word: str, value: Any, wrong: bool) -> None:
    conditions = [[{"column": "x", "is": word, "value": value}]]
    found = [(entry.code, entry.pointer) for entry in check_words("/where", conditions)]
    assert found == ([("SC204", "/where/0/0/value")] if wrong else [])


def test_a_long_column_keeps_its_chunks_in_order() -> None:
    values = np.arange(10_000)
    chunks = pa.chunked_array([pa.array(values[:10]), pa.array(values[10:])])
    table = pa.table({"x": chunks})
    assert kept(table, [{"column": "x", "is": "at_least", "value": 9_999}]).nonzero()[0].tolist() \
        == [9_999]
