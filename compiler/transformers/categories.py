"""The distinct values of a column, and where each row stands among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING
from ..data.shown import as_texts
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from .rows import ColumnRows

READABLE = (BOOLEAN, INTEGER, FLOAT, STRING, DATETIME)

UNKNOWN, NULL = -1, -2
"""Places of a value that is not listed, and of a null."""


def as_category(values: pa.Array) -> pa.Array:
    """One dtype for each kind of category, so that int8 and int64 columns agree."""
    if pa.types.is_integer(values.type) and not pa.types.is_uint64(values.type):
        return pc.cast(values, pa.int64())
    if pa.types.is_floating(values.type):
        return pc.add(pc.cast(values, pa.float64()), 0.0)  # makes -0.0 equal to 0.0
    return values


def distinct(values: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """Canonical values `[n]` as distinct categories and the place of each, NULL for null."""
    encoded = pc.dictionary_encode(as_category(values))
    places = pc.fill_null(encoded.indices, NULL).to_numpy().astype(np.int64)
    return encoded.dictionary, places


def counted(values: pa.Array, counts: NDArray[np.int64]) -> tuple[pa.Array, NDArray[np.int64]]:
    """The categories that count above zero, in ascending order, and their counts."""
    categories, places = distinct(values)
    known = places >= 0
    totals = np.zeros(len(categories), dtype=np.int64)
    np.add.at(totals, places[known], counts[known])
    order = pc.array_sort_indices(categories).to_numpy().astype(np.int64)
    order = order[totals[order] > 0]
    return categories.take(pa.array(order)), totals[order]


def look_up(values: pa.Array, categories: pa.Array) -> NDArray[np.int64]:
    """The place of each canonical value among `categories`, UNKNOWN or NULL, int64 `[n]`.

    Raises:
        pyarrow.ArrowInvalid: the values are of another dtype than the categories.
    """
    seen, places = distinct(values)
    if seen.type != categories.type:
        seen = pc.cast(seen, categories.type)
    found = pc.fill_null(pc.index_in(seen, value_set=categories), UNKNOWN).to_numpy()
    # one more entry, so that NULL (-2) and an empty column index inside the table
    table = np.concatenate([found.astype(np.int64), [NULL, UNKNOWN]])
    result: NDArray[np.int64] = table[places]
    return result


def texts(categories: pa.Array) -> list[str]:
    """Categories as they stand in column names."""
    written: list[str] = pc.cast(categories, pa.string()).to_pylist()
    return written


def value_names(column: str, names: Sequence[str], *specials: str) -> tuple[str, ...]:
    """`<column>_<name>`, then the specials, made longer where a value is called so."""
    taken = list(names)
    for name in specials:
        while name in taken:
            name += "_"
        taken.append(name)
    return tuple(f"{column}_{name}" for name in taken)


def unseen(values: pa.Array, known: pa.Array, limit: int = 5) -> tuple[int, str]:
    """How many distinct values are not among `known`, and up to `limit` of them as text."""
    categories = distinct(values)[0]
    places = look_up(categories, known)
    strange = categories.filter(pa.array(places == UNKNOWN))
    return len(strange), ", ".join(as_texts(strange[:limit]))


def refused_unseen(rows: ColumnRows, known: pa.Array, pointer: str,
                   help: str | None = None) -> tuple[Diagnostic, ...]:
    """SC702 when values are not among those that a transformer knows.

    Args:
        pointer: the transformer in the spec.
        help: what to do instead of `error`; None where there is a column `OTHER`.
    """
    count, examples = unseen(rows.values, known)
    if not count:
        return ()
    return (codes.UNSEEN.at(f"{pointer}/on_unseen", name=rows.name, count=count,
                            examples=examples, help=help),)
