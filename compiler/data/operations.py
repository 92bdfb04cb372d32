"""The operations of the step `derive`: their dtype from metadata, and their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...schema.conditions import ORDERINGS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import unknown
from ..stages import Node
from ..text.pointer import join
from . import arithmetic
from .arrays import Values, column_of, decoded, valid
from .comparisons import holds, holds_between
from .conditions import check_conditions, columns_of, decided, kept
from .date_parts import date_part, known_zone, time_difference
from .dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, classify, spelled
from .joins import comparable

_NUMBERS = (BOOLEAN, INTEGER, FLOAT)
_EVERY = (*_NUMBERS, STRING, DATETIME)
_COLUMNS = ("operands", "column", "left", "right", "from", "to")
"""The properties that name columns, beside numbers."""

_READS = {"compare": _EVERY, "coalesce": _EVERY, "date_part": (DATETIME,),
          "time_difference": (DATETIME,)}
"""Operation -> the kinds of column that it reads; the others read numbers."""


def columns_read(operation: Node) -> tuple[str, ...]:
    """The columns that an operation reads, each once."""
    named = [name for _, name in _named(operation)]
    return tuple(dict.fromkeys((*named, *columns_of(operation.args.get("where", ())))))


def check_operation(operation: Node, schema: pa.Schema, frame: str) -> Result[pa.DataType]:
    """The dtype of the column that an operation makes; reads no data.

    Reports: SC607, SC614, SC629, SC632.
    """
    found = list(check_conditions(join(operation.pointer, "where"),
                                  operation.args.get("where", ()), schema, frame))
    for pointer, name in _named(operation):
        found += _check_column(operation, pointer, name, schema, frame)
    if not found:
        found += _check_together(operation, schema)
    return Result(None, tuple(found)) if found else Result(_dtype(operation, schema))


def compute(operation: Node, table: pa.Table) -> pa.ChunkedArray:
    """The values of an operation, `[rows]`.

    Args:
        table: has `columns_read(operation)`, which passed `check_operation`.
    """
    found = _compute(operation, table)
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _named(operation: Node) -> Iterator[tuple[str, str]]:
    """`(pointer, column)` of every column that a property names."""
    for key in _COLUMNS:
        value, place = operation.args.get(key), join(operation.pointer, key)
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, list):
            yield from ((join(place, index), name) for index, name in enumerate(value)
                        if isinstance(name, str))


def _check_column(operation: Node, pointer: str, name: str, schema: pa.Schema,
                  frame: str) -> Iterator[Diagnostic]:
    if name not in schema.names:
        yield unknown(codes.UNKNOWN_COLUMN, pointer, "columns", name, schema.names, frame=frame)
        return
    dtype = schema.field(name).type
    if classify(dtype) not in _READS.get(operation.type, _NUMBERS):
        yield codes.UNSUPPORTED_DTYPE.at(pointer, name=name, frame=frame, dtype=spelled(dtype),
                                         user=operation.type)
    elif operation.type == "date_part" and not known_zone(decoded_type(dtype)):
        yield codes.UNSUPPORTED_DTYPE.at(
            pointer, name=name, frame=frame, dtype=spelled(dtype), user=operation.type,
            help="the time zone is not known here; store the column in UTC")


def _check_together(operation: Node, schema: pa.Schema) -> Iterator[Diagnostic]:
    """Operands of kinds that do not go together. Reports SC632."""
    dtypes = _operand_dtypes(operation, schema)
    kinds = {classify(dtype) if isinstance(dtype, pa.DataType) else FLOAT for dtype in dtypes}
    reason, place = None, operation.pointer
    if operation.type == "coalesce":
        stored = {decoded_type(dtype) for dtype in dtypes if isinstance(dtype, pa.DataType)}
        one_kind = kinds <= {INTEGER, FLOAT} or (
            len(kinds) == 1 and (kinds != {DATETIME} or len(stored) == 1))
        if not one_kind:
            reason, place = "they are not of one kind", join(operation.pointer, "operands")
    elif operation.type == "compare":
        first, second = dtypes
        ordered = operation.args["is"] in ORDERINGS
        if kinds <= {INTEGER, FLOAT}:
            return
        if not all(isinstance(dtype, pa.DataType) for dtype in dtypes) or not comparable(
                decoded_type(first), decoded_type(second)):
            reason, place = "they have no common kind", join(operation.pointer, "right")
        elif ordered and kinds & {STRING, BOOLEAN}:
            reason, place = "only numbers and times have an order", join(operation.pointer, "is")
    elif operation.type == "time_difference" and not comparable(*map(decoded_type, dtypes)):
        reason, place = "one has a time zone and one has none", join(operation.pointer, "to")
    if reason is not None:
        shown = ", ".join(spelled(dtype) if isinstance(dtype, pa.DataType) else "a number"
                          for dtype in dtypes)
        yield codes.OPERANDS.at(place, operation=operation.type, dtypes=shown, reason=reason)


def decoded_type(dtype: pa.DataType) -> pa.DataType:
    """The dtype of the values of a dictionary column (a pandas categorical); others as it is."""
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype


def _operands(operation: Node) -> list[str | float]:
    args = operation.args
    if "operands" in args:
        return list(args["operands"])
    return [args[key] for key in _COLUMNS if key in args]


def _operand_dtypes(operation: Node, schema: pa.Schema) -> list[Any]:
    return [schema.field(operand).type if isinstance(operand, str) else operand
            for operand in _operands(operation)]


def _dtype(operation: Node, schema: pa.Schema) -> pa.DataType:
    if operation.type in ("compare", "holds"):
        return pa.bool_()
    if operation.type == "time_difference":
        return pa.float64()
    if operation.type == "date_part":
        return pa.date32() if operation.args["part"] == "date" else pa.int64()
    dtypes = _operand_dtypes(operation, schema)
    if operation.type == "coalesce":
        return _coalesced(dtypes)
    return arithmetic.result_dtype(operation.type, dtypes)


def _coalesced(dtypes: list[Any]) -> pa.DataType:
    kind = classify(dtypes[0]) if isinstance(dtypes[0], pa.DataType) else FLOAT
    if kind in (INTEGER, FLOAT):
        return arithmetic.result_dtype("coalesce", dtypes)
    return pa.large_string() if kind == STRING else decoded_type(dtypes[0])


def _compute(operation: Node, table: pa.Table) -> Values:
    args, rows = operation.args, table.num_rows
    if operation.type == "holds":
        return column_of(pa.bool_(), kept(table, args["where"]), decided(table, args["where"]))
    operands: list[Any] = [table.column(operand) if isinstance(operand, str) else operand
                           for operand in _operands(operation)]
    if operation.type == "date_part":
        return date_part(operands[0], args["part"])
    if operation.type == "time_difference":
        return time_difference(operands[0], operands[1], args["unit"])
    if operation.type == "compare":
        left, right = operands
        present = valid(decoded(left))
        if not isinstance(args["right"], str):
            return column_of(pa.bool_(), holds(left, args["is"], right), present)
        return column_of(pa.bool_(), holds_between(left, args["is"], right),
                         present & valid(decoded(right)))
    if operation.type == "coalesce":
        dtype = _coalesced([entry if isinstance(entry, int | float) else entry.type
                            for entry in operands])
        if not pa.types.is_int64(dtype) and not pa.types.is_float64(dtype):
            return pc.coalesce(*(decoded(column).cast(dtype) for column in operands))
    return arithmetic.computed(operation.type, operands, rows)
