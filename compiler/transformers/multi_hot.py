"""`multi_hot`: lists of values as one column of 0 and 1 for each frequent value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, all_null, unsupported
from .categories import READABLE, UNKNOWN, distinct, look_up, texts, unseen, value_names
from .continuous import indicator_names
from .lists import element_dtype, elements
from .rows import ColumnRows, null_mask


@dataclass(frozen=True, eq=False)
class MultiHot(FittedColumn):
    """1 for each of the first `kept` of `values` that the list holds, then OTHER where `on_unseen`
    is `other`, then 1 where the list was null when `indicated`. Nulls within a list count for
    nothing. Where no training row has a value, OTHER is there in any case, so that the column
    stays one.

    Args:
        values: training values, the ones that most rows hold first, equal counts in ascending
            order. Where `on_unseen` is `error` all of them, else the kept ones.
        kept: how many values have a column of their own.
        rare: how many training values have none.
    """

    values: pa.Array
    kept: int
    rare: int
    on_unseen: str
    indicated: bool
    type: ClassVar[str] = "multi_hot"

    @property
    def has_other(self) -> bool:
        """Whether there is a column for values that have none of their own."""
        return _has_other(self.kept, self.on_unseen)

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        out[:] = 0
        if self.indicated:
            out[:, -1] = null_mask(values)
        inner, rows = elements(values)
        places = look_up(inner, self.values)
        own = (places >= 0) & (places < self.kept)
        out[rows[own], places[own]] = 1
        if self.on_unseen == "other":
            out[rows[places == UNKNOWN], self.kept] = 1

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        if self.on_unseen != "error":
            return ()
        count, examples = unseen(elements(rows.values)[0], self.values)
        if not count:
            return ()
        return (codes.UNSEEN.at(
            f"{pointer}/on_unseen", name=rows.name, count=count, examples=examples,
            help='leave them out: "on_unseen": "ignore"; or check the split'),)

    def state(self) -> State:
        return {"type": self.type, "kept": self.kept, "rare": self.rare,
                "on_unseen": self.on_unseen, "missing_indicator": self.indicated,
                "on_null": self.on_null}, {"values": self.values}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> MultiHot:
        names = _names(column, arrays["values"], state["kept"], state["on_unseen"],
                       state["missing_indicator"])
        return cls(column, names, arrays["values"], state["kept"], state["rare"],
                   state["on_unseen"], state["missing_indicator"], on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, "values": self.kept}


def _has_other(kept: int, on_unseen: str) -> bool:
    return on_unseen == "other" or not kept


def _names(column: str, values: pa.Array, kept: int, on_unseen: str,
           indicated: bool) -> tuple[str, ...]:
    other = ("OTHER",) if _has_other(kept, on_unseen) else ()
    missing = ("missing",) if indicated else ()
    return value_names(column, texts(values.slice(0, kept)), *other, *missing)


def _counted(values: pa.Array, counts: NDArray[np.int64]) -> tuple[pa.Array, NDArray[np.int64]]:
    """The values in lists that count above zero, ascending, and in how many rows each stands."""
    inner, rows = elements(values)
    categories, places = distinct(inner)
    known = places >= 0
    # a value that stands twice in a list counts once
    pairs = np.unique(rows[known] * max(1, len(categories)) + places[known])
    totals = np.zeros(len(categories), dtype=np.int64)
    if len(pairs):
        np.add.at(totals, pairs % len(categories), counts[pairs // len(categories)])
    order = pc.array_sort_indices(categories).to_numpy().astype(np.int64)
    order = order[totals[order] > 0]
    return categories.take(pa.array(order)), totals[order]


def fit_multi_hot(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614, SC701."""
    if element_dtype(rows.values.type) not in READABLE:
        return Result(None, (unsupported(node, rows),))
    categories, counts = _counted(rows.values, rows.training)
    order = np.argsort(-counts, kind="stable")
    kept, on_unseen = min(node.args["max_values"], len(order)), node.args["on_unseen"]
    values = categories.take(pa.array(order if on_unseen == "error" else order[:kept]))
    indicated = bool(indicator_names(rows.name, node.args["missing_indicator"],
                                     rows.training_nulls()))
    names = _names(rows.name, values, kept, on_unseen, indicated)
    fitted = MultiHot(rows.name, names, values, kept, len(order) - kept, on_unseen, indicated,
                      on_null=node.args["on_null"])
    return Result(fitted, () if len(values) else (all_null(node, rows),))
