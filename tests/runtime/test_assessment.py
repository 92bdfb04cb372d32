"""What a run says beside its metrics: intervals, baselines, importance, times.

Not checked here: how the page shows them (test_report.py), and other devices than the CPU.
"""

from __future__ import annotations

import math
import time
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.stages import Node
from specc.runtime import loop
from specc.runtime.assessment.assess import Assessment, assess, metrics_document
from specc.runtime.assessment.measured import measured, without_sums
from specc.runtime.assessment.resampling import (
    Interval,
    Measured,
    percentile_interval,
    some_of,
)
from specc.runtime.assessment.statistics import Cells, Mean, OfRows, Ranking
from specc.runtime.evaluate import Evaluation, evaluate_all
from specc.runtime.metrics import value_of
from specc.runtime.predictions import Predictions
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session

import specc

FEW = settings(deadline=None, max_examples=15)
CPU = torch.device("cpu")
ROWS = 240


def node(type: str, **args: Any) -> Node:
    return Node("/metrics/0", type if ":" in type or type in OWN else f"sklearn.metrics:{type}",
                args)


OWN = ("mean_rank", "recall_at_k", "expected_calibration_error", "spearman", "ndcg", "hit_rate",
       "group_auc", "mean_reciprocal_rank")


def binary(rows: int, seed: int, *, ties: bool = False) -> Predictions:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, rows)
    true[:2] = 0, 1
    chance = 1 / (1 + np.exp(-(rng.normal(size=rows) + true)))
    if ties:
        chance = np.round(chance, 1)
    return Predictions(true, chance, chance, chance, (chance >= 0.5).astype(np.int64))


def several(rows: int, seed: int) -> Predictions:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, rows)
    true[:3] = 0, 1, 2
    chances = rng.dirichlet(np.ones(3), rows) + 0.3 * np.eye(3)[true]
    chances /= chances.sum(axis=1, keepdims=True)
    return Predictions(true, chances, chances, chances, chances.argmax(axis=1))


def numbers(rows: int, seed: int, columns: int = 1) -> Predictions:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(rows, columns) if columns > 1 else rows)
    values = true + rng.normal(size=true.shape)
    return Predictions(true, values, values, values, values)


def labels(rows: int, seed: int) -> Predictions:
    """Rows of four labels, some with all or none of them, and with equal scores."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, (rows, 4))
    chances = np.round(rng.random((rows, 4)), 1)
    return Predictions(true, chances, chances, chances, (chances >= 0.5).astype(np.int64))


CASES = [
    (node("roc_auc_score", average="macro", max_fpr=None, multi_class="raise"), binary, Ranking),
    (node("roc_auc_score", average="macro", max_fpr=0.2, multi_class="raise"), binary, OfRows),
    (node("average_precision_score", average="macro"), binary, Ranking),
    (node("log_loss", normalize=True), binary, Mean),
    (node("log_loss", normalize=True), several, Mean),
    (node("brier_score_loss", scale_by_half="auto"), binary, Mean),
    (node("accuracy_score", normalize=True), binary, Mean),
    (node("f1_score", pos_label=1, average="binary", zero_division="warn"), binary, Cells),
    (node("f1_score", pos_label=1, average="macro", zero_division="warn"), several, Cells),
    (node("matthews_corrcoef"), several, Cells),
    (node("cohen_kappa_score", weights=None), several, Cells),
    (node("label_ranking_average_precision_score"), labels, Mean),
    (node("label_ranking_loss"), labels, Mean),
    (node("mean_rank"), several, OfRows),
    (node("mean_squared_error"), numbers, Mean),
    (node("root_mean_squared_error"), numbers, Mean),
    (node("mean_absolute_error"), numbers, Mean),
    (node("r2_score", multioutput="uniform_average", force_finite=True), numbers, OfRows),
    (node("spearman"), numbers, OfRows),
]


@pytest.mark.parametrize(("metric", "make", "form"), CASES,
                         ids=lambda value: getattr(value, "type", getattr(value, "__name__", "")))
@FEW
@given(seed=st.integers(0, 10_000), rows=st.integers(12, 60))
def test_a_quick_form_says_of_drawn_rows_what_the_metric_says(
        metric: Node, make: Any, form: type, seed: int, rows: int) -> None:
    said = make(rows, seed)
    value, _ = value_of(metric, said)
    if value is None:
        return
    found = measured(metric, said, value, seed)
    assert found is not None and isinstance(found.statistic, form)
    assert found.statistic.whole() == pytest.approx(value, rel=1e-6, abs=1e-9)
    if isinstance(found.statistic, Cells):
        return
    counts = next(found.statistic.draws(seed))
    drawn = said.at(np.repeat(np.arange(rows), counts))
    wanted, _ = value_of(metric, drawn)
    got = found.statistic.of(counts)
    assert math.isnan(got) if wanted is None else got == pytest.approx(wanted, rel=1e-6, abs=1e-9)


@FEW
@given(seed=st.integers(0, 10_000))
def test_equal_scores_count_half(seed: int) -> None:
    said = binary(40, seed, ties=True)
    metric = CASES[0][0]
    value, _ = value_of(metric, said)
    assert value is not None
    found = measured(metric, said, value, seed)
    assert found is not None and found.statistic.whole() == pytest.approx(value)


@FEW
@given(seed=st.integers(0, 10_000), queries=st.integers(2, 12))
def test_queries_are_drawn_with_all_their_rows(seed: int, queries: int) -> None:
    said = binary(60, seed)
    query = np.random.default_rng(seed).integers(0, queries, 60)
    metric = node("ndcg", k=3)
    value, _ = value_of(metric, said, query)
    if value is None or len(np.unique(query)) < 2:
        return
    found = measured(metric, said, value, seed, query)
    assert found is not None and found.unit == "queries"
    assert found.total == len(np.unique(query))
    assert found.statistic.whole() == pytest.approx(value)
    twice = found.statistic.of(np.full(found.statistic.units, 2))
    assert twice == pytest.approx(value), "a query that is drawn twice is two queries"


def test_the_interval_is_seeded_and_holds_the_mean() -> None:
    values = np.random.default_rng(0).normal(5, 1, 400)
    figure = Measured(Mean(values, np.ones(400)), float(values.mean()), 400)
    first = percentile_interval(figure, 3)
    assert first == percentile_interval(figure, 3) != percentile_interval(figure, 4)
    assert first is not None and first.low < values.mean() < first.high
    # 1.96 standard errors to either side.
    assert first.high - first.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.15)


def test_a_part_of_the_rows_gives_the_interval_of_all() -> None:
    values = np.random.default_rng(1).exponential(size=40_000)
    whole = percentile_interval(
        Measured(Mean(values, np.ones(len(values))), values.mean(), len(values)), 0)
    part = values[some_of(len(values), 4_000, 0)]
    some = percentile_interval(Measured(Mean(part, np.ones(4_000)), values.mean(), 40_000), 0)
    assert whole is not None and some is not None and some.drawn == 4_000
    assert some.high - some.low == pytest.approx(whole.high - whole.low, rel=0.15)
    assert some.low < values.mean() < some.high


@pytest.mark.slow
def test_the_interval_covers_the_truth_in_95_of_100_samples() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for draw in range(500):
        values = rng.exponential(size=400)
        found = percentile_interval(Measured(Mean(values, np.ones(400)), values.mean(), 400), draw)
        assert found is not None
        held += found.low <= 1.0 <= found.high
    assert 0.93 <= held / 500 <= 0.97


@pytest.mark.slow
def test_intervals_of_many_rows_take_seconds() -> None:
    said = binary(50_000, 0)
    start = time.process_time()
    for metric in (CASES[0][0], CASES[3][0], CASES[7][0]):
        value, _ = value_of(metric, said)
        assert value is not None
        found = measured(metric, said, value, 0)
        assert found is not None and percentile_interval(found, 0) is not None
    assert time.process_time() - start < 4, "two seconds, on a slow machine twice that"


def test_sums_are_drawn_as_means() -> None:
    metric, value, rows = without_sums(node("accuracy_score", normalize=False), 30.0, 40)
    assert (metric.args["normalize"], value, rows) == (True, 0.75, 40)


def test_a_largest_error_has_no_interval_and_neither_has_one_row() -> None:
    assert measured(node("max_error"), numbers(50, 0), 3.0, 0) is None
    assert measured(node("mean_squared_error"), numbers(1, 0), 3.0, 0) is None


def test_a_metric_that_most_draws_do_not_define_has_none() -> None:
    rare = OfRows(lambda rows: math.nan if 0 in rows else 1.0, 50)
    assert percentile_interval(Measured(rare, 1.0, 50), 0) is None


# Whole runs


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    a, b, noise = rng.normal(size=(3, ROWS))
    return pd.DataFrame({
        "a": a, "b": b, "noise": noise, "y": (a + 0.5 * b > 0).astype(int),
        "number": 3 * a - b + 10, "kind": np.where(a > 0.4, "x", np.where(b > 0, "y", "z")),
        "split": np.array(["train", "train", "validation", "test"])[np.arange(ROWS) % 4],
        "visit": np.arange(ROWS) // 6})


def spec(label: str = "y", **parts: Any) -> dict[str, Any]:
    metric = {"y": "roc_auc_score", "number": "r2_score", "kind": "accuracy_score"}[label]
    loss = {"y": "BCEWithLogitsLoss", "number": "MSELoss", "kind": "CrossEntropyLoss"}[label]
    classes = {"transformer": {"type": "class_index"}} if label == "kind" else {}
    return {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": [label], **classes},
            "x": {"type": "plain", "take_columns": ["a", "b"]},
            "z": {"type": "plain", "take_columns": ["noise"]}},
        "network": {"type": "fully_connected", "sizes": [8, 3 if label == "kind" else 1],
                    "input_frames": ["x", "z"]},
        "loss": {"type": f"torch.nn:{loss}"},
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.05},
        "metrics": [{"type": f"sklearn.metrics:{metric}"}],
        "training": {"epochs": 25, "batch_size": 20, "device": "cpu"}, **parts,
    }


def trained(document: dict[str, Any], frames: dict[str, pd.DataFrame] | None = None) -> tuple[
        Session, dict[str, Evaluation]]:
    compiled = specc.compile(document, frames or {"index": frame()})
    assert compiled.plan is not None, str(compiled)
    session = open_session(compiled.plan, CPU)
    _, evaluations = loop.train(session, Silent(), lambda row: None)
    return session, evaluations


@cache
def assessed(label: str) -> tuple[Session, dict[str, Evaluation], Assessment]:
    session, evaluations = trained(spec(label))
    return session, evaluations, assess(session, evaluations)


@pytest.mark.parametrize("label", ["y", "number", "kind"])
def test_every_measure_has_an_interval_around_it(label: str) -> None:
    _, evaluations, found = assessed(label)
    for split, evaluation in evaluations.items():
        for measure, value in evaluation.measures.items():
            interval = found.intervals[split][measure]
            assert isinstance(interval, Interval) and value is not None
            assert interval.low <= value <= interval.high, (split, measure)


@pytest.mark.parametrize("label", ["y", "number", "kind"])
def test_the_constant_knows_nothing_and_a_line_most(label: str) -> None:
    _, _, found = assessed(label)
    constant, linear = (found.baselines[name].splits["test"] for name in ("constant", "linear"))
    (metric,) = constant
    true = frame().query("split == 'test'")
    if label == "number":
        # A mean of other rows is at best the mean of these.
        assert -0.2 < constant[metric] <= 0 and linear[metric] == pytest.approx(1, abs=1e-3)
    elif label == "y":
        assert constant[metric] == 0.5 and linear[metric] > 0.97
    else:
        common = frame().query("split == 'train'")["kind"].mode()[0]
        assert constant[metric] == pytest.approx((true["kind"] == common).mean())
        assert linear[metric] > constant[metric] + 0.2


def test_assessing_changes_neither_weights_nor_random_numbers() -> None:
    session, evaluations = trained(spec(training={"epochs": 1, "batch_size": 20,
                                                  "device": "cpu"}))
    before = {name: tensor.clone() for name, tensor in session.network.state().items()}
    state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    first, second = assess(session, evaluations), assess(session, evaluations)
    assert all(torch.equal(tensor, before[name])
               for name, tensor in session.network.state().items())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()
    assert first.importance == second.importance
    assert metrics_document(1, {}, first) == metrics_document(1, {}, second)
    assert evaluate_all(session, ["test"])["test"].measures == evaluations["test"].measures


def test_the_column_that_tells_the_label_is_the_most_important() -> None:
    _, evaluations, found = assessed("y")
    assert found.importance is not None
    shares = {(share.frame, share.column): share.worse for share in found.importance.shares}
    assert set(shares) == {("x", None), ("z", None), ("x", "a"), ("x", "b"), ("z", "noise")}
    assert shares["x", "a"] > shares["x", "b"] > shares["z", "noise"]
    assert abs(shares["z", "noise"]) < 0.1 < shares["x", None]
    assert (found.importance.split, found.importance.measure) == ("test", "roc_auc_score")
    assert found.importance.value == evaluations["test"].measures["roc_auc_score"]
    frames = [share.column is None for share in found.importance.shares]
    assert frames == sorted(frames, reverse=True)


def test_a_column_that_no_weight_reads_is_worth_exactly_nothing() -> None:
    session, evaluations = trained(spec())
    with torch.no_grad():
        first = next(parameter for parameter in session.module.parameters() if parameter.ndim == 2)
        first[:, 2] = 0.0
    found = assess(session, evaluations).importance
    assert found is not None
    worth = {share.column: share.worse for share in found.shares}
    assert worth["noise"] == 0.0 and worth["a"] != 0.0


def test_codes_are_shuffled_as_the_one_hot_columns_that_they_stand_for() -> None:
    rng = np.random.default_rng(0)
    index = frame().assign(word=[f"w{row}" for row in rng.integers(0, 60, ROWS)])
    document = spec()
    document["extractors"]["z"] = {"type": "plain", "take_columns": ["word", "noise"],
                                   "transformer": {"type": "auto"}}
    session, evaluations = trained(document, {"index": index})
    found = assess(session, evaluations)
    assert found.importance is not None
    assert {share.column for share in found.importance.shares if share.frame == "z"} == {
        None, "word", "noise"}
    assert found.baselines["linear"].splits["test"]["roc_auc_score"] is not None


def test_a_line_is_left_out_with_a_reason() -> None:
    index = frame().assign(sample=np.arange(ROWS))
    steps = pd.DataFrame({"sample": np.repeat(np.arange(ROWS), 2), "place": [0, 1] * ROWS,
                          "size": np.repeat(index["a"], 2).to_numpy()})
    document = spec(network={"type": "feed_forward", "input_frames": ["visits.steps"],
                             "factories": [{"type": "lstm", "width": 4}, {"type": "output"}]})
    document["extractors"] = {
        "label": document["extractors"]["label"],
        "visits": {"type": "context", "frame": "steps", "on": "sample", "order_by": "place",
                   "size": 2, "extractor": {"type": "plain", "take_columns": ["size"]},
                   "aggregations": {"steps": {"type": "sequence"}}}}
    session, evaluations = trained(document, {"index": index, "steps": steps})
    found = assess(session, evaluations)
    assert found.baselines["linear"].splits == {}
    assert "visits.steps" in str(found.baselines["linear"].reason)
    assert found.importance is not None
    assert [(share.frame, share.column) for share in found.importance.shares] == [
        ("visits.steps", None)]


def test_a_spec_without_metrics_is_assessed_by_its_loss() -> None:
    session, evaluations = trained(spec(metrics=[]))
    found = assess(session, evaluations)
    assert found.importance is not None and found.importance.measure == "loss"
    assert {name: baseline.splits for name, baseline in found.baselines.items()} == {
        "constant": {}, "linear": {}}
    assert set(found.intervals["test"]) == {"loss"}


def test_times_are_those_of_nodes() -> None:
    session, _, found = assessed("kind")
    assert found.times is not None and found.times.rows == 120, "the largest split"
    assert set(found.times.nodes) <= set(session.network.nodes) and found.times.nodes
    assert all(0 < seconds <= found.times.forward for seconds in found.times.nodes.values())
