"""A named pandas index of equally spaced integers, which pandas stores as metadata alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.arrays import arrow
from .frames import Frame


@dataclass(frozen=True)
class RangeIndex:
    """The index `start, start + step, ...` under a name."""

    name: str
    start: int
    step: int


def with_range_index(frame: Frame) -> Frame:
    """The frame with its named range index as an int64 column, where it has one."""
    index = _range_index(frame.schema, frame.rows)
    return frame if index is None else RangeIndexFrame(frame, index)


class RangeIndexFrame:
    """A frame whose index column is made when it is read."""

    def __init__(self, frame: Frame, index: RangeIndex) -> None:
        self.name, self.file, self.rows = frame.name, frame.file, frame.rows
        self._frame, self._index = frame, index
        self.schema: pa.Schema = frame.schema.append(pa.field(index.name, pa.int64()))

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        found = self._frame.read([name for name in columns if name != self._index.name])
        if self._index.name in columns:
            numbers = self._index.start + self._index.step * np.arange(self.rows, dtype=np.int64)
            found[self._index.name] = pa.chunked_array([arrow(numbers)])
        return {name: found[name] for name in columns}

    def null_counts(self) -> Mapping[str, int]:
        return {**self._frame.null_counts(), self._index.name: 0}

    def fingerprint(self) -> str:
        return self._frame.fingerprint()


def _range_index(schema: pa.Schema, rows: int) -> RangeIndex | None:
    """The range that the pandas metadata names, when it fits the rows and no column."""
    try:
        (index,) = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
        kind, name = index["kind"], index["name"]
        start, stop, step = index["start"], index["stop"], index["step"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    if kind != "range" or not isinstance(name, str) or not name or name in schema.names:
        return None
    if not all(_is_small_integer(bound) for bound in (start, stop, step)) or step == 0:
        return None
    return RangeIndex(name, start, step) if len(range(start, stop, step)) == rows else None


def _is_small_integer(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**53
