"""`vector`: lists of numbers, all of one length, as one column for each place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .affine import fit_standard
from .base import FittedColumn, State, all_null, infinite, too_large, unsupported
from .continuous import NUMERIC, indicator_names
from .frequencies import Floats
from .lists import element_dtype, elements, lengths
from .rows import LARGEST, ColumnRows, canonical, null_mask, numbers

LONGEST = 100_000
"""Columns that one list may become."""


@dataclass(frozen=True, eq=False)
class Vector(FittedColumn):
    """One number for each place, and 1 where the list was null when `names` has one more.

    A null list is 0 everywhere, a null element 0 after scaling. A list of another length, which
    `check` refuses, is NaN.

    Args:
        centers, scales: `(x - center) / scale` at each place, float64 `[length]`; None for a
            column without training values, which is 0 everywhere.
    """

    centers: NDArray[np.float64] | None
    scales: NDArray[np.float64] | None
    length: int
    type: ClassVar[str] = "vector"

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        if len(self.names) > self.length:
            out[:, -1] = null_mask(values)
        if self.centers is None or self.scales is None:
            out[:, : self.length] = 0
            return
        found = lengths(values)
        refused = (found >= 0) & (found != self.length)
        for place, column in enumerate(_places(values, refused, self.length)):
            with np.errstate(over="ignore", invalid="ignore"):
                scaled = (column - self.centers[place]) / self.scales[place]
            out[:, place] = np.where(np.isnan(column), 0, scaled)
        if refused.any():
            out[refused, : self.length] = np.nan

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        found = lengths(rows.values)
        others = found[(found >= 0) & (found != self.length)]
        if len(others):
            examples = ", ".join(map(str, np.unique(others)[:5]))
            return (codes.UNEQUAL_LENGTHS.at(
                pointer, name=rows.name, frame=rows.frame, count=len(others), length=self.length,
                examples=examples),)
        inner = numbers(elements(rows.values)[0])
        return infinite(rows, pointer, np.abs(inner) > LARGEST) or too_large(
            rows, pointer, self.encode(rows.values))

    def state(self) -> State:
        arrays = {} if self.centers is None or self.scales is None else {
            "centers": pa.array(self.centers), "scales": pa.array(self.scales)}
        return {"type": self.type, "length": self.length, "on_null": self.on_null,
                "missing_indicator": len(self.names) > self.length}, arrays

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Vector:
        missing = (f"{column}_missing",) if state["missing_indicator"] else ()
        centers, scales = (arrays[name].to_numpy() if name in arrays else None
                           for name in ("centers", "scales"))
        return cls(column, (*_names(column, state["length"]), *missing), centers, scales,
                   state["length"], on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        facts = {"transformer": self.type, "length": self.length}
        return {**facts, "constant": 0} if self.centers is None else facts


def _names(column: str, length: int) -> tuple[str, ...]:
    return tuple(f"{column}_{place}" for place in range(length))


def _places(values: pa.Array, refused: NDArray[np.bool_], length: int) -> Iterator[Floats]:
    """Each place of the lists as float64 `[n]`, NaN where the list is null or refused.

    One place at a time: the whole would be a second copy of the data, in float64.
    """
    if refused.any():
        values = values.take(pa.array(np.arange(len(values)), mask=refused))
    for place in range(length):
        yield numbers(canonical(pc.list_element(values, place)))


def fit_vector(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614, SC625, SC701."""
    if element_dtype(rows.values.type) not in NUMERIC:
        return Result(None, (unsupported(node, rows),))
    found = lengths(rows.values)
    known = (rows.training > 0) & (found >= 0)
    length = _length(node, rows, found[known])
    if length > LONGEST:
        return Result(None, (codes.LIMIT.at(
            node.pointer, what=f"the length of the lists in {rows.name!r}", got=length,
            limit=LONGEST),))
    names = (*_names(rows.name, length), *indicator_names(
        rows.name, node.args["missing_indicator"], rows.training_nulls()))
    centers = scales = None
    if known.any():
        training = rows.values.filter(pa.array(known))
        centers, scales = _scaling(node, training, rows.training[known], length)
    fitted = Vector(rows.name, names, centers, scales, length, on_null=node.args["on_null"])
    return Result(fitted, () if known.any() else (all_null(node, rows),))


def _length(node: Node, rows: ColumnRows, training: NDArray[np.int64]) -> int:
    """The length that the spec gives, else the dtype, else the first training row, at least 1."""
    if node.args["length"] is not None:
        return int(node.args["length"])
    if pa.types.is_fixed_size_list(rows.values.type):
        return max(1, int(rows.values.type.list_size))
    return max(1, int(training[0])) if len(training) else 1


def _scaling(node: Node, training: pa.Array, counts: NDArray[np.int64],
             length: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Center and scale of each place, by the training values that can be used."""
    centers, scales = np.zeros(length), np.ones(length)
    if node.args["standardize"]:
        refused = lengths(training) != length
        for place, column in enumerate(_places(training, refused, length)):
            known = np.abs(column) <= LARGEST
            if known.any():
                scale = fit_standard({"with_mean": True, "with_std": True}, column[known],
                                     counts[known])
                centers[place], scales[place] = scale.center, scale.scale
    return centers, scales
