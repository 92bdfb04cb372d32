"""Rows of the history as points of curves, under the names that trackers show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...compiler.network.early_stopping import LOSS, measure_names
from ...compiler.stages import Plan
from ..history import History, Row

BATCHES = f"batches/{LOSS}"
"""The curve of what is reported within epochs; its steps are the reports, from 1."""

FINAL = "final"
"""Above the measures with the weights that the run keeps."""

Point = tuple[int, dict[str, float]]
"""A step, and curve -> value there; what is not defined is left out."""


class Curves:
    """The names of the columns of a history: `loss_test` is the curve `loss/test`, because
    trackers draw curves side by side that agree up to the slash."""

    def __init__(self, plan: Plan) -> None:
        splits = dict.fromkeys((*plan.evaluate_on, "train"))
        self._names = {f"{measure}_{split}": f"{measure}/{split}"
                       for measure in measure_names(plan.graph) for split in splits}

    def epoch(self, row: Row) -> Point:
        """The points of an epoch; the step is its number."""
        return int(row["epoch"] or 0), {
            self._names.get(column, column): float(value) for column, value in row.items()
            if column != "epoch" and value is not None}

    def report(self, number: int, row: Row) -> Point:
        """The point of the report of this number."""
        loss = row[LOSS]
        return number, {} if loss is None else {BATCHES: float(loss)}

    def all(self, history: History, reports: History) -> Iterator[Point]:
        """Everything that has been told so far."""
        yield from (self.epoch(row) for row in _rows(history))
        yield from (self.report(number, row) for number, row in enumerate(_rows(reports), 1))


def _rows(history: History) -> Iterator[Row]:
    for values in zip(*history.columns.values(), strict=True):
        yield dict(zip(history.columns, values, strict=True))


def final(metrics: Mapping[str, Mapping[str, float | None]]) -> dict[str, float]:
    """Split -> measure -> value, as one table; what is not defined is left out."""
    return {f"{FINAL}/{measure}/{split}": value for split, measures in metrics.items()
            for measure, value in measures.items() if value is not None}
