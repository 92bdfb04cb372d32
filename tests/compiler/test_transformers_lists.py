"""`vector`, `multi_hot` and `hash`, by hand."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from specc.compiler.diagnostics.diagnostic import Result
from specc.compiler.stages import Node
from specc.compiler.transformers import ColumnRows, FittedColumn, fit_column
from specc.compiler.transformers.rows import canonical
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema.assemble import assemble

DEFINITIONS = assemble()["$defs"]
POINTER = "/extractors/x/transformer"


def attempt(spec: dict[str, Any], values: Any, counts: list[int] | None = None
            ) -> Result[FittedColumn]:
    args = with_defaults({"$ref": "#/$defs/transformer", "$defs": DEFINITIONS}, spec)
    column = canonical(values if isinstance(values, pa.Array) else pa.array(values))
    training = np.array([1] * len(column) if counts is None else counts, dtype=np.int64)
    return fit_column(Node(POINTER, args.pop("type"), args),
                      ColumnRows("f", "x", column, training))


def fitted(spec: dict[str, Any], values: Any, counts: list[int] | None = None) -> Any:
    result = attempt(spec, values, counts)
    assert result.diagnostics == ()
    return result.stage


def found(result: Result[FittedColumn]) -> list[tuple[str, str | None]]:
    return [(diagnostic.code, diagnostic.pointer) for diagnostic in result.diagnostics]


LISTS = {
    "list": lambda inner: pa.list_(inner), "large list": lambda inner: pa.large_list(inner),
    "fixed size list": lambda inner: pa.list_(inner, 2),
}


# vector


@pytest.mark.parametrize("inner", [pa.float32(), pa.float64(), pa.int8(), pa.float16()], ids=str)
@pytest.mark.parametrize("form", LISTS)
def test_every_form_of_list_is_a_vector(form: str, inner: pa.DataType) -> None:
    rows = [[1, 2], None, [3, 4]]
    if pa.types.is_float16(inner):
        rows = [row if row is None else [np.float16(value) for value in row] for row in rows]
    values = pa.array(rows, LISTS[form](inner))
    column = fitted({"type": "vector", "standardize": False}, values)
    assert column.names == ("x_0", "x_1", "x_missing")
    wanted = [[1, 2, 0], [0, 0, 1], [3, 4, 0]]
    assert column.encode(values).tolist() == wanted
    assert column.encode(values.slice(1)).tolist() == wanted[1:]
    assert column.encode(values.take(pa.array([2, 1, 0, 2]))).tolist() == [
        wanted[2], wanted[1], wanted[0], wanted[2]]


def test_each_place_is_standardised_over_training_rows() -> None:
    values = [[1.0, 5.0], [3.0, 5.0], [99.0, 9.0]]
    column = fitted({"type": "vector"}, values, [1, 1, 0])
    assert column.encode(pa.array(values)).tolist() == [[-1, 0], [1, 0], [97, 4]]


def test_a_null_element_is_the_mean_of_its_place() -> None:
    values = [[1.0, None], [3.0, 8.0], [None, 4.0], [float("nan"), 6.0]]
    encoded = fitted({"type": "vector"}, values).encode(pa.array(values))
    np.testing.assert_allclose(encoded[:, 0], [-1, 1, 0, 0])
    assert encoded[0, 1] == 0


@pytest.mark.parametrize(("values", "args"), [
    ([[1.0], [1.0, 2.0]], {}), ([[1.0], []], {}), ([[1.0]], {"length": 2}), ([[], [1.0, 2.0]], {}),
    (pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2)), {"length": 3}),
])
def test_lists_of_another_length_are_refused(values: Any, args: dict[str, Any]) -> None:
    assert found(attempt({"type": "vector", **args}, values)) == [("SC709", POINTER)]


def test_a_ragged_row_is_no_number_and_spoils_no_other() -> None:
    column = fitted({"type": "vector", "standardize": False}, [[1.0, 2.0]])
    encoded = column.encode(pa.array([[1.0], [5.0, 6.0], [1.0, 2.0, 3.0], None]))
    assert np.isnan(encoded[[0, 2]]).all()
    assert encoded[[1, 3]].tolist() == [[5, 6], [0, 0]]


def test_the_length_of_the_dtype_holds_without_values() -> None:
    result = attempt({"type": "vector"}, pa.nulls(2, pa.list_(pa.float32(), 3)))
    assert found(result) == [("SC701", POINTER)]
    assert result.stage is not None and len(result.stage.names) == 4


@pytest.mark.parametrize("values", [[[1.0, float("inf")]], [[1e300, 1.0]]])
def test_numbers_within_lists_are_finite(values: Any) -> None:
    assert found(attempt({"type": "vector"}, values)) == [("SC703", POINTER)]


def test_lists_that_are_too_long_are_refused() -> None:
    values = pa.array([np.zeros(100_001)])
    assert found(attempt({"type": "vector"}, values)) == [("SC625", POINTER)]


@pytest.mark.parametrize(("name", "values"), [
    ("vector", [["a"]]), ("vector", [1.0]), ("vector", [[[1.0]]]), ("multi_hot", ["a"]),
    ("multi_hot", [[{"a": 1}]]), ("hash", [["a"]]), ("auto", [["a"]]), ("multi_hot", [[]]),
])
def test_what_does_not_fit_a_list_is_refused(name: str, values: Any) -> None:
    assert found(attempt({"type": name}, values)) == [("SC614", POINTER)]


def test_auto_sends_lists_to_their_transformers() -> None:
    (refused,) = attempt({"type": "auto"}, [[1.0]]).diagnostics
    assert refused.help is not None and '"vector"' in refused.help and '"multi_hot"' in refused.help
    assert refused.fix is None


# multi_hot


def test_each_value_of_the_list_has_its_column() -> None:
    values = [["a", "b"], ["b", "b"], [], None, ["c", None]]
    column = fitted({"type": "multi_hot"}, values, [1, 1, 1, 1, 0])
    assert column.names == ("x_b", "x_a", "x_OTHER", "x_missing")
    assert column.encode(pa.array(values)).tolist() == [
        [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


def test_rows_count_and_a_value_twice_in_a_list_counts_once() -> None:
    values = [["a", "a", "a"], ["b"], ["c"]]
    column = fitted({"type": "multi_hot", "max_values": 2}, values, [1, 2, 3])
    assert column.names == ("x_c", "x_b", "x_OTHER")


@pytest.mark.parametrize(("on_unseen", "names", "wanted"), [
    ("other", ("x_b", "x_OTHER"), [0, 1]), ("ignore", ("x_b",), [0]),
])
def test_values_without_a_column(on_unseen: str, names: tuple[str, ...],
                                 wanted: list[int]) -> None:
    spec = {"type": "multi_hot", "max_values": 1, "on_unseen": on_unseen}
    column = fitted(spec, [["b"], ["b", "a"], ["z"]], [1, 1, 0])
    assert column.names == names
    assert column.encode(pa.array([["a"], ["z"]])).tolist() == [wanted, wanted]


def test_on_unseen_error_of_lists_names_the_values() -> None:
    spec = {"type": "multi_hot", "on_unseen": "error", "max_values": 1}
    assert found(attempt(spec, [["b"], ["b", "a"], [None]])) == []
    result = attempt(spec, [["b"], ["b", "z"]], [1, 0])
    assert found(result) == [("SC702", f"{POINTER}/on_unseen")]
    assert "'z'" in result.diagnostics[0].message


@pytest.mark.parametrize("on_unseen", ["other", "ignore"])
def test_lists_that_are_all_empty_give_one_column(on_unseen: str) -> None:
    values = pa.array([[], [], ["z"]], pa.list_(pa.string()))
    result = attempt({"type": "multi_hot", "on_unseen": on_unseen}, values, [1, 1, 0])
    assert found(result) == [("SC701", POINTER)]
    assert result.stage is not None and result.stage.names == ("x_OTHER",)
    assert result.stage.encode(values).tolist() == [[0], [0], [on_unseen == "other"]]


def test_names_of_values_called_other_and_missing_stay_apart() -> None:
    column = fitted({"type": "multi_hot", "missing_indicator": "always"}, [["OTHER", "missing"]])
    assert column.names == ("x_OTHER", "x_missing", "x_OTHER_", "x_missing_")


def test_numbers_in_lists_are_values_too() -> None:
    values = pa.array([[1, 2], [2]], pa.list_(pa.int8()))
    column = fitted({"type": "multi_hot"}, values)
    assert column.encode(pa.array([[2, 7]], pa.list_(pa.int64()))).tolist() == [[1, 0, 1]]


# hash


def test_the_bucket_follows_from_the_text_alone() -> None:
    spec = {"type": "hash", "buckets": 7}
    first = fitted(spec, ["a", "b", None])
    other = fitted(spec, ["z"])
    values = pa.array(["a", "b", "never seen", None])
    assert first.names == (*(f"x_{bucket}" for bucket in range(7)), "x_NULL")
    assert first.codes(values).tolist() == other.codes(values).tolist()
    assert first.codes(values)[-1] == 7
    assert (first.encode(values).argmax(axis=1) == first.codes(values)).all()


def test_the_bucket_is_the_same_in_every_process() -> None:
    # BLAKE2b with 8 bytes keyed by eight zero bytes, from hashlib of another process.
    code = ("import hashlib; print(int.from_bytes(hashlib.blake2b(b'caf\\xc3\\xa9', digest_size=8,"
            "key=bytes(8)).digest(), 'big') % 1000)")
    wanted = int(subprocess.run([sys.executable, "-c", code], capture_output=True,
                                check=True).stdout)
    column = fitted({"type": "hash", "buckets": 1000}, ["x"])
    assert column.codes(pa.array(["café"])).tolist() == [wanted]


def test_another_seed_gives_other_buckets_and_all_are_used() -> None:
    values = pa.array([f"value {number}" for number in range(2000)])
    first, second = (fitted({"type": "hash", "buckets": 16, "seed": seed}, values).codes(values)
                     for seed in (0, 1))
    assert (first != second).mean() > 0.8
    for codes in (first, second):
        counts = np.bincount(codes, minlength=17)
        assert counts[16] == 0 and counts[:16].min() > 60 and counts.max() < 200


def test_numbers_and_times_of_another_width_share_the_bucket() -> None:
    column = fitted({"type": "hash"}, pa.array([1, 2], pa.int8()))
    assert column.codes(pa.array([1], pa.int64())) == column.codes(pa.array([1], pa.int8()))
    times = fitted({"type": "hash"}, pa.array([5], pa.timestamp("s")))
    assert times.codes(pa.array([5], pa.timestamp("s"))) == times.codes(
        pa.array([5_000_000], pa.timestamp("us")))
