"""Transformers that put each value into one of their columns."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .base import FittedColumn
from .rows import canonical


@dataclass(frozen=True, eq=False)
class OneHot(FittedColumn):
    """One 1 in each row, so that the place of the 1 can stand for the row."""

    one_hot: ClassVar[bool] = True

    def codes(self, values: pa.Array | pa.ChunkedArray) -> NDArray[np.int32]:
        """Which of `names` each raw value belongs to, int32 `[n]`."""
        return self.places(canonical(values)).astype(np.int32)

    @abstractmethod
    def places(self, values: pa.Array) -> NDArray[np.int64]:
        """As `codes`, of canonical values."""

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        out[:] = 0
        np.put_along_axis(out, self.places(values)[:, None], 1, axis=1)
