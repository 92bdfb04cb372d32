"""The few kinds of column that specc tells apart, from Arrow's many."""

from __future__ import annotations

import pyarrow as pa

BOOLEAN, INTEGER, FLOAT, STRING, DATETIME, LIST, OTHER = (
    "boolean", "integer", "float", "string", "datetime", "list", "other",
)
_STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
DTYPES = (BOOLEAN, INTEGER, FLOAT, STRING, DATETIME, LIST, OTHER)


_SPELLED = {"large_string": "string", "string_view": "string", "double": "float64",
            "float": "float32", "halffloat": "float16", "bool": "boolean"}


def spelled(dtype: pa.DataType) -> str:
    """A dtype in the words of pandas users: Arrow's `double` is float64."""
    return _SPELLED.get(str(dtype), str(dtype))


def classify(dtype: pa.DataType) -> str:
    """The kind of a column: `boolean`, `integer`, `float`, `string`, `datetime`, `list`
    or `other`.

    Dictionary columns (pandas categoricals) count as the kind of their values.
    """
    if pa.types.is_dictionary(dtype):
        return classify(dtype.value_type)
    if pa.types.is_boolean(dtype):
        return BOOLEAN
    if pa.types.is_integer(dtype):
        return INTEGER
    if pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return FLOAT
    if any(test(dtype) for test in _STRINGS):
        return STRING
    if pa.types.is_timestamp(dtype) or pa.types.is_date(dtype):
        return DATETIME
    if any(test(dtype) for test in _LISTS):
        return LIST
    return OTHER
