"""`identity`: numbers and booleans as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, too_large, unsupported
from .continuous import NUMERIC
from .rows import ColumnRows, null_mask, numbers


@dataclass(frozen=True, eq=False)
class Identity(FittedColumn):
    """The number itself. A null is 0, or NaN where `on_null` is `error`."""

    type: ClassVar[str] = "identity"
    null_help: ClassVar[str] = (
        'use "continuous", which imputes nulls, or fill them: "nulls": "fill"')

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        with np.errstate(over="ignore"):
            out[:, 0] = numbers(values)
        if self.on_null == "zero":
            out[null_mask(values)] = 0

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        return too_large(rows, pointer, numbers(rows.values))

    def state(self) -> State:
        return {"type": self.type, "on_null": self.on_null}, {}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Identity:
        return cls(column, (column,), on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type}


def fit_identity(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614."""
    if rows.dtype not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    return Result(Identity(rows.name, (rows.name,), on_null=node.args["on_null"]))
