"""The raw values of one column: read once for each reached row, in one canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, classify

if TYPE_CHECKING:
    from ..bundle import Bundle

COLUMNS_A_READ = 8
"""Columns read together: few keep the peak of memory low, one at a time opens files often."""

LARGEST = float(np.finfo(np.float32).max)
"""Numbers beyond this are infinite in a float32 tensor."""


@dataclass(frozen=True, eq=False)
class Target:
    """The labels of the training samples, for a transformer that reads them.

    Args:
        values: `[training samples, columns]`.
        suffixes: what tells the columns apart, `[columns]`; empty for one.
        places: the place of each sample's value among those of a column, `[training samples]`.
        fold_of: 0 to below `folds`, `[training samples]`.
    """

    values: NDArray[np.float64]
    suffixes: tuple[str, ...]
    places: NDArray[np.signedinteger[Any]]
    fold_of: NDArray[np.int8]
    folds: int


@dataclass(frozen=True, eq=False)
class ColumnRows:
    """What a transformer is fitted on.

    Args:
        frame: the frame of the column.
        name: the column.
        values: canonical values of the reached rows, each row once. While `without_row`
            is above zero, a last value stands for the samples that have no row.
        training: how many training samples reach each value, int64 `[len(values)]`.
        without_row: how many samples, training or not, have no row.
        target: the labels; None for the label itself and inside contexts.
    """

    frame: str
    name: str
    values: pa.Array
    training: NDArray[np.int64]
    without_row: int = 0
    target: Target | None = None

    @property
    def dtype(self) -> str:
        """One of `dtypes.DTYPES`."""
        return classify(self.values.type)

    def null_count(self) -> int:
        """Rows that are null, and samples whose row is missing and not filled."""
        count: int = self.values.null_count
        if self.without_row and not self.values[-1].is_valid:
            count += self.without_row - 1
        return count

    def training_nulls(self) -> int:
        """How many training samples see a null."""
        return int(self.training[null_mask(self.values)].sum())


def canonical(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The same values as one array, in which NaN is null and no dictionary is left.

    Strings become `large_string` and half floats single floats, because some kernels of
    Arrow take neither string views nor half floats.
    """
    # before chunks are joined: their dictionaries may differ, and 2 GiB of text fit no `string`
    if pa.types.is_dictionary(values.type):
        values = pc.cast(values, values.type.value_type)
    if classify(values.type) == STRING:
        values = pc.cast(values, pa.large_string())
    if pa.types.is_float16(values.type):
        values = pc.cast(values, pa.float32())
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_floating(values.type):
        nan = pc.is_nan(values)
        if pc.any(nan).as_py():
            values = pc.if_else(nan, pa.scalar(None, values.type), values)
    return values


def read_columns(
    bundle: Bundle, frame: str, columns: Sequence[str], rows: NDArray[np.int64] | None
) -> Iterator[pa.Array]:
    """The canonical values of each column, a few columns in memory at a time.

    Args:
        rows: the rows to take; None takes every row.

    Raises:
        BundleError: the frame cannot be read.
    """
    for start in range(0, len(columns), COLUMNS_A_READ):
        names = list(columns[start : start + COLUMNS_A_READ])
        table = bundle.read(frame, names)
        for name in names:
            values = canonical(table.column(name))
            yield values if rows is None else values.take(pa.array(rows))


def null_mask(values: pa.Array) -> NDArray[np.bool_]:
    """Where values are null, bool `[n]`."""
    mask: NDArray[np.bool_] = pc.is_null(values).to_numpy(zero_copy_only=False)
    return mask


def numbers(values: pa.Array) -> NDArray[np.float64]:
    """Canonical numbers or booleans as float64 `[n]`, null as NaN. May share memory."""
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.uint8())
    # not safe: integers beyond 2**53 are rounded, which a float32 result does anyway
    floats: NDArray[np.float64] = pc.cast(values, pa.float64(), safe=False).to_numpy(
        zero_copy_only=False)
    return floats


def fill_scalar(value: Any, dtype: pa.DataType) -> pa.Scalar:
    """A value of a spec as a value of a column.

    Raises:
        ValueError: the value is not of the column's dtype. Arrow alone would truncate
            1.5 to an integer and read 5 as a time.
    """
    kind = classify(dtype)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        BOOLEAN: isinstance(value, bool),
        INTEGER: is_number and value == int(value),
        FLOAT: is_number,
        STRING: isinstance(value, str),
        DATETIME: isinstance(value, str),
    }
    if not fits.get(kind, False):
        raise ValueError(f"not a {kind} value")
    try:
        if kind == DATETIME:
            return pc.cast(pa.scalar(value), dtype)
        if kind == INTEGER:
            return pa.scalar(int(value), dtype)
        if pa.types.is_decimal(dtype):
            return pa.scalar(Decimal(str(value)), dtype)
        return pa.scalar(value, dtype)
    except (pa.ArrowException, OverflowError) as error:
        raise ValueError(str(error)) from error
