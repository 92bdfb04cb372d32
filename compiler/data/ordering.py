"""Columns that put rows in order: places that distances are taken of, and ranks.

A place is a number or a time. Times keep their whole ticks, so that nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .arrays import Values, decoded, floats, integers, valid
from .times import tick

Numbers: TypeAlias = NDArray[Any]
"""int64 or float64."""

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
_SECOND = 10**9


@dataclass(frozen=True, eq=False)
class Places:
    """The places of the rows of a column on a scale that another column shares.

    Args:
        numbers: `[rows]`; 0 where there is none.
        present: where there is one, `[rows]`.
        unit: nanoseconds of 1; None for plain numbers.
    """

    numbers: Numbers
    present: NDArray[np.bool_]
    unit: int | None


def placeable(dtype: pa.DataType) -> bool:
    """Whether a column holds places: numbers, dates or timestamps."""
    if pa.types.is_dictionary(dtype):
        return placeable(dtype.value_type)
    return _is_time(dtype) or bool(
        pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype))


def orderable(dtype: pa.DataType) -> bool:
    """Whether rows can be ordered by a column: places, strings, booleans and binary."""
    if pa.types.is_dictionary(dtype):
        return orderable(dtype.value_type)
    types = pa.types
    return placeable(dtype) or bool(
        types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype)
        or types.is_binary(dtype) or types.is_large_binary(dtype) or types.is_boolean(dtype)
        or types.is_null(dtype))


def on_one_scale(left: Values, right: Values) -> tuple[Places, Places]:
    """Two columns of times, or two of numbers, on one scale.

    Times count the finer of the two units; one that this unit cannot hold in 64 bits counts as
    its first or last moment. Numbers stay whole when both columns are, else they are float64.
    """
    left, right = decoded(left), decoded(right)
    times = [values.type for values in (left, right) if _is_time(values.type)]
    if times:
        unit = min(tick(dtype) for dtype in times)
        return _in_unit(left, unit), _in_unit(right, unit)
    whole = all(pa.types.is_integer(values.type) or pa.types.is_null(values.type)
                for values in (left, right))
    return _plain(left, whole), _plain(right, whole)


def moved(numbers: Numbers, distance: float) -> Numbers:
    """Every number plus a distance of either sign; whole numbers stop at the ends of 64 bits."""
    if numbers.dtype == np.float64:
        return np.asarray(numbers + distance)
    # Without a sign, 64 bits hold the distance of any two numbers.
    step = np.uint64(min(int(abs(distance)), 2**64 - 1))
    here = numbers.view(np.uint64)
    if distance >= 0:
        room = (_LARGEST - numbers).view(np.uint64)
        return np.where(room <= step, _LARGEST, (here + step).view(np.int64))
    room = (numbers - _SMALLEST).view(np.uint64)
    return np.where(room <= step, _SMALLEST, (here - step).view(np.int64))


def differences(left: Numbers, right: Numbers, unit: int | None) -> NDArray[np.float64]:
    """`left - right` as float64: seconds where the numbers are times of this unit."""
    found = left - right
    if _far_apart(left, right):
        # One by one, so that no pair is rounded because of another.
        wrapped = ((left ^ right) & (left ^ found)) < 0
        found = np.where(wrapped, left.astype(np.float64) - right, found)
    if unit is None:
        return found.astype(np.float64, copy=False)
    # Both quotients are whole, so that a whole number of ticks is rounded once.
    return np.asarray(found * (unit // _SECOND) if unit >= _SECOND else found / (_SECOND // unit))


def _far_apart(left: Numbers, right: Numbers) -> bool:
    """Whether a difference may leave 64 bits."""
    if not len(left) or left.dtype == np.float64:
        return False
    most = max(int(left.max()) - int(right.min()), int(right.max()) - int(left.min()))
    return most > _LARGEST


def ranks(values: Values) -> NDArray[np.int64]:
    """The place of each row's value among the different ones, ascending; nulls and NaN last."""
    values = decoded(values)
    dtype = values.type
    if pa.types.is_null(dtype):
        return np.zeros(len(values), dtype=np.int64)
    if pa.types.is_floating(dtype):
        return _numbered(floats(values))
    if pa.types.is_string_view(dtype):
        values = values.cast(pa.large_string())
    found = pc.rank(values, sort_keys="ascending", tiebreaker="dense")
    return integers(found)


def _numbered(numbers: NDArray[Any]) -> NDArray[np.int64]:
    _, found = np.unique(numbers, return_inverse=True)
    return np.asarray(found, dtype=np.int64)


def _is_time(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_date(dtype) or pa.types.is_timestamp(dtype))


def _in_unit(values: Values, unit: int) -> Places:
    if pa.types.is_null(values.type):
        return _nowhere(len(values), unit)
    factor = tick(values.type) // unit
    limit = _LARGEST // factor
    present = valid(values)
    ticks = np.where(present, integers(values), 0)
    if factor > 1:
        ticks = np.where(ticks > limit, _LARGEST,
                         np.where(ticks < -limit, _SMALLEST, ticks * factor))
    return Places(ticks, present, unit)


def _plain(values: Values, whole: bool) -> Places:
    if pa.types.is_null(values.type):
        return _nowhere(len(values), None)
    present = valid(values)
    if not whole:
        return Places(np.where(present, floats(values), 0.0), present, None)
    numbers = integers(values)
    if pa.types.is_uint64(values.type):
        # Their upper half wears the sign bit.
        numbers = np.where(numbers < 0, _LARGEST, numbers)
    return Places(np.where(present, numbers, 0), present, None)


def _nowhere(rows: int, unit: int | None) -> Places:
    return Places(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.bool_), unit)
