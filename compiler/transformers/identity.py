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
from .base import FittedColumn, State, nulls, too_large, unsupported
from .continuous import NUMERIC
from .rows import ColumnRows, numbers


@dataclass(frozen=True, eq=False)
class Identity(FittedColumn):
    """The number itself. A null, which `check` refuses, is NaN."""

    type: ClassVar[str] = "identity"

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        with np.errstate(over="ignore"):
            out[:, 0] = numbers(values)

    def check(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        return (
            *nulls(rows, pointer, 'use "continuous", which imputes nulls, or fill them: '
                   '"nulls": "fill"'),
            *too_large(rows, pointer, numbers(rows.values)),
        )

    def state(self) -> State:
        return {"type": self.type}, {}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Identity:
        return cls(column, (column,))

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type}


def fit_identity(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614."""
    if rows.dtype not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    return Result(Identity(rows.name, (rows.name,)))
