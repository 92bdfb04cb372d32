"""Values of a column as the text of a message shows them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from .arrays import Values
from .dtypes import LIST, OTHER, STRING, classify

_LONGEST = 60


def as_texts(values: Values) -> Iterator[str]:
    """One text for each value, strings in quotes, cut where it is long.

    Times may be any that the dtype holds, also those that Python has no date for.
    """
    dtype = values.type
    if pa.types.is_timestamp(dtype):
        # Without its zone: printing would look it up in a database that may lack it.
        values = values.cast(pa.timestamp(dtype.unit))
    quoted = classify(dtype) in (STRING, LIST, OTHER)
    if not quoted:
        values = values.cast(pa.string())
    for value in values.to_pylist():
        text = "null" if value is None else repr(value) if quoted else value
        yield text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
