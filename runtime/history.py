"""What a run measured, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import pandas as pd


Row = dict[str, float | int | None]
"""One epoch: column -> value."""

_NULL, _WHOLE, _REAL = range(3)
"""Kinds of values, in a checkpoint."""


@dataclass
class History:
    """One row for each epoch, in columns.

    Columns: `epoch` from 1, or from 0 where the untrained network is evaluated, `rows` trained,
    `seconds` of training, `learning_rate` of the epoch's first step, `loss_train` (mean over
    the epoch's batches, also where a split `train` is evaluated), and for evaluated epochs
    `loss_<split>` and `<metric>_<split>`; None where an epoch was not evaluated or a metric
    not defined.
    """

    columns: dict[str, list[float | int | None]] = field(default_factory=dict)
    kept: int = 0
    """The epoch whose weights the run keeps."""

    def __len__(self) -> int:
        return len(self.columns.get("epoch", ()))

    def add(self, row: Row) -> None:
        """Appends the row of one epoch; new columns are None in the rows before."""
        length = len(self)
        for name in row:
            self.columns.setdefault(name, [None] * length)
        for name, values in self.columns.items():
            values.append(row.get(name))

    def state(self) -> dict[str, Any]:
        """For a checkpoint: the columns as arrays, because there may be many epochs."""
        return {"kept": self.kept, "columns": {
            name: {"kinds": torch.tensor([_kind(value) for value in values], dtype=torch.uint8),
                   "values": torch.tensor([value or 0 for value in values], dtype=torch.float64)}
            for name, values in self.columns.items()}}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> History:
        """The history of a checkpoint. Raises ValueError for columns of several lengths."""
        columns = {name: list(map(_value, column["kinds"].tolist(), column["values"].tolist()))
                   for name, column in state["columns"].items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise ValueError("the columns of the history differ in length")
        return cls(columns, int(state["kept"]))

    def to_pandas(self) -> pd.DataFrame:
        """The history as a DataFrame with one row for each epoch."""
        import pandas as pd

        return pd.DataFrame(self.columns)


def _kind(value: float | int | None) -> int:
    if value is None:
        return _NULL
    return _WHOLE if isinstance(value, int) else _REAL


def _value(kind: int, value: float) -> float | int | None:
    if kind == _NULL:
        return None
    return int(value) if kind == _WHOLE else value
