"""Columns of lists as one column of elements and the length of each list."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..data.dtypes import LIST, classify
from .rows import canonical


def element_dtype(dtype: pa.DataType) -> str | None:
    """The kind of the elements, one of `dtypes.DTYPES`, or None for a column without lists."""
    return classify(dtype.value_type) if classify(dtype) == LIST else None


def lengths(values: pa.Array) -> NDArray[np.int64]:
    """The length of each list, -1 for a null, int64 `[n]`."""
    found = pc.fill_null(pc.cast(pc.list_value_length(values), pa.int64()), -1)
    result: NDArray[np.int64] = found.to_numpy(zero_copy_only=False)
    return result


def elements(values: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """The canonical elements of all lists in order, and the row of each, int64."""
    rows = np.repeat(np.arange(len(values)), np.maximum(lengths(values), 0))
    return canonical(pc.list_flatten(values)), rows
