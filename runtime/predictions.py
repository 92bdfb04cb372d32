"""Outputs of the network as predictions: probabilities, classes, values."""

from __future__ import annotations

from dataclasses import dataclass
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
        true: `(rows,)`, or `(rows, columns)` for several label columns. Classes are 0, 1, ...
        values: the output as it is, same shape as a numeric label.
        scores: larger means more likely; `(rows,)` for two classes, else `(rows, classes)`.
        probabilities: within 0 to 1, same shape as `scores`.
        labels: the decided class numbers, `(rows,)` or `(rows, columns)`.
    """

    true: Array
    values: Array
    scores: Array
    probabilities: Array
    labels: Array


def predictions(plan: Plan, output: Array, label: Array) -> Predictions:
    """Reads network outputs by the task and the loss of the plan.

    Args:
        output: float32 `(rows, width)`.
        label: float32 `(rows, columns)`, or int64 `(rows,)` for class numbers.
    """
    task = plan.shaped.task
    output = output.astype(np.float64)
    probabilities = _probabilities(plan, output)
    if counts_by_logarithm(plan):
        output = np.exp(output)
    true = label[:, 0] if label.ndim == 2 and label.shape[1] == 1 else label
    if task == "regression":
        values = output[:, 0] if output.shape[1] == 1 else output
        return Predictions(true, values, values, values, values)
    if task == "binary":
        positive = -1 if output.shape[1] == 2 else 0
        scores = output[:, 1] - output[:, 0] if output.shape[1] == 2 else output[:, 0]
        chance = probabilities[:, positive]
        return Predictions(_zero_one(true), output[:, positive], scores, chance,
                           (chance >= 0.5).astype(np.int64))
    if task == "multilabel":
        return Predictions(_zero_one(true), output, probabilities, probabilities,
                           (probabilities >= 0.5).astype(np.int64))
    classes = true.argmax(axis=1) if true.ndim == 2 else true
    return Predictions(classes.astype(np.int64), output, probabilities, probabilities,
                       output.argmax(axis=1))


def counts_by_logarithm(plan: Plan) -> bool:
    """Whether the output is the logarithm of what the label counts."""
    loss = plan.graph.loss
    return loss.type == "torch.nn:PoissonNLLLoss" and bool(loss.args["log_input"])


def _zero_one(true: Array) -> Array:
    """Two-valued labels as 0 and 1; margins write them as -1 and 1."""
    ones: Array = (true > 0).astype(np.int64)
    return ones


def _probabilities(plan: Plan, output: Array) -> Array:
    """Outputs as probabilities, by what the last node leaves, else by what the loss reads."""
    leaves = plan.shaped.shapes.output_range
    if leaves in ("probability", "distribution"):
        return output
    if leaves in ("log_probability", "log_distribution"):
        return np.exp(output)
    how = loss_rule(plan.graph.loss.type, plan.graph.loss.args).probability
    if how == "sigmoid":
        from scipy.special import expit

        return expit(output)  # type: ignore[no-any-return]
    if how in ("softmax", "exp"):
        from scipy.special import softmax

        return softmax(output, axis=1)  # type: ignore[no-any-return]
    # A loss on plain numbers, such as the squared error on 0 and 1: cut to the range.
    return np.clip(output, 0.0, 1.0)
