"""`continuous`: steps, then impute, then scale one number; optionally say where it was null."""

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
from .base import (
    FittedColumn,
    State,
    all_null,
    child,
    infinite,
    outside,
    too_large,
    unsupported,
)
from .frequencies import Counts, Floats, mean, quantiles
from .rows import LARGEST, ColumnRows, numbers
from .scalers import Scaler, check_scaler, fit_scaler, restore_scaler
from .steps import Step, check_step, fit_step, restore_step, step_state, steps_of

NUMERIC = (BOOLEAN, INTEGER, FLOAT)


def indicator_names(column: str, setting: str, training_nulls: int) -> tuple[str, ...]:
    """The name of the missing indicator, if there is to be one."""
    wanted = setting == "always" or (setting == "auto" and training_nulls > 0)
    return (f"{column}_missing",) if wanted else ()


@dataclass(frozen=True, eq=False)
class Continuous(FittedColumn):
    """One scaled number, and 1 where it was null when `names` has a second column.

    A number that a step or the scaler is not defined for, which `check` refuses, is NaN.

    Args:
        steps: what is done to the number first.
        imputed: the number in place of a null, before scaling.
        scaler: None for a column without training values, which is 0 everywhere.
        scaler_type: the scaler's name in the spec, or None.
    """

    steps: tuple[Step, ...]
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
        for step in self.steps:
            raw = step(raw)
        if missing.any():
            raw = np.where(missing, self.imputed, raw)
        with np.errstate(over="ignore", invalid="ignore"):
            out[:, 0] = self.scaler(raw)

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        values = numbers(rows.values)
        for place, step in enumerate(self.steps):
            found = outside(rows, f"{pointer}/steps/{place}", values <= step.above, step.type,
                            step.above, 'set "signed": true, or clip the column first',
                            signed=True)
            if found:
                return found
            values = step(values)
        if self.scaler is not None:
            values = np.where(np.isnan(values), self.imputed, values)
            found = outside(rows, f"{pointer}/scaler", values <= self.scaler.above, "box-cox",
                            self.scaler.above, 'use "method": "yeo-johnson"',
                            method="yeo-johnson")
            if found:
                return found
        encoded = self.encode(rows.values)
        return infinite(rows, pointer, ~np.isfinite(encoded)) or too_large(rows, pointer, encoded)

    def state(self) -> State:
        state: dict[str, Any] = {
            "type": self.type, "imputed": self.imputed, "scaler_type": self.scaler_type,
            "missing_indicator": len(self.names) > 1, "on_null": self.on_null,
            "steps": [step_state(step) for step in self.steps], "scaler": None,
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
        steps = tuple(restore_step(step) for step in state["steps"])
        return cls(column, names, steps, state["imputed"], scaler, state["scaler_type"],
                   on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"transformer": self.type, "imputed": self.imputed}
        if self.scaler is None:
            return {**facts, "constant": 0}
        if self.steps:
            facts["steps"] = [step_state(step) for step in self.steps]
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


def _fit_steps(node: Node, values: Floats,
               counts: Counts) -> tuple[tuple[Step, ...], Floats, Counts]:
    """The fitted steps, and what they make of training values that they are defined for."""
    steps: list[Step] = []
    for entry in steps_of(node):
        steps.append(fit_step(entry, values, counts))
        values = steps[-1](values)
        defined = ~np.isnan(values)
        values, counts = values[defined], counts[defined]
    return tuple(steps), values, counts


def fit_continuous(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC204, SC614, SC701, SC703."""
    if rows.dtype not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    scaler_node, imputer = child(node, "scaler"), child(node, "imputer")
    assert imputer is not None
    found = check_scaler(scaler_node) if scaler_node is not None else ()
    for step in steps_of(node):
        found += check_step(step)
    raw = numbers(rows.values)
    found += infinite(rows, node.pointer, np.abs(raw) > LARGEST)
    if found:
        return Result(None, found)
    training_nulls = rows.training_nulls()
    names = (rows.name,
             *indicator_names(rows.name, node.args["missing_indicator"], training_nulls))
    known = (rows.training > 0) & ~np.isnan(raw)
    values, counts = raw[known], rows.training[known]
    steps, values, counts = _fit_steps(node, values, counts)
    if not len(values):
        constant = Continuous(rows.name, names, steps, 0.0, None, None,
                              on_null=node.args["on_null"])
        return Result(constant, () if known.any() else (all_null(node, rows),))
    imputed = _imputed(imputer, values, counts)
    if training_nulls:
        values, counts = np.append(values, imputed), np.append(counts, training_nulls)
    scaler = fit_scaler(scaler_node, values, counts)
    return Result(Continuous(rows.name, names, steps, imputed, scaler,
                             None if scaler_node is None else scaler_node.type,
                             on_null=node.args["on_null"]))
