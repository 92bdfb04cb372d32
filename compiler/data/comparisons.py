"""One column against values of a spec, or against another column; exact, without rounding."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...schema.conditions import LISTINGS, NULL_TESTS
from .arrays import Values, codes_of, decoded, floats, integers, valid
from .dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, classify
from .ordering import on_one_scale
from .times import moment

Rows = NDArray[np.bool_]

_ORDER: Mapping[str, Callable[[Any, Any], Any]] = {
    "above": operator.gt, "below": operator.lt, "at_least": operator.ge, "at_most": operator.le,
}
# Between whole numbers these two ask of the next whole number below or above a fraction.
_ROUNDED: Mapping[str, Callable[[Fraction], int]] = {
    "above": math.floor, "below": math.ceil, "at_least": math.ceil, "at_most": math.floor,
}


def check_value(dtype: pa.DataType, value: Any) -> None:
    """Raises ValueError, with the reason, for a value that no value of a column can equal.

    Args:
        dtype: neither a list nor of the kind `other`.
        value: a boolean, number or string.
    """
    kind = classify(dtype)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {BOOLEAN: isinstance(value, bool), INTEGER: is_number, FLOAT: is_number,
            STRING: isinstance(value, str), DATETIME: isinstance(value, str)}
    if not fits[kind]:
        wanted = {BOOLEAN: "true or false", STRING: "a string",
                  DATETIME: "a time such as \"2013-10-01\""}.get(kind, "a number")
        raise ValueError(f"it wants {wanted}")
    if kind == DATETIME:
        moment(value, _plain(dtype))


def holds(values: Values, word: str, value: Any) -> Rows:
    """Whether `<column> <word> <value>` holds, `[rows]`; of a null or NaN only `null` does.

    Args:
        word: a word of `schema.conditions`; orderings for numbers and times alone.
        value: None for the tests of null, a list for `in` and `not_in`, else one value; such
            as `check_value` takes.
    """
    values = decoded(values)
    present = valid(values)
    if word in NULL_TESTS:
        return present if word == "not_null" else ~present
    if word in _ORDER:
        return present & _ordered(values, word, value)
    found = _among(values, value if word in LISTINGS else [value])
    return present & (~found if word.startswith("not_") else found)


def holds_between(left: Values, word: str, right: Values) -> Rows:
    """Whether `<left> <word> <right>` holds row by row, `[rows]`; anything where one is null.

    Args:
        right: a column of the same kind, `joins.comparable` with `left`.
    """
    left, right = decoded(left), decoded(right)
    kind = classify(left.type)
    if kind == STRING:
        same = pc.equal(left.cast(pa.large_string()), right.cast(pa.large_string()))
        equal: Rows = np.asarray(integers(same) != 0)
        return equal if word == "equal" else ~equal
    unsigned = pa.types.is_uint64(left.type) and pa.types.is_uint64(right.type)
    if kind == BOOLEAN or unsigned:
        first, second = _whole(left), _whole(right)
    else:
        scaled = on_one_scale(left, right)
        first, second = scaled[0].numbers, scaled[1].numbers
    compare = {"equal": operator.eq, "not_equal": operator.ne, **_ORDER}[word]
    return np.asarray(compare(first, second))


def _plain(dtype: pa.DataType) -> pa.DataType:
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype


def _ordered(values: Values, word: str, value: Any) -> Rows:
    if classify(values.type) == FLOAT:
        return np.asarray(_ORDER[word](floats(values), _stored(values.type, value)))
    return np.asarray(_ORDER[word](_whole(values), _ROUNDED[word](_exact(values.type, value))))


def _among(values: Values, wanted: Sequence[Any]) -> Rows:
    kind = classify(values.type)
    if kind == STRING:
        numbers, different = codes_of(values)
        texts = set(wanted)
        return np.array([text in texts for text in different.to_pylist()], dtype=np.bool_)[numbers]
    if kind == FLOAT:
        return np.isin(floats(values), [_stored(values.type, value) for value in wanted])
    stored = _whole(values)
    limits = np.iinfo(stored.dtype)
    exact = [_exact(values.type, value) for value in wanted]
    return np.isin(stored, np.array([
        int(value) for value in exact
        if value.denominator == 1 and limits.min <= value <= limits.max], dtype=stored.dtype))


def _whole(values: Values) -> NDArray[Any]:
    """Integers, booleans and ticks in 64 bits."""
    numbers = integers(values)
    return numbers.view(np.uint64) if pa.types.is_uint64(values.type) else numbers


def _exact(dtype: pa.DataType, value: Any) -> Fraction:
    return moment(value, dtype) if classify(dtype) == DATETIME else Fraction(value)


def _stored(dtype: pa.DataType, value: float) -> float:
    """The number as a column stores it: 0.1 is another number in 32 bits than in 64."""
    if not pa.types.is_floating(dtype):
        return float(value)
    with np.errstate(over="ignore"):
        return float(np.dtype(dtype.to_pandas_dtype()).type(value))
