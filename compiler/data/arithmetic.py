"""Arithmetic between columns: whole numbers stay whole, and what cannot be is null."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .arrays import Values, column_of, decoded, floats, integers, valid
from .dtypes import BOOLEAN, INTEGER, classify

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers of which some are not there.

    Args:
        values: int64 or float64 `[rows]`, or one number for all rows.
        present: where there is one, bool `[rows]`, or one value for all rows.
    """

    values: NDArray[Any]
    present: NDArray[np.bool_]


def is_whole(operand: pa.DataType | float) -> bool:
    """Whether an operand takes part as int64; unsigned 64-bit columns count as floats."""
    if isinstance(operand, pa.DataType):
        return classify(operand) in (BOOLEAN, INTEGER) and not pa.types.is_uint64(_plain(operand))
    return isinstance(operand, int) and _SMALLEST <= operand <= _LARGEST


def result_dtype(word: str, operands: Sequence[pa.DataType | float]) -> pa.DataType:
    """int64 where all operands are whole, else float64; a quotient is a float."""
    whole = word != "divide" and all(is_whole(operand) for operand in operands)
    return pa.int64() if whole else pa.float64()


def computed(word: str, operands: Sequence[Values | float], rows: int) -> pa.Array:
    """The result of an operation, `[rows]` of its `result_dtype`.

    Null where an operand is null or NaN, for a division by zero, and where the dtype does not
    hold the result: whole numbers do not wrap around, floats are never infinite.

    Args:
        word: `add`, `subtract`, `multiply`, `divide`, `absolute` or `coalesce`.
        operands: columns of numbers or booleans, and numbers; one column for `absolute`.
    """
    dtype = result_dtype(word, [operand if isinstance(operand, int | float) else operand.type
                                for operand in operands])
    whole = pa.types.is_int64(dtype)
    numbers = [_numbers(operand, whole) for operand in operands]
    with np.errstate(all="ignore"):
        found = _OPERATIONS[word](numbers)
    values = np.broadcast_to(found.values, rows)
    present = np.broadcast_to(found.present, rows)
    if not whole:
        present = present & np.isfinite(values)
    return column_of(dtype, np.where(present, values, 0), present)


def _plain(dtype: pa.DataType) -> pa.DataType:
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype


def _numbers(operand: Values | float, whole: bool) -> Numbers:
    if isinstance(operand, int | float):
        return Numbers(np.asarray(operand, dtype=np.int64 if whole else np.float64),
                       np.asarray(True))
    column = decoded(operand)
    present = valid(column)
    if whole:
        return Numbers(np.where(present, integers(column), 0), present)
    return Numbers(np.where(present, floats(column), 0.0), present)


def _add(left: Numbers, right: Numbers) -> Numbers:
    found = left.values + right.values
    return Numbers(found, left.present & right.present & ~_wrapped(left.values, right.values,
                                                                   found))


def _subtract(left: Numbers, right: Numbers) -> Numbers:
    found = left.values - right.values
    # left - right = found wraps where found + right = left would.
    return Numbers(found, left.present & right.present & ~_wrapped(found, right.values,
                                                                   left.values))


def _wrapped(left: NDArray[Any], right: NDArray[Any], total: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a sum of whole numbers has the sign that neither of its parts has."""
    if total.dtype == np.float64:
        return np.zeros(np.shape(total), dtype=np.bool_)
    return np.asarray(((left ^ total) & (right ^ total)) < 0)


def _multiply(left: Numbers, right: Numbers) -> Numbers:
    found = left.values * right.values
    present = left.present & right.present
    if found.dtype != np.float64:
        # The one quotient that wraps around itself is asked for by its operands.
        one = (left.values == -1) & (right.values == _SMALLEST)
        factor = np.where(left.values == 0, 1, left.values)
        factor = np.where(one, 1, factor)
        present &= ((left.values == 0) | (found // factor == right.values)) & ~one
    return Numbers(found, present)


def _divide(left: Numbers, right: Numbers) -> Numbers:
    return Numbers(left.values / right.values,
                   left.present & right.present & (right.values != 0))


def _absolute(numbers: Numbers) -> Numbers:
    found = np.abs(numbers.values)
    return Numbers(found, numbers.present & (found >= 0))


def _first(left: Numbers, right: Numbers) -> Numbers:
    return Numbers(np.where(left.present, left.values, right.values),
                   left.present | right.present)


_OPERATIONS: Mapping[str, Callable[[Sequence[Numbers]], Numbers]] = {
    "add": lambda numbers: reduce(_add, numbers),
    "subtract": lambda numbers: reduce(_subtract, numbers),
    "multiply": lambda numbers: reduce(_multiply, numbers),
    "divide": lambda numbers: reduce(_divide, numbers),
    "absolute": lambda numbers: _absolute(*numbers),
    "coalesce": lambda numbers: reduce(_first, numbers),
}
