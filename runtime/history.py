"""What a run measured, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


Row = dict[str, float | int | None]
"""One epoch: column -> value."""


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

    def to_pandas(self) -> pd.DataFrame:
        """The history as a DataFrame with one row for each epoch."""
        import pandas as pd

        return pd.DataFrame(self.columns)
