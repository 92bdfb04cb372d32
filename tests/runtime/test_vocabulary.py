"""Every optimizer, scheduler, loss and metric of the vocabulary, through the real loop.

Not checked here: that the numbers are good ones, which torch and scikit-learn answer for.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Node
from specc.runtime import loop
from specc.runtime.artifacts import final_metrics
from specc.runtime.constructors import build_loss
from specc.runtime.progress import Silent
from specc.runtime.session import open_session
from specc.schema.constructors import load
from specc.schema.constructors.types import MetricType
from specc.schema.declaration import Type
from specc.schema.losses import LOSSES
from specc.schema.metrics import METRICS

import specc

ROWS = 48
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=ROWS), RNG.normal(size=ROWS)
INDEX = pd.DataFrame({
    "a": A, "b": B,
    "number": 2 * A - B + 5, "second": A + B,
    "binary": (A + B > 0).astype(int), "other": (A > 0.3).astype(int),
    "sign": np.where(A > 0, 1, -1),
    "count": np.clip(np.round(np.exp(A / 2) + 1), 1, 8).astype(int),
    "share": 1 / (1 + np.exp(-A)), "rest": 1 - 1 / (1 + np.exp(-A)),
    "color": np.array(["blue", "green", "red"])[np.arange(ROWS) % 3],
    "session": np.arange(ROWS) // 6, "user": np.arange(ROWS) // 12, "day": np.arange(ROWS) % 2,
    "split": np.where(np.arange(ROWS) < 36, "train", "test"),
})
CLASSES = {"type": "class_index"}


@dataclass(frozen=True)
class Trained:
    """What the loop gives, without a run folder."""

    history: pd.DataFrame
    metrics: dict[str, dict[str, float | None]]
    found: list[str]

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.history.filter(like="loss").to_numpy(float)).all())


def train(label: Any = "binary", activation: str = "identity", **parts: Any) -> Trained:
    columns = [label] if isinstance(label, str) else list(label)
    transformer = CLASSES if columns == ["color"] else {"type": "identity"}
    spec: dict[str, Any] = {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": columns, "transformer": transformer},
            "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "feed_forward", "input_frames": ["x"], "factories": [
            {"type": "torch.nn:Linear", "out_features": 4, "bias": False},
            {"type": "torch.nn:Tanh"},
            {"type": "output", "activation": activation, "bias": False}]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.05, "momentum": 0.5},
        "training": {"epochs": 2, "batch_size": 10, "device": "cpu"},
        **parts,
    }
    # `compile` rehearses: what it accepts has to run.
    compiled = specc.compile(spec, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # nothing of torch's own reaches the user
        session = open_session(compiled.plan, torch.device("cpu"))
        history, evaluations = loop.train(session, Silent(), lambda row: None)
    told = [*compiled.diagnostics, *(one for split in evaluations.values() for one in split.found)]
    return Trained(history.to_pandas(), final_metrics(evaluations), [one.code for one in told])


@pytest.mark.parametrize("entry", load().optimizers, ids=lambda entry: entry.name)
def test_optimizer_trains(entry: Type) -> None:
    if entry.name == "torch.optim:SparseAdam":
        return  # takes sparse gradients alone: SC308, tests/compiler/test_agreement.py
    for example in entry.examples:
        result = train(optimizer={"type": entry.name, **example})
        assert result.finite and len(result.history) == 2


@pytest.mark.parametrize("entry", load().schedulers, ids=lambda entry: entry.name)
def test_scheduler_steps(entry: Type) -> None:
    for example in entry.examples:
        result = train(scheduler={"type": entry.name, **example},
                     training={"epochs": 3, "batch_size": 10, "device": "cpu"})
        rates = result.history["learning_rate"]
        assert len(rates) == 3 and np.isfinite(rates).all() and (rates >= 0).all()


RATES = {
    "StepLR": ({"step_size": 1, "gamma": 0.1}, [0.05, 0.005, 0.0005]),
    "ExponentialLR": ({"gamma": 0.5}, [0.05, 0.025, 0.0125]),
    "MultiStepLR": ({"milestones": [2], "gamma": 0.1}, [0.05, 0.05, 0.005]),
    "CosineAnnealingLR": ({}, [0.05, 0.0375, 0.0125]),  # T_max is the number of epochs
    "LinearLR": ({"start_factor": 0.5, "total_iters": 2}, [0.025, 0.0375, 0.05]),
    "SequentialLR": ({"milestones": [1], "schedulers": [
        {"type": "torch.optim.lr_scheduler:ConstantLR", "factor": 0.5, "total_iters": 9},
        {"type": "torch.optim.lr_scheduler:ExponentialLR", "gamma": 0.1}]},
        [0.025, 0.05, 0.005]),
    "ChainedScheduler": ({"schedulers": [
        {"type": "torch.optim.lr_scheduler:ExponentialLR", "gamma": 0.5},
        {"type": "torch.optim.lr_scheduler:ExponentialLR", "gamma": 0.2}]},
        [0.05, 0.005, 0.0005]),
}


@pytest.mark.parametrize("name", RATES)
def test_scheduler_moves_once_an_epoch(name: str) -> None:
    args, wanted = RATES[name]
    result = train(scheduler={"type": f"torch.optim.lr_scheduler:{name}", **args},
                 training={"epochs": 3, "batch_size": 10, "device": "cpu"})
    np.testing.assert_allclose(result.history["learning_rate"], wanted, rtol=1e-6)


def test_one_cycle_is_as_long_as_the_run() -> None:
    result = train(scheduler={
        "type": "torch.optim.lr_scheduler:OneCycleLR", "max_lr": 1.0, "pct_start": 0.5,
        "cycle_momentum": False}, training={"epochs": 4, "batch_size": 10, "device": "cpu"})
    rates = result.history["learning_rate"].to_numpy()
    # Of 16 steps the eighth is the top, one before the third epoch.
    assert rates.argmax() == 2 and rates[2] > 0.9 and rates[0] == pytest.approx(1 / 25)


def test_plateau_follows_the_training_loss() -> None:
    result = train(optimizer={"type": "torch.optim:SGD", "lr": 0.0}, scheduler={
        "type": "torch.optim.lr_scheduler:ReduceLROnPlateau", "patience": 0},
        training={"epochs": 3, "batch_size": 10, "device": "cpu"})
    assert (result.history["learning_rate"] == 0).all()
    moving = train(scheduler={
        "type": "torch.optim.lr_scheduler:ReduceLROnPlateau", "patience": 0, "mode": "max"},
        training={"epochs": 4, "batch_size": 10, "device": "cpu"})
    # The loss falls, so under `max` every epoch after the first is no improvement.
    np.testing.assert_allclose(moving.history["learning_rate"], [0.05, 0.05, 0.005, 0.0005])


READ: dict[str, tuple[Any, str]] = {
    "L1Loss": ("number", "identity"), "MSELoss": (("number", "second"), "identity"),
    "SmoothL1Loss": ("number", "identity"), "HuberLoss": ("number", "identity"),
    "BCELoss": ("binary", "sigmoid"), "BCEWithLogitsLoss": (("binary", "other"), "identity"),
    "CrossEntropyLoss": ("color", "identity"), "NLLLoss": ("color", "log_softmax"),
    "PoissonNLLLoss": ("count", "softplus"), "KLDivLoss": (("share", "rest"), "log_softmax"),
    "SoftMarginLoss": ("sign", "identity"),
    "MultiLabelSoftMarginLoss": (("binary", "other"), "identity"),
    "MultiMarginLoss": ("color", "identity"), "quantile": (("number", "second"), "identity"),
}
"""Loss -> a label that it reads, and the activation that it wants last."""


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("entry", LOSSES, ids=lambda entry: entry.name)
def test_loss_trains(entry: Type, reduction: str) -> None:
    label, activation = READ[entry.name.rpartition(":")[2]]
    for example in entry.examples:
        loss = {"type": entry.name, "reduction": reduction, **example}
        result = train(label, activation, loss=loss,
                     optimizer={"type": "torch.optim:Adam", "lr": 0.02},
                     training={"epochs": 6, "batch_size": 12, "device": "cpu"})
        losses = result.history["loss_train"]
        assert result.finite and losses.iloc[-1] < losses.iloc[0]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_cross_entropy_of_probabilities_is_torchs_and_keeps_nan(reduction: str) -> None:
    """Torch raises for NaN, which is what a network gives that has diverged."""
    node = Node("/loss", "torch.nn:BCELoss", {"reduction": reduction})
    loss = build_loss(node, torch.device("cpu"))
    output = torch.tensor([[0.0], [0.25], [1.0]], requires_grad=True)
    label = torch.tensor([[0.0], [1.0], [1.0]])
    wanted = torch.nn.BCELoss(reduction=reduction)(output, label)
    assert torch.equal(loss(output, label), wanted)
    (gradient,) = torch.autograd.grad(loss(output, label), output)
    assert torch.equal(gradient, torch.autograd.grad(wanted, output)[0])
    assert loss(torch.tensor([[float("nan")], [0.5], [0.5]]), label).isnan()


def test_weights_of_classes_reach_the_loss() -> None:
    still = {"type": "torch.optim:SGD", "lr": 0.0}
    losses = [train("color", loss={"type": "torch.nn:CrossEntropyLoss", "weight": weight},
                    optimizer=still).metrics["test"]["loss"]
              for weight in (None, [5, 5, 5], [1, 2, 30])]
    # The mean is weighed, so equal weights change nothing.
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0] != pytest.approx(losses[2], rel=1e-3)


def test_sum_and_mean_say_the_loss_of_one_row() -> None:
    """The sum of a larger split is larger; the history would not tell how good it is."""
    still = {"type": "torch.optim:SGD", "lr": 0.0}
    first, second = (train(optimizer=still,
                         loss={"type": "torch.nn:BCEWithLogitsLoss", "reduction": reduction})
                     for reduction in ("mean", "sum"))
    for column in ("loss_train", "loss_test"):
        np.testing.assert_allclose(first.history[column], second.history[column], rtol=1e-5)


TASKS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "binary": ("binary", "identity", {"type": "torch.nn:BCEWithLogitsLoss"}),
    "multiclass": ("color", "identity", {"type": "torch.nn:CrossEntropyLoss"}),
    "multilabel": (("binary", "other"), "identity", {"type": "torch.nn:BCEWithLogitsLoss"}),
    "regression": ("count", "softplus", {"type": "torch.nn:PoissonNLLLoss", "log_input": False}),
}
FOR_MANY = {"average": ("binary", "macro"), "multi_class": ("raise", "ovr")}
"""Argument -> the default that many classes do not take, and one that they do."""


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("entry", METRICS, ids=lambda entry: entry.name)
def test_metric_gives_a_number(entry: MetricType, task: str) -> None:
    if task not in entry.tasks:
        return  # SC307, tests/compiler/test_agreement.py
    label, activation, loss = TASKS[task]
    for example in entry.examples:
        args = dict(example)
        if task in ("multiclass", "multilabel"):
            for name, (refused, taken) in FOR_MANY.items():
                default = entry.properties.get(name, {}).get("default")
                if args.get(name, default) == refused:
                    args[name] = taken
        if task == "multiclass" and args.get("k") == 3:
            args["k"] = 2  # among the best three of three classes is every class
        if task == "binary" and "k" in entry.properties:
            args["k"] = 1
        result = train(label, activation, loss=loss,
                     metrics=[{"type": entry.name, **args}])
        assert result.found == []
        name = entry.name.rpartition(":")[2]
        for split in ("train", "test"):
            value = result.metrics[split][name]
            assert value is not None and math.isfinite(value)
            assert result.history[f"{name}_{split}"].iloc[-1] == value


@pytest.mark.parametrize("entry", [metric for metric in METRICS if metric.multioutput],
                         ids=lambda entry: entry.name)
def test_metric_averages_several_columns(entry: MetricType) -> None:
    positive = entry.name.endswith("log_error")
    label = ("share", "rest") if positive else ("number", "second")
    result = train(label, "softplus", loss={"type": "torch.nn:MSELoss"},
                 metrics=[{"type": entry.name, **entry.examples[0]}])
    value = result.metrics["test"][entry.name.rpartition(":")[2]]
    assert value is not None and math.isfinite(value)
