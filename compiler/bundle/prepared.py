"""Frames as the steps of `bundle.prepare` leave them: with fewer rows, or with one more column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..data.arrays import column_of
from .frames import Frame


class FilteredFrame:
    """Some rows of a frame, in their order.

    Args:
        kept: which, bool `[rows of the frame]`.
    """

    def __init__(self, frame: Frame, kept: NDArray[np.bool_]) -> None:
        self.name, self.file, self.schema = frame.name, frame.file, frame.schema
        self.rows = int(np.count_nonzero(kept))
        self._frame = frame
        self._kept = column_of(pa.bool_(), kept, np.ones(len(kept), dtype=np.bool_))

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        return {name: values.filter(self._kept)
                for name, values in self._frame.read(columns).items()}

    def null_counts(self) -> Mapping[str, int]:
        return {}

    def fingerprint(self) -> str:
        return self._frame.fingerprint()


class DerivedFrame:
    """A frame with one more column, computed whenever it is read.

    Args:
        column: its name, which no column of the frame has.
        dtype: of what `compute` gives.
        needs: the columns that it is computed from.
        compute: a table of `needs` to the values, `[rows]`.
    """

    def __init__(self, frame: Frame, column: str, dtype: pa.DataType, needs: Sequence[str],
                 compute: Callable[[pa.Table], pa.ChunkedArray]) -> None:
        self.name, self.file, self.rows = frame.name, frame.file, frame.rows
        self.schema: pa.Schema = frame.schema.append(pa.field(column, dtype))
        self._frame, self._column = frame, column
        self._needs, self._compute = tuple(needs), compute

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        if self._column not in columns:
            return self._frame.read(columns)
        stored = [name for name in columns if name != self._column]
        found = self._frame.read(list(dict.fromkeys((*stored, *self._needs))))
        needed = pa.table([found[name] for name in self._needs], names=list(self._needs))
        found[self._column] = self._compute(needed)
        return {name: found[name] for name in columns}

    def null_counts(self) -> Mapping[str, int]:
        return self._frame.null_counts()

    def fingerprint(self) -> str:
        return self._frame.fingerprint()
