"""Metrics as figures over rows, cells or queries, in the form that is quickest to draw anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...compiler.stages import Node
from ..predictions import Predictions
from .resampling import Array, Statistic


@dataclass(frozen=True, eq=False)
class Mean(Statistic):
    """A function of the weighted mean of what each row says.

    Args:
        values: float64 `(rows,)`.
        weights: float64 `(rows,)`.
    """

    values: Array
    weights: Array
    then: Callable[[float], float] = float

    @property
    def units(self) -> int:  # type: ignore[override]
        return len(self.values)

    def of(self, counts: Array) -> float:
        weights = counts * self.weights
        total = weights.sum()
        return self.then(float(weights @ self.values / total)) if total > 0 else math.nan


@dataclass(frozen=True, eq=False)
class Cells(Statistic):
    """A metric on decided classes, by how often each pair of true and decided class comes.

    Units are the pairs that there are; drawing rows and drawing their pairs is one thing.

    Args:
        function: takes the pairs and, as `sample_weight`, how often each comes.
        rows: rows of each pair, int64 `(pairs,)`.
    """

    function: Callable[..., float]
    true: Array
    decided: Array
    rows: Array
    resamples: int = 200

    @property
    def units(self) -> int:  # type: ignore[override]
        return int(self.rows.sum())

    def whole(self) -> float:
        return self.of(self.rows)

    def of(self, counts: Array) -> float:
        there = counts > 0
        return self.function(self.true[there], self.decided[there], sample_weight=counts[there])

    def draws(self, seed: int) -> Iterator[Array]:
        total = int(self.rows.sum())
        yield from np.random.default_rng(seed).multinomial(
            total, self.rows / total, size=self.resamples)


class Ranking(Statistic):
    """A figure of how well scores tell two classes apart, without sorting them each time.

    Args:
        true: 0 or 1, `(rows,)`.
        scores: `(rows,)`.
        average_precision: whether it is that, else the area under the ROC curve.
    """

    def __init__(self, true: Array, scores: Array, *, average_precision: bool = False) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._positive = true[self._order] > 0
        self._starts = np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0)
        self._average_precision = average_precision
        self.units = len(true)

    def of(self, counts: Array) -> float:
        drawn = counts[self._order].astype(np.float64)
        positive = np.add.reduceat(drawn * self._positive, self._starts)
        every = np.add.reduceat(drawn, self._starts)
        found = np.cumsum(positive)
        positives, negatives = found[-1], every.sum() - found[-1]
        if not positives or not negatives:
            return math.nan
        if self._average_precision:
            return float(positive @ (found / np.maximum(np.cumsum(every), 1)) / positives)
        # Each negative row is worth the positive ones above it, and half of those beside it.
        above = found - positive / 2
        return float((every - positive) @ above / (positives * negatives))


@dataclass(frozen=True, eq=False)
class OfRows(Statistic):
    """Any figure of rows, computed anew on each draw.

    Args:
        function: takes the rows that were drawn, int64; NaN where it is not defined.
    """

    function: Callable[[Array], float]
    units: int
    resamples: int = 200

    def of(self, counts: Array) -> float:
        return self.function(np.repeat(np.arange(self.units), counts))


class OfQueries(Statistic):
    """A metric by query; units are queries, each drawn with all its rows.

    Args:
        function: takes rows, int64, and the query of each; NaN where it is not defined.
        query: the query of each row.
    """

    resamples = 200

    def __init__(self, function: Callable[[Array, Array], float], query: Array) -> None:
        self._function = function
        _, dense = np.unique(query, return_inverse=True)
        self._rows = np.argsort(dense, kind="stable")
        self._sizes = np.bincount(dense)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self.units = len(self._sizes)

    def of(self, counts: Array) -> float:
        drawn = np.repeat(np.arange(self.units), counts)
        sizes = self._sizes[drawn]
        before = np.cumsum(sizes) - sizes
        places = np.arange(sizes.sum()) + np.repeat(self._starts[drawn] - before, sizes)
        return self._function(self._rows[places], np.repeat(np.arange(len(drawn)), sizes))


def mean_form(node: Node, predicted: Predictions) -> Mean | None:
    """The metric as a mean of rows, where it is one; None where nothing says so.

    What it says of all rows is not checked here against the metric.
    """
    make = _MEANS.get(node.type.partition(":")[2] or node.type)
    if make is None:
        return None
    values, then = make(predicted, node.args)
    return Mean(values.astype(np.float64), np.ones(len(values)), then)


def _by_row(values: Array) -> Array:
    """The mean over the columns of each row."""
    return values if values.ndim == 1 else values.reshape(len(values), -1).mean(axis=1)


def _wrong(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    wrong = said.true != said.labels
    return (wrong if wrong.ndim == 1 else wrong.any(axis=1)), float


def _right(said: Predictions, args: Any) -> tuple[Array, Callable[[float], float]]:
    return ~_wrong(said, args)[0], float


def _surprise(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    chances = said.probabilities
    if chances.ndim == 1:
        own = np.where(said.true > 0, chances, 1 - chances)
    else:
        own = np.take_along_axis(chances / chances.sum(axis=1, keepdims=True),
                                 said.true[:, np.newaxis], axis=1)[:, 0]
    smallest = np.finfo(np.float64).eps
    return -np.log(np.clip(own, smallest, 1 - smallest)), float


def _brier(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    return (said.probabilities - said.true) ** 2 if said.probabilities.ndim == 1 else \
        np.full(len(said.true), math.nan), float


def _squared(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    return _by_row((said.values - said.true) ** 2), float


def _absolute(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    return _by_row(np.abs(said.values - said.true)), float


def _ranking_precision(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    true, among_all, among_true = _ranks(said)
    precision = np.where(true, among_true / among_all, 0).sum(axis=1)
    count = true.sum(axis=1)
    # With all labels, or with none, no ranking is wrong.
    return np.where((count == 0) | (count == true.shape[1]), 1.0,
                    precision / np.maximum(count, 1)), float


def _ranking_loss(said: Predictions, _: Any) -> tuple[Array, Callable[[float], float]]:
    true, among_all, among_true = _ranks(said)
    wrong = np.where(true, among_all - among_true, 0).sum(axis=1)
    count = true.sum(axis=1)
    return wrong / np.maximum(count * (true.shape[1] - count), 1), float


def _ranks(said: Predictions) -> tuple[Array, Array, Array]:
    """Which labels a row has, and the rank of each from the highest score on, among all labels
    and among those that the row has; of equal scores the last rank."""
    from scipy.stats import rankdata

    true = said.true > 0
    return (true, rankdata(-said.scores, "max", axis=1),
            rankdata(np.where(true, -said.scores, np.inf), "max", axis=1))


_MEANS: dict[str, Callable[[Predictions, Any], tuple[Array, Callable[[float], float]]]] = {
    "accuracy_score": _right,
    "zero_one_loss": _wrong,
    "log_loss": _surprise,
    "brier_score_loss": _brier,
    "mean_squared_error": _squared,
    "root_mean_squared_error": lambda said, args: (_squared(said, args)[0], math.sqrt),
    "mean_absolute_error": _absolute,
    "label_ranking_average_precision_score": _ranking_precision,
    "label_ranking_loss": _ranking_loss,
}
