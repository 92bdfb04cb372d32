"""`class_index`: the place of a value among the sorted training values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, unsupported
from .categories import READABLE, counted, look_up, texts, unseen
from .rows import ColumnRows


@dataclass(frozen=True, eq=False)
class ClassIndex(FittedColumn):
    """One number, 0 to classes - 1. A null or an unseen value, which `check` refuses, is NaN.

    Args:
        values: the classes, ascending.
    """

    values: pa.Array
    type: ClassVar[str] = "class_index"
    null_help: ClassVar[str] = "a null is no class; fill it, or leave the rows out"

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes as Python values, ascending; as text where a time is none of Python's."""
        try:
            return tuple(self.values.to_pylist())
        except (OverflowError, ValueError):
            return tuple(texts(self.values))

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        places = look_up(values, self.values)
        out[:, 0] = np.where(places < 0, np.nan, places)

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        count, examples = unseen(rows.values, self.values)
        if not count:
            return ()
        return (codes.UNSEEN.at(
            pointer, name=rows.name, count=count, examples=examples,
            help="every class needs a training row: check the split"),)

    def state(self) -> State:
        return {"type": self.type, "on_null": self.on_null}, {"values": self.values}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> ClassIndex:
        return cls(column, (column,), arrays["values"], on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, "classes": len(self.values)}


def fit_class_index(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614."""
    if rows.dtype not in READABLE:
        return Result(None, (unsupported(node, rows),))
    values, _ = counted(rows.values, rows.training)
    return Result(ClassIndex(rows.name, (rows.name,), values, on_null=node.args["on_null"]))
