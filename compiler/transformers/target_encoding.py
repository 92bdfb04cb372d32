"""`target_encoding`: the mean label of each category, without the samples that it is read by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, all_null, unsupported
from .categories import NULL, READABLE, counted, look_up, refused_unseen
from .rows import ColumnRows, Target


@dataclass(frozen=True, eq=False)
class TargetEncoding(FittedColumn):
    """Smoothed means of the label, after Micci-Barreca (2001), "A preprocessing scheme for
    high-cardinality categorical attributes": `(sum + smoothing * prior) / (count + smoothing)`.

    A training sample reads means over the samples of the other folds, so that it never sees its
    own label; every other sample reads means over all training samples.

    Args:
        values: the categories.
        means: one block for each fold, then the one over all, float64
            `[folds + 1, categories + 2, label columns]`; the last two rows are those of other
            values, which is the prior, and of null.
        refuse_unseen: values that are no category are an error.
    """

    values: pa.Array
    means: NDArray[np.float64]
    refuse_unseen: bool
    type: ClassVar[str] = "target_encoding"

    @property
    def folds(self) -> int:
        return len(self.means) - 1

    def write(self, values: pa.Array, out: NDArray[np.float32]) -> None:
        self.write_fold(values, self.folds, out)

    def write_fold(self, values: pa.Array, fold: int, out: NDArray[np.float32]) -> None:
        out[:] = self.means[fold][_rows(values, self.values)]

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        help = 'give them the mean of all: "on_unseen": "prior"'
        return refused_unseen(rows, self.values, pointer, help) if self.refuse_unseen else ()

    def state(self) -> State:
        return {
            "type": self.type, "names": list(self.names), "folds": self.folds,
            "refuse_unseen": self.refuse_unseen, "on_null": self.on_null,
        }, {"values": self.values, "means": pa.array(self.means.ravel())}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> TargetEncoding:
        names = tuple(state["names"])
        means = arrays["means"].to_numpy().reshape(state["folds"] + 1, -1, len(names))
        return cls(column, names, arrays["values"], means, state["refuse_unseen"],
                   on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, "values": len(self.values), "folds": self.folds}


def _rows(values: pa.Array, categories: pa.Array) -> NDArray[np.int64]:
    """The row of `means` for each canonical value."""
    found = look_up(values, categories)
    null = found == NULL
    found[found < 0] = len(categories)
    found[null] = len(categories) + 1
    return found


def fit_target_encoding(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC204, SC614, SC701."""
    if rows.dtype not in READABLE:
        return Result(None, (unsupported(node, rows),))
    target = rows.target
    if target is None:
        return Result(None, (codes.CONFLICTING_KEYS.at(
            f"{node.pointer}/type", name="target_encoding",
            reason="it needs the label of each row's sample, and stands in the label or in a "
            "context", help='use "categorical", "hash" or an `embedding`'),))
    categories, _ = counted(rows.values, rows.training)
    places = _rows(rows.values, categories)[target.places]
    means = _means(places, target, len(categories) + 2, node.args["smoothing"])
    names = tuple(f"{rows.name}_mean{suffix}" for suffix in target.suffixes)
    fitted = TargetEncoding(rows.name, names, categories, means,
                            node.args["on_unseen"] == "error", on_null=node.args["on_null"])
    return Result(fitted, () if len(categories) else (all_null(node, rows),))


def _means(places: NDArray[np.int64], target: Target, rows: int,
           smoothing: float) -> NDArray[np.float64]:
    """`[folds + 1, rows, label columns]`."""
    folds, columns = target.folds, target.values.shape[1]
    counts = np.zeros((folds, rows))
    sums = np.zeros((folds, rows, columns))
    np.add.at(counts, (target.fold_of, places), 1)
    np.add.at(sums, (target.fold_of, places), target.values)
    means = np.empty((folds + 1, rows, columns))
    for block in range(folds + 1):
        others = [fold for fold in range(folds) if fold != block]
        # Summed from the folds that count, never as a difference: nothing of the own fold is in.
        count, total = counts[others].sum(0)[:, None], sums[others].sum(0)
        prior = total.sum(0) / max(float(count.sum()), 1.0)
        weight = count + smoothing
        known = weight > 0
        means[block] = np.where(known, (total + smoothing * prior) / np.where(known, weight, 1.0),
                                prior)
    return means
