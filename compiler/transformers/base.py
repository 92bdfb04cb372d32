"""What every fitted transformer of a column can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, LIST, OTHER, STRING
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Node
from .rows import LARGEST, ColumnRows, canonical

State = tuple[dict[str, Any], dict[str, pa.Array]]
"""A fitted transformer as JSON and Arrow arrays."""

LARGEST_TO_TRAIN = 1e15
"""Numbers beyond this reach a network only by mistake: it cannot be trained on them."""

_ADVICE = {
    BOOLEAN: "continuous",
    INTEGER: "continuous",
    FLOAT: "continuous",
    STRING: "categorical",
    DATETIME: "datetime",
}

_LIST_ADVICE = (
    'use "vector" for lists of numbers that are equally long, "multi_hot" for lists of values')


@dataclass(frozen=True, eq=False)
class FittedColumn(ABC):
    """A row-wise map from one raw column to `len(names)` columns of numbers.

    Args:
        column: the raw column.
        names: the encoded columns, in order.
        on_null: what becomes of a null, in the words of the spec.
        type: the transformer's name in a spec.
        one_hot: each row has one 1 among zeros, so `codes` can stand for it.
        is_ids: the one column holds ids for a table of vectors, not a number.
        null_help: what to do where `on_null` is `error` and there are nulls.
    """

    column: str
    names: tuple[str, ...]
    on_null: str = field(kw_only=True)
    type: ClassVar[str]
    one_hot: ClassVar[bool] = False
    is_ids: ClassVar[bool] = False
    null_help: ClassVar[str] = (
        'say with "on_null" what becomes of them, or fill them: "nulls": "fill"')

    def encode(self, values: pa.Array | pa.ChunkedArray) -> NDArray[np.float32]:
        """Raw values `[n]` as float32 `[n, len(names)]`; a null is Arrow's null or NaN."""
        out = np.empty((len(values), len(self.names)), dtype=np.float32)
        self.write(canonical(values), out)
        return out

    @abstractmethod
    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        """Encode canonical values `[n]` into `out`, `[n, len(names)]`, all of it."""

    @property
    def folds(self) -> int:
        """Parts of the training samples that are encoded each in its own way; 0 for one way."""
        return 0

    def write_fold(self, values: pa.Array, fold: int, out: NDArray[np.float32]) -> None:
        """As `write`, for the training samples of one fold."""
        self.write(values, out)

    def inverse(self, values: NDArray[Any]) -> NDArray[Any]:
        """Encoded numbers `[n, columns, ...]` on the scale of the raw column, where it has one."""
        return values

    def check(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        """What keeps values, training or not, from being encoded.

        Args:
            pointer: the transformer in the spec.

        Reports: SC615, and what `check_values` reports.
        """
        found = nulls(rows, f"{pointer}/on_null", self.null_help) if self.on_null == "error" \
            else ()
        return (*found, *self.check_values(rows, pointer))

    @abstractmethod
    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        """What is wrong with values that are not null.

        Reports: SC702, SC703, SC707, SC708 or SC709.
        """

    @abstractmethod
    def state(self) -> State:
        """All that was fitted, the type's name under `type`; `restore` reads it."""

    @classmethod
    @abstractmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> FittedColumn:
        """The fitted transformer that gave this state."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """A few facts for the plan, as JSON."""


def child(node: Node, key: str) -> Node | None:
    """The object that stands under a property of a transformer, or None where it is null."""
    value = node.args[key]
    if value is None:
        return None
    args = {name: inner for name, inner in value.items() if name != "type"}
    return Node(f"{node.pointer}/{key}", value["type"], args)


def unsupported(node: Node, rows: ColumnRows) -> Diagnostic:
    """SC614: the transformer cannot read columns of this dtype."""
    advice = _ADVICE.get(rows.dtype)
    # `auto` reads whatever has a dtype of its own, also beside other columns.
    own = advice is not None and node.pointer.endswith("/transformer")
    fix = ({"op": "add", "path": node.pointer, "value": {"type": "auto"}},) if own else None
    return codes.UNSUPPORTED_DTYPE.at(
        node.pointer, name=rows.name, frame=rows.frame, user=node.type, fix=fix,
        dtype=rows.values.type if rows.dtype in (LIST, OTHER) else rows.dtype,
        help=_LIST_ADVICE if rows.dtype == LIST
        else f'leave it out: "drop_columns": ["{rows.name}"]' if advice is None
        else f'use "{advice}", or "auto", which chooses by dtype',
    )


def all_null(node: Node, rows: ColumnRows) -> Diagnostic:
    """SC701: no training row has a value."""
    return codes.ALL_NULL.at(node.pointer, name=rows.name)


def infinite(rows: ColumnRows, pointer: str, found: NDArray[np.bool_]) -> tuple[Diagnostic, ...]:
    """SC703 when any value is, or becomes, infinite in float32, as `found` says."""
    count = np.count_nonzero(found)
    if not count:
        return ()
    return (codes.NOT_FINITE.at(
        pointer, name=rows.name, frame=rows.frame, count=count,
        help="store them as null or as finite numbers; a number is infinite for a network when "
        "it is beyond 3.4e38, or becomes so by scaling"),)


def too_large(rows: ColumnRows, pointer: str,
              encoded: NDArray[np.floating[Any]]) -> tuple[Diagnostic, ...]:
    """SC703 when an encoded value is infinite in float32, else SC707 when one is too large."""
    with np.errstate(over="ignore"):
        sizes = np.abs(encoded)
    lost = infinite(rows, pointer, sizes > LARGEST)
    largest = float(np.nanmax(sizes, initial=0.0))
    if lost or largest <= LARGEST_TO_TRAIN:
        return lost
    return (codes.TOO_LARGE_TO_TRAIN.at(pointer, name=rows.name, frame=rows.frame,
                                        largest=f"{largest:.2g}"),)


def nulls(rows: ColumnRows, pointer: str, help: str) -> tuple[Diagnostic, ...]:
    """SC615 when values are null."""
    count = rows.null_count()
    if not count:
        return ()
    return (codes.NULLS.at(pointer, name=rows.name, frame=rows.frame, count=count, help=help),)


def outside(rows: ColumnRows, pointer: str, found: NDArray[np.bool_], user: str, above: float,
            help: str, **fix: Any) -> tuple[Diagnostic, ...]:
    """SC708 when any value, as `found` says, is not above what `user` is defined for.

    Args:
        fix: the one property that makes `user` take every number, and its value.
    """
    count = np.count_nonzero(found)
    if not count:
        return ()
    return (codes.OUTSIDE_DOMAIN.at(pointer, name=rows.name, frame=rows.frame, count=count,
                                    user=user, above=f"{above:g}", help=help, fix=tuple(
                                        {"op": "add", "path": f"{pointer}/{key}", "value": value}
                                        for key, value in fix.items())),)
