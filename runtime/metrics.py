"""Metrics on predictions, each fed the form that it needs: scikit-learn's and our own."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.network.early_stopping import LOSS, metric_names
from ..compiler.network.heads import name_in, views
from ..compiler.stages import Graph, Node, Plan
from ..schema.constructors.types import Direction
from ..schema.metrics import METRICS
from . import query_metrics, sample_metrics
from .predictions import Predictions

_DECLARED = {metric.name: metric for metric in METRICS}

_OWN: Mapping[str, Callable[..., float]] = {
    "mean_rank": sample_metrics.mean_rank,
    "recall_at_k": sample_metrics.recall_at_k,
    "expected_calibration_error": sample_metrics.expected_calibration_error,
    "spearman": sample_metrics.spearman,
    "ndcg": query_metrics.ndcg,
    "mean_average_precision": query_metrics.mean_average_precision,
    "mean_reciprocal_rank": query_metrics.mean_reciprocal_rank,
    "hit_rate": query_metrics.hit_rate,
    "group_auc": query_metrics.group_auc,
}


def directions(nodes: tuple[Node, ...]) -> dict[str, Direction]:
    """Name of a metric -> `higher` or `lower`, whichever is better."""
    return {
        name: _DECLARED[node.type].direction
        for name, node in zip(metric_names(nodes), nodes, strict=True)
    }


def directions_of(graph: Graph) -> dict[str, Direction]:
    """The same for every measure of a graph but its loss: with heads the loss of each, and its
    metrics."""
    found: dict[str, Direction] = {}
    for head, view in views(graph).items():
        if head:
            found[name_in(head, LOSS)] = "lower"
        found |= {name_in(head, name): direction
                  for name, direction in directions(view.metrics).items()}
    return found


def measure(plan: Plan, predicted: Predictions, samples: NDArray[np.int64], split: str) -> tuple[
        dict[str, float | None], tuple[Diagnostic, ...]]:
    """Every metric of the plan; None, with a warning, where it is not defined.

    Reports: SC503.

    Args:
        samples: those that were predicted, in the same order; a metric by query looks up the
            query of each.
    """
    queries = plan.shaped.fitted.bound.queries
    values: dict[str, float | None] = {}
    found: list[Diagnostic] = []
    nodes = plan.graph.metrics
    for name, node in zip(metric_names(nodes), nodes, strict=True):
        query = queries.get(node.pointer)
        value, reason = value_of(node, predicted, None if query is None else query[samples])
        values[name] = value
        if value is None:
            found.append(codes.UNDEFINED_METRIC.at(node.pointer, metric=node.type, split=split,
                                                   reason=reason))
    return values, tuple(found)


def value_of(node: Node, predicted: Predictions,
             query: NDArray[np.int64] | None = None) -> tuple[float | None, str]:
    """One metric; None, and why, where it is not defined.

    Args:
        query: the query of each sample, for a metric by query.
    """
    args = {**node.args, **dict(_classes(node, predicted))}
    function = _OWN.get(node.type) or _of_sklearn(node)
    if query is not None:
        args["query"] = query
    given = _given(node, predicted)
    if not np.isfinite(given).all():
        return None, "the predictions are not finite"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = float(function(predicted.true, given, **args))
    except (ValueError, IndexError, ZeroDivisionError) as error:
        return None, str(error).partition("\n")[0]
    return (value, "") if math.isfinite(value) else (None, f"its value is {value}")


def function_of(node: Node) -> Callable[..., float] | None:
    """The function of a metric on decided classes, which takes the true ones, the decided ones
    and `sample_weight`; None for every other metric."""
    declared = _DECLARED[node.type]
    return _of_sklearn(node) if declared.needs == "labels" else None


def _of_sklearn(node: Node) -> Callable[..., float]:
    function: Callable[..., float] = getattr(importlib.import_module("sklearn.metrics"),
                                             node.type.partition(":")[2])
    return function


def _given(node: Node, predicted: Predictions) -> NDArray[Any]:
    """The predictions in the form that a metric needs; of several quantiles the nearest to its
    own."""
    if predicted.quantiles and "alpha" in node.args:
        nearest = min(predicted.quantiles, key=lambda level: abs(level - node.args["alpha"]))
        return predicted.quantiles[nearest]
    return {
        "labels": predicted.labels,
        "scores": predicted.scores,
        "probabilities": predicted.probabilities,
        "values": predicted.values,
    }[_DECLARED[node.type].needs]


def _classes(node: Node, predicted: Predictions) -> Iterator[tuple[str, Any]]:
    """The classes, for metrics on scores of every class: a split may lack one of them."""
    declared = _DECLARED[node.type]
    if not declared.takes_labels or declared.needs not in ("scores", "probabilities"):
        return
    if predicted.scores.ndim == 2 and predicted.true.ndim == 1:
        yield "labels", np.arange(predicted.scores.shape[1])
    elif declared.needs == "probabilities":
        yield "labels", np.array([0, 1])
