"""Free baselines on the evaluated splits: what no training gets, and what a line gets.

A network that is no better than these has learned nothing, or nothing that needs a network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...compiler.network.heads import name_in
from ...compiler.seeds import derive_seed
from ...compiler.stages import Plan
from ...schema.agreement import loss_rule
from ..batches import by_head
from ..evaluate import Evaluation, to_arrays
from ..metrics import measure
from ..predictions import Predictions, predictions
from ..scoring import Scoring
from .linear import NoModel, fit_linear
from .resampling import some_of

Array = NDArray[Any]

Model = Callable[[Predictions, NDArray[np.int64]], Predictions]
"""What a baseline says of samples, in place of what the network says of them."""

LABELS = 20_000_000
"""The most training rows times outputs whose labels the constant is taken from."""


@dataclass
class Baseline:
    """What one baseline gets.

    Args:
        splits: split -> name of a metric -> value, None where it is not defined.
        reason: why there is none, or what it leaves out.
    """

    splits: dict[str, dict[str, float | None]] = field(default_factory=dict)
    reason: str | None = None


def baselines(session: Scoring, evaluations: Mapping[str, Evaluation]) -> dict[str, Baseline]:
    """`constant`: the mean, or the frequencies, of the training labels. `linear`: a logistic or a
    ridge regression on the encoded features."""
    found = {"constant": Baseline(), "linear": Baseline()}
    if not evaluations:
        return found
    for head, view in session.plan.views.items():
        if not view.graph.metrics:
            continue
        _measure(found["constant"], head, view, evaluations, constant(session, head, view))
        try:
            model, left_out = _linear(session, head, view)
        except NoModel as error:
            found["linear"].reason = str(error)
            continue
        _measure(found["linear"], head, view, evaluations, model)
        if left_out:
            found["linear"].reason = f"without {', '.join(left_out)}"
    return found


def _measure(baseline: Baseline, head: str, view: Plan, evaluations: Mapping[str, Evaluation],
             model: Model) -> None:
    for split, evaluation in evaluations.items():
        said = predictions(view, by_head(evaluation.output)[head],
                           by_head(evaluation.label)[head])
        values, _ = measure(view, model(said, evaluation.samples), evaluation.samples, split)
        baseline.splits.setdefault(split, {}).update(
            {name_in(head, name): value for name, value in values.items()})


def training_rows(session: Scoring, most: int, purpose: str) -> NDArray[np.int64]:
    """At most `most` training samples, drawn by the seed of the spec."""
    plan = session.plan
    rows = np.flatnonzero(plan.samples.training)
    return rows[some_of(len(rows), most, derive_seed(plan.graph.seed, "/metrics", purpose))]


def true_labels(session: Scoring, head: str, view: Plan, samples: NDArray[np.int64]) -> Array:
    """The labels of samples as `Predictions.true`."""
    label = by_head(to_arrays(session.evaluation.labels(
        torch.from_numpy(samples).to(session.device))))[head]
    return predictions(view, np.zeros((len(label), _outputs(view))), label).true


def _outputs(view: Plan) -> int:
    """The width of the output."""
    shape = view.shaped.shapes.output
    assert isinstance(shape, tuple) and isinstance(shape[-1], int)
    return shape[-1]


def constant(session: Scoring, head: str, view: Plan) -> Model:
    """The mean of the training labels, their frequencies, or with a loss of quantiles theirs."""
    rows = training_rows(session, max(1, LABELS // _outputs(view)), "constant baseline")
    true = true_labels(session, head, view, rows)
    task = view.shaped.task
    if task == "multiclass":
        return lambda said, _: _classes(said, np.bincount(
            true, minlength=said.scores.shape[1]) / len(true))
    mean = true.mean(axis=0)
    if task != "regression":
        return lambda said, _: _chances(said, mean)
    rule = loss_rule(view.graph.loss.type, view.graph.loss.args)
    quantiles = {level: np.quantile(true, level, axis=0) for level in rule.quantiles}
    return lambda said, _: _values(said, mean, quantiles)


def _classes(said: Predictions, chances: Array) -> Predictions:
    """Those of several classes, `(classes,)` or `(rows, classes)`."""
    full = np.broadcast_to(chances, said.scores.shape)
    return Predictions(said.true, full, full, full, full.argmax(axis=1))


def _chances(said: Predictions, chances: Array) -> Predictions:
    """Those of 1, of one label column or several."""
    full = np.broadcast_to(chances, said.scores.shape)
    return Predictions(said.true, full, full, full, (full >= 0.5).astype(np.int64))


def _values(said: Predictions, values: Array, quantiles: Mapping[float, Array]) -> Predictions:
    full = np.broadcast_to(values, said.true.shape)
    return Predictions(said.true, full, full, full, full, {
        level: np.broadcast_to(value, said.true.shape) for level, value in quantiles.items()})


def _linear(session: Scoring, head: str, view: Plan) -> tuple[Model, tuple[str, ...]]:
    """Raises NoModel."""
    fitted = fit_linear(
        session, view.shaped.task, lambda rows: true_labels(session, head, view, rows),
        lambda most: training_rows(session, most, "linear baseline"))

    def say(said: Predictions, samples: NDArray[np.int64]) -> Predictions:
        told = fitted.of(samples)
        if view.shaped.task == "multiclass":
            return _classes(said, _all_classes(told, fitted.classes, said.scores.shape))
        if view.shaped.task == "regression":
            # A line tells the mean and no quantile, so no metric of one is taken of it.
            values = told.reshape(said.true.shape)
            return _values(said, values, dict.fromkeys(
                said.quantiles, np.full(values.shape, np.nan)))
        return _chances(said, told.reshape(said.scores.shape))

    return say, fitted.left_out


def _all_classes(told: Array, known: Array, shape: tuple[int, ...]) -> Array:
    """Chances of classes seen in training, with 0 for the others."""
    full = np.zeros(shape)
    full[:, known] = told
    return full
