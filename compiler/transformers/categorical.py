"""`categorical`: one column for each frequent value, one for the others, one for null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, all_null, unsupported
from .categories import NULL, READABLE, counted, look_up, refused_unseen, texts, value_names
from .one_hot import OneHot
from .rows import ColumnRows


@dataclass(frozen=True, eq=False)
class Categorical(OneHot):
    """One-hot: the first `kept` of `values`, then OTHER, then NULL; one 1 in each row.

    Args:
        values: training values, the most frequent first, equal counts in ascending order.
            With `refuse_unseen` all of them, else the kept ones.
        kept: how many values have a column of their own.
        refuse_unseen: values that no training row has are an error.
    """

    values: pa.Array
    kept: int
    refuse_unseen: bool
    type: ClassVar[str] = "categorical"

    def places(self, values: pa.Array) -> NDArray[np.int64]:
        found = look_up(values, self.values)
        null = found == NULL
        found[(found < 0) | (found >= self.kept)] = self.kept
        found[null] = self.kept + 1
        return found

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        return refused_unseen(rows, self.values, pointer) if self.refuse_unseen else ()

    def state(self) -> State:
        return {"type": self.type, "kept": self.kept, "refuse_unseen": self.refuse_unseen,
                "on_null": self.on_null}, {"values": self.values}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Categorical:
        values, kept = arrays["values"], state["kept"]
        return cls(column, _names(column, values, kept), values, kept, state["refuse_unseen"],
                   on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, "values": self.kept}


def _names(column: str, values: pa.Array, kept: int) -> tuple[str, ...]:
    return value_names(column, texts(values.slice(0, kept)), "OTHER", "NULL")


def fit_categorical(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614, SC701."""
    if rows.dtype not in READABLE:
        return Result(None, (unsupported(node, rows),))
    categories, counts = counted(rows.values, rows.training)
    order = np.argsort(-counts, kind="stable")
    kept = min(node.args["max_values"], len(order))
    refuse_unseen = node.args["on_unseen"] == "error"
    values = categories.take(pa.array(order if refuse_unseen else order[:kept]))
    fitted = Categorical(rows.name, _names(rows.name, values, kept), values, kept, refuse_unseen,
                         on_null=node.args["on_null"])
    return Result(fitted, () if len(values) else (all_null(node, rows),))
