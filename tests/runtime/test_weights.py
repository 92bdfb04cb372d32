"""How much samples and classes count in the loss.

What a spec may not say of them is in the golden corpus.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from specc.compiler.network.class_weights import class_names
from specc.compiler.stages import Node, Plan
from specc.runtime import loop
from specc.runtime.constructors import build_loss
from specc.runtime.evaluate import evaluate
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session
from specc.schema.agreement import LOSS_RULES
from specc.schema.losses import LOSSES

import specc

CPU = torch.device("cpu")
ROWS = 40
RNG = np.random.default_rng(2)
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS),
    "y": (np.arange(ROWS) % 5 == 0).astype(int),
    "kind": np.array(["red", "red", "blue", "red", "green"])[np.arange(ROWS) % 5],
    "w": RNG.integers(0, 4, ROWS), "split": ["train"] * 30 + ["test"] * 10})


def plan_of(label: str = "y", index: pd.DataFrame = INDEX, **parts: Any) -> Plan:
    classes = label == "kind"
    spec: dict[str, Any] = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": [label]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:CrossEntropyLoss" if classes
                 else "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.5}, **parts,
    }
    spec["training"] = {"epochs": 2, "batch_size": 8, "device": "cpu",
                        "sampler": {"type": "sequential"}, **parts.get("training", {})}
    if classes:
        spec["extractors"]["label"]["transformer"] = {"type": "class_index"}
    compiled = specc.compile(spec, {"index": index})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def trained(plan: Plan) -> tuple[Session, dict[str, list[float | int | None]]]:
    session = open_session(plan, CPU)
    history, _ = loop.train(session, Silent(), lambda row: None)
    return session, history.columns


def weights(session: Session) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in session.module.parameters()])


# Every loss


def inputs(loss: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and labels that a loss takes, of 6 samples."""
    rule = LOSS_RULES[loss]
    output = torch.rand(6, 3, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    if "class_index" in rule.label:
        return output, torch.tensor([0, 1, 2, 2, 1, 0])
    label = torch.tensor([[0.0, 1.0, 1.0]] * 6) if rule.values != "sign" \
        else torch.tensor([[-1.0, 1.0, 1.0]] * 6)
    return (output, label[:, :1]) if rule.quantiles else (output, label)


def node(loss: str, **args: Any) -> Node:
    declared = next(entry for entry in LOSSES if entry.name == loss)
    defaults = {key: value["default"] for key, value in declared.properties.items()}
    return Node("/loss", loss, {**defaults, **args})


_OWN: dict[str, Any] = {"weight": [0.5, 1.0, 4.0], "ignore_index": 1, "label_smoothing": 0.1}

CASES = [
    (entry.name, {"reduction": reduction, **own}) for entry in LOSSES
    for reduction in entry.properties["reduction"]["enum"]
    for own in ({}, *({key: _OWN[key]} for key in _OWN if key in entry.properties),
                {key: _OWN[key] for key in _OWN if key in entry.properties})
]


@pytest.mark.parametrize(("loss", "args"), CASES)
def test_equal_weights_change_nothing(loss: str, args: dict[str, Any]) -> None:
    output, label = inputs(loss)
    plain = build_loss(node(loss, **args), CPU)(output, label)
    weighted = build_loss(node(loss, **args), CPU, weighted=True)
    torch.testing.assert_close(weighted(output, label, torch.ones(6)), plain)
    if args["reduction"] != "sum":
        torch.testing.assert_close(weighted(output, label, torch.full((6,), 3.0)), plain)


@pytest.mark.parametrize(("loss", "args"), CASES)
def test_a_whole_weight_is_a_row_that_stands_so_often(loss: str, args: dict[str, Any]) -> None:
    output, label = inputs(loss)
    times = torch.tensor([0, 1, 3, 0, 2, 1])
    plain = build_loss(node(loss, **args), CPU)(
        output.repeat_interleave(times, 0), label.repeat_interleave(times, 0))
    weighted = build_loss(node(loss, **args), CPU, weighted=True)
    torch.testing.assert_close(weighted(output, label, times.float()), plain)


# Samples


def test_training_and_evaluation_weigh_samples() -> None:
    repeated = INDEX.loc[INDEX.index.repeat(INDEX["w"])].reset_index(drop=True)
    one_batch = {"batch_size": 1000, "epochs": 3}
    by_weight, history = trained(plan_of(training={"sample_weight": "w", **one_batch}))
    by_rows, wanted = trained(plan_of(index=repeated.drop(columns="w"), training=one_batch))
    for name in ("loss_train", "loss_test"):
        assert history[name] == pytest.approx(wanted[name], rel=1e-5)
    torch.testing.assert_close(weights(by_weight), weights(by_rows), rtol=1e-4, atol=1e-5)
    unweighted, _ = trained(plan_of(training=one_batch))
    assert not torch.allclose(weights(by_weight), weights(unweighted), rtol=1e-4)


def test_the_loss_of_an_epoch_is_the_weighted_mean_of_its_batches() -> None:
    plan = plan_of(training={"sample_weight": "w", "epochs": 1},
                   optimizer={"type": "torch.optim:SGD", "lr": 0.0})
    session, history = trained(plan)
    assert history["loss_train"] == pytest.approx([evaluate(session, "train").measures["loss"]])


def test_metrics_are_not_weighted() -> None:
    metric = [{"type": "sklearn.metrics:log_loss"}]
    still = {"type": "torch.optim:SGD", "lr": 0.0}
    _, weighted = trained(plan_of(metrics=metric, optimizer=still,
                                  training={"sample_weight": "w"}))
    _, plain = trained(plan_of(metrics=metric, optimizer=still))
    assert weighted["log_loss_test"] == plain["log_loss_test"]
    assert weighted["loss_test"] != plain["loss_test"]


def test_a_batch_in_which_nothing_counts_changes_nothing() -> None:
    zeros = INDEX.assign(w=np.where(np.arange(ROWS) < 8, 0, 1))
    for reduction in ("mean", "sum"):
        loss = {"type": "torch.nn:BCEWithLogitsLoss", "reduction": reduction}
        plan = plan_of(index=zeros, loss=loss, training={"sample_weight": "w", "epochs": 1})
        session = open_session(plan, CPU)
        before = weights(session)
        batch = next(session.training.of(torch.arange(8)))
        assert float(loop.run_step(session, batch)) == 0.0
        torch.testing.assert_close(weights(session), before, rtol=0, atol=0)
        _, history = trained(plan)
        assert np.isfinite(history["loss_train"]).all()


def test_a_split_in_which_nothing_counts_has_no_loss() -> None:
    zeros = INDEX.assign(w=np.where(INDEX["split"] == "test", 0, 1))
    session, history = trained(plan_of(index=zeros, training={"sample_weight": "w"}))
    assert history["loss_test"] == [None, None]
    assert [found.code for found in evaluate(session, "test").found] == ["SC503"]


def test_the_weight_is_no_feature_unless_its_name_is_written() -> None:
    def columns(take: list[str]) -> set[str]:
        extractors = {"label": {"type": "plain", "take_columns": ["y"]},
                      "x": {"type": "plain", "take_columns": take, "drop_columns": ["kind"]}}
        plan = plan_of(extractors=extractors, training={"sample_weight": "w"})
        return set(plan.shaped.fitted.extractors["x"].feature_names)

    assert columns(["*"]) == columns([*"ab"]) == {"a", "b"}
    assert columns(["a", "w"]) == {"a", "w"}


@pytest.mark.parametrize(("values", "found"), [
    ([None] + [1.0] * 39, "SC406"), ([-1.0] + [1.0] * 39, "SC406"),
    ([np.inf] + [1.0] * 39, "SC406"), ([0.0] * 30 + [1.0] * 10, "SC406"),
    ([1.0] * 39 + [None], "SC406"), ([1e300] * 40, "SC406"), ([3e38] * 40, "SC406"),
    (["heavy"] * 40, "SC614"), ([True] * 40, None), (list(range(40)), None),
])
def test_columns_of_weights(values: list[Any], found: str | None) -> None:
    spec: dict[str, Any] = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "training": {"sample_weight": "w", "batch_size": 10},
    }
    said = specc.compile(spec, {"index": INDEX.assign(w=values)}).diagnostics
    wanted = [] if found is None else [(found, "/training/sample_weight")]
    assert [(one.code, one.pointer) for one in said] == wanted


def test_rows_that_are_no_samples_need_no_weight() -> None:
    unused = INDEX.assign(w=np.where(np.arange(ROWS) == 3, np.nan, 1.0),
                          split=INDEX["split"].where(np.arange(ROWS) != 3))
    assert plan_of(index=unused, training={"sample_weight": "w"}).samples.weight is not None


# Classes


@pytest.mark.parametrize("label", ["y", "kind"])
def test_balanced_classes_count_as_in_scikit_learn(label: str) -> None:
    training = INDEX[INDEX["split"] == "train"][label]
    wanted = compute_class_weight("balanced", classes=np.unique(training), y=training)
    plan = plan_of(label, training={"class_weight": "balanced"})
    assert plan.class_weights == pytest.approx(tuple(wanted))


def test_classes_that_are_left_out_count_one() -> None:
    plan = plan_of("kind", training={"class_weight": {"blue": 4.0}})
    assert class_names(plan.shaped.fitted.label) == ("blue", "green", "red")
    assert plan.class_weights == (4.0, 1.0, 1.0)
    assert plan.description["training"]["class_weights"] == {"blue": 4.0, "green": 1.0,
                                                             "red": 1.0}


def test_class_weights_are_those_that_the_loss_could_have() -> None:
    by_class = [3.0, 0.5, 1.0]
    own, own_history = trained(plan_of("kind", loss={
        "type": "torch.nn:CrossEntropyLoss", "weight": by_class}))
    ours, history = trained(plan_of("kind", training={"class_weight": dict(
        zip(("blue", "green", "red"), by_class, strict=True))}))
    torch.testing.assert_close(weights(ours), weights(own))
    assert history["loss_test"] == pytest.approx(own_history["loss_test"], rel=1e-5)


def test_two_values_are_two_classes() -> None:
    columns = {"class_weight": {"1": 5.0}, "epochs": 1, "batch_size": 1000}
    plan = plan_of(training=columns)
    assert plan.class_weights == (1.0, 5.0)
    as_column = plan_of(index=INDEX.assign(w=np.where(INDEX["y"] == 1, 5, 1)),
                        training={"sample_weight": "w", "epochs": 1, "batch_size": 1000})
    torch.testing.assert_close(weights(trained(plan)[0]), weights(trained(as_column)[0]))
    signs = INDEX.assign(y=np.where(INDEX["y"] == 1, 1, -1))
    plan = plan_of(index=signs, loss={"type": "torch.nn:SoftMarginLoss"},
                   training={"class_weight": {"-1": 2.0}})
    assert plan.class_weights == (2.0, 1.0)
    session = open_session(plan, CPU)
    assert session.training.weight is not None
    assert session.training.weight.tolist() == np.where(signs["y"] == -1, 2.0, 1.0).tolist()


def test_weights_of_class_and_sample_multiply() -> None:
    session = open_session(plan_of("kind", training={
        "class_weight": {"red": 3.0}, "sample_weight": "w"}), CPU)
    assert session.training.weight is not None
    wanted = INDEX["w"] * np.where(INDEX["kind"] == "red", 3.0, 1.0)
    assert session.training.weight.tolist() == wanted.tolist()


def test_members_of_an_ensemble_are_weighed_like_their_sample() -> None:
    session = open_session(plan_of(training={"sample_weight": "w"}), CPU)
    output = torch.randn(6, 2, 1)
    label, weight = torch.tensor([[0.0], [1.0]] * 3), torch.tensor([0.0, 1, 2, 3, 1, 0])
    each = [session.loss_of(output[:, member], label, weight) for member in (0, 1)]
    torch.testing.assert_close(session.loss_of(output, label, weight), sum(each) / 2)


def test_weighted_mini_batches_and_accumulation_agree_with_one_batch() -> None:
    parts = {"sample_weight": "w", "class_weight": "balanced", "epochs": 1}
    whole, _ = trained(plan_of("kind", training={**parts, "batch_size": 30}))
    added, _ = trained(plan_of("kind", training={**parts, "batch_size": 10, "accumulate": 3}))
    torch.testing.assert_close(weights(added), weights(whole), rtol=1e-4, atol=1e-6)
    _, history = trained(plan_of("kind", training={**parts, "mini_batch_size": 3}))
    assert np.isfinite(history["loss_train"]).all()
