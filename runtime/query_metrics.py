"""Metrics of rankings: how well the rows of each query are ordered, averaged over queries.

Each takes the label as relevance, `(rows,)`, a score, `(rows,)`, larger for rows that should come
first, and the number of the query of each row, `(rows,)`. Places count from 0 here. A metric
raises ValueError where no query has what it measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def ndcg(true: Array, scores: Array, query: Array, *, k: int | None) -> float:
    """Normalized discounted cumulative gain over the first `k` places.

    The gain of a row is its relevance, its discount `1 / log2(place + 2)`. Equal scores share the
    mean of their discounts, which is the mean over all their orders.

    Source: K. Järvelin and J. Kekäläinen, 2002, "Cumulated Gain-Based Evaluation of IR
    Techniques"; ties after F. McSherry and M. Najork, 2008.
    """
    if (true < 0).any():
        raise ValueError("a relevance is below 0")
    best = _discounted(true, true, query, k)
    has_relevant = _any_relevant(best > 0)
    return float((_discounted(true, scores, query, k)[has_relevant] / best[has_relevant]).mean())


def mean_average_precision(true: Array, scores: Array, query: Array, *, k: int | None) -> float:
    """Precision at the place of each relevant row, averaged over the relevant rows of a query.

    With `k`, places from `k` on count as 0, and the mean is over the relevant rows that `k` places
    can hold. Among equal scores relevant rows stand last.
    """
    ranking = _rank(true, scores, query)
    relevant = ranking.true > 0
    totals = ranking.sums(relevant)
    found = np.cumsum(relevant) - (np.cumsum(totals) - totals)[ranking.query]
    counted = relevant & ranking.within(k)
    precision = ranking.sums(np.where(counted, found / (ranking.place + 1), 0.0))
    has_relevant = _any_relevant(totals > 0)
    possible = totals if k is None else np.minimum(totals, k)
    return float((precision[has_relevant] / possible[has_relevant]).mean())


def mean_reciprocal_rank(true: Array, scores: Array, query: Array, *, k: int | None) -> float:
    """`1 / (place + 1)` of the first relevant row of a query, 0 where it is not within `k`.

    Among equal scores relevant rows stand last.

    Source: E. Voorhees, 1999, "The TREC-8 Question Answering Track Report".
    """
    first, has_relevant = _first_relevant(true, scores, query)
    reciprocal = 1 / (first[has_relevant] + 1)
    if k is not None:
        reciprocal[first[has_relevant] >= k] = 0
    return float(reciprocal.mean())


def hit_rate(true: Array, scores: Array, query: Array, *, k: int) -> float:
    """Share of the queries with a relevant row that have one in the first `k` places.

    Among equal scores relevant rows stand last.
    """
    first, has_relevant = _first_relevant(true, scores, query)
    return float((first[has_relevant] < k).mean())


def group_auc(true: Array, scores: Array, query: Array) -> float:
    """Area under the ROC curve of each query that has relevant and other rows, weighed by its rows.

    Equal scores count half.

    Source: H. Zhu and others, 2017, "Optimized Cost per Click in Taobao Display Advertising".
    """
    ranking = _rank(true, scores, query)
    relevant = ranking.true > 0
    rows, positives = ranking.sums(np.ones(len(relevant))), ranking.sums(relevant)
    negatives = rows - positives
    both = (positives > 0) & (negatives > 0)
    if not both.any():
        raise ValueError("no query has both relevant and other rows")
    # The Mann-Whitney statistic counts pairs by ranks from below.
    from_below = rows[ranking.query] - ranking.mean_of_ties(ranking.place.astype(np.float64))
    pairs = ranking.sums(np.where(relevant, from_below, 0.0)) - positives * (positives + 1) / 2
    areas = pairs[both] / (positives[both] * negatives[both])
    return float(np.average(areas, weights=rows[both]))


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Rows by query, then by falling score.

    Args:
        true: relevance, `(rows,)`.
        query: dense query numbers from 0, `(rows,)`.
        place: the place of a row in its query, from 0, `(rows,)`.
        tie: a number for the rows of one query with one score, `(rows,)`.
    """

    true: Array
    query: Array
    place: Array
    tie: Array

    def sums(self, values: Array) -> Array:
        """The sum over each query, `(queries,)`."""
        return np.bincount(self.query, weights=values)

    def mean_of_ties(self, values: Array) -> Array:
        """Each value replaced by the mean over its tie, `(rows,)`."""
        means: Array = (np.bincount(self.tie, weights=values) / np.bincount(self.tie))[self.tie]
        return means

    def within(self, k: int | None) -> Array:
        """Whether a row is in the first `k` places, `(rows,)`."""
        return np.ones(len(self.place), dtype=bool) if k is None else self.place < k


def _rank(true: Array, scores: Array, query: Array) -> _Ranking:
    """Sorts the rows; among equal scores the less relevant come first."""
    _, dense = np.unique(query, return_inverse=True)
    order = np.lexsort((true, -scores, dense))
    dense, sorted_scores = dense[order], scores[order]
    starts = np.flatnonzero(np.diff(dense, prepend=-1))
    place = np.arange(len(dense)) - starts[dense]
    other = (place == 0) | (np.diff(sorted_scores, prepend=np.nan) != 0)
    return _Ranking(true[order], dense, place, np.cumsum(other) - 1)


def _discounted(true: Array, scores: Array, query: Array, k: int | None) -> Array:
    """The discounted gain of each query, `(queries,)`."""
    ranking = _rank(true, scores, query)
    discount = np.where(ranking.within(k), 1 / np.log2(ranking.place + 2.0), 0.0)
    return ranking.sums(ranking.true * ranking.mean_of_ties(discount))


def _first_relevant(true: Array, scores: Array, query: Array) -> tuple[Array, Array]:
    """The place of the first relevant row of each query, and whether it has one, `(queries,)`."""
    ranking = _rank(true, scores, query)
    relevant = ranking.true > 0
    first = np.full(ranking.query[-1] + 1, len(relevant), dtype=np.int64)
    np.minimum.at(first, ranking.query[relevant], ranking.place[relevant])
    return first, _any_relevant(first < len(relevant))


def _any_relevant(has_relevant: Array) -> Array:
    if not has_relevant.any():
        raise ValueError("no query has a relevant row")
    return has_relevant
