"""Outputs of the network as predictions: probabilities, classes, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiler.stages import Plan
from ..schema.agreement import loss_rule

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the network says of some samples, in the forms that metrics read.

    Args:
        true: `(rows,)`, or `(rows, columns)` for several label columns. Classes are 0, 1, ...;
            numbers are on the scale of the label's raw columns.
        values: the output on that scale, same shape as a numeric label.
        scores: larger means more likely; `(rows,)` for two classes, else `(rows, classes)`.
        probabilities: within 0 to 1, same shape as `scores`.
        labels: the decided class numbers, `(rows,)` or `(rows, columns)`.
        quantiles: quantile -> its prediction, same shape as `values`, which are those of the
            one nearest to 0.5; none where the output is one number for each label column.
    """

    true: Array
    values: Array
    scores: Array
    probabilities: Array
    labels: Array
    quantiles: Mapping[float, Array] = field(default_factory=dict)

    def at(self, rows: Array) -> Predictions:
        """Those of some rows, by their numbers; a row may come several times."""
        return Predictions(
            self.true[rows], self.values[rows], self.scores[rows], self.probabilities[rows],
            self.labels[rows], {level: each[rows] for level, each in self.quantiles.items()})


def predictions(plan: Plan, output: Array, label: Array) -> Predictions:
    """Reads network outputs by the task and the loss of the plan.

    Args:
        output: float32 `(rows, width)`, or `(rows, members, width)` of an ensemble, whose
            prediction is the mean of what its members predict.
        label: float32 `(rows, columns)`, or int64 `(rows,)` for class numbers.
    """
    task = plan.shaped.task
    output = output.astype(np.float64)
    probabilities = _probabilities(plan, output)
    if counts_by_logarithm(plan):
        output = np.exp(output)
    ranked = output
    if output.ndim == 3:
        output, probabilities = output.mean(axis=1), probabilities.mean(axis=1)
        # The mean of logits may order rows otherwise than that of probabilities.
        ranked = probabilities
    true = label[:, 0] if label.ndim == 2 and label.shape[1] == 1 else label
    if task == "regression":
        return _numbers(plan, true, probabilities if tells_shares(plan) else output)
    if task == "binary":
        positive = -1 if output.shape[1] == 2 else 0
        scores = ranked[:, 1] - ranked[:, 0] if ranked.shape[1] == 2 else ranked[:, 0]
        chance = probabilities[:, positive]
        return Predictions(_zero_one(true), output[:, positive], scores, chance,
                           (chance >= 0.5).astype(np.int64))
    if task == "multilabel":
        return Predictions(_zero_one(true), output, probabilities, probabilities,
                           (probabilities >= 0.5).astype(np.int64))
    classes = true.argmax(axis=1) if true.ndim == 2 else true
    return Predictions(classes.astype(np.int64), output, probabilities, probabilities,
                       ranked.argmax(axis=1))


def _numbers(plan: Plan, true: Array, output: Array) -> Predictions:
    """Outputs in the unit of the label, `(rows, columns * quantiles)`."""
    loss = plan.graph.loss
    levels = loss_rule(loss.type, loss.args).quantiles
    each = len(levels) or 1
    by_column = _on_label_scale(
        plan, output.reshape(len(output), output.shape[1] // each, each))
    true = _on_label_scale(plan, true[:, None])[:, 0] if true.ndim == 1 else \
        _on_label_scale(plan, true)
    if by_column.shape[1] == 1:
        by_column = by_column[:, 0]
    values = by_column[..., middle(levels)]
    return Predictions(true, values, values, values, values, {
        level: by_column[..., place] for place, level in enumerate(levels)})


def middle(levels: Sequence[float]) -> int:
    """The place of the quantile nearest to 0.5, of two equally near ones the lower."""
    return min(range(len(levels)), key=lambda place: abs(levels[place] - 0.5), default=0)


def _on_label_scale(plan: Plan, values: Array) -> Array:
    """Numbers that the loss reads, `(rows, columns, ...)`, as the label's raw columns have them:
    its transformers undone where they can be."""
    parts, start = [], 0
    for column in plan.shaped.fitted.extractors[plan.graph.label.name].columns:
        stop = start + len(column.names)
        parts.append(column.inverse(values[:, start:stop]))
        start = stop
    return np.concatenate(parts, axis=1)


def tells_shares(plan: Plan) -> bool:
    """Whether a label of numbers is one of shares, which the output tells as probabilities."""
    loss = plan.graph.loss
    return loss_rule(loss.type, loss.args).values == "unit"


def counts_by_logarithm(plan: Plan) -> bool:
    """Whether the output is the logarithm of what the label counts."""
    loss = plan.graph.loss
    return loss.type == "torch.nn:PoissonNLLLoss" and bool(loss.args["log_input"])


def _zero_one(true: Array) -> Array:
    """Two-valued labels as 0 and 1; margins write them as -1 and 1."""
    ones: Array = (true > 0).astype(np.int64)
    return ones


def probability_form(plan: Plan) -> str:
    """How an output becomes probabilities, by what the last node leaves, else by what the loss
    reads: `probability` and `logarithm` are such already, `sigmoid` and `softmax` are applied,
    and `clip` cuts to 0 and 1 what a loss on plain numbers has learnt, such as the squared error.
    """
    leaves = plan.shaped.shapes.output_range
    if leaves in ("probability", "distribution"):
        return "probability"
    if leaves in ("log_probability", "log_distribution"):
        return "logarithm"
    how = loss_rule(plan.graph.loss.type, plan.graph.loss.args).probability
    if how == "sigmoid":
        return "sigmoid"
    return "softmax" if how in ("softmax", "exp") else "clip"


def _probabilities(plan: Plan, output: Array) -> Array:
    """Outputs as probabilities."""
    form = probability_form(plan)
    if form == "probability":
        return output
    if form == "logarithm":
        return np.exp(output)
    if form == "sigmoid":
        from scipy.special import expit

        return expit(output)  # type: ignore[no-any-return]
    if form == "softmax":
        from scipy.special import softmax

        return softmax(output, axis=-1)  # type: ignore[no-any-return]
    return np.clip(output, 0.0, 1.0)
