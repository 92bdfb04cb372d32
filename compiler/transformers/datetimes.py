"""`datetime`: calendar parts of a time as numbers from 0 to 1, and standardised time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..data.dtypes import DATETIME
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .affine import Affine, fit_standard
from .base import FittedColumn, State, all_null, infinite, unsupported
from .continuous import indicator_names
from .rows import ColumnRows, null_mask

FRACTIONS: Mapping[str, tuple[Callable[[pa.Array], pa.Array], int, int]] = {
    "month": (pc.month, 1, 12),
    "day_of_month": (pc.day, 1, 31),
    "day_of_week": (pc.day_of_week, 0, 7),
    "day_of_year": (pc.day_of_year, 1, 366),
    "hour": (pc.hour, 0, 24),
    "minute": (pc.minute, 0, 60),
    "second": (pc.second, 0, 60),
}
"""Part -> (Arrow's function, its first value, how many values it can have); Monday is 0."""

STANDARDISED = ("year", "elapsed")
"""Parts without an end; they are scaled by their training mean and standard deviation."""

FARTHEST = 1e12
"""Seconds from 1970, about 31,700 years: Arrow's calendar wraps around soon after."""

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _instants(values: pa.Array) -> pa.Array:
    """Dates and times as timestamps, the time zone kept."""
    if pa.types.is_timestamp(values.type):
        return values
    return pc.cast(values, pa.timestamp("s" if pa.types.is_date32(values.type) else "ms"))


def _floats(values: pa.Array) -> NDArray[np.float64]:
    """Integers as float64, null as 0."""
    floats: NDArray[np.float64] = pc.fill_null(values, 0).to_numpy().astype(np.float64)
    return floats


def _seconds(instants: pa.Array) -> NDArray[np.float64]:
    """Seconds since 1970 in UTC, null as 0."""
    return _floats(pc.cast(instants, pa.int64())) / _TICKS[instants.type.unit]


def _local(instants: pa.Array) -> pa.Array:
    """The time on the clock of the column's own zone. Raises ArrowInvalid: unknown zone."""
    return instants if instants.type.tz is None else pc.local_timestamp(instants)


def _unbounded(part: str, instants: pa.Array, local: pa.Array) -> NDArray[np.float64]:
    """A part of STANDARDISED before scaling: years, or seconds."""
    return _floats(pc.year(local)) if part == "year" else _seconds(instants)


@dataclass(frozen=True, eq=False)
class Datetime(FittedColumn):
    """The numbers of each part, and 1 where the time was null when `names` has one more.

    Args:
        cyclic: each fraction is two numbers, sine and cosine of its place on a circle.
        scales: the scaler of each standardised part; None for a column without training
            values, which is 0 everywhere.
    """

    parts: tuple[str, ...]
    cyclic: bool
    scales: Mapping[str, Affine] | None
    type: ClassVar[str] = "datetime"

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        missing = null_mask(values)
        width = self._width()
        if len(self.names) > width:
            out[:, -1] = missing
        parts = out[:, :width]
        if self.scales is None:
            parts[:] = 0
            return
        instants = _instants(values)
        local = _local(instants)
        place = 0
        for part in self.parts:
            if part not in FRACTIONS:
                parts[:, place] = self.scales[part](_unbounded(part, instants, local))
                place += 1
                continue
            read, first, count = FRACTIONS[part]
            fraction = (_floats(read(local)) - first) / count
            if self.cyclic:
                parts[:, place] = np.sin(2 * np.pi * fraction)
                parts[:, place + 1] = np.cos(2 * np.pi * fraction)
            else:
                parts[:, place] = fraction
            place += 1 + self.cyclic
        if missing.any():
            parts[missing] = 0

    def _width(self) -> int:
        """The columns of all parts."""
        return len(_names(self.column, self.parts, self.cyclic))

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        return ()

    def state(self) -> State:
        scales = None if self.scales is None else {
            part: asdict(scale) for part, scale in self.scales.items()}
        return {"type": self.type, "parts": list(self.parts), "cyclic": self.cyclic,
                "scales": scales, "missing_indicator": len(self.names) > self._width(),
                "on_null": self.on_null}, {}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Datetime:
        scales = None if state["scales"] is None else {
            part: Affine(**scale) for part, scale in state["scales"].items()}
        missing = (f"{column}_missing",) if state["missing_indicator"] else ()
        parts, cyclic = tuple(state["parts"]), state["cyclic"]
        return cls(column, (*_names(column, parts, cyclic), *missing), parts, cyclic, scales,
                   on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"transformer": self.type, "parts": list(self.parts)}
        if self.cyclic:
            facts["cyclic"] = True
        return {**facts, "constant": 0} if self.scales is None else facts


def _names(column: str, parts: tuple[str, ...], cyclic: bool) -> tuple[str, ...]:
    return tuple(
        f"{column}_{part}{end}" for part in parts
        for end in (("_sin", "_cos") if cyclic and part in FRACTIONS else ("",))
    )


def _unreadable(node: Node, rows: ColumnRows) -> tuple[Diagnostic, ...]:
    """What keeps the column from being read as times."""
    if rows.dtype != DATETIME:
        return (unsupported(node, rows),)
    try:
        _local(_instants(rows.values.slice(0, 1)))
    except pa.ArrowInvalid:
        return (codes.UNSUPPORTED_DTYPE.at(
            node.pointer, name=rows.name, frame=rows.frame, dtype=rows.values.type,
            user=node.type, help="store the times in UTC: this time zone is not known here"),)
    return infinite(rows, node.pointer, np.abs(_seconds(_instants(rows.values))) > FARTHEST)


def fit_datetime(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC204, SC614, SC701, SC703."""
    parts = tuple(node.args["parts"])
    found = _unreadable(node, rows)
    for part in dict.fromkeys(part for part in parts if parts.count(part) > 1):
        found += (codes.CONFLICTING_KEYS.at(f"{node.pointer}/parts", name="parts",
                                            reason=f"{part!r} stands twice"),)
    if found:
        return Result(None, found)
    cyclic, on_null = node.args["cyclic"], node.args["on_null"]
    names = (*_names(rows.name, parts, cyclic),
             *indicator_names(rows.name, node.args["missing_indicator"], rows.training_nulls()))
    known = (rows.training > 0) & ~null_mask(rows.values)
    if not known.any():
        return Result(Datetime(rows.name, names, parts, cyclic, None, on_null=on_null),
                      (all_null(node, rows),))
    instants = _instants(rows.values.filter(pa.array(known)))
    local, counts = _local(instants), rows.training[known]
    scales = {
        part: fit_standard({"with_mean": True, "with_std": True},
                           _unbounded(part, instants, local), counts)
        for part in parts if part in STANDARDISED
    }
    return Result(Datetime(rows.name, names, parts, cyclic, scales, on_null=on_null))
