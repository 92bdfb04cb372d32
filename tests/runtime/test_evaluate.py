"""Whole splits through the network, and what the history says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.batches import LabelSource
from specc.runtime.evaluate import evaluate, evaluate_all
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session
from torch import nn

import specc

CPU = torch.device("cpu")
ROWS = 30
RNG = np.random.default_rng(1)
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS), "y": np.arange(ROWS) % 2,
    "color": np.array(["blue", "green", "red"])[np.arange(ROWS) % 3],
    "only": ["blue"] * 4 + ["red", "green"] * 13,
    "split": np.where(np.arange(ROWS) < 20, "train", "test")})
NETWORK = {"type": "fully_connected", "sizes": [5, 1], "normalization": "batch_norm",
           "dropout": 0.3, "input_frames": ["x"]}


def plan_of(index: pd.DataFrame = INDEX, label: str = "y", **parts: Any) -> Plan:
    spec: dict[str, Any] = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": [label]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": NETWORK,
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
        "metrics": [{"type": "sklearn.metrics:roc_auc_score"},
                    {"type": "sklearn.metrics:log_loss"}],
        "training": {"epochs": 2, "batch_size": 5, "device": "cpu"}, **parts,
    }
    if label != "y":
        spec["extractors"]["label"]["transformer"] = {"type": "class_index"}
    compiled = specc.compile(spec, {"index": index})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def trained(plan: Plan) -> Session:
    session = open_session(plan, CPU)
    loop.train(session, Silent(), lambda row: None)
    return session


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_an_evaluation_batch_means_nothing(size: int) -> None:
    session = trained(plan_of())
    wanted = evaluate(session, "test")
    session.evaluation.batch_size = size
    session.evaluation = type(session.evaluation)(
        {pointer: entry.frames for pointer, entry in session.evaluation._extractions.items()},
        LabelSource(session.frames["label"], False), size)
    again = evaluate(session, "test")
    np.testing.assert_allclose(again.output, wanted.output, rtol=0, atol=1e-6)
    assert again.measures == pytest.approx(wanted.measures, abs=1e-6)


def test_evaluation_changes_nothing() -> None:
    session = trained(plan_of())
    before = {name: tensor.clone() for name, tensor in session.network.state().items()}
    first, second = evaluate(session, "test"), evaluate(session, "test")
    assert first.measures == second.measures
    np.testing.assert_array_equal(first.output, second.output)
    assert all(torch.equal(tensor, before[name])
               for name, tensor in session.network.state().items())
    assert not any(module.training for module in session.module.modules())


def test_loss_is_that_of_the_whole_split() -> None:
    session = trained(plan_of())
    result = evaluate(session, "test")
    assert result.label.shape == (10, 1) and result.output.shape == (10, 1)
    wanted = nn.BCEWithLogitsLoss()(torch.from_numpy(result.output),
                                    torch.from_numpy(result.label))
    assert result.measures["loss"] == pytest.approx(float(wanted), abs=1e-6)
    assert result.measures["log_loss"] == pytest.approx(float(wanted), abs=1e-5)


def test_every_split_by_name() -> None:
    session = trained(plan_of())
    results = evaluate_all(session, ["test", "train"])
    assert list(results) == ["test", "train"]
    assert [len(result.samples) for result in results.values()] == [10, 20]


def test_undefined_metric_is_a_warning_and_none() -> None:
    index = INDEX.assign(y=np.where(INDEX["split"] == "test", 1, INDEX["y"]))
    result = evaluate(trained(plan_of(index)), "test")
    assert result.measures["roc_auc_score"] is None
    assert result.measures["log_loss"] is not None
    (found,) = result.found
    assert (found.code, found.pointer) == ("SC503", "/metrics/0") and not found.is_error


def test_undefined_loss_is_a_warning_and_none() -> None:
    """The test rows hold one class alone, and that class has no weight."""
    index = INDEX.assign(color=["blue", "green", "red", "green"] * 5 + ["blue"] * 10)
    plan = plan_of(index, "color", metrics=[], network={"type": "output", "input_frames": ["x"]},
                   loss={"type": "torch.nn:CrossEntropyLoss", "weight": [0, 1, 1]})
    result = evaluate(trained(plan), "test")
    assert result.measures == {"loss": None}
    assert [(one.code, one.pointer) for one in result.found] == [("SC503", "/loss")]


def test_split_that_lacks_a_class_is_measured() -> None:
    plan = plan_of(INDEX.assign(color=["blue", "red", "green", "red"] * 5 + ["red", "blue"] * 5),
                   "color", network={"type": "output", "input_frames": ["x"]},
                   loss={"type": "torch.nn:CrossEntropyLoss"},
                   metrics=[{"type": "sklearn.metrics:log_loss"},
                            {"type": "sklearn.metrics:top_k_accuracy_score"}])
    result = evaluate(trained(plan), "test")
    assert result.found == () and None not in result.measures.values()


# The history


def history(**training: Any) -> pd.DataFrame:
    plan = plan_of(training={"epochs": 4, "batch_size": 5, "device": "cpu", **training})
    rows, _ = loop.train(open_session(plan, CPU), Silent(), lambda row: None)
    return rows.to_pandas()


def test_one_row_for_each_epoch() -> None:
    rows = history()
    assert rows["epoch"].tolist() == [1, 2, 3, 4] and (rows["rows"] == 20).all()
    assert list(rows.columns[:5]) == ["epoch", "rows", "seconds", "learning_rate", "loss_train"]
    assert {"loss_test", "roc_auc_score_test", "log_loss_train"} <= set(rows.columns)


def test_epochs_between_evaluations_are_empty_and_the_last_is_measured() -> None:
    rows = history(evaluate_every=3)
    assert rows["loss_test"].notna().tolist() == [False, False, True, True]
    assert rows["loss_train"].notna().all()


def test_training_loss_is_not_replaced_by_that_of_a_split_called_train() -> None:
    """Both would be called `loss_train`; evaluation has no dropout, so the two differ."""
    plan = plan_of()
    seen: list[dict[str, Any]] = []
    session = open_session(plan, CPU)
    rows, evaluations = loop.train(session, Silent(), seen.append)
    assert rows.columns["loss_train"] == [row["loss_train"] for row in seen]
    other = open_session(plan_of(training={"epochs": 2, "batch_size": 5, "device": "cpu",
                                           "evaluate_on": ["test"]}), CPU)
    alone, _ = loop.train(other, Silent(), lambda row: None)
    assert rows.columns["loss_train"] == alone.columns["loss_train"]
    assert evaluations["train"].measures["loss"] != rows.columns["loss_train"][-1]


def test_no_split_to_evaluate() -> None:
    assert list(history(evaluate_on=[]).columns) == ["epoch", "rows", "seconds", "learning_rate",
                                                     "loss_train"]


def test_training_goes_through_the_rows_once() -> None:
    class Counted(Silent):
        rows = 0
        steps = 0

        def batch(self, epoch: int, rows: int, loss: float) -> None:
            self.rows += rows
            self.steps += 1

    counted = Counted()
    loop.run_epoch(open_session(plan_of(training={"batch_size": 6}), CPU), 1, counted)
    assert (counted.rows, counted.steps) == (20, 4)


# Divergence


def diverging(rows: int, lr: float, epochs: int = 3, batch_size: int = 5) -> specc.RunResult:
    index = INDEX.assign(y=1e18 * RNG.normal(size=ROWS)).iloc[:rows]
    spec = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "fully_connected", "sizes": [5, 1], "input_frames": ["x"]},
        "loss": {"type": "torch.nn:MSELoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": lr},
        "training": {"epochs": epochs, "batch_size": batch_size, "device": "cpu"},
    }
    return specc.run(spec, {"index": index}, out="runs-that-are-never-written")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    """Runs that diverge at once need numbers that the fit refuses, so its limit is taken away."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("specc.compiler.transformers.base.LARGEST_TO_TRAIN", 1e38)


@pytest.mark.usefixtures("elsewhere")
def test_divergence_is_told() -> None:
    result = diverging(ROWS, 1e6)
    (found,) = [one for one in result.diagnostics if one.is_error]
    assert (found.code, found.pointer) == ("SC501", "/optimizer")
    assert result.run is None and not result.ok


@pytest.mark.usefixtures("elsewhere")
def test_divergence_in_the_very_last_step_is_told() -> None:
    """The loss of the only batch is finite; the weights after it are not."""
    result = diverging(ROWS, 1e6, epochs=1, batch_size=20)
    assert [one.code for one in result.diagnostics if one.is_error] == ["SC501"]
