"""`standard`: a number without nulls, standardised, and the way back: labels of a regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .affine import Affine, fit_standard
from .base import FittedColumn, State, all_null, infinite, too_large, unsupported
from .continuous import NUMERIC
from .rows import LARGEST, ColumnRows, numbers


@dataclass(frozen=True, eq=False)
class Standard(FittedColumn):
    """`(x - mean) / standard deviation`. A null, which `check` refuses, is NaN."""

    scale: Affine
    type: ClassVar[str] = "standard"
    null_help: ClassVar[str] = 'fill them: "nulls": "fill"; or use "continuous", which imputes'

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            out[:, 0] = self.scale(numbers(values))

    def inverse(self, values: NDArray[Any]) -> NDArray[Any]:
        return values.astype(np.float64) * self.scale.scale + self.scale.center

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        lost = infinite(rows, pointer, np.abs(numbers(rows.values)) > LARGEST)
        return lost or too_large(rows, pointer, self.encode(rows.values))

    def state(self) -> State:
        return {"type": self.type, "scale": asdict(self.scale), "on_null": self.on_null}, {}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Standard:
        return cls(column, (column,), Affine(**state["scale"]), on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, **self.scale.describe()}


def fit_standard_column(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614, SC701."""
    if rows.dtype not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    raw = numbers(rows.values)
    known = (rows.training > 0) & (np.abs(raw) <= LARGEST)
    scale = fit_standard({"with_mean": True, "with_std": True}, raw[known],
                         rows.training[known]) if known.any() else Affine()
    fitted = Standard(rows.name, (rows.name,), scale, on_null=node.args["on_null"])
    return Result(fitted, () if known.any() else (all_null(node, rows),))
