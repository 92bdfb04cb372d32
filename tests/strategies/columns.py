"""Columns of a frame: every dtype that a Parquet file holds, and values that break things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from .schema import weighted

Generator = np.random.Generator
Values = list[Any]

_DAY = 86_400
_EPOCH_2024 = 1_704_067_200


@dataclass(frozen=True)
class Form:
    """A form of column.

    Args:
        dtype: Arrow's.
        draw: `(generator, rows)` to that many values.
        reads: the transformers that can read it.
    """

    dtype: pa.DataType
    draw: Callable[[Generator, int], Values]
    reads: tuple[str, ...]


def _normal(generator: Generator, rows: int) -> Values:
    return [float(value) for value in generator.normal(3, 2, rows).round(3)]


def _constant(generator: Generator, rows: int) -> Values:
    return [float(generator.integers(-3, 3))] * rows


def _small(generator: Generator, rows: int) -> Values:
    return [int(value) for value in generator.integers(-100, 100, rows)]


def _natural(generator: Generator, rows: int) -> Values:
    return [int(value) for value in generator.integers(0, 100, rows)]


def _wide(generator: Generator, rows: int) -> Values:
    return [int(value) for value in generator.integers(-2**62, 2**62, rows)]


def _unsigned(generator: Generator, rows: int) -> Values:
    return [2**64 - 1 - int(value) for value in generator.integers(0, 1000, rows)]


def _some_of(*values: Any) -> Callable[[Generator, int], Values]:
    def draw(generator: Generator, rows: int) -> Values:
        return [values[place] for place in generator.integers(0, len(values), rows)]

    return draw


def _seconds(generator: Generator, rows: int) -> Values:
    return [_EPOCH_2024 + int(value) for value in generator.integers(-400, 400, rows) * 5_000]


def _ticks(scale: int) -> Callable[[Generator, int], Values]:
    return lambda generator, rows: [value * scale for value in _seconds(generator, rows)]


def _days(generator: Generator, rows: int) -> Values:
    return [value // _DAY for value in _seconds(generator, rows)]


def _day_ticks(generator: Generator, rows: int) -> Values:
    return [value * _DAY * 1_000 for value in _days(generator, rows)]


def _prices(generator: Generator, rows: int) -> Values:
    return [Decimal(int(value)).scaleb(-2) for value in generator.integers(0, 9_999, rows)]


def _many(generator: Generator, rows: int) -> Values:
    return [f"value {value}" for value in generator.integers(0, 60, rows)]


def _points(generator: Generator, rows: int) -> Values:
    return generator.normal(size=(rows, 3)).round(2).tolist()


def _tags(generator: Generator, rows: int) -> Values:
    return [[tag for tag in "abc" if generator.random() < 0.5] for _ in range(rows)]


_NUMBER = ("continuous", "identity", "categorical", "auto", "piecewise_linear", "hash", "standard",
           "target_encoding")
_FLAG = ("continuous", "identity", "categorical", "auto", "hash", "standard", "target_encoding")
_TEXT = ("categorical", "auto", "hash", "target_encoding")
_TIME = ("datetime", "categorical", "auto", "hash", "target_encoding")
_words = _some_of("a", "b", "c", "é", "", "OTHER", "NULL", " ")
_hours = _some_of(0, 1, 3_600_000_000)

FORMS: Mapping[str, Form] = {
    "float64": Form(pa.float64(), _normal, _NUMBER),
    "float32": Form(pa.float32(), _normal, _NUMBER),
    "float16": Form(pa.float16(), _normal, _NUMBER),
    "int64": Form(pa.int64(), _small, _NUMBER),
    "int8": Form(pa.int8(), _small, _NUMBER),
    "uint16": Form(pa.uint16(), _natural, _NUMBER),
    "wide int64": Form(pa.int64(), _wide, _NUMBER),
    "uint64": Form(pa.uint64(), _unsigned, _NUMBER),
    "decimal": Form(pa.decimal128(10, 2), _prices, _NUMBER),
    "boolean": Form(pa.bool_(), _some_of(True, False), _FLAG),
    "string": Form(pa.string(), _words, _TEXT),
    "large string": Form(pa.large_string(), _words, _TEXT),
    "many strings": Form(pa.string(), _many, _TEXT),
    "dictionary": Form(pa.dictionary(pa.int8(), pa.string()), _words, _TEXT),
    "dictionary of numbers": Form(pa.dictionary(pa.int32(), pa.int64()), _small, _NUMBER),
    "date32": Form(pa.date32(), _days, _TIME),
    "date64": Form(pa.date64(), _day_ticks, _TIME),
    "timestamp s": Form(pa.timestamp("s"), _ticks(1), _TIME),
    "timestamp us": Form(pa.timestamp("us"), _ticks(10**6), _TIME),
    "timestamp ns zone": Form(pa.timestamp("ns", "Europe/Paris"), _ticks(10**9), _TIME),
    "timestamp ms utc": Form(pa.timestamp("ms", "UTC"), _ticks(10**3), _TIME),
    "timestamp odd zone": Form(pa.timestamp("us", "+05:30"), _ticks(10**6), _TIME),
    "constant": Form(pa.float64(), _constant, _NUMBER),
    "huge": Form(pa.float64(), _some_of(1e300, -1e300, 1.0), ()),
    "large": Form(pa.float64(), _some_of(1e30, -1e30, 1.0), _NUMBER),
    "tiny": Form(pa.float64(), _some_of(1e-310, -0.0, 0.0, 5e-324), _NUMBER),
    "infinite": Form(pa.float64(), _some_of(float("inf"), 1.0, float("-inf")), ("categorical",)),
    "not a number": Form(pa.float64(), _some_of(float("nan"), 1.0, -0.0),
                         ("continuous", "auto", "piecewise_linear")),
    "far time": Form(pa.timestamp("s"), _some_of(10**13, -(10**13), 0), ("categorical",)),
    "list": Form(pa.list_(pa.int64()), _some_of([1], [], [1, 2]), ("multi_hot",)),
    "tags": Form(pa.large_list(pa.string()), _tags, ("multi_hot",)),
    "points": Form(pa.list_(pa.float32()), _points, ("vector", "multi_hot")),
    "fixed points": Form(pa.list_(pa.float64(), 3), _points, ("vector",)),
    "struct": Form(pa.struct([("a", pa.int64())]), _some_of({"a": 1}, {"a": None}), ()),
    "binary": Form(pa.binary(), _some_of(b"", b"\xff\xfe", b"a"), ()),
    "duration": Form(pa.duration("us"), _hours, ()),
    "time of day": Form(pa.time64("us"), _hours, ()),
    "null": Form(pa.null(), _some_of(None), ()),
}
"""Every form of feature by its name."""

LABELS: Mapping[str, Form] = {
    "amount": Form(pa.float64(), _normal, ("identity", "continuous", "standard")),
    "tags": Form(pa.list_(pa.string()), _tags, ("multi_hot",)),
    "unit": Form(pa.float32(), _some_of(0.0, 0.25, 0.5, 1.0), ("identity",)),
    "binary": Form(pa.int64(), _some_of(0, 1), ("identity", "class_index")),
    "flag": Form(pa.bool_(), _some_of(True, False), ("identity", "class_index")),
    "sign": Form(pa.int8(), _some_of(-1, 1), ("identity",)),
    "count": Form(pa.int32(), _natural, ("identity",)),
    "price": Form(pa.decimal128(10, 2), _prices, ("identity", "standard")),
    "classes": Form(pa.string(), _some_of("a", "b", "c"), ("class_index",)),
    "two classes": Form(pa.dictionary(pa.int8(), pa.string()), _some_of("no", "yes"),
                        ("class_index",)),
    "numbered classes": Form(pa.int16(), _some_of(3, 7, 11, -2), ("class_index",)),
    "dated classes": Form(pa.date32(), _some_of(0, 1, 2), ("class_index",)),
    "fractional classes": Form(pa.float64(), _some_of(0.5, 1.5, -0.0, 0.0), ("class_index",)),
}
"""Every form of label by what it means."""

TIMES = ("timestamp s", "timestamp us", "timestamp ns zone", "timestamp ms utc", "date32")
PLACES = ("int64", "int8", "uint16", "float64", "constant", "not a number")
"""Forms of what says where a sample stands among rows."""

KEYS: Mapping[str, tuple[pa.DataType, Callable[[int], Any]]] = {
    "int64": (pa.int64(), lambda place: place * 3 + (place > 3)),
    "int8": (pa.int8(), lambda place: place),
    "uint64": (pa.uint64(), lambda place: 2**63 + place),
    "float64": (pa.float64(), float),
    "string": (pa.string(), lambda place: f"k{place}"),
    "large string": (pa.large_string(), lambda place: f"k{place}"),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), lambda place: f"k{place}"),
    "timestamp": (pa.timestamp("s"), lambda place: _EPOCH_2024 + place * 60),
    "timestamp utc": (pa.timestamp("us", "UTC"), lambda place: (_EPOCH_2024 + place) * 10**6),
    "date32": (pa.date32(), lambda place: 20_000 + place),
    "decimal": (pa.decimal128(10, 2), lambda place: Decimal(place)),
    "boolean": (pa.bool_(), lambda place: bool(place % 2)),
    "binary": (pa.binary(), lambda place: b"\xff%d" % place),
    "list": (pa.list_(pa.int64()), lambda place: [place]),
}
"""Dtypes of keys, each with the value of the key number `place`."""

SAME_KIND = {
    "int64": ("int8", "int64", "float64"),
    "int8": ("int64",),
    "string": ("large string", "dictionary"),
    "dictionary": ("string",),
}
"""Key dtype -> other dtypes that hold the same values."""


def column(dtype: pa.DataType, values: Values) -> pa.Array:
    """Values as an Arrow array; NaN stays NaN."""
    if pa.types.is_float16(dtype):
        return pa.array([None if value is None else np.float16(value) for value in values], dtype)
    if pa.types.is_dictionary(dtype):
        return pa.array(values, dtype.value_type).dictionary_encode().cast(dtype)
    if pa.types.is_timestamp(dtype):
        return pa.array(values, pa.int64()).cast(dtype)
    if pa.types.is_date32(dtype):
        return pa.array(values, pa.int32()).cast(dtype)
    return pa.array(values, dtype)


SHARES = weighted((6, st.just(0.0)), (2, st.just(0.2)), (1, st.just(1.0)))
"""Shares of nulls in a column."""


@st.composite
def generators(draw: st.DrawFn) -> Generator:
    """Values from one drawn seed: to draw each would take hypothesis seconds for a bundle."""
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


def with_nulls(values: Values, share: float, generator: Generator) -> Values:
    """The values with so many of them taken out."""
    return [None if generator.random() < share else value for value in values]


@st.composite
def key_kinds(draw: st.DrawFn, odd: bool) -> tuple[str, str]:
    """The dtypes of a key: on the side of the frame, and on the side that looks it up."""
    kinds = [kind for kind in KEYS if odd or kind not in ("binary", "list", "boolean")]
    here = draw(st.sampled_from(kinds))
    return here, draw(weighted((3, st.just(here)),
                               (2, st.sampled_from([*SAME_KIND.get(here, (here,))])),
                               *([(1, st.sampled_from(list(KEYS)))] if odd else [])))


def keys_of(kind: str, places: list[int | None]) -> pa.Array:
    """A column of keys by their numbers."""
    dtype, value = KEYS[kind]
    return column(dtype, [None if place is None else value(place) for place in places])
