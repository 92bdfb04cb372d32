"""Dates and timestamps as whole ticks since 1970, in the unit that their column has."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pyarrow as pa

_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DAY = 86_400 * 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


def tick(dtype: pa.DataType) -> int:
    """Nanoseconds of one tick of a date or timestamp column."""
    if pa.types.is_date32(dtype):
        return _DAY
    return _NANOSECONDS["ms" if pa.types.is_date64(dtype) else dtype.unit]


def ticks_of(moment: datetime, dtype: pa.DataType) -> int:
    """The first tick of the column that is not before `moment`, held within 64 bits."""
    passed = moment - _EPOCH
    microseconds = (passed.days * 86_400 + passed.seconds) * 10**6 + passed.microseconds
    ticks = -(-microseconds * 1000 // tick(dtype))
    return max(_SMALLEST, min(ticks, _LARGEST))


def moment(text: str, dtype: pa.DataType) -> Fraction:
    """The time that ISO 8601 text means in a column, in ticks of the column, not rounded.

    A date means its first moment. In a column with a time zone, a time without one is in UTC.

    Raises:
        ValueError: with the reason, for other text and for a zone that the column has not.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no ISO 8601 date or date-time") from None
    if parsed.tzinfo is not None and getattr(dtype, "tz", None) is None:
        raise ValueError(f"{text!r} has a time zone, the column has none")
    passed = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - _EPOCH
    microseconds = (passed.days * 86_400 + passed.seconds) * 10**6 + passed.microseconds
    return Fraction(microseconds * 1000, tick(dtype))
