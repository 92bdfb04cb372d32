"""Our own metrics against simple references, scikit-learn and SciPy.

Not checked here: that each runs in a training, which test_vocabulary.py tries, and which tasks
and labels it goes with, for which there is tests/compiler/test_metrics.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score, top_k_accuracy_score
from specc.runtime import query_metrics, sample_metrics

K = st.none() | st.integers(1, 8)


@st.composite
def rankings(draw: st.DrawFn, most: int = 1, ties: bool = True) -> tuple[Any, Any, Any]:
    """Relevance up to `most`, scores, and queries whose rows stand anywhere."""
    rows = draw(st.integers(1, 24))
    true = draw(st.lists(st.integers(0, most), min_size=rows, max_size=rows))
    scores = draw(st.lists(st.integers(-3, 3), min_size=rows, max_size=rows) if ties
                  else st.permutations(range(rows)))
    query = draw(st.lists(st.sampled_from([7, -2, 40, 3]), min_size=rows, max_size=rows))
    return np.array(true), np.array(scores, dtype=float) / 4, np.array(query)


def by_query(metric: Callable[[list[int], list[float]], float | None], true: Any, scores: Any,
             query: Any) -> list[tuple[float, int]]:
    """The metric of each query that has one, and the rows of the query: one after the other."""
    values = [(metric(true[query == one].tolist(), scores[query == one].tolist()),
               int((query == one).sum())) for one in set(query.tolist())]
    return [(value, rows) for value, rows in values if value is not None]


def worst_order(true: list[int], scores: list[float]) -> list[int]:
    """Relevance by falling score, among equal scores the irrelevant first."""
    return [entry for _, entry in sorted(zip(scores, true, strict=True),
                                         key=lambda pair: (-pair[0], pair[1]))]


def precision(true: list[int], scores: list[float], k: int | None) -> float | None:
    order, hits, total = worst_order(true, scores), 0, 0.0
    for place, relevant in enumerate(order[:k]):
        hits += relevant
        total += relevant * hits / (place + 1)
    return total / min(sum(true), k or len(true)) if any(true) else None


def reciprocal(true: list[int], scores: list[float], k: int | None) -> float | None:
    if not any(true):
        return None
    place = worst_order(true, scores).index(1)
    return 0.0 if k is not None and place >= k else 1 / (place + 1)


def hit(true: list[int], scores: list[float], k: int) -> float | None:
    return float(any(worst_order(true, scores)[:k])) if any(true) else None


def area(true: list[int], scores: list[float]) -> float | None:
    pairs = [(high > low) + (high == low) / 2
             for high, is_high in zip(scores, true, strict=True) if is_high
             for low, is_low in zip(scores, true, strict=True) if not is_low]
    return sum(pairs) / len(pairs) if pairs else None


def gain(true: list[int], scores: list[float], k: int | None) -> float | None:
    if not any(true):
        return None
    if len(true) == 1:
        return 1.0  # scikit-learn refuses one row
    return float(ndcg_score([true], [scores], k=k))


@given(drawn=rankings(most=4), k=K)
def test_ndcg_is_the_mean_of_scikit_learns(drawn: tuple[Any, Any, Any], k: int | None) -> None:
    wanted = by_query(lambda true, scores: gain(true, scores, k), *drawn)
    assume(wanted)
    value = query_metrics.ndcg(*drawn, k=k)
    assert value == pytest.approx(np.mean([one for one, _ in wanted]), abs=1e-9)


@given(drawn=rankings(), k=K)
def test_mean_average_precision(drawn: tuple[Any, Any, Any], k: int | None) -> None:
    wanted = by_query(lambda true, scores: precision(true, scores, k), *drawn)
    assume(wanted)
    value = query_metrics.mean_average_precision(*drawn, k=k)
    assert value == pytest.approx(np.mean([one for one, _ in wanted]), abs=1e-9)


@given(drawn=rankings(ties=False))
def test_average_precision_without_ties_is_scikit_learns(drawn: tuple[Any, Any, Any]) -> None:
    true, scores, _ = drawn
    assume(true.any())
    value = query_metrics.mean_average_precision(true, scores, np.zeros(len(true)), k=None)
    assert value == pytest.approx(average_precision_score(true, scores), abs=1e-9)


@given(drawn=rankings(), k=K)
def test_mean_reciprocal_rank(drawn: tuple[Any, Any, Any], k: int | None) -> None:
    wanted = by_query(lambda true, scores: reciprocal(true, scores, k), *drawn)
    assume(wanted)
    value = query_metrics.mean_reciprocal_rank(*drawn, k=k)
    assert value == pytest.approx(np.mean([one for one, _ in wanted]), abs=1e-9)


@given(drawn=rankings(), k=st.integers(1, 8))
def test_hit_rate(drawn: tuple[Any, Any, Any], k: int) -> None:
    wanted = by_query(lambda true, scores: hit(true, scores, k), *drawn)
    assume(wanted)
    value = query_metrics.hit_rate(*drawn, k=k)
    assert value == pytest.approx(np.mean([one for one, _ in wanted]), abs=1e-9)


@given(drawn=rankings())
def test_group_auc(drawn: tuple[Any, Any, Any]) -> None:
    wanted = by_query(area, *drawn)
    assume(wanted)
    value = query_metrics.group_auc(*drawn)
    weights = [rows for _, rows in wanted]
    assert value == pytest.approx(np.average([one for one, _ in wanted], weights=weights),
                                  abs=1e-9)


def test_group_auc_of_one_query_is_scikit_learns() -> None:
    true, scores = np.array([0, 1, 1, 0, 1]), np.array([0.3, 0.3, 0.9, 0.5, 0.1])
    value = query_metrics.group_auc(true, scores, np.full(5, 3))
    assert value == pytest.approx(roc_auc_score(true, scores), abs=1e-12)


BY_QUERY: list[tuple[Callable[..., float], dict[str, Any]]] = [
    (query_metrics.ndcg, {"k": 3}), (query_metrics.mean_average_precision, {"k": 3}),
    (query_metrics.mean_reciprocal_rank, {"k": None}), (query_metrics.hit_rate, {"k": 2}),
    (query_metrics.group_auc, {}),
]
each_by_query = pytest.mark.parametrize(("metric", "args"), BY_QUERY,
                                        ids=[metric.__name__ for metric, _ in BY_QUERY])


@each_by_query
def test_the_order_of_the_rows_means_nothing(metric: Callable[..., float],
                                             args: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    true, scores = rng.integers(0, 2, 300), rng.integers(0, 5, 300) / 4
    query, order = rng.integers(0, 40, 300), rng.permutation(300)
    assert metric(true, scores, query, **args) == pytest.approx(
        metric(true[order], scores[order], query[order], **args), abs=1e-12)


@each_by_query
def test_the_best_order_is_better_than_the_worst(metric: Callable[..., float],
                                                 args: dict[str, Any]) -> None:
    true, query = np.array([0, 1, 0, 0, 1, 0]), np.zeros(6)
    assert metric(true, true.astype(float), query, **args) == pytest.approx(1)
    assert metric(true, -true.astype(float), query, **args) < 0.5
    assert metric(true, np.zeros(6), query, **args) < 1  # who says nothing gets no full marks


@each_by_query
def test_a_label_without_a_relevant_row_is_undefined(metric: Callable[..., float],
                                                     args: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no query has"):
        metric(np.zeros(4), np.arange(4.0), np.array([0, 0, 1, 1]), **args)


def test_relevance_below_zero_is_undefined() -> None:
    with pytest.raises(ValueError, match="below 0"):
        query_metrics.ndcg(np.array([-1.0, 2.0]), np.arange(2.0), np.zeros(2), k=None)


# Means over samples


@st.composite
def chances(draw: st.DrawFn) -> tuple[Any, Any]:
    """Classes, and their probabilities by class in eighths, so that many are equal."""
    rows, classes = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    marks = draw(st.lists(st.integers(0, 4), min_size=rows * classes, max_size=rows * classes))
    weights = np.array(marks, dtype=float).reshape(rows, classes) + 1
    true = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    return np.array(true), weights / weights.sum(axis=1, keepdims=True)


@given(drawn=chances())
def test_mean_rank(drawn: tuple[Any, Any]) -> None:
    ranks = []
    for own, row in zip(*drawn, strict=True):
        places = [place for place, chance in enumerate(sorted(row, reverse=True), start=1)
                  if chance == row[own]]
        ranks.append(sum(places) / len(places))
    assert sample_metrics.mean_rank(*drawn) == pytest.approx(np.mean(ranks), abs=1e-12)


@given(drawn=chances(), k=st.integers(1, 6))
def test_recall_at_k(drawn: tuple[Any, Any], k: int) -> None:
    hits = [sum(row >= row[own]) <= k for own, row in zip(*drawn, strict=True)]
    assert sample_metrics.recall_at_k(*drawn, k=k) == pytest.approx(np.mean(hits), abs=1e-12)


def test_recall_at_k_without_ties_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    true, given_ = rng.integers(0, 5, 200), rng.dirichlet(np.ones(5), 200)
    for k in (1, 2, 4):
        assert sample_metrics.recall_at_k(true, given_, k=k) == pytest.approx(
            top_k_accuracy_score(true, given_, k=k, labels=np.arange(5)))


def test_two_classes_have_two_places() -> None:
    true, positive = np.array([1, 0, 1, 1]), np.array([0.9, 0.2, 0.5, 0.1])
    assert sample_metrics.mean_rank(true, positive) == pytest.approx((1 + 1 + 1.5 + 2) / 4)
    assert sample_metrics.recall_at_k(true, positive, k=1) == 0.5


@given(drawn=chances(), bins=st.integers(1, 7))
def test_expected_calibration_error(drawn: tuple[Any, Any], bins: int) -> None:
    true, given_ = drawn
    total = 0.0
    for low in range(bins):
        inside = [(max(row), row.argmax() == own) for own, row in zip(true, given_, strict=True)
                  if low < max(row) * bins <= low + 1]
        if inside:
            confidence, right = (sum(part) / len(inside) for part in zip(*inside, strict=True))
            total += abs(confidence - right) * len(inside) / len(true)
    assert sample_metrics.expected_calibration_error(true, given_, bins=bins) == pytest.approx(
        total, abs=1e-12)


def test_calibration_of_two_classes_is_that_of_both_columns() -> None:
    rng = np.random.default_rng(2)
    true, positive = rng.integers(0, 2, 500), rng.uniform(size=500)
    both = np.stack([1 - positive, positive], axis=1)
    assert sample_metrics.expected_calibration_error(true, positive, bins=15) == pytest.approx(
        sample_metrics.expected_calibration_error(true, both, bins=15))
    sure = (rng.uniform(size=100_000) < 0.8).astype(int)
    assert sample_metrics.expected_calibration_error(sure, np.full(100_000, 0.8), bins=10) < 0.01


@given(left=st.lists(st.integers(-4, 4), min_size=3, max_size=12), seed=st.integers(0, 99))
def test_spearman_is_scipys(left: list[int], seed: int) -> None:
    right = np.random.default_rng(seed).integers(0, 5, len(left)).astype(float)
    assume(len(set(left)) > 1 and len(set(right.tolist())) > 1)
    value = sample_metrics.spearman(np.array(left), right)
    assert value == pytest.approx(spearmanr(left, right).statistic, abs=1e-12)


def test_spearman_of_several_columns_is_their_mean() -> None:
    rng = np.random.default_rng(3)
    true, given_ = rng.normal(size=(2, 30, 3))
    wanted = [spearmanr(true[:, column], given_[:, column]).statistic for column in range(3)]
    assert sample_metrics.spearman(true, given_) == pytest.approx(np.mean(wanted))
    with pytest.raises(ValueError, match="constant"):
        sample_metrics.spearman(np.ones(5), np.arange(5.0))
    assert math.isclose(sample_metrics.spearman(np.arange(5.0), np.exp(np.arange(5.0))), 1)
