"""Runs of an ensemble: every member has a loss of its own, and one prediction comes of all.

Not checked here: what the members compute, see tests/schema/test_dense_networks.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, softmax
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.evaluate import evaluate
from specc.runtime.predictions import predictions
from specc.runtime.progress import Silent
from specc.runtime.rehearse import rehearse
from specc.runtime.session import EVALUATION_BYTES, Session, open_session

import specc

ROWS, MEMBERS = 40, 4
RNG = np.random.default_rng(1)
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS),
    "color": np.array(["blue", "green", "red"])[np.arange(ROWS) % 3],
    "count": np.arange(ROWS) % 5,
    "split": np.where(np.arange(ROWS) < 30, "train", "test")})
INDEX["y"] = (INDEX["a"] * INDEX["b"] > 0).astype(int)
NETWORK = {"type": "tabm", "members": MEMBERS, "layers": 2, "width": 16, "dropout": 0.0,
           "input_frames": ["x"]}


def spec_of(label: str, loss: str | dict[str, Any], **parts: Any) -> dict[str, Any]:
    classes = {"transformer": {"type": "class_index"}} if label == "color" else {}
    return {
        "specc": 1, "name": "members",
        "extractors": {"label": {"type": "plain", "take_columns": [label], **classes},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": NETWORK,
        "loss": loss if isinstance(loss, dict) else {"type": f"torch.nn:{loss}"},
        "optimizer": {"type": "torch.optim:AdamW", "lr": 0.01},
        "training": {"epochs": 60, "batch_size": 10, "device": "cpu"}, **parts,
    }


def plan_of(label: str, loss: str | dict[str, Any], **parts: Any) -> Plan:
    compiled = specc.compile(spec_of(label, loss, **parts), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def session_of(plan: Plan) -> Session:
    return open_session(plan, torch.device("cpu"))


def ignored(row: Any) -> None:
    """Takes a row of the history."""


LOSSES = {
    "BCEWithLogitsLoss": ("y", {}), "MSELoss": ("count", {}), "L1Loss": ("y", {}),
    "CrossEntropyLoss": ("color", {}), "MultiMarginLoss": ("color", {}),
    "weighted": ("color", {"type": "torch.nn:CrossEntropyLoss", "weight": [1.0, 5.0, 0.5]}),
    "smoothed": ("color", {"type": "torch.nn:CrossEntropyLoss", "label_smoothing": 0.2}),
    "sum": ("count", {"type": "torch.nn:MSELoss", "reduction": "sum"}),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_the_mean_of_the_losses_of_the_members(name: str) -> None:
    label, loss = LOSSES[name]
    session = session_of(plan_of(label, loss or name))
    batch = next(session.training.of(torch.arange(10)))
    output = session.module(batch)
    assert output.shape[:2] == (10, MEMBERS)
    each = [session.loss(output[:, member], batch.label) for member in range(MEMBERS)]
    assert len({round(float(value), 4) for value in each}) > 1
    torch.testing.assert_close(session.loss_of(output, batch.label, None), torch.stack(each).mean())


def test_evaluation_has_the_same_loss() -> None:
    session = session_of(plan_of("count", "MSELoss"))
    evaluation = evaluate(session, "test")
    assert evaluation.output.shape == (10, MEMBERS, 1)
    squares = (evaluation.output[:, :, 0] - evaluation.label) ** 2
    assert evaluation.measures["loss"] == pytest.approx(squares.mean(), rel=1e-5)
    assert evaluation.measures["loss"] > (
        (evaluation.output.mean(axis=1) - evaluation.label) ** 2).mean()


def test_every_member_learns() -> None:
    session = session_of(plan_of("y", "BCEWithLogitsLoss"))
    before = evaluate(session, "train")
    loop.train(session, Silent(), ignored, ignored)
    after = evaluate(session, "train")
    right = [((evaluation.output[:, :, 0] > 0) == evaluation.label).mean(axis=0)
             for evaluation in (before, after)]
    assert (right[1] > 0.9).all() and right[0].mean() < 0.7
    first, last = before.measures["loss"], after.measures["loss"]
    assert first is not None and last is not None and last < first / 2


# Predictions


def test_probability_is_the_mean_of_probabilities() -> None:
    logits = np.array([[[8.0], [-1.0], [-1.0], [-1.0]], [[0.0], [0.0], [1.0], [3.0]]])
    said = predictions(plan_of("y", "BCEWithLogitsLoss"), logits, np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(said.probabilities, expit(logits[:, :, 0]).mean(axis=1))
    # The mean of the first logits is above zero, yet most members say no.
    assert logits[0].mean() > 0 and said.labels.tolist() == [0, 1]
    assert said.scores.argsort().tolist() == said.probabilities.argsort().tolist()


def test_class_is_that_of_the_mean_probability() -> None:
    logits = np.array([[[9.0, 0, 0], [0, 2, 0], [0, 2, 0], [0, 2, 0]]])
    said = predictions(plan_of("color", "CrossEntropyLoss"), logits, np.array([1]))
    np.testing.assert_allclose(said.probabilities, softmax(logits, axis=-1).mean(axis=1))
    assert logits.mean(axis=1).argmax() == 0 and said.labels.tolist() == [1]


@pytest.mark.parametrize(("loss", "wanted"), [
    ("MSELoss", [[1.0, 2.0, 3.0, 6.0]]), ("PoissonNLLLoss", np.exp([[1.0, 2.0, 3.0, 6.0]]))])
def test_value_is_the_mean_of_values(loss: str, wanted: Any) -> None:
    output = np.array([[[1.0], [2.0], [3.0], [6.0]]])
    said = predictions(plan_of("count", loss), output, np.array([[2.0]]))
    np.testing.assert_allclose(said.values, np.mean(wanted, axis=1))


def test_run_writes_one_prediction_a_sample(tmp_path: Path) -> None:
    spec = spec_of("y", "BCEWithLogitsLoss", metrics=[{"type": "sklearn.metrics:roc_auc_score"}])
    result = specc.run(spec, {"index": INDEX}, out=tmp_path)
    assert result.run is not None, str(result)
    session = session_of(result.run.plan)
    loop.train(session, Silent(), ignored, ignored)
    output = np.concatenate([evaluate(session, split).output for split in ("train", "test")])
    np.testing.assert_allclose(result.predictions["predicted"],
                               expit(output[:, :, 0]).mean(axis=1), rtol=1e-5)
    assert result.metrics["train"]["roc_auc_score"] > 0.95


# The plan


def test_plan_tells_the_members_and_the_rehearsal_takes_them() -> None:
    plan = plan_of("color", "CrossEntropyLoss")
    assert plan.description["network"]["output"] == f"(batch, {MEMBERS} members, 3)"
    assert rehearse(plan) == ()


def test_hidden_values_of_all_members_are_counted() -> None:
    wide = {**NETWORK, "members": 64, "width": 512}
    few, many = plan_of("y", "L1Loss"), plan_of("y", "L1Loss", network=wide)
    activations = [plan.description["memory"]["activations"] for plan in (few, many)]
    assert activations[1] > 64 * 2 * 512 * 4 * 10 and activations[1] > 100 * activations[0]
    assert session_of(many).evaluation.batch_size == EVALUATION_BYTES // (4 * 64 * 512)


def test_output_activation_is_what_the_loss_judges() -> None:
    compiled = specc.compile(spec_of("y", "BCELoss"), {"index": INDEX})
    (found,) = compiled.diagnostics
    assert (found.code, found.related[0].pointer) == ("SC303", "/network/output_activation")
    sigmoid = {**NETWORK, "output_activation": "sigmoid"}
    assert plan_of("y", "BCELoss", network=sigmoid).shaped.shapes.output_range == "probability"
