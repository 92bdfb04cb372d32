"""Metrics of scikit-learn on predictions, each fed the form that it needs."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.stages import Node, Plan
from ..schema.constructors import load
from ..schema.constructors.types import Direction
from .predictions import Predictions

_DECLARED = {metric.name: metric for metric in load().metrics}


def metric_names(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """A name for each metric: its function, numbered where one stands several times."""
    seen: dict[str, int] = {}
    names = []
    for node in nodes:
        name = node.type.partition(":")[2]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(names)


def directions(nodes: tuple[Node, ...]) -> dict[str, Direction]:
    """Name of a metric -> `higher` or `lower`, whichever is better."""
    return {
        name: _DECLARED[node.type].direction
        for name, node in zip(metric_names(nodes), nodes, strict=True)
    }


def measure(plan: Plan, predicted: Predictions, split: str) -> tuple[
        dict[str, float | None], tuple[Diagnostic, ...]]:
    """Every metric of the plan; None, with a warning, where it is not defined.

    Reports: SC503.
    """
    values: dict[str, float | None] = {}
    found: list[Diagnostic] = []
    nodes = plan.graph.metrics
    for name, node in zip(metric_names(nodes), nodes, strict=True):
        value, reason = _one(node, predicted)
        values[name] = value
        if value is None:
            found.append(codes.UNDEFINED_METRIC.at(node.pointer, metric=node.type, split=split,
                                                   reason=reason))
    return values, tuple(found)


def _one(node: Node, predicted: Predictions) -> tuple[float | None, str]:
    declared = _DECLARED[node.type]
    function = getattr(importlib.import_module("sklearn.metrics"), node.type.partition(":")[2])
    given = {
        "labels": predicted.labels,
        "scores": predicted.scores,
        "probabilities": predicted.probabilities,
        "values": predicted.values,
    }[declared.needs]
    args = {**node.args, **dict(_classes(node, predicted))}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = float(function(predicted.true, given, **args))
    except (ValueError, IndexError, ZeroDivisionError) as error:
        return None, str(error).partition("\n")[0]
    return (value, "") if math.isfinite(value) else (None, f"its value is {value}")


def _classes(node: Node, predicted: Predictions) -> Iterator[tuple[str, Any]]:
    """The classes, for metrics on scores of every class: a split may lack one of them."""
    declared = _DECLARED[node.type]
    if not declared.takes_labels or declared.needs not in ("scores", "probabilities"):
        return
    if predicted.scores.ndim == 2:
        yield "labels", np.arange(predicted.scores.shape[1])
    elif declared.needs == "probabilities":
        yield "labels", np.array([0, 1])
