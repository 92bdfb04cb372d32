"""Runs with several heads: the weighted sum, what each head moves, files and their columns.

Not checked here: what the compiler refuses (tests/compiler/test_heads.py).
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from specc.compiler.stages import Plan
from specc.runtime.evaluate import evaluate
from specc.runtime.mini_batches import mini_batches
from specc.runtime.progress import epoch_line
from specc.runtime.rehearse import rehearse
from specc.runtime.session import Session, open_session
from specc.runtime.steps import Accumulation, run_step

import specc

CPU = torch.device("cpu")
ROWS = 200
_RNG = np.random.default_rng(0)
_X = _RNG.normal(size=(ROWS, 3))
INDEX = pd.DataFrame({
    "a": _X[:, 0], "b": _X[:, 1], "c": _X[:, 2],
    "late": (_X[:, 0] + 0.2 * _RNG.normal(size=ROWS) > 0).astype("int64"),
    "delay": 10 * _X[:, 1] + _RNG.normal(size=ROWS),
    "color": np.where(_X[:, 2] > 0.4, "red", np.where(_X[:, 2] < -0.4, "green", "blue")),
    "weight": np.arange(ROWS) % 3, "split": np.where(np.arange(ROWS) % 4 == 0, "test", "train"),
})
HEADS: dict[str, Any] = {
    "late": {"label": "late", "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
             "metrics": [{"type": "sklearn.metrics:roc_auc_score"}]},
    "delay": {"label": "delay", "loss": {"type": "torch.nn:MSELoss"}, "weight": 0.3,
              "metrics": [{"type": "sklearn.metrics:r2_score"}]},
}
SPEC: dict[str, Any] = {
    "specc": 1,
    "name": "two",
    "extractors": {
        "x": {"type": "plain", "take_columns": ["a", "b", "c"],
              "transformer": {"type": "continuous"}},
        "late": {"type": "plain", "take_columns": ["late"]},
        "delay": {"type": "plain", "take_columns": ["delay"], "transformer": {"type": "standard"}},
        "color": {"type": "plain", "take_columns": ["color"],
                  "transformer": {"type": "class_index"}},
    },
    "network": {"type": "fully_connected", "sizes": [16], "output_activation": "relu",
                "input_frames": ["x"]},
    "heads": HEADS,
    "optimizer": {"type": "torch.optim:Adam", "lr": 0.02},
    "training": {"epochs": 12, "batch_size": 32, "device": "cpu"},
}


def spec(heads: dict[str, Any] | None = None, **training: Any) -> dict[str, Any]:
    changed = copy.deepcopy(SPEC)
    if heads is not None:
        changed["heads"] = copy.deepcopy(heads)
    changed["training"] |= training
    used = {head["label"] for head in changed["heads"].values()} | {"x"}
    changed["extractors"] = {name: value for name, value in changed["extractors"].items()
                             if name in used}
    return changed


def plan_of(changed: dict[str, Any]) -> Plan:
    compiled = specc.compile(changed, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def session_of(changed: dict[str, Any]) -> Session:
    return open_session(plan_of(changed), CPU)


def gradients(session: Session) -> dict[str, torch.Tensor]:
    return {name: parameter.grad.clone() for name, parameter in session.module.named_parameters()
            if parameter.grad is not None}


def weighed(name: str, weight: float) -> dict[str, Any]:
    heads = copy.deepcopy(HEADS)
    heads[name]["weight"] = weight
    return heads


def test_the_loss_is_the_weighted_sum_and_so_are_its_gradients() -> None:
    session = session_of(spec())
    batch = next(session.training.of(torch.arange(32)))
    output = session.module(batch)
    assert {name: tuple(part.shape) for name, part in output.items()} == {
        "late": (32, 1), "delay": (32, 1)}
    late = torch.nn.functional.binary_cross_entropy_with_logits(
        output["late"], batch.label["late"])
    delay = torch.nn.functional.mse_loss(output["delay"], batch.label["delay"])
    loss = session.loss_of(output, batch.label, None)
    torch.testing.assert_close(loss, late + 0.3 * delay)
    trunk = session.network.nodes["/network"]
    parts = [torch.autograd.grad(part, list(trunk.parameters()), retain_graph=True)
             for part in (late, delay)]
    loss.backward()
    for parameter, first, second in zip(trunk.parameters(), *parts, strict=True):
        torch.testing.assert_close(parameter.grad, first + 0.3 * second)


def test_a_head_of_weight_0_moves_nothing_and_is_measured() -> None:
    silent = session_of(spec(weighed("delay", 0.0)))
    alone = session_of(spec({"late": HEADS["late"]}))
    for session in (silent, alone):
        for batch in session.training.of(torch.arange(100)):
            run_step(session, batch)
    left, right = silent.network.state(), alone.network.state()
    start = session_of(spec()).network.state()
    assert set(right) < set(left) == set(start)
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right.get(name, start[name]), rtol=0, atol=0)
    measures = evaluate(silent, "test").measures
    assert measures["loss"] == measures["late.loss"] and measures["delay.loss"] is not None


def test_the_same_seed_gives_a_head_the_same_weights_beside_others() -> None:
    both, alone = session_of(spec()), session_of(spec({"delay": HEADS["delay"]}))
    for name, tensor in alone.network.state().items():
        torch.testing.assert_close(both.network.state()[name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_accumulated_steps_are_those_of_one_batch(reduction: str) -> None:
    heads = copy.deepcopy(HEADS)
    for head in heads.values():
        head["loss"]["reduction"] = reduction
    whole, cut = session_of(spec(heads)), session_of(spec(heads, accumulate=3))
    run_step(whole, next(whole.training.of(torch.arange(32))))
    added = Accumulation(cut)
    for rows in torch.arange(32).split([15, 10, 7]):
        added.add(next(cut.training.of(rows)))
    for name, gradient in gradients(whole).items():
        torch.testing.assert_close(gradients(cut)[name], gradient, rtol=1e-4, atol=1e-6)


def test_mini_batches_cut_every_label() -> None:
    session = session_of(spec(mini_batch_size=10))
    batch = next(session.training.of(torch.arange(32)))
    pairs = {(float(late), float(delay)) for late, delay in zip(
        batch.label["late"], batch.label["delay"], strict=True)}
    parts = [(part.label["late"].clone(), part.label["delay"].clone(), len(part))
             for part in mini_batches(session.plan, batch, 1, 1, 1)]
    assert [count for *_, count in parts] == [10, 10, 10, 2]
    assert {(float(late), float(delay)) for lates, delays, _ in parts
            for late, delay in zip(lates, delays, strict=True)} == pairs


def test_sample_weights_count_in_every_head() -> None:
    session = session_of(spec(sample_weight="weight"))
    batch = next(session.training.of(torch.arange(32)))
    output = {name: part.detach() for name, part in session.module(batch).items()}
    losses = session.losses_of(output, batch.label, batch.weight)
    squares = (output["delay"] - batch.label["delay"])[:, 0] ** 2
    torch.testing.assert_close(
        losses["delay"], (batch.weight * squares).sum() / batch.weight.sum())
    assert losses["late"] != session_of(spec()).losses_of(output, batch.label, None)["late"]


def test_a_run_learns_both_and_names_what_it_measures(tmp_path: Path) -> None:
    stopping = {"split": "test", "metric": "delay.r2_score", "patience": 50}
    result = specc.run(spec(early_stopping=stopping, report="batch"), {"index": INDEX},
                       out=tmp_path)
    assert result.run is not None, str(result)
    folder, test = result.run.folder, result.metrics["test"]
    assert list(test) == ["loss", "late.loss", "late.roc_auc_score", "delay.loss",
                          "delay.r2_score"]
    assert test["loss"] == pytest.approx(test["late.loss"] + 0.3 * test["delay.loss"], rel=1e-6)
    assert test["late.roc_auc_score"] > 0.9 and test["delay.r2_score"] > 0.8
    assert {"loss_test", "late.roc_auc_score_train", "delay.loss_test"} <= set(result.history)
    predictions = result.run.predictions
    assert list(predictions) == ["row", "split", "late.true", "late.predicted", "delay.true",
                                 "delay.predicted"]
    np.testing.assert_array_equal(predictions["late.true"], INDEX["late"])
    np.testing.assert_allclose(predictions["delay.true"], INDEX["delay"], rtol=1e-5)
    assert predictions["late.predicted"].between(0, 1).all()
    weights = safetensors.torch.load_file(folder / "model" / "weights.safetensors")
    assert set(weights) >= {"/heads/late/network:linear.weight", "/heads/delay/network:linear.bias"}
    assert any(name.startswith("/network:") for name in weights)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "weighted sum" in page and "delay.r2_score" in page
    resolved = json.loads((folder / "model" / "spec.json").read_text(encoding="utf-8"))
    assert specc.validate(resolved, {"index": INDEX}).diagnostics == ()
    again = specc.run(spec(early_stopping=stopping, report="batch"), {"index": INDEX},
                      out=tmp_path)
    assert again.metrics == result.metrics


def test_class_numbers_quantiles_and_an_ensemble_stand_side_by_side(tmp_path: Path) -> None:
    heads = {
        "color": {"label": "color", "loss": {"type": "torch.nn:CrossEntropyLoss"},
                  "network": {"type": "tabm", "members": 3, "layers": 1, "width": 8},
                  "metrics": [{"type": "sklearn.metrics:accuracy_score"}]},
        "delay": {"label": "delay", "loss": {"type": "quantile"}},
        "values": {"label": "delay", "loss": {"type": "torch.nn:MSELoss"}},
    }
    plan = plan_of(spec(heads))
    assert rehearse(plan) == ()
    result = specc.run(spec(heads), {"index": INDEX}, out=tmp_path)
    assert result.run is not None, str(result)
    assert list(result.run.predictions)[2:] == [
        "color.true", "color.predicted", "color.probability_blue", "color.probability_green",
        "color.probability_red", "delay.true", "delay.predicted", "delay.predicted_q0.1",
        "delay.predicted_q0.5", "delay.predicted_q0.9", "values.true", "values.predicted"]
    assert result.metrics["test"]["color.accuracy_score"] > 0.7
    assert set(result.run.predictions["color.predicted"]) <= {"red", "green", "blue"}


def test_what_the_library_refuses_is_told_at_its_head() -> None:
    heads = copy.deepcopy(HEADS)
    heads["delay"]["network"] = {"type": "feed_forward", "factories": [
        {"type": "torch.nn:Dropout", "p": 0.5}, {"type": "output"}]}
    plan = plan_of(spec(heads))
    head = plan.graph.heads[1]
    head.loss.args["reduction"] = "median"  # type: ignore[index]
    (refused,) = rehearse(plan)
    assert (refused.code, refused.pointer) == ("SC310", "/heads/delay/loss")


def test_the_line_of_an_epoch_shows_the_first_metric_of_a_head() -> None:
    row = {"epoch": 1, "rows": 150, "seconds": 1.0, "loss_train": 0.5,
           "late.roc_auc_score_test": 0.75}
    assert "late.roc_auc_score: test 0.7500" in epoch_line(row, plan_of(spec()))
