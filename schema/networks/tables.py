"""Tables of vectors, one for each column of ids, as `embedding` and `ft_transformer` have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..declaration import Scope
from ..shapes import Dim, Features, IdColumn, Shape, ShapeError, Value, show, tensor

_WIDEST = 600


def default_width(size: int | None) -> int | None:
    """Numbers in a vector of a table with `size` rows: min(600, round(1.6 size^0.56)).

    The rule of fastai (Howard and Gugger, "fastai: A Layered API for Deep Learning", 2020),
    found by trial; `size` counts the rows for padding, null and unknown values too.
    """
    return None if size is None else min(_WIDEST, round(1.6 * size**0.56))


def width_of(column: IdColumn, width: int | None) -> int | None:
    """Numbers in a vector of a column: as given with the vectors, else `width`, else by rule."""
    if column.vectors is not None:
        return column.width
    return default_width(column.size) if width is None else width


def features(value: Value) -> Features:
    """A value that must have ids. Raises ShapeError for anything else."""
    if isinstance(value, Features):
        return value
    raise ShapeError(show(tensor(value)), "ids, with numbers beside them or without",
                     help='read an extractor of the type "embedding": it gives ids')


def table_parameters(columns: Sequence[IdColumn], widths: Sequence[Dim],
                     prefix: str) -> dict[str, Shape]:
    """The tables that are trained: `(size, width)` each; those of frozen vectors are left out."""
    return {
        f"{prefix}{index}.weight": (column.size, width)
        for index, (column, width) in enumerate(zip(columns, widths, strict=True))
        if not (column.vectors is not None and column.frozen)
    }


def build_tables(columns: Sequence[IdColumn], widths: Sequence[Dim], scope: Scope) -> list[Any]:
    """The modules of the tables: ids `(...)` -> vectors `(..., width)`."""
    from .modules.tables import given_table, new_table

    tables: list[Any] = []
    for column, width in zip(columns, widths, strict=True):
        assert isinstance(column.size, int) and isinstance(width, int)
        if column.vectors is None:
            tables.append(new_table(column.size, width))
        else:
            tables.append(given_table(scope.vectors(column.vectors), column.size, column.frozen))
    return tables
