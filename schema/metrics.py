"""The metrics: functions of scikit-learn, and our own."""

from __future__ import annotations

from .constructors import load
from .constructors.types import MetricType
from .declaration import Fragment
from .fields import integer, names

_MANY = 1_000_000

_QUERY = names("The columns of the index frame that tell queries apart: rows with equal values in "
               "all of them are one query; null counts as a value.", example="session")


def _best(default: int | None) -> Fragment:
    return integer("How many of the best scores of a query count; null counts all."
                   if default is None else "How many of the best scores of a query count.",
                   default=default, example=5, minimum=1, maximum=_MANY, null=default is None)


_CLASSES = ("binary", "multiclass")

_OF_CLASSES = (
    MetricType(
        name="mean_rank",
        description="Place of the true class among all classes by falling probability, averaged "
        "over the samples; 1 is best, and equal probabilities share the mean of their places.",
        needs="probabilities", tasks=_CLASSES, direction="lower",
    ),
    MetricType(
        name="recall_at_k",
        description="Share of samples whose true class is among the k most probable; among "
        "equal probabilities the true class is counted last.",
        properties={"k": integer("How many of the most probable classes count.", default=1,
                                 example=3, minimum=1, maximum=_MANY)},
        examples=({}, {"k": 3}),
        needs="probabilities", tasks=_CLASSES,
    ),
    MetricType(
        name="expected_calibration_error",
        description="How far the probability of the class that is told lies from the share of "
        "samples where it is right, averaged over bins of that probability by their samples.",
        properties={"bins": integer("Bins of equal width from 0 to 1.", default=15, example=10,
                                    minimum=1, maximum=10_000)},
        examples=({}, {"bins": 10}),
        needs="probabilities", tasks=_CLASSES, direction="lower",
    ),
)

_OF_NUMBERS = (
    MetricType(
        name="spearman",
        description="Rank correlation of the predictions with the label, averaged over label "
        "columns; equal numbers share the mean of their ranks.",
        needs="values", tasks=("regression",), multioutput=True,
    ),
)


def _by_query(name: str, description: str, k: Fragment | None, *,
              tasks: tuple[str, ...] = ("binary",)) -> MetricType:
    limit = {} if k is None else {"k": k}
    return MetricType(
        name=name, description=description, properties={"query": _QUERY, **limit},
        required=("query",), needs="scores", tasks=tasks, by_query=True,
        examples=({"query": "session"}, {"query": ["user", "day"], **({"k": 5} if k else {})}),
    )


_BY_QUERY = (
    _by_query("ndcg",
              "Discounted gain of the rows of a query in the order of their scores over that of "
              "the best order, averaged over queries that have a relevant row. The label is the "
              "relevance, 0 or above; equal scores share the mean of their discounts.",
              _best(None), tasks=("binary", "regression")),
    _by_query("mean_average_precision",
              "Precision at each relevant row of a query, averaged over its relevant rows, then "
              "over queries that have one; among equal scores relevant rows are counted last.",
              _best(None)),
    _by_query("mean_reciprocal_rank",
              "One over the place of the first relevant row of a query, averaged over queries "
              "that have one; among equal scores relevant rows are counted last.", _best(None)),
    _by_query("hit_rate",
              "Share of the queries that have a relevant row where one is among the k best "
              "scores; among equal scores relevant rows are counted last.", _best(10)),
    _by_query("group_auc",
              "Area under the ROC curve within each query, averaged over queries that have "
              "relevant and other rows, weighed by their rows.", None),
)

METRICS: tuple[MetricType, ...] = (*load().metrics, *_OF_CLASSES, *_OF_NUMBERS, *_BY_QUERY)
