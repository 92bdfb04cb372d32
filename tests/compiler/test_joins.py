"""Key matching: equal by value, whatever the storage, and equal to what pandas merges."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.data import joins
from specc.compiler.data.joins import compact, comparable, compose, duplicates, examples, match

LARGEST = 2**63 - 1
UTC = "UTC"
NOON = dt.datetime(2013, 1, 1, 12)


def _match(left: pa.Array, right: pa.Array) -> list[int]:
    assert comparable(left.type, right.type)
    return match([left], [right]).tolist()


@pytest.mark.parametrize("left, right, positions", [
    (pa.array([1, 2, None], pa.int8()), pa.array([2, 1, None], pa.int64()), [1, 0, -1]),
    (pa.array([1.0, 2.5, None]), pa.array([1, 2]), [0, -1, -1]),
    (pa.array([3, 1]), pa.array([1.0, float("nan"), 3.0]), [2, 0]),
    (pa.array([2**53 + 1]), pa.array([float(2**53)]), [-1]),
    (pa.array([LARGEST, -1]), pa.array([1e300, 2.0**63, -(2.0**63), float("inf")]), [-1, -1]),
    (pa.array([LARGEST + 1, 5], pa.uint64()), pa.array([-(2**63), 5]), [-1, 1]),
    (pa.array([2**64 - 1], pa.uint64()), pa.array([1, 2**64 - 1], pa.uint64()), [1]),
    (pa.array([0.0, float("nan")]), pa.array([float("nan"), -0.0]), [1, -1]),
    (pa.array([0.5], pa.float32()), pa.array([0.5]), [0]),
    (pa.array(["a", "b"]), pa.array(["b", "a"], pa.large_string()), [1, 0]),
    (pa.array(["a", "b", None]).dictionary_encode(), pa.array(["b", None]), [-1, 0, -1]),
    (pa.array([7, 8]).dictionary_encode(), pa.array([8.0, 7.0]), [1, 0]),
    (pa.array(["a"]).cast(pa.string_view()), pa.array(["a"]), [0]),
    (pa.array([True, False, None]), pa.array([False, True]), [1, 0, -1]),
    (pa.array([b"x"]), pa.array([b"x"], pa.large_binary()), [0]),
    (pa.array([NOON], pa.timestamp("s")), pa.array([NOON], pa.timestamp("ns")), [0]),
    (pa.array([dt.datetime(3000, 1, 1)], pa.timestamp("s")), pa.array([NOON], pa.timestamp("ns")),
     [-1]),
    (pa.array([NOON], pa.timestamp("ms", UTC)),
     pa.array([NOON], pa.timestamp("us", "Europe/Berlin")), [0]),
    (pa.array([dt.date(2013, 1, 1)]), pa.array([NOON, dt.datetime(2013, 1, 1)]), [1]),
    (pa.array([dt.date(2013, 1, 1)], pa.date64()), pa.array([dt.date(2013, 1, 1)]), [0]),
    (pa.array([decimal.Decimal("1.5")]), pa.array([decimal.Decimal("1.5")]), [0]),
    (pa.nulls(2), pa.array(["a"]), [-1, -1]),
    (pa.array(["a"]), pa.nulls(2), [-1]),
    (pa.array([], pa.int64()), pa.array([1]), []),
    (pa.array([1]), pa.array([], pa.int64()), [-1]),
])
def test_keys_of_one_column(left: pa.Array, right: pa.Array, positions: list[int]) -> None:
    assert _match(left, right) == positions
    # Sliced and chunked columns are the same columns.
    whole = pa.chunked_array([left.slice(0, 1), left.slice(1)])
    padded = pa.concat_arrays([right, right]).slice(len(right))
    assert match([whole], [padded]).tolist() == positions


@pytest.mark.parametrize("left, right", [
    (pa.int64(), pa.string()), (pa.bool_(), pa.int64()), (pa.string(), pa.binary()),
    (pa.timestamp("s"), pa.timestamp("s", UTC)), (pa.date32(), pa.timestamp("s", UTC)),
    (pa.decimal128(5, 1), pa.int64()), (pa.list_(pa.int64()), pa.list_(pa.int64())),
    (pa.duration("s"), pa.duration("s")), (pa.timestamp("s"), pa.int64()),
])
def test_keys_that_can_never_match(left: pa.DataType, right: pa.DataType) -> None:
    assert not comparable(left, right)
    assert not comparable(right, left)


def test_keys_of_several_columns() -> None:
    left = [pa.array(["a", "a", "b", None, "b"]), pa.array([1.0, 2.0, 1.0, 1.0, None])]
    right = [pa.array(["b", "a", None]).dictionary_encode(), pa.array([1, 1, 1])]
    assert match(left, right).tolist() == [1, -1, 0, -1, -1]


def test_many_wide_key_columns_do_not_overflow() -> None:
    generator = np.random.default_rng(0)
    columns = [pa.array(generator.permutation(1000)) for _ in range(9)]
    assert match(columns, columns).tolist() == list(range(1000))
    other = [*columns[:-1], pa.array((columns[-1].to_numpy() + 1) % 1000)]
    assert (match(columns, other) == -1).all()


def test_a_frame_longer_than_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "LARGEST_TABLE", 3)
    right = pa.array([5, 6, 7, 8, 9, 5, 10])
    assert match([pa.array([10, 5, 9, 1])], [right]).tolist() == [6, 0, 4, -1]


KEYS = {
    "integers": st.one_of(st.none(), st.integers(-3, 3)),
    "floats": st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0, 2.5])),
    "strings": st.one_of(st.none(), st.sampled_from(["", "a", "b", "ü"])),
}


@settings(deadline=None, max_examples=60)
@given(data=st.data(), kinds=st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3))
def test_match_equals_pandas(data: st.DataObject, kinds: list[str]) -> None:
    key = st.tuples(*(KEYS[kind] for kind in kinds))
    left = data.draw(st.lists(key, max_size=12))
    right = list(dict.fromkeys(data.draw(st.lists(key, max_size=12))))
    right = [row for row in right if None not in row]  # pandas merges null with null
    names = [f"k{index}" for index in range(len(kinds))]
    dtypes = {"integers": "Int64", "floats": "Float64", "strings": "object"}

    def frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
        return pd.DataFrame({
            name: pd.Series([row[index] for row in rows], dtype=dtypes[kind])
            for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
        })

    positions = frame(right).assign(row=range(len(right)))
    wanted = frame(left).merge(positions, on=names, how="left")["row"].fillna(-1).astype(int)
    types = {"integers": pa.int64(), "floats": pa.float64(), "strings": pa.string()}

    def columns(rows: list[tuple[object, ...]]) -> list[pa.Array]:
        return [pa.array([row[index] for row in rows], types[kind])
                for index, kind in enumerate(kinds)]

    assert match(columns(left), columns(right)).tolist() == wanted.tolist()


def test_duplicates() -> None:
    column = pa.array(["a", "b", "a", None, None, "a", "c"])
    assert duplicates([column]) == (2, ("'a'",))
    assert duplicates([column, pa.array(range(7))]) == (0, ())
    assert duplicates([pa.array([1, 1, 2]), pa.array([1.0, 1.0, 1.0])]) == (1, ("(1, 1)",))
    assert duplicates([pa.array(range(20)).cast(pa.int8())]) == (0, ())
    count, shown = duplicates([pa.array(list(range(10)) * 2)])
    assert (count, shown) == (10, ("0", "1", "2", "3", "4"))


def test_examples_are_short_and_different() -> None:
    rows = np.array([0, 1, 2, 3])
    assert examples([pa.array(["x" * 500, None, None, "a\nb"])], rows)[1:] == ("null", "'a\\nb'")
    assert len(examples([pa.array(["x" * 500])], np.array([0]))[0]) < 70
    assert examples([pa.array([NOON], pa.timestamp("s", "Nowhere/Land"))], rows[:1]) == (
        "2013-01-01 12:00:00",
    )
    assert examples([pa.array([2**31 - 1], pa.int32()).cast(pa.date32())], rows[:1])
    assert examples([pa.array([1]), pa.array(["a"])], rows[:1]) == ("(1, 'a')",)


def test_chains_compose() -> None:
    assert compose(np.array([1, -1, 0]), np.array([5, -1])).tolist() == [-1, -1, 5]
    assert compose(np.array([-1, -1]), np.array([], dtype=np.int64)).tolist() == [-1, -1]
    assert compact(np.array([3, -1]), 4).dtype == np.int32
    assert compact(np.array([3, -1]), 2**31).dtype == np.int64
