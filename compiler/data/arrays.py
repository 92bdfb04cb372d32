"""Between Arrow and numpy, without pandas.

`pa.array`, `pa.scalar` and `Array.to_numpy` import pandas on their first call, which alone takes
longer than the whole of `specc validate`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Values: TypeAlias = pa.Array | pa.ChunkedArray


def decoded(values: Values) -> Values:
    """Dictionary columns (pandas categoricals) as plain values; others as they are."""
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def valid(values: Values) -> NDArray[np.bool_]:
    """True where a value is neither null nor NaN, `[rows]`."""
    nan_is_null = pa.types.is_floating(values.type)
    nulls = pc.is_null(values, nan_is_null=nan_is_null).cast(pa.uint8())
    return np.asarray(_buffer(nulls, np.dtype(np.uint8)) == 0)


def integers(values: Values) -> NDArray[np.int64]:
    """Integers, booleans, dates and timestamps as int64, `[rows]`; anything where null.

    Unsigned 64-bit values keep their bits. Dates and timestamps count their own unit.
    """
    dtype = values.type
    if pa.types.is_date32(dtype):
        values = values.cast(pa.int32())
    elif pa.types.is_boolean(dtype):
        values = values.cast(pa.uint8())
    if pa.types.is_uint64(dtype):
        return _buffer(values, np.dtype(np.uint64)).view(np.int64)
    return _buffer(values.cast(pa.int64()), np.dtype(np.int64))


def floats(values: Values) -> NDArray[np.float64]:
    """Numbers as float64, `[rows]`; NaN where null."""
    numbers = _buffer(values.cast(pa.float64(), safe=False), np.dtype(np.float64))
    return np.where(valid(values), numbers, np.nan)


def arrow(values: NDArray[np.int64], valid: NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow int64 array with nulls where `valid` is false."""
    mask = None
    if valid is not None:
        mask = pa.py_buffer(np.packbits(valid, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values, dtype=np.int64))
    return pa.Array.from_buffers(pa.int64(), len(values), [mask, data])


def taken(values: Values, rows: NDArray[np.int64]) -> Values:
    """The values of some rows, `[len(rows)]`; null for the row -1."""
    return values.take(arrow(rows, rows >= 0))


def column_of(dtype: pa.DataType, values: NDArray[Any], valid: NDArray[np.bool_]) -> pa.Array:
    """An Arrow array of booleans, numbers, dates or timestamps, null where `valid` is false.

    Args:
        values: `[rows]`, of the width that Arrow stores for the dtype; bool for booleans.
    """
    stored = np.packbits(values, bitorder="little") if pa.types.is_boolean(dtype) else values
    mask = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(dtype, len(values),
                                 [mask, pa.py_buffer(np.ascontiguousarray(stored))])


def codes_of(values: Values) -> tuple[NDArray[np.int64], Values]:
    """A code for each row and the value behind each code; null is a value of its own."""
    encoded = decoded(values).dictionary_encode(null_encoding="encode")
    whole = _whole(encoded)
    return integers(whole.indices), whole.dictionary


def _whole(values: Values) -> pa.Array:
    if not isinstance(values, pa.ChunkedArray):
        return values
    if values.num_chunks == 0:
        return pa.nulls(0, values.type)
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def _buffer(values: Values, dtype: np.dtype[Any]) -> NDArray[Any]:
    array = _whole(values)
    data = array.buffers()[1]
    if not len(array) or data is None:
        return np.zeros(len(array), dtype)
    return np.frombuffer(data, dtype, count=len(array), offset=array.offset * dtype.itemsize)
