"""What a metric of the vocabulary declares beyond its properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..declaration import Type

Direction = Literal["higher", "lower"]

NEEDS = ("labels", "scores", "probabilities", "values")
TASKS = ("binary", "multiclass", "multilabel", "regression")
DIRECTIONS: tuple[Direction, ...] = ("higher", "lower")


@dataclass(frozen=True)
class MetricType(Type):
    """A metric, and what a run must hand it.

    Args:
        needs: the second argument. `labels`: one predicted class a sample. `scores`: any
            ranking number, `(samples,)` for two classes or numbers, else
            `(samples, classes)`. `probabilities`: the same shapes, in [0, 1], rows summing to
            one. `values`: predictions in the unit of the label. For several label columns
            each of them is `(samples, columns)`.
        tasks: the tasks that the function is defined for, among `TASKS`.
        direction: whether `higher` or `lower` is better.
        takes_labels: the function has a parameter `labels` for the classes that exist, so
            that a split that lacks one of them can still be measured.
        multioutput: a regression metric that averages over several label columns.
        by_query: it is a mean over queries, and its property `query` names the columns of the
            index frame whose values tell them apart.
    """

    needs: str = "values"
    tasks: tuple[str, ...] = TASKS
    direction: Direction = "higher"
    takes_labels: bool = False
    multioutput: bool = False
    by_query: bool = False
