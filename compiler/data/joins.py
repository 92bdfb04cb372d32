"""Joins as row positions: for each row on the left, the row on the right with the same key.

Keys are compared by value, not by storage: integers of any width, integers stored as floats,
strings in any encoding, and times in any unit. Null (and NaN) never matches.
Lists, structs, durations and times of day are no keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .arrays import Values, arrow, decoded, floats, integers, valid
from .shown import as_texts
from .times import tick

LARGEST_TABLE = 2**31 - 1
"""Rows that one look-up takes; Arrow gives positions as int32."""

_LARGEST_CODE = 2**62
_EXAMPLES = 5


def comparable(left: pa.DataType, right: pa.DataType) -> bool:
    """Whether keys of two dtypes can be equal at all.

    Times with a time zone and times without one cannot: nothing says which zone the latter
    are in. A column of nulls alone goes with everything.
    """
    kinds = _kind(left), _kind(right)
    return "other" not in kinds and (kinds[0] == kinds[1] or "null" in kinds)


def match(left: Sequence[Values], right: Sequence[Values]) -> NDArray[np.int64]:
    """The row of `right` for each row of `left`, `[left rows]`; -1 where there is none.

    Args:
        left: the key columns, in order; all of one length.
        right: as many columns, `comparable` one by one. Of equal keys the first row wins.
    """
    pairs = [_canonical(*pair) for pair in zip(left, right, strict=True)]
    if len(pairs) == 1:
        return _index_in(*pairs[0])
    left_codes, right_codes = _combine(pairs)
    return _index_in(arrow(left_codes, left_codes >= 0), arrow(right_codes, right_codes >= 0))


def duplicates(columns: Sequence[Values]) -> tuple[int, tuple[str, ...]]:
    """How many rows repeat the key of an earlier row, and up to 5 such keys as text.

    Rows with a null in the key are left out: they never match.
    """
    first = match(columns, columns)
    repeats = np.flatnonzero((first >= 0) & (first != np.arange(len(first))))
    return len(repeats), examples(columns, first[repeats])


def compose(outer: NDArray[np.int64], inner: NDArray[np.int64]) -> NDArray[np.int64]:
    """`inner[outer]`, with -1 kept: the positions of a chain of two joins."""
    if not len(inner):
        return np.full(len(outer), -1, dtype=np.int64)
    return np.where(outer >= 0, inner[outer], -1)


def compact(positions: NDArray[np.int64], rows: int) -> NDArray[np.signedinteger]:
    """Positions in a frame of `rows` rows as int32, or int64 where that is too narrow."""
    return positions.astype(np.int32 if rows < 2**31 else np.int64)


def examples(columns: Sequence[Values], rows: NDArray[np.int64]) -> tuple[str, ...]:
    """Up to 5 different keys among the named rows as text, in order of appearance."""
    taken = [decoded(column).take(arrow(rows)) for column in columns]
    first = match(taken, taken)
    # All keys with a null are one example.
    _, places = np.unique(first, return_index=True)
    shown = arrow(np.sort(places)[:_EXAMPLES].astype(np.int64))
    texts = [list(as_texts(column.take(shown))) for column in taken]
    if len(texts) == 1:
        return tuple(texts[0])
    return tuple(f"({', '.join(key)})" for key in zip(*texts, strict=True))


def _kind(dtype: pa.DataType) -> str:
    types = pa.types
    if types.is_dictionary(dtype):
        return _kind(dtype.value_type)
    if types.is_null(dtype):
        return "null"
    if types.is_integer(dtype) or types.is_floating(dtype):
        return "number"
    if types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype):
        return "string"
    if types.is_date(dtype):
        return "time"
    if types.is_timestamp(dtype):
        return "time" if dtype.tz is None else "time with a zone"
    if types.is_binary(dtype) or types.is_large_binary(dtype):
        return "binary"
    if types.is_boolean(dtype) or types.is_decimal(dtype):
        return str(dtype)
    return "other"


def _canonical(left: Values, right: Values) -> tuple[Values, Values]:
    """Two columns in one dtype in which equal keys, and no others, are equal."""
    left, right = decoded(left), decoded(right)
    if pa.types.is_null(left.type) or pa.types.is_null(right.type):
        return _all_null(left), _all_null(right)
    kind = _kind(left.type)
    if kind == "string":
        return left.cast(pa.large_string()), right.cast(pa.large_string())
    if kind.startswith("time"):
        unit = min(tick(left.type), tick(right.type))
        return _in_unit(left, unit), _in_unit(right, unit)
    if kind == "binary":
        return left.cast(pa.large_binary()), right.cast(pa.large_binary())
    if kind != "number":
        return left, right
    if pa.types.is_floating(left.type) and pa.types.is_floating(right.type):
        return _float_bits(left), _float_bits(right)
    both_unsigned = pa.types.is_uint64(left.type) and pa.types.is_uint64(right.type)
    return _as_integers(left, both_unsigned), _as_integers(right, both_unsigned)


def _all_null(values: Values) -> pa.Array:
    return arrow(np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_))


def _float_bits(values: Values) -> pa.Array:
    # Adding zero turns -0.0 into 0.0, whose bits differ.
    return arrow((floats(values) + 0.0).view(np.int64), valid(values))


def _as_integers(values: Values, both_unsigned: bool) -> pa.Array:
    """int64; null where the number is no integer of 64 bits, for then it equals none."""
    present = valid(values)
    if pa.types.is_floating(values.type):
        reals = floats(values)
        present &= (reals == np.floor(reals)) & (reals >= -(2.0**63)) & (reals < 2.0**63)
        return arrow(np.where(present, reals, 0.0).astype(np.int64), present)
    numbers = integers(values)
    if pa.types.is_uint64(values.type) and not both_unsigned:
        present &= numbers >= 0
    return arrow(numbers, present)


def _in_unit(values: Values, unit: int) -> pa.Array:
    """Times as counts of a finer unit; null where the finer unit cannot reach that far."""
    factor = tick(values.type) // unit
    limit = (2**63 - 1) // factor
    times = integers(values)
    present = valid(values) & (times >= -limit) & (times <= limit)
    return arrow(np.where(present, times, 0) * factor, present)


def _index_in(values: Values, table: Values) -> NDArray[np.int64]:
    positions = np.full(len(values), -1, dtype=np.int64)
    # From the last part to the first, so that of equal keys the first row wins.
    for start in reversed(range(0, len(table), LARGEST_TABLE)):
        part = table.slice(start, LARGEST_TABLE)
        found = pc.index_in(values, value_set=part, skip_nulls=True)
        hit = valid(found)
        positions[hit] = integers(found)[hit] + start
    return positions


def _combine(
    pairs: Sequence[tuple[Values, Values]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Several columns as one: a mixed-radix number of the codes of each; -1 for no match."""
    left = np.zeros(len(pairs[0][0]), dtype=np.int64)
    right = np.zeros(len(pairs[0][1]), dtype=np.int64)
    size = 1
    for left_column, right_column in pairs:
        values = right_column.unique()
        if size * max(len(values), 1) > _LARGEST_CODE:
            left, right, size = _dense(left, right)
        left = _digit(left, _index_in(left_column, values), len(values))
        right = _digit(right, _index_in(right_column, values), len(values))
        size *= max(len(values), 1)
    return left, right


def _digit(codes: NDArray[np.int64], digit: NDArray[np.int64], radix: int) -> NDArray[np.int64]:
    return np.where((codes >= 0) & (digit >= 0), codes * radix + digit, -1)


def _dense(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The same codes numbered without gaps; there are no more of them than rows."""
    values = np.unique(right[right >= 0])
    table = arrow(values)
    return _index_in(arrow(left), table), _index_in(arrow(right), table), max(len(values), 1)
