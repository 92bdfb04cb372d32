"""`ids`: the number of each value in a vocabulary, for a table of vectors in the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...schema.shapes import FIRST_VALUE, UNKNOWN_ID
from ...schema.shapes import NULL as NULL_ID
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, all_null, unsupported
from .categories import NULL, READABLE, counted, look_up, refused_unseen
from .rows import ColumnRows


@dataclass(frozen=True, eq=False)
class Ids(FittedColumn):
    """0 for padding, 1 for null, 2 for values that are not known, then the known ones.

    Args:
        values: the known values; that at place k has the id `FIRST_VALUE + k`. Learned ones are
            the most frequent first, equal counts in ascending order; given ones stand as in
            their frame.
        refuse_unseen: values that are not known are an error.
        vectors: the name under which the network finds given vectors; None to learn them.
        width: numbers of a given vector.
        trained: whether given vectors are trained.
    """

    values: pa.Array
    refuse_unseen: bool
    vectors: str | None = None
    width: int | None = None
    trained: bool = True
    type: ClassVar[str] = "ids"
    is_ids: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """Rows of the table of vectors."""
        return FIRST_VALUE + len(self.values)

    def places(self, values: pa.Array) -> NDArray[np.int64]:
        """The id of each canonical value, int64 `[n]`."""
        found = look_up(values, self.values)
        known, null = found >= 0, found == NULL
        found[known] += FIRST_VALUE
        found[~known] = UNKNOWN_ID
        found[null] = NULL_ID
        return found

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        out[:, 0] = self.places(values)

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        help = 'give them the id of unknown values: "on_unseen": "unknown"'
        if self.vectors is not None:
            help = f"add their vectors to the frame, or {help}"
        return refused_unseen(rows, self.values, pointer, help) if self.refuse_unseen else ()

    def state(self) -> State:
        return {
            "type": self.type, "refuse_unseen": self.refuse_unseen, "vectors": self.vectors,
            "width": self.width, "trained": self.trained,
        }, {"values": self.values}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]) -> Ids:
        vectors, width = state["vectors"], state["width"]
        if (vectors is None) != (width is None) or (width is not None and width < 1):
            raise ValueError(f"vectors {vectors!r} of {width!r} numbers")
        return cls(column, (column,), arrays["values"], state["refuse_unseen"], vectors, width,
                   state["trained"], on_null="id")

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, "values": len(self.values)}


def fit_ids(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """A vocabulary of the training values. Reports SC614, SC701."""
    if rows.dtype not in READABLE:
        return Result(None, (unsupported(node, rows),))
    categories, counts = counted(rows.values, rows.training)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= node.args["min_count"]][: node.args["max_values"]]
    values = categories.take(pa.array(order))
    fitted = Ids(rows.name, (rows.name,), values, node.args["on_unseen"] == "error", on_null="id")
    return Result(fitted, () if len(values) else (all_null(node, rows),))
