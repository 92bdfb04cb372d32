"""`piecewise_linear`: how much of each bin between quantiles lies below the number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, all_null, infinite, too_large, unsupported
from .continuous import NUMERIC, indicator_names
from .frequencies import quantiles
from .rows import LARGEST, ColumnRows, numbers


@dataclass(frozen=True, eq=False)
class PiecewiseLinear(FittedColumn):
    """One number for each bin, and 1 where it was null when `names` has one more.

    Bin t from edge a to edge b gives (x - a) / (b - a), cut to 0 below a and to 1 above b; only
    the first bin goes on below 0 and the last one above 1, so that numbers beyond the training
    values differ (Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features
    in tabular deep learning", 2022, equation 1). A null is 0 in every bin.

    Args:
        edges: ascending, float64 `[bins + 1]`; None for a column without training values,
            which is 0 everywhere.
    """

    edges: NDArray[np.float64] | None
    type: ClassVar[str] = "piecewise_linear"

    @property
    def bins(self) -> int:
        return 1 if self.edges is None else len(self.edges) - 1

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        raw = numbers(values)
        missing = np.isnan(raw)
        if len(self.names) > self.bins:
            out[:, -1] = missing
        if self.edges is None:
            out[:, 0] = 0
            return
        last = self.bins - 1
        for place, (low, high) in enumerate(zip(self.edges, self.edges[1:], strict=False)):
            with np.errstate(over="ignore", invalid="ignore"):
                inside = (raw - low) / (high - low)
                out[:, place] = np.clip(inside, -np.inf if place == 0 else 0,
                                        np.inf if place == last else 1)
        if missing.any():
            out[missing, : self.bins] = 0

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        lost = infinite(rows, pointer, np.abs(numbers(rows.values)) > LARGEST)
        return lost or too_large(rows, pointer, self.encode(rows.values))

    def state(self) -> State:
        arrays = {} if self.edges is None else {"edges": pa.array(self.edges)}
        return {"type": self.type, "missing_indicator": len(self.names) > self.bins,
                "on_null": self.on_null}, arrays

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> PiecewiseLinear:
        edges = arrays["edges"].to_numpy() if "edges" in arrays else None
        missing = (f"{column}_missing",) if state["missing_indicator"] else ()
        return cls(column, (*_names(column, edges), *missing), edges, on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        facts = {"transformer": self.type, "bins": self.bins}
        return {**facts, "constant": 0} if self.edges is None else facts


def _names(column: str, edges: NDArray[np.float64] | None) -> tuple[str, ...]:
    return tuple(f"{column}_bin_{place}" for place in range(
        1 if edges is None else len(edges) - 1))


def fit_piecewise_linear(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614, SC701."""
    if rows.dtype not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    raw = numbers(rows.values)
    known = (rows.training > 0) & (np.abs(raw) <= LARGEST)
    edges = None
    if known.any():
        places = np.linspace(0, 1, node.args["bins"] + 1)
        edges = np.unique(quantiles(raw[known], rows.training[known], places))
        if len(edges) == 1:
            # a constant column: one bin, which begins at its value; beyond 2^53 numbers are
            # further apart than 1
            edges = np.append(edges, edges + max(1.0, np.spacing(np.abs(edges[0]))))
    names = (*_names(rows.name, edges), *indicator_names(
        rows.name, node.args["missing_indicator"], rows.training_nulls()))
    fitted = PiecewiseLinear(rows.name, names, edges, on_null=node.args["on_null"])
    return Result(fitted, () if known.any() else (all_null(node, rows),))
