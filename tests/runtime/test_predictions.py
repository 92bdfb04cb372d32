"""Outputs of the network as probabilities, classes and values, and the metrics on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from specc.compiler.stages import Node, Plan
from specc.runtime.metrics import directions, measure, metric_names
from specc.runtime.predictions import predictions

import specc

ROWS = 12
INDEX = pd.DataFrame({
    "a": np.arange(ROWS) / 5, "binary": np.arange(ROWS) % 2, "other": np.arange(ROWS) // 2 % 2,
    "sign": 2 * (np.arange(ROWS) % 2) - 1, "number": np.arange(ROWS) - 4.5,
    "count": np.arange(ROWS) % 5, "word": ["no", "yes"] * 6, "color": ["red", "blue", "green"] * 4,
    "split": ["train"] * 9 + ["test"] * 3})


def plan_of(label: Any, loss: Any, activation: str = "identity", metrics: Any = ()) -> Plan:
    columns = [label] if isinstance(label, str) else list(label)
    classes = {"transformer": {"type": "class_index"}} if columns[0] in ("word", "color") else {}
    spec = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": columns, **classes},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "output", "activation": activation, "input_frames": ["x"]},
        "loss": loss if isinstance(loss, dict) else {"type": f"torch.nn:{loss}"},
        "metrics": list(metrics), "training": {"batch_size": 4},
    }
    compiled = specc.compile(spec, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def output(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_logit_of_two_numbers() -> None:
    said = predictions(plan_of("binary", "BCEWithLogitsLoss"), output([-2], [0], [3]),
                       output([0], [1], [1]))
    np.testing.assert_allclose(said.probabilities, expit([-2.0, 0.0, 3.0]))
    assert said.scores.tolist() == [-2, 0, 3] and said.labels.tolist() == [0, 1, 1]
    assert said.true.tolist() == [0, 1, 1]


def test_probability_of_two_numbers() -> None:
    said = predictions(plan_of("binary", "BCELoss", "sigmoid"), output([0.2], [0.9]),
                       output([0], [1]))
    np.testing.assert_allclose(said.probabilities, [0.2, 0.9], rtol=1e-6)
    assert said.labels.tolist() == [0, 1]


def test_two_classes_with_an_output_each() -> None:
    said = predictions(plan_of("word", "CrossEntropyLoss"), output([1, 0], [0, 2]),
                       np.array([0, 1]))
    np.testing.assert_allclose(said.probabilities, softmax([[1, 0], [0, 2]], axis=1)[:, 1])
    assert said.scores.tolist() == [-1, 2] and said.labels.tolist() == [0, 1]


def test_signs_become_zero_and_one() -> None:
    said = predictions(plan_of("sign", "SoftMarginLoss"), output([-1], [2]), output([-1], [1]))
    assert said.true.tolist() == [0, 1] and said.labels.tolist() == [0, 1]


def test_squared_error_on_zero_and_one_is_cut_to_probabilities() -> None:
    said = predictions(plan_of("binary", "MSELoss"), output([-0.5], [0.4], [1.5]),
                       output([0], [0], [1]))
    np.testing.assert_allclose(said.probabilities, [0, 0.4, 1], rtol=1e-6)
    np.testing.assert_allclose(said.values, [-0.5, 0.4, 1.5], rtol=1e-6)


@pytest.mark.parametrize(("loss", "activation", "expected"), [
    ("CrossEntropyLoss", "identity", lambda x: softmax(x, axis=1)),
    ("NLLLoss", "log_softmax", np.exp),
    ("MultiMarginLoss", "identity", lambda x: softmax(x, axis=1)),
])
def test_many_classes(loss: str, activation: str, expected: Any) -> None:
    given = np.log(softmax(output([1, 0, 2], [0, 3, -1]), axis=1)).astype(np.float32)
    said = predictions(plan_of("color", loss, activation), given, np.array([2, 0]))
    np.testing.assert_allclose(said.probabilities, expected(given.astype(float)), rtol=1e-6)
    np.testing.assert_allclose(said.probabilities.sum(axis=1), 1, rtol=1e-6)
    assert said.labels.tolist() == [2, 1] and said.true.tolist() == [2, 0]


def test_several_columns_of_zero_and_one() -> None:
    said = predictions(plan_of(("binary", "other"), "BCEWithLogitsLoss"),
                       output([-2, 2], [1, 1]), output([0, 1], [1, 0]))
    np.testing.assert_allclose(said.probabilities, expit(np.array([[-2.0, 2], [1, 1]])))
    assert said.labels.tolist() == [[0, 1], [1, 1]] and said.true.tolist() == [[0, 1], [1, 0]]


def test_numbers_are_values() -> None:
    said = predictions(plan_of("number", "MSELoss"), output([1.5], [-2]), output([1], [2]))
    assert said.values.tolist() == [1.5, -2] and said.true.tolist() == [1, 2]
    both = predictions(plan_of(("number", "count"), "L1Loss"), output([1, 2]), output([3, 4]))
    assert both.values.tolist() == [[1, 2]] and both.true.tolist() == [[3, 4]]


def test_logarithm_of_a_rate_becomes_a_rate() -> None:
    """The label counts, so what is predicted counts too."""
    given = output([0], [1])
    logarithm = plan_of("count", {"type": "torch.nn:PoissonNLLLoss", "log_input": True})
    np.testing.assert_allclose(predictions(logarithm, given, output([1], [3])).values,
                               [1, np.e], rtol=1e-6)
    rate = plan_of("count", {"type": "torch.nn:PoissonNLLLoss", "log_input": False}, "softplus")
    assert predictions(rate, given, output([1], [3])).values.tolist() == [0, 1]


def test_metrics_are_named_and_numbered() -> None:
    nodes = tuple(Node(f"/metrics/{place}", f"sklearn.metrics:{name}", {})
                  for place, name in enumerate(["f1_score", "log_loss", "f1_score"]))
    assert metric_names(nodes) == ("f1_score", "log_loss", "f1_score_2")
    assert directions(nodes) == {"f1_score": "higher", "log_loss": "lower", "f1_score_2": "higher"}


def test_metrics_read_the_form_that_they_need() -> None:
    names = ["accuracy_score", "roc_auc_score", "brier_score_loss", "mean_absolute_error"]
    plan = plan_of("binary", "BCEWithLogitsLoss",
                   metrics=[{"type": f"sklearn.metrics:{name}"} for name in names])
    given, label = output([-1], [2], [1], [-3]), output([0], [1], [0], [0])
    measures, found = measure(plan, predictions(plan, given, label), np.arange(4), "test")
    chances = expit(given[:, 0].astype(float))
    assert found == ()
    assert measures["accuracy_score"] == 0.75 and measures["roc_auc_score"] == 1.0
    assert measures["brier_score_loss"] == pytest.approx(((chances - label[:, 0]) ** 2).mean())
    assert measures["mean_absolute_error"] == pytest.approx(np.abs(given - label).mean())
