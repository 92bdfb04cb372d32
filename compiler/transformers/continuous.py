"""`continuous`: impute, then scale one number; optionally say where it was null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..data.dtypes import BOOLEAN, FLOAT, INTEGER
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, all_null, child, infinite, too_large, unsupported
from .frequencies import Counts, Floats, mean, quantiles
from .rows import LARGEST, ColumnRows, numbers
from .scalers import Scaler, check_scaler, fit_scaler, restore_scaler

NUMERIC = (BOOLEAN, INTEGER, FLOAT)


def indicator_names(column: str, setting: str, training_nulls: int) -> tuple[str, ...]:
    """The name of the missing indicator, if there is to be one."""
    wanted = setting == "always" or (setting == "auto" and training_nulls > 0)
    return (f"{column}_missing",) if wanted else ()


@dataclass(frozen=True, eq=False)
class Continuous(FittedColumn):
    """One scaled number, and 1 where it was null when `names` has a second column.

    Args:
        imputed: the number in place of a null, before scaling.
        scaler: None for a column without training values, which is 0 everywhere.
        scaler_type: the scaler's name in the spec, or None.
    """

    imputed: float
    scaler: Scaler | None
    scaler_type: str | None
    type: ClassVar[str] = "continuous"

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        raw = numbers(values)
        missing = np.isnan(raw)
        if len(self.names) > 1:
            out[:, 1] = missing
        if self.scaler is None:
            out[:, 0] = 0
            return
        if missing.any():
            raw = np.where(missing, self.imputed, raw)
        with np.errstate(over="ignore", invalid="ignore"):
            out[:, 0] = self.scaler(raw)

    def check(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        encoded = self.encode(rows.values)
        return infinite(rows, pointer, ~np.isfinite(encoded)) or too_large(rows, pointer, encoded)

    def state(self) -> State:
        state: dict[str, Any] = {
            "type": self.type, "imputed": self.imputed, "scaler_type": self.scaler_type,
            "missing_indicator": len(self.names) > 1, "scaler": None,
        }
        if self.scaler is None:
            return state, {}
        state["scaler"], arrays = self.scaler.state()
        return state, arrays

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Continuous:
        scaler = None if state["scaler"] is None else restore_scaler(state["scaler"], arrays)
        names = (column, f"{column}_missing") if state["missing_indicator"] else (column,)
        return cls(column, names, state["imputed"], scaler, state["scaler_type"])

    def describe(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"transformer": self.type, "imputed": self.imputed}
        if self.scaler is None:
            return {**facts, "constant": 0}
        if self.scaler_type is not None:
            facts |= {"scaler": self.scaler_type, **self.scaler.describe()}
        return facts


def _imputed(node: Node, values: Floats, counts: Counts) -> float:
    """The number for nulls, from training values that are not null."""
    strategy = node.args["strategy"]
    if strategy == "constant":
        return float(node.args["fill_value"])
    if strategy == "mean":
        return mean(values, counts)
    return float(quantiles(values, counts, np.array([0.5]))[0])


def fit_continuous(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC204, SC614, SC701, SC703."""
    if rows.dtype not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    scaler_node, imputer = child(node, "scaler"), child(node, "imputer")
    assert imputer is not None
    found = check_scaler(scaler_node) if scaler_node is not None else ()
    raw = numbers(rows.values)
    found += infinite(rows, node.pointer, np.abs(raw) > LARGEST)
    if found:
        return Result(None, found)
    training_nulls = rows.training_nulls()
    names = (rows.name,
             *indicator_names(rows.name, node.args["missing_indicator"], training_nulls))
    known = (rows.training > 0) & ~np.isnan(raw)
    if not known.any():
        constant = Continuous(rows.name, names, 0.0, None, None)
        return Result(constant, (all_null(node, rows),))
    values, counts = raw[known], rows.training[known]
    imputed = _imputed(imputer, values, counts)
    if training_nulls:
        values, counts = np.append(values, imputed), np.append(counts, training_nulls)
    scaler = fit_scaler(scaler_node, values, counts)
    return Result(Continuous(rows.name, names, imputed, scaler,
                             None if scaler_node is None else scaler_node.type))
