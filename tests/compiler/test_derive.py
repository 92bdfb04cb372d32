"""Operations of the step `derive` against pandas and Python: values, nulls, dtypes, refusals."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.bundle import Bundle
from specc.compiler.bundle.prepared import DerivedFrame
from specc.compiler.data.derivations import read_through, telling
from specc.compiler.data.operations import check_operation, columns_read, compute
from specc.compiler.stages import Node

INT = st.one_of(st.integers(-2**63, 2**63 - 1), st.integers(-3, 3), st.none())
FLOAT = st.one_of(st.floats(), st.integers(-3, 3).map(float), st.none())


def node(type: str, **args: Any) -> Node:
    return Node("/bundle/prepare/0/operation", type, args)


def derived(operation: Node, **columns: Any) -> pa.ChunkedArray:
    table = pa.table({name: values if isinstance(values, pa.Array) else pa.array(values)
                      for name, values in columns.items()})
    result = check_operation(operation, table.schema, "index")
    assert result.stage is not None, result.diagnostics
    found = compute(operation, table.select(list(columns_read(operation))))
    found.validate(full=True)
    assert found.type == result.stage and len(found) == table.num_rows
    return found


def refused(operation: Node, **columns: Any) -> list[tuple[str, str | None]]:
    table = pa.table({name: values if isinstance(values, pa.Array) else pa.array(values)
                      for name, values in columns.items()})
    result = check_operation(operation, table.schema, "index")
    assert result.stage is None
    return [(found.code, (found.pointer or "").removeprefix("/bundle/prepare/0/operation"))
            for found in result.diagnostics]


EXACT = {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b}


@given(word=st.sampled_from(list(EXACT)), rows=st.lists(st.tuples(INT, INT), max_size=8))
def test_whole_numbers_stay_exact_or_become_null(word: str, rows: list[tuple[Any, Any]]) -> None:
    found = derived(node(word, operands=["a", "b"]), a=pa.array([a for a, _ in rows], pa.int64()),
                    b=pa.array([b for _, b in rows], pa.int64()))
    assert found.type == pa.int64()
    wanted = [None if a is None or b is None else EXACT[word](a, b) for a, b in rows]
    assert found.to_pylist() == [
        value if value is not None and -2**63 <= value < 2**63 else None for value in wanted]


@given(word=st.sampled_from([*EXACT, "divide"]), rows=st.lists(st.tuples(FLOAT, FLOAT), max_size=8))
def test_floats_as_in_pandas(word: str, rows: list[tuple[Any, Any]]) -> None:
    first, second = ([row[side] for row in rows] for side in (0, 1))
    found = derived(node(word, operands=["a", "b"]), a=pa.array(first, pa.float64()),
                    b=pa.array(second, pa.float64()))
    pandas = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div"}[word]
    wanted = getattr(pd.Series(first, dtype=float), pandas)(pd.Series(second, dtype=float))
    assert found.to_pylist() == [value if math.isfinite(value) else None for value in wanted]


def test_arithmetic_at_the_edges() -> None:
    low, high = -2**63, 2**63 - 1
    assert derived(node("divide", operands=["a", "b"]), a=[1, 0, 3], b=[0, 0, 2]).to_pylist() == [
        None, None, 1.5]
    assert derived(node("multiply", operands=["a", -1]), a=[low, high, 0]).to_pylist() == [
        None, -high, 0]
    assert derived(node("multiply", operands=[-1, "a"]), a=[low, 5]).to_pylist() == [None, -5]
    assert derived(node("add", operands=["a", 1, 1]), a=[high - 1, 1]).to_pylist() == [None, 3]
    assert derived(node("subtract", operands=[0, "a"]), a=[low, 3]).to_pylist() == [None, -3]
    assert derived(node("absolute", column="a"), a=[low, -3, None]).to_pylist() == [None, 3, None]
    assert derived(node("absolute", column="a"), a=[-1.5, math.nan]).to_pylist() == [1.5, None]
    assert derived(node("multiply", operands=["a", "a"]), a=[1e200, 2.0]).to_pylist() == [None, 4.0]
    assert derived(node("add", operands=["a", 1]), a=[math.inf]).to_pylist() == [None]
    assert derived(node("add", operands=["a", 1]), a=pa.array([], pa.int64())).to_pylist() == []
    assert derived(node("add", operands=["a", "a"]),
                   a=pa.array([None, None], pa.int8())).to_pylist() == [None, None]


@pytest.mark.parametrize(("dtype", "wanted"), [
    (pa.int8(), pa.int64()), (pa.uint32(), pa.int64()), (pa.bool_(), pa.int64()),
    (pa.dictionary(pa.int32(), pa.int16()), pa.int64()), (pa.uint64(), pa.float64()),
    (pa.float32(), pa.float64()), (pa.decimal128(22, 2), pa.float64()),
])
def test_dtypes_of_sums(dtype: pa.DataType, wanted: pa.DataType) -> None:
    values = pa.array([1, 0, None], pa.int64()).cast(
        dtype.value_type if pa.types.is_dictionary(dtype) else dtype)
    if pa.types.is_dictionary(dtype):
        values = values.dictionary_encode()
    found = derived(node("add", operands=["a", 2]), a=values)
    assert found.type == wanted and found.to_pylist() == [3, 2, None]
    assert derived(node("add", operands=["a", 2.5]), a=values).to_pylist() == [3.5, 2.5, None]


def test_compare() -> None:
    columns = {"a": [1, 2, None], "b": [1.5, 1.5, 1.5]}
    assert derived(node("compare", **{"left": "a", "is": "above", "right": "b"}),
                   **columns).to_pylist() == [False, True, None]
    assert derived(node("compare", **{"left": "a", "is": "at_most", "right": 1}),
                   **columns).to_pylist() == [True, False, None]
    words = {"a": ["x", "y", None], "b": pa.array(["x", "z", "z"]).dictionary_encode()}
    assert derived(node("compare", **{"left": "a", "is": "not_equal", "right": "b"}),
                   **words).to_pylist() == [False, True, None]
    days = {"a": pa.array([dt.date(2020, 1, 1)] * 2),
            "b": pa.array([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 1)],
                          pa.timestamp("ns"))}
    assert derived(node("compare", **{"left": "b", "is": "above", "right": "a"}),
                   **days).to_pylist() == [False, True]
    large = {"a": pa.array([2**64 - 1, 2**63], pa.uint64()),
             "b": pa.array([2**64 - 2, 2**63], pa.uint64())}
    assert derived(node("compare", **{"left": "a", "is": "equal", "right": "b"}),
                   **large).to_pylist() == [False, True]


def test_holds_is_null_where_a_compared_column_is() -> None:
    late = node("holds", where=[{"column": "a", "is": "above", "value": 15}])
    assert derived(late, a=[20, 10, None]).to_pylist() == [True, False, None]
    gone = node("holds", where=[{"column": "a", "is": "null", "value": None}])
    assert derived(gone, a=[20, None]).to_pylist() == [False, True]


def test_coalesce() -> None:
    numbers = {"a": [None, 2, None], "b": [5, 6, None]}
    found = derived(node("coalesce", operands=["a", "b", 0]), **numbers)
    assert found.type == pa.int64() and found.to_pylist() == [5, 2, 0]
    nan = derived(node("coalesce", operands=["a", "b"]), a=[math.nan, 1.5], b=[1, None])
    assert nan.to_pylist() == [1.0, 1.5]
    words = derived(node("coalesce", operands=["a", "b"]), a=pa.array(["x", None], pa.string()),
                    b=pa.array(["y", "z"]).dictionary_encode())
    assert words.to_pylist() == ["x", "z"]
    flags = derived(node("coalesce", operands=["a", "b"]), a=[None, True], b=[False, None])
    assert flags.type == pa.bool_() and flags.to_pylist() == [False, True]
    time = dt.datetime(2020, 5, 1)
    times = {"a": pa.array([None, time]), "b": pa.array([time, None])}
    assert derived(node("coalesce", operands=["a", "b"]), **times).to_pylist() == [time, time]


ANY_TIME = st.datetimes(dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29))
PARTS = {"year": "year", "month": "month", "day_of_month": "day", "day_of_week": "day_of_week",
         "hour": "hour", "minute": "minute"}


RULED = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2037, 1, 1))
"""Times for which Arrow knows when the clocks change."""


@given(drawn=st.sampled_from([(None, ANY_TIME), ("UTC", ANY_TIME), ("+05:30", ANY_TIME),
                              ("America/New_York", RULED)]).flatmap(lambda entry: st.tuples(
                                  st.just(entry[0]),
                                  st.lists(st.one_of(entry[1], st.none()), max_size=6))),
       part=st.sampled_from(list(PARTS)))
def test_date_parts_as_in_pandas(drawn: tuple[str | None, list[dt.datetime | None]],
                                 part: str) -> None:
    zone, times = drawn
    array = pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", zone))
    found = derived(node("date_part", column="a", part=part), a=array)
    series = pd.Series(pd.array(times, dtype="datetime64[us]"))
    if zone is not None:
        series = series.dt.tz_localize("UTC").dt.tz_convert(zone)
    wanted = getattr(series.dt, PARTS[part])
    assert found.to_pylist() == [None if pd.isna(value) else int(value) for value in wanted]


@pytest.mark.parametrize("dtype", [pa.date32(), pa.date64(), *(
    pa.timestamp(unit) for unit in ("s", "ms", "us", "ns"))])
def test_the_date_of_a_time(dtype: pa.DataType) -> None:
    before = dt.datetime(1969, 12, 31) if pa.types.is_date(dtype) else dt.datetime(
        1969, 12, 31, 23, 59, 59)
    column = pa.array([before, dt.datetime(2024, 2, 29), None], pa.timestamp("s")).cast(dtype)
    found = derived(node("date_part", column="a", part="date"), a=column)
    assert found.type == pa.date32()
    assert found.to_pylist() == [dt.date(1969, 12, 31), dt.date(2024, 2, 29), None]
    assert derived(node("date_part", column="a", part="day_of_week"), a=column).to_pylist() == [
        2, 3, None]


def test_times_out_of_any_calendar_have_no_parts() -> None:
    far = pa.array([2**62, -(2**62), 0], pa.timestamp("s"))
    assert derived(node("date_part", column="a", part="year"), a=far).to_pylist() == [
        None, None, 1970]
    assert derived(node("date_part", column="a", part="date"), a=far).to_pylist()[:2] == [
        None, None]


def test_the_hour_changes_with_the_clocks() -> None:
    hours = pa.array([dt.datetime(2024, 3, 31, 0, 30), dt.datetime(2024, 3, 31, 1, 30)]).cast(
        pa.timestamp("ns", "Europe/Berlin"))
    assert derived(node("date_part", column="a", part="hour"), a=hours).to_pylist() == [1, 3]


@given(rows=st.lists(st.tuples(ANY_TIME, ANY_TIME), max_size=6),
       unit=st.sampled_from([("seconds", 1), ("minutes", 60), ("hours", 3_600), ("days", 86_400)]))
def test_time_difference(rows: list[tuple[dt.datetime, dt.datetime]],
                         unit: tuple[str, int]) -> None:
    operation = node("time_difference", **{"from": "a", "to": "b", "unit": unit[0]})
    found = derived(operation, a=pa.array([row[0] for row in rows], pa.timestamp("us")),
                    b=pa.array([row[1] for row in rows], pa.timestamp("us")))
    wanted = [(end - start) / dt.timedelta(seconds=1) / unit[1] for start, end in rows]
    assert found.to_pylist() == pytest.approx(wanted, rel=1e-12)


def test_time_difference_between_units_and_zones() -> None:
    operation = node("time_difference", **{"from": "a", "to": "b", "unit": "hours"})
    noon = pa.array([dt.datetime(2020, 1, 1, 12), None])
    assert derived(operation, a=pa.array([dt.date(2020, 1, 1)] * 2), b=noon).to_pylist() == [
        12.0, None]
    zones = {"a": noon.cast(pa.timestamp("s", "UTC")),
             "b": noon.cast(pa.timestamp("ns", "Asia/Tokyo"))}
    assert derived(operation, **zones).to_pylist() == [0.0, None]
    assert refused(operation, a=noon, b=zones["b"]) == [("SC632", "/to")]


def test_refused_operations() -> None:
    columns = {"n": [1], "s": ["a"], "b": [True], "t": pa.array([0], pa.timestamp("s")),
               "l": pa.array([[1]]), "z": pa.array([0], pa.timestamp("s", "Moon/Base"))}

    def codes(type: str, **args: Any) -> list[tuple[str, str | None]]:
        return refused(node(type, **args), **columns)

    assert codes("add", operands=["n", "m"]) == [("SC607", "/operands/1")]
    assert codes("add", operands=["n", 1, "s", "t"]) == [
        ("SC614", "/operands/2"), ("SC614", "/operands/3")]
    assert codes("absolute", column="l") == [("SC614", "/column")]
    assert codes("date_part", column="n", part="hour") == [("SC614", "/column")]
    assert codes("date_part", column="z", part="hour") == [("SC614", "/column")]
    assert codes("time_difference", **{"from": "t", "to": "n", "unit": "days"}) == [
        ("SC614", "/to")]
    assert codes("coalesce", operands=["n", "s"]) == [("SC632", "/operands")]
    assert codes("coalesce", operands=["s", 0]) == [("SC632", "/operands")]
    assert codes("coalesce", operands=["t", "z"]) == [("SC632", "/operands")]
    assert codes("compare", **{"left": "n", "is": "equal", "right": "s"}) == [("SC632", "/right")]
    assert codes("compare", **{"left": "s", "is": "equal", "right": 1}) == [("SC632", "/right")]
    assert codes("compare", **{"left": "s", "is": "above", "right": "s"}) == [("SC632", "/is")]
    assert codes("compare", **{"left": "b", "is": "below", "right": "b"}) == [("SC632", "/is")]
    assert codes("holds", where=[{"column": "n", "is": "equal", "value": "1"}]) == [
        ("SC629", "/where/0/value")]


def test_a_derived_frame_reads_what_it_needs_and_no_more() -> None:
    bundle = Bundle.from_frames({"index": pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]})})
    read: list[list[str]] = []

    def change(frame: Any) -> Any:
        plain = frame.read
        frame.read = lambda columns: read.append(list(columns)) or plain(columns)
        operation = node("add", operands=["a", "b"])
        return DerivedFrame(frame, "sum", pa.int64(), ("a", "b"),
                            lambda table: compute(operation, table))

    changed = bundle.with_frame("index", change)
    assert changed.columns("index") == ("a", "b", "c", "sum") and read == []
    assert changed.read("index", ["sum", "a"]).to_pydict() == {"sum": [4, 6], "a": [1, 2]}
    changed.read("index", ["sum"])
    assert read == [["a", "b"]]
    assert bundle.columns("index") == ("a", "b", "c")


def test_what_tells_the_label() -> None:
    made = {"delay": ("arr", "plan"), "late": ("delay",), "share": ("late", "n"), "n2": ("n",)}
    assert telling(["late"], made) == {"late", "delay", "share"}
    assert telling(["arr"], made) == {"arr", "delay", "late", "share"}
    assert telling(["n2"], made) == {"n2", "n", "share"}
    assert telling(["y"], made) == {"y"}
    assert read_through(["share"], made) == {"share", "late", "delay", "arr", "plan", "n"}
