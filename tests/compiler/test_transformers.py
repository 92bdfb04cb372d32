"""Each transformer on one column. Agreement with scikit-learn: test_transformers_sklearn.py."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.diagnostics.diagnostic import Result
from specc.compiler.stages import Node
from specc.compiler.transformers import (
    FITTED,
    FITTERS,
    Categorical,
    ClassIndex,
    ColumnRows,
    Continuous,
    Datetime,
    FittedColumn,
    Identity,
    OneHot,
    fill_scalar,
    fit_column,
    restore,
)
from specc.compiler.transformers.rows import canonical
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema.assemble import assemble
from specc.schema.transformers import TRANSFORMERS

DEFINITIONS = assemble()["$defs"]
POINTER = "/extractors/x/transformer"


def node(name: str, **args: Any) -> Node:
    filled = with_defaults({"$ref": "#/$defs/transformer", "$defs": DEFINITIONS},
                           {"type": name, **args})
    filled.pop("type")
    return Node(POINTER, name, filled)


def attempt(transformer: Node, values: Any, counts: list[int] | None = None,
            without_row: int = 0) -> Result[FittedColumn]:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    training = np.array([1] * len(array) if counts is None else counts, dtype=np.int64)
    return fit_column(transformer, ColumnRows("f", "x", canonical(array), training, without_row))


def fitted(transformer: Node, values: Any, counts: list[int] | None = None) -> Any:
    result = attempt(transformer, values, counts)
    assert result.diagnostics == ()
    return result.stage


def found(result: Result[FittedColumn]) -> list[tuple[str, str | None]]:
    return [(diagnostic.code, diagnostic.pointer) for diagnostic in result.diagnostics]


def test_every_declared_transformer_can_be_fitted_and_restored() -> None:
    declared = {entry.name for entry in TRANSFORMERS}
    # `ids` is what an `embedding` extractor fits.
    assert declared == {"auto", *FITTERS} - {"ids"}
    assert {entry.type for entry in FITTED} == set(FITTERS)


@pytest.mark.parametrize(("values", "wanted"), [
    ([1, 2], Continuous), ([1.5, None], Continuous), ([Decimal("1.5"), None], Continuous),
    (["a", None], Categorical), (pa.array(["a", "b"]).dictionary_encode(), Categorical),
    ([True, None], Continuous), ([dt.date(2020, 1, 1)], Datetime),
    (pa.array([0, 1], pa.timestamp("ns", "UTC")), Datetime),
])
def test_auto_chooses_by_dtype(values: Any, wanted: type[FittedColumn]) -> None:
    assert isinstance(fitted(node("auto"), values), wanted)


def test_auto_gives_booleans_as_zero_and_one_with_an_indicator() -> None:
    column = fitted(node("auto"), [True, False, None])
    assert column.names == ("x", "x_missing")
    assert column.encode(pa.array([True, False, None])).tolist() == [[1, 0], [0, 0], [0, 1]]


def test_auto_inside_auto_is_refused() -> None:
    result = attempt(node("auto", continuous={"type": "auto"}), [1.0])
    assert found(result) == [("SC204", f"{POINTER}/continuous/type")]
    assert result.stage is None


@pytest.mark.parametrize(("name", "values"), [
    ("continuous", ["a"]), ("identity", ["a"]), ("datetime", [1.0]), ("auto", [[1, 2]]),
    ("categorical", [[1, 2]]), ("class_index", [{"a": 1}]), ("identity", [dt.date(2020, 1, 1)]),
    ("auto", pa.nulls(2)), ("continuous", [dt.timedelta(1)]),
])
def test_a_dtype_that_does_not_fit_is_refused(name: str, values: Any) -> None:
    assert found(attempt(node(name), values)) == [("SC614", POINTER)]


# continuous


def test_the_fit_counts_rows_as_often_as_training_samples_reach_them() -> None:
    column = fitted(node("continuous"), [1.0, 4.0, 100.0], [3, 1, 0])
    assert (column.scaler.center, column.imputed) == (1.75, 1.75)


def test_nan_is_null_and_a_null_gets_the_imputed_value() -> None:
    column = fitted(node("continuous", scaler=None), [1.0, 3.0, float("nan")])
    assert column.names == ("x", "x_missing")
    assert column.encode(pa.array([None, float("nan"), 5.0])).tolist() == [[2, 1], [2, 1], [5, 0]]


@pytest.mark.parametrize(("setting", "counts", "names"), [
    ("auto", [1, 1], ("x", "x_missing")), ("auto", [1, 0], ("x",)),
    ("always", [1, 0], ("x", "x_missing")), ("never", [1, 1], ("x",)),
])
@pytest.mark.parametrize("name", ["continuous", "datetime"])
def test_the_missing_indicator(name: str, setting: str, counts: list[int],
                               names: tuple[str, ...]) -> None:
    day = dt.date(2020, 1, 1) if name == "datetime" else 1.0
    more = {"parts": ["hour"]} if name == "datetime" else {}
    column = fitted(node(name, missing_indicator=setting, **more), [day, None], counts)
    assert tuple(entry.replace("_hour", "") for entry in column.names) == names


@pytest.mark.parametrize("name", ["continuous", "datetime"])
def test_a_column_without_training_values_is_zero_with_a_warning(name: str) -> None:
    dtype = pa.float64() if name == "continuous" else pa.timestamp("s")
    values = pa.array([None, 10**6], dtype)
    result = attempt(node(name), values, [2, 0])
    assert found(result) == [("SC701", POINTER)]
    encoded = result.stage.encode(values)
    assert encoded[:, :-1].any() == False  # noqa: E712
    assert encoded[:, -1].tolist() == [1, 0]


@pytest.mark.parametrize("values", [[1.0, float("inf")], [1.0, -1e39], [1e300, 1e300]])
@pytest.mark.parametrize("name", ["continuous", "identity"])
def test_numbers_that_float32_cannot_hold_are_refused(name: str, values: list[float]) -> None:
    assert found(attempt(node(name), values)) == [("SC703", POINTER)]
    assert found(attempt(node(name), [0.0, *values], [1, 0, 0])) == [("SC703", POINTER)]


def test_a_number_that_scaling_makes_infinite_is_refused() -> None:
    values, counts = [0.0, 1e-30, 1e30], [1, 1, 0]
    assert found(attempt(node("continuous"), values, counts)) == [("SC703", POINTER)]


@pytest.mark.parametrize(("scaler", "key"), [("MinMaxScaler", "feature_range"),
                                             ("RobustScaler", "quantile_range")])
def test_an_interval_out_of_order_is_refused(scaler: str, key: str) -> None:
    transformer = node("continuous", scaler={"type": f"sklearn.preprocessing:{scaler}",
                                             key: [3, 3]})
    assert found(attempt(transformer, [1.0])) == [("SC204", f"{POINTER}/scaler/{key}")]


def test_decimals_and_large_integers_are_numbers() -> None:
    assert fitted(node("continuous", scaler=None), [Decimal("1.25"), None]).imputed == 1.25
    large = pa.array([2**63 - 1, 0], pa.int64())
    assert fitted(node("continuous"), large).encode(large).tolist() == [[1], [-1]]


# categorical


def test_an_unseen_value_is_other_and_a_null_is_null() -> None:
    column = fitted(node("categorical", max_values=2), ["b", "a", "b", "c", "a", None])
    assert column.names == ("x_a", "x_b", "x_OTHER", "x_NULL")
    assert column.values.to_pylist() == ["a", "b"]
    values = pa.array(["a", "b", "c", "never seen", None])
    assert column.codes(values).tolist() == [0, 1, 2, 2, 3]
    assert column.codes(values).dtype == np.int32
    assert column.encode(values).tolist() == np.eye(4)[[0, 1, 2, 2, 3]].tolist()


def test_the_width_does_not_depend_on_the_batch() -> None:
    column = fitted(node("categorical"), ["b", "a"])
    assert column.encode(pa.array([], pa.string())).shape == (0, 4)
    assert column.encode(pa.array([None], pa.string())).shape == (1, 4)


def test_the_most_frequent_values_come_first_and_ties_in_value_order() -> None:
    column = fitted(node("categorical"), [30, 4, 5, 30], [1, 1, 3, 0])
    assert column.names == ("x_5", "x_4", "x_30", "x_OTHER", "x_NULL")


def test_names_stay_unique_beside_values_called_other_and_null() -> None:
    column = fitted(node("categorical"), ["OTHER", "NULL", "OTHER_"])
    assert column.names == ("x_NULL", "x_OTHER", "x_OTHER_", "x_OTHER__", "x_NULL_")


@pytest.mark.parametrize("values", [
    pa.array([2**53, 2**53 + 1, None], pa.int64()), pa.array([2**64 - 1, 0, None], pa.uint64()),
    pa.array([True, False, None]), pa.array([1.5, -0.0, None]), pa.array(["a", "", None]),
    pa.array(["a", "b", None], pa.string_view()), pa.array([1, 2, None], pa.date32()),
    pa.array([1, 2, None], pa.timestamp("ns", "America/New_York")),
    pa.array([Decimal("1.50"), Decimal("2"), None]),
    pa.array(["b", "a", None]).dictionary_encode(), pa.array([1, 2, None], pa.float16()),
    pa.DictionaryArray.from_arrays(pa.array([0, 2, 1]), pa.array(["a", None, "b"])),
], ids=lambda values: str(values.type))
def test_categories_of_every_dtype(values: pa.Array) -> None:
    column = fitted(node("categorical"), values)
    assert sorted(column.codes(values).tolist()) == [0, 1, 3]
    assert column.codes(values)[2 if values[2].as_py() is None else 1] == 3
    assert fitted(node("class_index"), values.slice(0, 1)).encode(values.slice(0, 1)).tolist() \
        == [[0]]


def test_chunks_with_different_dictionaries_are_one_column() -> None:
    chunks = [pa.array(["a", None]).dictionary_encode(),
              pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()),
                                            pa.array([None, "b"]))]
    values = pa.chunked_array(chunks)
    assert canonical(values).to_pylist() == ["a", None, None, "b"]
    assert fitted(node("categorical"), ["a", "b"]).codes(values).tolist() == [0, 3, 3, 1]


def test_minus_zero_is_zero() -> None:
    assert fitted(node("categorical"), [0.0, -0.0]).names == ("x_0", "x_OTHER", "x_NULL")


def test_on_unseen_error_names_values_that_no_training_row_has() -> None:
    transformer = node("categorical", max_values=1, on_unseen="error")
    assert found(attempt(transformer, ["a", "a", "b", None], [1, 1, 1, 0])) == []
    result = attempt(transformer, ["a", "b", *"cdefghc"], [1, 1, 0, 0, 0, 0, 0, 0, 0])
    assert found(result) == [("SC702", f"{POINTER}/on_unseen")]
    assert "6 values" in result.diagnostics[0].message
    assert "'g'" in result.diagnostics[0].message
    assert "'h'" not in result.diagnostics[0].message


def test_a_category_column_of_nulls_warns() -> None:
    result = attempt(node("categorical"), pa.nulls(2, pa.string()))
    assert found(result) == [("SC701", POINTER)]
    assert result.stage.names == ("x_OTHER", "x_NULL")
    assert result.stage.codes(pa.array(["a", None])).tolist() == [0, 1]


# datetime


def test_parts_are_fractions_below_one() -> None:
    parts = ["month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "second"]
    last = dt.datetime(2028, 12, 31, 23, 59, 59)  # a Sunday in a leap year
    column = fitted(node("datetime", parts=parts), [last, dt.datetime(2024, 1, 1)])
    wanted = [11 / 12, 30 / 31, 6 / 7, 365 / 366, 23 / 24, 59 / 60, 59 / 60]
    np.testing.assert_allclose(column.encode(pa.array([last]))[0], wanted, rtol=1e-6)
    assert not column.encode(pa.array([dt.datetime(2024, 1, 1)])).any()


def test_year_and_elapsed_are_standardised_over_training_rows() -> None:
    times = pa.array([dt.date(2000, 1, 1), dt.date(2002, 1, 1), dt.date(3000, 1, 1)])
    column = fitted(node("datetime", parts=["year", "elapsed"]), times, [3, 1, 0])
    np.testing.assert_allclose(column.encode(times)[:2], [[-3**-0.5] * 2, [3**0.5] * 2], rtol=1e-5)


def test_a_null_time_is_zero_everywhere() -> None:
    column = fitted(node("datetime"), [dt.datetime(2020, 5, 5, 5), None])
    encoded = column.encode(pa.array([None], pa.timestamp("us")))
    assert encoded.tolist() == [[0, 0, 0, 0, 0, 1]]


def test_parts_are_told_on_the_clock_of_the_time_zone() -> None:
    hour = node("datetime", parts=["hour"])
    for zone, wanted in (("UTC", 0), ("America/New_York", 19 / 24)):
        times = pa.array([0], pa.timestamp("ns", zone))
        assert fitted(hour, times).encode(times)[0, 0] == pytest.approx(wanted)


def test_an_unknown_time_zone_is_refused() -> None:
    assert found(attempt(node("datetime"), pa.array([0], pa.timestamp("s", "No/Where")))) == [
        ("SC614", POINTER)]


def test_times_beyond_the_calendar_are_refused() -> None:
    assert found(attempt(node("datetime"), pa.array([2**30, 1], pa.date32()))) == [
        ("SC703", POINTER)]


def test_a_part_that_stands_twice_is_refused() -> None:
    result = attempt(node("datetime", parts=["hour", "hour", "hour"]), [dt.date(2020, 1, 1)])
    assert found(result) == [("SC204", f"{POINTER}/parts")]


# identity and class_index


def test_identity_leaves_numbers_as_they_are() -> None:
    assert fitted(node("identity"), [1.5, -2.0]).encode(pa.array([7, 8])).tolist() == [[7], [8]]
    assert fitted(node("identity"), [True]).encode(pa.array([True, False])).tolist() == [[1], [0]]


@pytest.mark.parametrize("name", ["identity", "class_index"])
def test_nulls_that_samples_see_are_counted(name: str) -> None:
    result = attempt(node(name), [1.0, None, None], [1, 0, 0], without_row=5)
    assert found(result) == [("SC615", f"{POINTER}/on_null")]
    assert "6 nulls" in result.diagnostics[0].message


def test_class_index_counts_in_the_order_of_the_values() -> None:
    column = fitted(node("class_index"), ["b", "a", "c", "a"])
    assert isinstance(column, ClassIndex)
    assert column.classes == ("a", "b", "c")
    encoded = column.encode(pa.array(["c", "a", "b", "z", None]))
    np.testing.assert_array_equal(encoded, [[2], [0], [1], [np.nan], [np.nan]])


def test_a_class_without_training_row_is_refused() -> None:
    assert found(attempt(node("class_index"), ["a", "b", "c"], [1, 1, 0])) == [("SC702", POINTER)]


# fill values


@pytest.mark.parametrize(("value", "dtype"), [
    (1.5, pa.int64()), (True, pa.int64()), (2**70, pa.int64()), ("1", pa.float64()),
    (True, pa.float64()), (1, pa.string()), (0, pa.bool_()), (5, pa.timestamp("s")),
    ("soon", pa.timestamp("s")), (1.234, pa.decimal128(5, 1)), (None, pa.string()), (0, pa.null()),
])
def test_a_fill_value_of_another_dtype_is_refused(value: Any, dtype: pa.DataType) -> None:
    with pytest.raises(ValueError):
        fill_scalar(value, dtype)


@pytest.mark.parametrize(("value", "dtype", "wanted"), [
    (1.0, pa.int32(), 1), (1, pa.float32(), 1.0), (1.5, pa.decimal128(5, 2), Decimal("1.50")),
    ("a", pa.large_string(), "a"), (False, pa.bool_(), False),
    ("2020-01-02", pa.date32(), dt.date(2020, 1, 2)),
    ("2020-01-02", pa.timestamp("s"), dt.datetime(2020, 1, 2)),
])
def test_a_fill_value_becomes_a_value_of_the_column(value: Any, dtype: pa.DataType,
                                                    wanted: Any) -> None:
    assert fill_scalar(value, dtype).as_py() == wanted


# state


def through_files(column: FittedColumn) -> FittedColumn:
    """A fitted column written to JSON and Arrow, read back."""
    state, arrays = column.state()
    read = {}
    for name, array in arrays.items():
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, pa.schema([(name, array.type)])) as writer:
            writer.write_table(pa.table({name: array}))
        read[name] = pa.ipc.open_stream(sink.getvalue()).read_all().column(name).combine_chunks()
    return restore(column.column, json.loads(json.dumps(state, allow_nan=False)), read)


SCALER_SPECS = st.sampled_from([None] + [{"type": f"sklearn.preprocessing:{name}"} for name in (
    "StandardScaler", "MinMaxScaler", "RobustScaler", "QuantileTransformer", "PowerTransformer")])
STEPS = st.sampled_from([[], [{"type": "log1p", "signed": True}],
                         [{"type": "clip", "low": -3, "high_quantile": 0.9}]])
floats = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=20)
times = st.lists(st.one_of(st.none(), st.datetimes(dt.datetime(1700, 1, 1),
                                                   dt.datetime(2200, 1, 1))),
                 min_size=1, max_size=20)
words = st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=3)),
                 min_size=1, max_size=20)
vectors = st.lists(st.none() | st.lists(st.none() | st.floats(-1e6, 1e6, width=32), min_size=2,
                                       max_size=2), min_size=1, max_size=20).map(
    lambda values: pa.array(values, pa.list_(pa.float32())))
tags = st.lists(st.none() | st.lists(st.none() | st.sampled_from("abcd"), max_size=5), min_size=1,
                max_size=20).map(lambda values: pa.array(values, pa.list_(pa.string())))
CASES = st.one_of(
    st.tuples(st.builds(lambda scaler, steps: node("continuous", scaler=scaler, steps=steps),
                        SCALER_SPECS, STEPS),
              floats.map(lambda values: pa.array(values, pa.float64()))),
    st.tuples(st.builds(lambda count, unseen: node("categorical", max_values=count,
                                                   on_unseen=unseen),
                        st.integers(1, 4), st.sampled_from(["other", "error"])),
              words.map(lambda values: pa.array(values, pa.string()))),
    st.tuples(st.just(node("class_index")), st.lists(st.integers(-9, 9), min_size=1).map(pa.array)),
    st.tuples(st.builds(lambda cyclic: node(
                  "datetime", parts=["year", "elapsed", "month", "second"], cyclic=cyclic),
                  st.booleans()),
              times.map(lambda values: pa.array(values, pa.timestamp("us")))),
    st.tuples(st.just(node("identity")), st.lists(st.booleans(), min_size=1).map(pa.array)),
    st.tuples(st.builds(lambda bins: node("piecewise_linear", bins=bins), st.integers(1, 9)),
              floats.map(lambda values: pa.array(values, pa.float64()))),
    st.tuples(st.just(node("hash", buckets=5, seed=3)),
              words.map(lambda values: pa.array(values, pa.string()))),
    st.tuples(st.just(node("standard")),
              st.lists(st.floats(-1e6, 1e6, width=32), min_size=1).map(pa.array)),
    st.tuples(st.builds(lambda standardize: node("vector", standardize=standardize),
                        st.booleans()), vectors),
    st.tuples(st.builds(lambda count, unseen: node("multi_hot", max_values=count,
                                                   on_unseen=unseen),
                        st.integers(1, 4), st.sampled_from(["other", "ignore", "error"])), tags),
)


@settings(deadline=None, max_examples=200)
@given(case=CASES)
def test_a_restored_column_encodes_bit_for_bit_the_same(case: tuple[Node, pa.Array]) -> None:
    transformer, values = case
    column = attempt(transformer, values).stage
    assert column is not None
    again = through_files(column)
    assert type(again) is type(column)
    assert (again.column, again.names) == (column.column, column.names)
    assert again.encode(values).tobytes() == column.encode(values).tobytes()
    assert json.dumps(again.describe()) == json.dumps(column.describe())
    assert again.state() == column.state()
    assert column.one_hot == isinstance(column, OneHot)
    if isinstance(column, OneHot):
        one_hot = np.eye(len(column.names), dtype=np.float32)[column.codes(values)]
        assert (one_hot == column.encode(values)).all()


@settings(deadline=None, max_examples=200)
@given(case=CASES, data=st.data())
def test_the_state_is_of_training_rows_only(case: tuple[Node, pa.Array], data: Any) -> None:
    transformer, values = case
    drawn = data.draw(st.lists(st.integers(0, 2), min_size=len(values), max_size=len(values)))
    places = data.draw(st.lists(st.integers(0, len(values) - 1), min_size=len(values),
                                max_size=len(values)))
    keep = np.array(drawn) > 0
    garbage = values.take(pa.array(np.where(keep, np.arange(len(values)), places)))
    first, second = (attempt(transformer, column, drawn) for column in (values, garbage))
    if first.stage is not None and second.stage is not None:
        assert first.stage.state() == second.stage.state()


EDGES: dict[str, tuple[dict[str, Any], pa.DataType, list[Any], list[Any]]] = {
    "continuous": ({}, pa.float64(), [1.0, 2.0], [9.0]),
    "piecewise_linear": ({}, pa.float64(), [1.0, 2.0], [9.0]),
    "categorical": ({}, pa.string(), ["a", "b"], ["z"]),
    "hash": ({}, pa.string(), ["a", "b"], ["z"]),
    "datetime": ({"cyclic": True}, pa.timestamp("s"), [0, 10**6], [10**9]),
    "identity": ({"on_null": "zero"}, pa.int64(), [1, 2], [9]),
    "vector": ({}, pa.list_(pa.float32()), [[1.0, 2.0], [3.0, 4.0]], [[9.0, 9.0]]),
    "multi_hot": ({}, pa.list_(pa.string()), [["a"], ["a", "b"]], [["z"]]),
    "standard": ({}, pa.float64(), [1.0, 2.0], [9.0]),
    "class_index": ({}, pa.string(), ["a", "b"], ["z"]),
}
REFUSING = ("standard", "class_index")
"""They refuse every null, and encode it as NaN."""


def test_every_transformer_has_its_edges_tested() -> None:
    # `target_encoding` reads the label too: it has tests of its own.
    assert {entry.name for entry in TRANSFORMERS} - {"target_encoding"} == {"auto", *EDGES}


@pytest.mark.parametrize("name", EDGES)
def test_nulls_unseen_values_one_row_and_none(name: str) -> None:
    args, dtype, seen, unseen = EDGES[name]
    column = fitted(node(name, **args), pa.array(seen, dtype))
    for values in ([None] * 3, unseen * 3, seen[:1], []):
        encoded = column.encode(pa.array(values, dtype))
        assert encoded.shape == (len(values), len(column.names))
        assert encoded.dtype == np.float32
        odd = (name in REFUSING and None in values) or (name == "class_index" and values == unseen
                                                        * 3)
        assert np.isnan(encoded).all() == odd or not len(values)
        assert odd or np.isfinite(encoded).all()
    assert len(set(column.names)) == len(column.names)


@pytest.mark.parametrize("name", [name for name in EDGES if name not in REFUSING])
def test_a_column_null_in_training_encodes_everything(name: str) -> None:
    args, dtype, seen, _ = EDGES[name]
    result = attempt(node(name, **args), pa.array([None, *seen], dtype), [3, 0, 0])
    warned = [] if name in ("hash", "identity") else [("SC701", POINTER)]
    assert found(result) == (warned if name != "vector" else [("SC709", POINTER), *warned][::-1])
    only_null = attempt(node(name, **args), pa.array([None, None], dtype))
    assert found(only_null) == warned
    encoded = only_null.stage.encode(pa.array([None, None], dtype))
    assert encoded.shape == (2, len(only_null.stage.names)) and np.isfinite(encoded).all()


@pytest.mark.parametrize("name", EDGES)
def test_on_null_error_counts_the_nulls(name: str) -> None:
    args, dtype, seen, _ = EDGES[name]
    result = attempt(node(name, **args | {"on_null": "error"}), pa.array([*seen, None], dtype))
    assert found(result) == [("SC615", f"{POINTER}/on_null")]
    assert "1 nulls" in result.diagnostics[0].message


def test_identity_has_no_fitted_state() -> None:
    column = fitted(node("identity"), [1.0])
    assert isinstance(column, Identity)
    assert column.state() == ({"type": "identity", "on_null": "error"}, {})
