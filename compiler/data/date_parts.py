"""Parts of dates and times as columns, in the time zone of their column."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...schema.operations import UNITS
from .arrays import Values, column_of, decoded, integers, valid
from .ordering import differences, on_one_scale
from .times import tick

Numbers = NDArray[np.int64]

FARTHEST = 10**12
"""Seconds from 1970, about 31,700 years; the parts of times beyond are null."""

_DAY = 86_400
_SECOND = 10**9
_MONDAY = 3
"""The day of the week, from Monday, on which 1970 began."""


def known_zone(dtype: pa.DataType) -> bool:
    """Whether the time zone of a column of times, if it has one, is known on this machine."""
    if getattr(dtype, "tz", None) is None:
        return True
    try:
        pc.local_timestamp(column_of(dtype, np.zeros(1, np.int64), np.ones(1, np.bool_)))
    except pa.ArrowException:
        return False
    return True


def date_part(values: Values, part: str) -> pa.Array:
    """One of `schema.operations.DATE_PARTS`, `[rows]`: int64, or date32 for `date`.

    Null where the time is, and farther than `FARTHEST` from 1970. Of the years after 2037 Arrow
    does not know when the clocks of a time zone change.

    Args:
        values: dates or timestamps in a `known_zone`.
    """
    values = decoded(values)
    unit = tick(values.type)
    present = valid(values)
    limit = FARTHEST * _SECOND // unit
    ticks = np.where(present, integers(values), 0)
    present &= (ticks >= -limit) & (ticks <= limit)
    ticks = np.where(present, ticks, 0)
    if getattr(values.type, "tz", None) is not None:
        ticks = integers(pc.local_timestamp(column_of(values.type, ticks, present)))
        ticks = np.where(present, ticks, 0)
    seconds = ticks * (unit // _SECOND) if unit >= _SECOND else ticks // (_SECOND // unit)
    found = _PARTS[part](seconds)
    if part == "date":
        return column_of(pa.date32(), found.astype(np.int32), present)
    return column_of(pa.int64(), found, present)


def time_difference(start: Values, end: Values, unit: str) -> pa.Array:
    """`end - start` in a unit of `schema.operations.UNITS`, float64 `[rows]`; null where one is.

    Args:
        start: dates or timestamps, `joins.comparable` with `end`.
    """
    first, last = on_one_scale(start, end)
    present = first.present & last.present
    seconds = differences(last.numbers, first.numbers, last.unit)
    return column_of(pa.float64(), np.where(present, seconds / UNITS[unit], 0.0), present)


def _days(seconds: Numbers) -> NDArray[np.datetime64]:
    return (seconds // _DAY).astype("datetime64[D]")


def _months(seconds: Numbers) -> Numbers:
    return _days(seconds).astype("datetime64[M]").astype(np.int64)


def _day_of_month(seconds: Numbers) -> Numbers:
    days = _days(seconds)
    return np.asarray((days - days.astype("datetime64[M]")).astype(np.int64) + 1)


_PARTS: Mapping[str, Callable[[Numbers], Numbers]] = {
    "year": lambda seconds: _months(seconds) // 12 + 1970,
    "month": lambda seconds: _months(seconds) % 12 + 1,
    "day_of_month": _day_of_month,
    "day_of_week": lambda seconds: (seconds // _DAY + _MONDAY) % 7,
    "hour": lambda seconds: seconds % _DAY // 3_600,
    "minute": lambda seconds: seconds % 3_600 // 60,
    "date": lambda seconds: seconds // _DAY,
}
