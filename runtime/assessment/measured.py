"""A metric on predictions as something that can be drawn anew."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...compiler.stages import Node
from ..metrics import function_of, value_of
from ..predictions import Predictions
from .resampling import Array, Measured, Statistic, some_of
from .statistics import Cells, OfQueries, OfRows, Ranking, mean_form

ROWS_QUICK, ROWS_SLOW, ROWS_QUERIES = 10_000, 10_000, 5_000
"""The most rows that are drawn: for a figure with a quick form, for any other where a row is one
number, and for one by query."""

PAIRS = 2_000
"""The most pairs of true and decided class that are counted."""

_NO_SPREAD = ("max_error",)
"""Metrics that a bootstrap says nothing of: the largest of the rows is in most resamples."""


def measured(node: Node, predicted: Predictions, value: float, seed: int,
             query: NDArray[np.int64] | None = None, *, by_row: bool = False) -> Measured | None:
    """A metric as a statistic, over a part of many rows; None where it has no spread to tell.

    Args:
        value: what the metric says of all rows.
        by_row: whether units have to be rows (or queries), so that two runs can be drawn alike.
    """
    kind = node.type.partition(":")[2] or node.type
    total = len(predicted.true)
    if kind in _NO_SPREAD or total < 2:
        return None
    if query is not None:
        return _of_queries(node, predicted, value, seed, query)
    if node.args.get("normalize") is False:
        # A sum grows with its rows, so it is drawn as a mean.
        return None
    part = predicted.at(some_of(total, ROWS_QUICK, seed))
    quick = _quick(node, kind, part)
    if quick is not None and (total > ROWS_QUICK or _close(quick.whole(), value)):
        return Measured(quick, value, total)
    if not by_row:
        cells = _cells(node, predicted)
        if cells is not None and _close(cells.whole(), value):
            return Measured(cells, value, total)
    part = predicted.at(some_of(total, _rows(predicted), seed))
    return Measured(OfRows(lambda rows: value_or_nan(node, part.at(rows)), len(part.true)),
                    value, total)


def value_or_nan(node: Node, predicted: Predictions, query: Array | None = None) -> float:
    """What a metric says; NaN where it is not defined."""
    value, _ = value_of(node, predicted, query)
    return math.nan if value is None else value


def _rows(predicted: Predictions) -> int:
    """How many rows are drawn of a figure that has no quick form."""
    return max(500, ROWS_SLOW // max(1, predicted.scores[:1].size))


def _quick(node: Node, kind: str, part: Predictions) -> Statistic | None:
    ranks = part.scores.ndim == 1 and node.args.get("max_fpr") is None
    if kind in ("roc_auc_score", "average_precision_score") and ranks:
        return Ranking(part.true, part.scores,
                       average_precision=kind == "average_precision_score")
    return mean_form(node, part)


def _cells(node: Node, predicted: Predictions) -> Cells | None:
    """The metric over pairs of classes; None where it is none on decided classes."""
    function = function_of(node)
    if predicted.true.ndim != 1 or function is None or predicted.labels.dtype != np.int64:
        return None
    pairs, rows = np.unique(np.stack([predicted.true, predicted.labels]), axis=1,
                            return_counts=True)
    if len(rows) > PAIRS:
        return None

    def figure(true: Array, decided: Array, sample_weight: Array) -> float:
        try:
            return float(function(true, decided, sample_weight=sample_weight, **node.args))
        except (ValueError, ZeroDivisionError):
            return math.nan

    return Cells(figure, pairs[0], pairs[1], rows)


def _of_queries(node: Node, predicted: Predictions, value: float, seed: int,
                query: Array) -> Measured | None:
    _, dense = np.unique(query, return_inverse=True)
    queries = int(dense.max()) + 1
    if queries < 2:
        return None
    most = min(queries, max(100, queries * ROWS_QUERIES // len(dense)))
    rows = np.flatnonzero(np.isin(dense, some_of(queries, most, seed)))
    part, own = predicted.at(rows), dense[rows]

    def figure(places: Array, numbers: Array) -> float:
        return value_or_nan(node, part.at(places), numbers)

    return Measured(OfQueries(figure, own), value, queries, "queries")


def _close(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=1e-5, atol=1e-9))


def without_sums(node: Node, value: float, rows: int) -> tuple[Node, float, int]:
    """A metric that adds rows up as the mean that it is `rows` times of, and that factor."""
    if node.args.get("normalize") is not False or not rows:
        return node, value, 1
    args: dict[str, Any] = {**node.args, "normalize": True}
    return replace(node, args=args), value / rows, rows
