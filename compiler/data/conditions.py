"""The conditions of a spec against the columns of a frame: judged, then carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...schema.conditions import LISTINGS, NULL_TESTS, ORDERINGS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, one_line
from ..diagnostics.hints import unknown
from ..diagnostics.wording import show
from ..resolution.conditions import each_condition
from ..text.pointer import join
from .arrays import decoded, valid
from .comparisons import check_value, holds
from .dtypes import BOOLEAN, LIST, OTHER, STRING, classify, spelled


def columns_of(conditions: Sequence[Any]) -> tuple[str, ...]:
    """The columns that conditions read, each once."""
    return tuple(dict.fromkeys(
        condition["column"] for _, condition in each_condition("", conditions)))


def check_conditions(pointer: str, conditions: Sequence[Any], schema: pa.Schema,
                     frame: str) -> tuple[Diagnostic, ...]:
    """What is wrong with conditions on a frame; reads no data.

    Reports: SC607, SC614, SC629.

    Args:
        pointer: of the list `conditions`.
        conditions: as in the spec, `schema.conditions`; words and values go together.
        frame: its name, for messages.
    """
    return tuple(found for place, condition in each_condition(pointer, conditions)
                 for found in _check(place, condition, schema, frame))


def kept(table: pa.Table, conditions: Sequence[Any]) -> NDArray[np.bool_]:
    """Whether all conditions hold, `[rows]`; a comparison with a null or NaN never does.

    Args:
        table: has `columns_of(conditions)`, which passed `check_conditions`.
    """
    found = np.ones(table.num_rows, dtype=np.bool_)
    for entry in conditions:
        if isinstance(entry, Mapping):
            found &= holds(table.column(entry["column"]), entry["is"], entry["value"])
        else:
            found &= np.logical_or.reduce([kept(table, [inner]) for inner in entry])
    return found


def decided(table: pa.Table, conditions: Sequence[Any]) -> NDArray[np.bool_]:
    """Whether no column that the conditions compare is null, `[rows]`; tests of null compare
    nothing."""
    compared = dict.fromkeys(condition["column"] for _, condition in each_condition("", conditions)
                             if condition["is"] not in NULL_TESTS)
    found = np.ones(table.num_rows, dtype=np.bool_)
    for column in compared:
        found &= valid(decoded(table.column(column)))
    return found


def _check(place: str, condition: Mapping[str, Any], schema: pa.Schema,
           frame: str) -> Iterator[Diagnostic]:
    name, word, value = condition["column"], condition["is"], condition["value"]
    if name not in schema.names:
        yield unknown(codes.UNKNOWN_COLUMN, join(place, "column"), "columns", name, schema.names,
                      frame=frame)
        return
    dtype = schema.field(name).type
    kind = classify(dtype)
    if word in NULL_TESTS:
        return
    if kind in (LIST, OTHER):
        yield codes.UNSUPPORTED_DTYPE.at(
            join(place, "column"), name=name, frame=frame, dtype=spelled(dtype), user=repr(word),
            help='only "null" and "not_null" read such a column')
        return
    if kind in (STRING, BOOLEAN) and word in ORDERINGS:
        yield codes.INCOMPARABLE.at(
            join(place, "is"), name=name, frame=frame, dtype=spelled(dtype), value=show(value),
            reason=f"{word!r} is for numbers and times", help="use equal, not_equal, in or not_in")
        return
    for index, one in enumerate(value if word in LISTINGS else [value]):
        try:
            check_value(dtype, one)
        except ValueError as error:
            at = join(place, "value", index) if word in LISTINGS else join(place, "value")
            yield codes.INCOMPARABLE.at(at, name=name, frame=frame, dtype=spelled(dtype),
                                        value=show(one), reason=one_line(str(error)))
