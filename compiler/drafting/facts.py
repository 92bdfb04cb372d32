"""What the values of a column are like, as far as guesses need it; each column is read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..bundle import Bundle
from ..bundle.frames import is_unnamed_index
from ..data.arrays import Values, arrow, codes_of, decoded, floats, integers, valid
from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, LIST, OTHER, classify

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Facts:
    """One column.

    Args:
        kind: one of `dtypes.DTYPES`.
        stored: its values, `[rows]`.
    """

    frame: str
    name: str
    kind: str
    stored: Values

    @property
    def type(self) -> pa.DataType:
        """The dtype of the values, of a pandas categorical that of its categories."""
        stored = self.stored.type
        return stored.value_type if pa.types.is_dictionary(stored) else stored

    @property
    def is_plain(self) -> bool:
        """Whether the values can be compared; those of the other kinds are never looked at."""
        return self.kind not in (LIST, OTHER)

    @property
    def is_numeric(self) -> bool:
        return self.kind in (BOOLEAN, INTEGER, FLOAT)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Where there is a value, `[rows]`."""
        return valid(decoded(self.stored))

    @cached_property
    def nulls(self) -> int:
        return int(np.count_nonzero(~self.present))

    @cached_property
    def codes(self) -> Rows:
        """The number of each row's value among the different ones, -1 for null, `[rows]`."""
        numbers, _ = codes_of(self.stored)
        kept = np.where(self.present, numbers, -1)
        _, dense = np.unique(kept, return_inverse=True)
        return dense.reshape(-1) - (1 if self.nulls else 0)

    @cached_property
    def distinct(self) -> int:
        """How many different values there are, null not among them."""
        return int(self.codes.max()) + 1 if len(self.codes) else 0

    @cached_property
    def counts(self) -> Rows:
        """How many rows have each value, `[distinct]`."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.distinct)

    @cached_property
    def firsts(self) -> Rows:
        """The first row of each value, `[distinct]`."""
        firsts = np.zeros(self.distinct, dtype=np.int64)
        rows = np.flatnonzero(self.codes >= 0)[::-1]
        firsts[self.codes[rows]] = rows
        return firsts

    @cached_property
    def values(self) -> Values:
        """Each different value once, `[distinct]`."""
        return decoded(self.stored).take(arrow(self.firsts))

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """Numbers, or ticks of time, as floats; NaN where null, `[rows]`."""
        stored = decoded(self.stored)
        if self.kind in (BOOLEAN, DATETIME):
            return np.where(self.present, integers(stored).astype(np.float64), np.nan)
        return floats(stored)


class Columns:
    """The facts of the columns of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._known: dict[tuple[str, str], Facts] = {}

    def of(self, frame: str, name: str) -> Facts:
        """Raises BundleError for damaged pages."""
        key = (frame, name)
        if key not in self._known:
            stored = self.bundle.read(frame, [name]).column(0)
            self._known[key] = Facts(frame, name, classify(stored.type), stored)
        return self._known[key]

    def all(self, frame: str) -> list[Facts]:
        """All columns of a frame, its key among them."""
        return [self.of(frame, name) for name in self.bundle.schema(frame).names
                if not is_unnamed_index(name)]

    def features(self, frame: str) -> list[Facts]:
        """The columns that an extractor takes when it names none."""
        return [self.of(frame, name) for name in self.bundle.columns(frame)]
