"""Two runs on the same rows: a metric of both, drawn together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...compiler.network.early_stopping import metric_names
from ...compiler.network.heads import name_in, views
from ...compiler.stages import Node
from ..assessment.measured import measured, value_or_nan
from ..assessment.resampling import Array, Statistic, some_of
from ..assessment.statistics import OfRows
from ..finished.folder import FinishedRun
from ..predictions import Predictions


def metric_nodes(run: FinishedRun) -> Mapping[str, tuple[str, Node]]:
    """Name of a metric -> the head that it belongs to, and its node; empty where this version
    does not read the spec of the run."""
    if run.graph is None:
        return {}
    return {name_in(head, name): (head, node) for head, view in views(run.graph).items()
            for name, node in zip(metric_names(view.metrics), view.metrics, strict=True)}


def same_rows(ours: pa.Table, theirs: pa.Table) -> tuple[NDArray[np.int64] | None, str | None]:
    """For each of our rows that of theirs with the same key; else why there are none.

    The key is what stands before `split`; the rows have to have the same true values too.
    """
    keys = _keys(ours)
    if keys != _keys(theirs) or not keys:
        return None, "the rows have other keys"
    if ours.num_rows != theirs.num_rows:
        return None, "the split has other rows"
    try:
        orders = [pc.sort_indices(table, sort_keys=[(key, "ascending") for key in keys])
                  for table in (ours, theirs)]
        sides = [table.select(keys).take(order)
                 for table, order in zip((ours, theirs), orders, strict=True)]
        if not sides[0].equals(sides[1]):
            return None, "the split has other rows"
        first, second = (order.to_numpy(zero_copy_only=False).astype(np.int64)
                         for order in orders)
        places = np.empty(len(first), dtype=np.int64)
        places[first] = second
        true = [name for name in ours.column_names if _is_true(name, ours.column_names)]
        same = all(name in theirs.column_names
                   and ours.column(name).equals(theirs.column(name).take(pa.array(places)))
                   for name in true)
    except (pa.ArrowException, LookupError, ValueError, TypeError):
        return None, "the rows cannot be compared"
    return (places, None) if same else (None, "the true values of the rows differ")


def _keys(table: pa.Table) -> list[str]:
    return list(table.column_names[:table.column_names.index("split")])


def _is_true(name: str, names: list[str]) -> bool:
    """Whether a column behind the split holds a label."""
    if names.index(name) <= names.index("split"):
        return False
    last = name.rpartition(".")[2]
    return last == "true" or last.startswith("true_")


def paired_figure(node: Node, ours: Predictions, theirs: Predictions, old: float, new: float,
                  seed: int) -> Statistic | None:
    """The difference of a metric between two predictions of the same rows, theirs less ours.

    None where the predictions do not give the metrics that the runs wrote.
    """
    if node.args.get("normalize") is False:
        return _of_sums(node, ours, theirs, old, new, seed)
    parts = []
    for said, value in ((ours, old), (theirs, new)):
        if not np.isclose(value_or_nan(node, said), value, rtol=1e-4, atol=1e-6):
            return None
        one = measured(node, said, value, seed, by_row=True)
        if one is None:
            return None
        parts.append(one.statistic)
    if parts[0].units == parts[1].units and type(parts[0]) is type(parts[1]):
        return Difference(parts[0], parts[1])
    # Equal seeds take equal parts of the rows only where the parts are equally long.
    rows = some_of(len(ours.true), min(part.units for part in parts), seed)
    left, right = ours.at(rows), theirs.at(rows)
    return OfRows(lambda places: value_or_nan(node, right.at(places))
                  - value_or_nan(node, left.at(places)), len(rows))


def _of_sums(node: Node, ours: Predictions, theirs: Predictions, old: float, new: float,
             seed: int) -> Statistic | None:
    """A metric that adds rows up, as the mean that it is so many times of."""
    rows = len(ours.true)
    args: dict[str, Any] = {**node.args, "normalize": True}
    mean = paired_figure(replace(node, args=args), ours, theirs, old / rows, new / rows, seed)
    return None if mean is None else Scaled(mean, rows)


class Difference(Statistic):
    """One figure less another, over the same units."""

    def __init__(self, first: Statistic, second: Statistic) -> None:
        self._first, self._second = first, second
        self.units = first.units
        self.resamples = min(first.resamples, second.resamples)

    def of(self, counts: Array) -> float:
        return self._second.of(counts) - self._first.of(counts)


class Scaled(Statistic):
    """A figure times a number."""

    def __init__(self, inner: Statistic, factor: float) -> None:
        self._inner, self._factor = inner, factor
        self.units, self.resamples = inner.units, inner.resamples

    def of(self, counts: Array) -> float:
        return self._factor * self._inner.of(counts)
