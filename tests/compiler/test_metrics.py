"""Metrics of the vocabulary: what they declare, and the queries that some of them read.

Not checked here: their values (tests/runtime/test_metrics.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.stages import Plan
from specc.runtime.metrics import directions, metric_names
from specc.schema.constructors.types import DIRECTIONS, NEEDS, TASKS, MetricType
from specc.schema.metrics import METRICS

import specc

OWN = [metric for metric in METRICS if ":" not in metric.name]
each_own = pytest.mark.parametrize("entry", OWN, ids=lambda entry: entry.name)
ROWS = 16
INDEX = pd.DataFrame({
    "a": np.arange(ROWS) / 7, "late": np.arange(ROWS) % 2, "early": np.arange(ROWS) // 2 % 2,
    "grade": np.arange(ROWS) % 4 - 1,
    "user": ["x", "y", None, "x"] * 4, "day": [1.5, None] * 8, "parts": [[1]] * ROWS,
    "color": ["red", "green", "blue", "red"] * 4,
    "split": ["train"] * 8 + ["test"] * 4 + [None, "test", "test", None]})


def spec(*metrics: dict[str, Any], label: Any = "late",
         loss: Any = "torch.nn:BCEWithLogitsLoss") -> dict[str, Any]:
    columns = [label] if isinstance(label, str) else list(label)
    return {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": columns, **(
                {"transformer": {"type": "class_index"}} if label == "color" else {})},
            "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": loss} if isinstance(loss, str) else loss,
        "metrics": list(metrics), "training": {"batch_size": 4},
    }


def found(document: dict[str, Any]) -> list[Diagnostic]:
    return [one for one in specc.validate(document, {"index": INDEX}).diagnostics if one.is_error]


def plan_of(document: dict[str, Any]) -> Plan:
    compiled = specc.compile(document, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


@each_own
def test_what_a_metric_declares(entry: MetricType) -> None:
    assert entry.needs in NEEDS and entry.direction in DIRECTIONS
    assert entry.tasks and set(entry.tasks) <= set(TASKS)
    assert entry.by_query == ("query" in entry.properties)


def test_which_are_better_lower() -> None:
    nodes = plan_of(spec({"type": "mean_rank"}, {"type": "expected_calibration_error"},
                         {"type": "recall_at_k"}, {"type": "mean_rank"})).graph.metrics
    assert metric_names(nodes) == ("mean_rank", "expected_calibration_error", "recall_at_k",
                                   "mean_rank_2")
    assert list(directions(nodes).values()) == ["lower", "lower", "higher", "lower"]


# Queries


def queries(query: Any) -> Any:
    plan = plan_of(spec({"type": "ndcg", "query": query}))
    codes = plan.shaped.fitted.bound.queries["/metrics/0"]
    assert len(codes) == len(plan.samples)
    return codes, INDEX.iloc[plan.samples.rows]


@pytest.mark.parametrize("query", ["user", ["user"], ["user", "day"], "day", "a", ["day", "day"]])
def test_equal_values_are_one_query(query: Any) -> None:
    codes, rows = queries(query)
    columns = [query] if isinstance(query, str) else query
    keys = [tuple(None if pd.isna(value) else value for value in row)
            for row in rows[columns].to_numpy(dtype=object).tolist()]
    for left, left_key in zip(codes, keys, strict=True):
        for right, right_key in zip(codes, keys, strict=True):
            assert (left == right) == (left_key == right_key)


def test_a_metric_without_query_has_none() -> None:
    plan = plan_of(spec({"type": "mean_rank"}, {"type": "group_auc", "query": "user"},
                        {"type": "hit_rate", "query": "user"}))
    bound = plan.shaped.fitted.bound
    assert list(bound.queries) == ["/metrics/1", "/metrics/2"]


@pytest.mark.parametrize(("query", "code", "pointer"), [
    ("usr", "SC607", "/metrics/0/query"), (["day", "usr"], "SC607", "/metrics/0/query/1"),
    ("parts", "SC614", "/metrics/0/query"),
])
def test_wrong_query(query: Any, code: str, pointer: str) -> None:
    (one,) = found(spec({"type": "ndcg", "query": query}))
    assert (one.code, one.pointer) == (code, pointer)
    if code == "SC607":
        assert "'user'" in str(one.help) and one.fix is not None


def test_wrong_queries_are_told_with_other_mistakes() -> None:
    document = spec({"type": "ndcg", "query": "usr"}, {"type": "hit_rate", "query": "dya"})
    document["extractors"]["x"]["take_columns"] = ["nowhere"]
    assert sorted(one.code for one in found(document)) == ["SC607"] * 3


def test_a_missing_query_is_one_mistake() -> None:
    (one,) = found(spec({"type": "ndcg"}))
    assert (one.code, one.pointer) == ("SC103", "/metrics/0")


# Which labels a metric goes with

NDCG = {"type": "ndcg", "query": "user"}
MSE, CROSS_ENTROPY = "torch.nn:MSELoss", "torch.nn:CrossEntropyLoss"


@pytest.mark.parametrize(("label", "loss", "metric", "fits"), [
    ("late", "torch.nn:BCEWithLogitsLoss", NDCG, True), ("late", MSE, NDCG, True),
    ("grade", MSE, NDCG, False),
    (("late", "early"), "torch.nn:BCEWithLogitsLoss", NDCG, False),
    ("color", CROSS_ENTROPY, NDCG, False), ("grade", MSE, {"type": "spearman"}, True),
    (("grade", "early"), MSE, {"type": "spearman"}, True),
    ("late", MSE, {"type": "spearman"}, True),
    ("color", CROSS_ENTROPY, {"type": "spearman"}, False),
    ("color", CROSS_ENTROPY, {"type": "recall_at_k", "k": 2}, True),
    ("grade", MSE, {"type": "mean_rank"}, False),
    ("grade", MSE, {"type": "group_auc", "query": "user"}, False),
    ("grade", "quantile", {"type": "spearman"}, True),
])
def test_metric_fits_the_label(label: Any, loss: str, metric: dict[str, Any], fits: bool) -> None:
    assert [one.code for one in found(spec(metric, label=label, loss=loss))] == (
        [] if fits else ["SC307"])


# The loss of quantiles


@pytest.mark.parametrize("levels", [[0.5, 0.1], [0.1, 0.1, 0.9]])
def test_quantiles_ascend(levels: list[float]) -> None:
    document = spec(label="grade", loss={"type": "quantile", "quantiles": levels})
    (one,) = found(document)
    assert (one.code, one.pointer) == ("SC204", "/loss/quantiles")
    assert [again.code for again in specc.validate(document).diagnostics] == ["SC204"]


def test_a_quantile_out_of_range_says_nothing_of_the_order() -> None:
    document = spec(label="grade", loss={"type": "quantile", "quantiles": [0.1, 1.5, 0.9]})
    assert [one.code for one in found(document)] == ["SC106"]
