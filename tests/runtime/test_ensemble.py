"""`ensemble`: members that train as if each were alone, and predict together.

Not checked here: drawn networks (tests/compiler/test_trace.py), the way from the outputs of
members to a prediction in each form of label (test_members.py), that a run goes on after a stop at
any place (test_checkpoints.py).
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from scipy.special import expit
from specc.compiler.network import lookups
from specc.compiler.planning.diagram import mermaid
from specc.compiler.planning.plan_text import plan_text
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.assessment.node_times import node_times
from specc.runtime.evaluate import evaluate_all, everything
from specc.runtime.lookup import LookupLinear
from specc.runtime.progress import Silent
from specc.runtime.rehearse import rehearse
from specc.runtime.session import Session, open_session

import specc

ROWS, MEMBERS = 60, 3
RNG = np.random.default_rng(4)
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS),
    "word": [f"w{row % 13}" for row in range(ROWS)],
    "weight": RNG.random(ROWS) + 0.1,
    "split": np.where(np.arange(ROWS) % 4 == 0, "test", "train")})
INDEX["y"] = (INDEX["a"] + INDEX["b"] ** 2 > 0.5).astype(int)
INDEX["count"] = (INDEX["a"].abs() * 3).round()
VISITS = pd.DataFrame({"row": np.arange(3 * ROWS) // 3, "place": np.arange(3 * ROWS),
                       "score": RNG.normal(size=3 * ROWS)})
VECTORS = pd.DataFrame({"word": [f"w{place}" for place in range(13)],
                        **{f"x{place}": RNG.normal(size=13) for place in range(2)}})
FRAMES = {"index": INDEX.rename_axis("row"), "visits": VISITS,
          "vectors": VECTORS.set_index("word")}
EXTRACTORS = {
    "label": {"type": "plain", "take_columns": ["y"]},
    "count": {"type": "plain", "take_columns": ["count"]},
    "x": {"type": "plain", "take_columns": ["a", "b"]},
    "words": {"type": "plain", "take_columns": ["word"], "transformer": {"type": "categorical"}},
    "ids": {"type": "embedding", "take_columns": ["word"], "vectors": {"frame": "vectors"}},
    "visits": {"type": "context", "frame": "visits", "on": "row", "order_by": "place", "size": 3,
               "extractor": {"type": "plain", "take_columns": ["score"]},
               "aggregations": {"steps": {"type": "sequence"}}},
}
DENSE = {"type": "fully_connected", "sizes": [5, 1], "normalization": "layer_norm",
         "input_frames": ["x"]}
LOGITS = {"type": "torch.nn:BCEWithLogitsLoss"}


def ensemble(network: dict[str, Any] = DENSE, members: int = MEMBERS, **more: Any) -> Any:
    return {"type": "ensemble", "members": members, "network": network, **more}


def chain(*factories: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "feed_forward", "factories": list(factories), **more}


def spec_of(network: dict[str, Any], training: dict[str, Any] | None = None,
            **parts: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "specc": 1, "name": "ensemble", "seed": 2,
        "extractors": copy.deepcopy(EXTRACTORS), "network": network, "loss": LOGITS,
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
        "training": {"epochs": 3, "batch_size": 10, "device": "cpu", **(training or {})}, **parts}
    read = repr((network, parts.get("heads"), spec.get("label")))
    spec["extractors"] = {name: entry for name, entry in spec["extractors"].items()
                          if name == "label" or f"'{name}" in read}
    if "heads" in parts:
        del spec["loss"]
    return spec


def plan_of(network: dict[str, Any], training: dict[str, Any] | None = None,
            **parts: Any) -> Plan:
    compiled = specc.compile(spec_of(network, training, **parts), FRAMES)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def opened(network: dict[str, Any], *args: Any, **parts: Any) -> Session:
    return open_session(plan_of(network, *args, **parts), torch.device("cpu"))


def train(session: Session) -> dict[str, torch.Tensor]:
    loop.train(session, Silent(), lambda row: None)
    return session.network.state()


def of_member(state: dict[str, torch.Tensor], member: int,
              place: str = "/network") -> dict[str, torch.Tensor]:
    """The weights of one member, as those of its network in the place of the ensemble."""
    part = f":member_{member}."
    return {name.replace(f"{place}/network", place, 1).replace(part, ":"): tensor.clone()
            for name, tensor in state.items() if part in name}


def by_row(predicted: pd.DataFrame) -> pd.DataFrame:
    return predicted.set_index("row").sort_index()


# Training


@pytest.mark.parametrize(("optimizer", "training", "loss"), [
    ({"type": "torch.optim:SGD", "lr": 0.1, "momentum": 0.9}, {}, LOGITS),
    ({"type": "torch.optim:Adam", "lr": 0.01}, {}, LOGITS),
    ({"type": "torch.optim:AdamW", "lr": 0.01, "weight_decay": 0.3},
     {"parameter_groups": [{"nodes": ["fully_connected"], "lr": 0.02}]}, LOGITS),
    ({"type": "torch.optim:SGD", "lr": 0.1}, {"gradient_clipping": 0.05}, LOGITS),
    ({"type": "torch.optim:SGD", "lr": 0.01}, {"accumulate": 2}, LOGITS),
    ({"type": "torch.optim:SGD", "lr": 0.1}, {"sample_weight": "weight"}, LOGITS),
    ({"type": "torch.optim:SGD", "lr": 0.01}, {}, {**LOGITS, "reduction": "sum"}),
], ids=["momentum", "adam", "groups", "clipped", "accumulated", "weighed", "sum"])
def test_each_member_trains_as_it_would_alone(optimizer: Any, training: Any, loss: Any) -> None:
    together = opened(ensemble(), training, optimizer=optimizer, loss=loss)
    starts = [of_member(together.network.state(), member) for member in range(MEMBERS)]
    trained = train(together)
    for member, start in enumerate(starts):
        alone = opened(DENSE, training, optimizer=optimizer, loss=loss)
        alone.network.load(start)
        after = train(alone)
        assert after.keys() == start.keys()
        for name, weight in of_member(trained, member).items():
            torch.testing.assert_close(weight, after[name], rtol=1e-4, atol=1e-6)
        assert any(not torch.equal(start[name], after[name]) for name in start)


def test_members_start_apart_and_the_first_as_its_network_alone() -> None:
    def first(state: dict[str, torch.Tensor]) -> torch.Tensor:
        return state["/network:linear_0.weight"]

    starts = [of_member(opened(ensemble()).network.state(), member) for member in range(MEMBERS)]
    alone, other = opened(DENSE).network.state(), opened(DENSE, seed=3).network.state()
    assert all(torch.equal(starts[0][name], alone[name]) for name in alone)
    apart = [*map(first, starts), first(other)]
    assert all(not torch.equal(one, two) for place, one in enumerate(apart)
               for two in apart[:place])
    # A member more leaves the others as they were.
    more = opened(ensemble(members=MEMBERS + 1)).network.state()
    assert all(torch.equal(of_member(more, 2)[name], starts[2][name]) for name in alone)


def test_what_stands_before_learns_from_the_mean_of_the_members() -> None:
    trunk = {"type": "torch.nn:Linear", "out_features": 4, "input_frames": ["x"]}
    session = opened(chain(trunk, ensemble({"type": "output"})))
    batch = next(session.training.of(torch.arange(10)))
    (before,) = [module for pointer, module in session.network.modules()
                 if pointer == "/network/factories/0"]

    def gradient(loss: torch.Tensor) -> torch.Tensor:
        session.module.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        return torch.cat([weight.grad.flatten() for weight in before.parameters()
                          if weight.grad is not None])

    session.module.train()
    together = gradient(session.loss_of(session.module(batch), batch.label, None))
    session.module.eval()
    each = [gradient(session.loss(session.module(batch)[:, member], batch.label))
            for member in range(MEMBERS)]
    torch.testing.assert_close(together, torch.stack(each).mean(0))


def test_dropout_is_drawn_for_each_member() -> None:
    session = opened(ensemble({"type": "fully_connected", "sizes": [50, 1], "dropout": 0.5,
                               "input_frames": ["x"]}, members=2))
    network = session.network
    (both,) = network.nodes.values()
    first, second = both.children()
    second.load_state_dict(first.state_dict())
    batch = next(session.training.of(torch.arange(10)))
    session.module.eval()
    output = session.module(batch)
    assert torch.equal(output[:, 0], output[:, 1])
    session.module.train()
    output = session.module(batch)
    assert not torch.equal(output[:, 0], output[:, 1])


# What an ensemble may be made of

NORMALIZED = chain({"type": "torch.nn:Linear", "out_features": 4}, {"type": "torch.nn:BatchNorm1d"},
                   {"type": "torch.nn:Dropout", "p": 0.2}, {"type": "output"}, input_frames=["x"])
OVER_STEPS = chain({"type": "lstm", "width": 4, "input_frames": ["visits.steps"]},
                   {"type": "output"})
OF_VECTORS = chain({"type": "embedding", "input_frames": ["ids"]}, {"type": "output"})
TWICE = chain({"type": "torch.nn:Linear", "out_features": 2, "input_frames": ["x"]},
              {"type": "shared", "name": "twice", "network": {"type": "torch.nn:Linear",
                                                              "out_features": 2}},
              {"type": "shared", "name": "twice"}, {"type": "output"})
NETWORKS: dict[str, dict[str, Any]] = {
    "batch_norm": ensemble(NORMALIZED), "lstm": ensemble(OVER_STEPS),
    "lstm on steps read before": ensemble(
        chain({"type": "lstm", "width": 4}, {"type": "output"}), input_frames=["visits.steps"]),
    "embedding": ensemble(OF_VECTORS), "shared inside": ensemble(TWICE),
    "shared as a whole": {"type": "shared", "name": "all", "network": ensemble()},
    "last of a chain": chain(DENSE | {"sizes": [4]}, ensemble({"type": "output"}),
                             {"type": "torch.nn:Identity"}),
    "one": ensemble(members=1),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_run_writes_the_mean_of_the_members_and_predicts_it_again(name: str,
                                                                  tmp_path: Path) -> None:
    result = specc.run(spec_of(NETWORKS[name]), FRAMES, out=tmp_path)
    assert result.run is not None, str(result)
    session = open_session(result.run.plan, torch.device("cpu"))
    session.network.load(load_file(result.run.folder / "model/weights.safetensors"))
    output, _ = everything(session)
    assert isinstance(output, np.ndarray)
    members = 1 if name == "one" else MEMBERS
    assert output.shape == (ROWS, members, 1)
    assert len({tuple(column) for column in output[:, :, 0].T}) == members
    written = by_row(pq.read_table(result.run.folder / "predictions.parquet").to_pandas())
    np.testing.assert_allclose(written["predicted"], expit(output[:, :, 0]).mean(axis=1),
                               rtol=1e-5)
    again = by_row(specc.load(result.run.folder).predict(FRAMES))
    assert np.array_equal(again["predicted"], written["predicted"])
    assert rehearse(result.run.plan) == ()


def test_statistics_of_batches_are_those_of_each_member() -> None:
    state = train(opened(ensemble(NORMALIZED)))
    means = [state[f"/network/network/factories/1:member_{member}.running_mean"]
             for member in range(MEMBERS)]
    assert not torch.equal(means[0], means[1]) and not torch.equal(means[1], means[2])


def test_a_shared_part_is_shared_within_its_member() -> None:
    session = opened(ensemble(TWICE))
    names = [name for name in session.network.state() if name.endswith(".weight")]
    # Three linear layers in each member: the one that stands twice is there once.
    assert len(names) == 3 * MEMBERS == len(set(names))
    assert sum(weight.numel() for weight in session.module.parameters()) == \
        session.plan.description["parameters"] == MEMBERS * (6 + 6 + 3)


def test_given_vectors_are_those_of_the_frame_in_every_member() -> None:
    session = opened(ensemble(OF_VECTORS))
    plan, state = session.plan, train(session)
    tables = [tensor for name, tensor in state.items() if "tables" in name]
    assert len(tables) == MEMBERS and all(torch.equal(table, tables[0]) for table in tables)
    torch.testing.assert_close(tables[0][3], torch.tensor(
        VECTORS[["x0", "x1"]].to_numpy()[0], dtype=torch.float32))
    frozen = plan.description["parameters"] - plan.description["trainable"]
    assert frozen == MEMBERS * tables[0].numel()


def test_wide_one_hot_columns_are_looked_up_by_every_member(
        monkeypatch: pytest.MonkeyPatch) -> None:
    network = ensemble({"type": "torch.nn:Linear", "out_features": 1}, input_frames=["words"])
    before = opened(network).network.state()
    plain = train(opened(network))
    monkeypatch.setattr(lookups, "LOOKUP_FROM", 5)
    monkeypatch.setattr(lookups, "LOOKUP_BLOCK", 5)
    session = opened(network)
    layers = [module for module in session.module.modules() if isinstance(module, LookupLinear)]
    assert len(layers) == MEMBERS
    coded = session.network.state()
    assert all(torch.equal(before[name], coded[name]) for name in before)
    for name, weight in train(session).items():
        torch.testing.assert_close(weight, plain[name], rtol=0, atol=1e-6)


# Beside other parts of a spec


def test_each_head_may_end_in_an_ensemble(tmp_path: Path) -> None:
    heads = {
        "y": {"label": "label", "loss": LOGITS, "network": ensemble({"type": "output"})},
        "count": {"label": "count", "loss": {"type": "torch.nn:PoissonNLLLoss"}, "weight": 0.5,
                  "network": ensemble({"type": "fully_connected", "sizes": [3, 1]}, members=2)},
    }
    trunk = DENSE | {"sizes": [6], "output_activation": "relu"}
    result = specc.run(spec_of(trunk, heads=heads), FRAMES, out=tmp_path)
    assert result.run is not None, str(result)
    plan = result.run.plan
    assert [head["output"] for head in plan.description["heads"].values()] == [
        f"(batch, {MEMBERS} members, 1)", "(batch, 2 members, 1)"]
    again = by_row(specc.load(result.run.folder).predict(FRAMES))
    written = by_row(pq.read_table(result.run.folder / "predictions.parquet").to_pandas())
    for column in ("y.predicted", "count.predicted"):
        assert np.array_equal(again[column], written[column])


def test_early_stopping_keeps_the_weights_of_all_members() -> None:
    stopping = {"epochs": 30, "early_stopping": {"split": "test", "patience": 2}}
    session = opened(ensemble(), stopping, optimizer={"type": "torch.optim:SGD", "lr": 3.0})
    history, evaluations = loop.train(session, Silent(), lambda row: None)
    losses = history.columns["loss_test"]
    assert len(losses) < 30 and history.kept is not None
    assert evaluations["test"].measures["loss"] == pytest.approx(min(losses))
    assert min(losses) < losses[-1]


def test_parameter_groups_name_a_node_of_all_members() -> None:
    network = ensemble(chain(DENSE | {"sizes": [5]}, {"type": "output"}))
    plan = plan_of(network, {"parameter_groups": [
        {"nodes": ["/network/network/factories/1"], "lr": 0.5}]},
        optimizer={"type": "torch.optim:AdamW", "lr": 0.01, "weight_decay": 0.1})
    found = {(group.lr, group.weight_decay): group.parameters for group in plan.groups}
    # Matrices decay, biases do not: of each member 10 and 5 numbers, and 5 and 1.
    assert found == {(0.01, 0.1): 10 * MEMBERS, (0.01, 0.0): 5 * MEMBERS,
                     (0.5, 0.1): 5 * MEMBERS, (0.5, 0.0): MEMBERS}
    session = open_session(plan, torch.device("cpu"))
    live = {(group["lr"], group["weight_decay"]): sum(weight.numel() for weight in group["params"])
            for group in session.optimizer.param_groups}
    assert live == found


def test_every_node_is_timed_once_for_all_members() -> None:
    session = opened(ensemble(NORMALIZED))
    times = node_times(session, evaluate_all(session, ("train",)))
    assert times is not None
    assert set(times.nodes) == {f"/network/network/factories/{place}" for place in range(4)}
    assert all(seconds > 0 for seconds in times.nodes.values())


def test_plan_counts_the_members() -> None:
    one, plan = plan_of(DENSE), plan_of(ensemble())
    assert plan.description["parameters"] == MEMBERS * one.description["parameters"] == 3 * 31
    assert plan.description["network"]["output"] == f"(batch, {MEMBERS} members, 1)"
    assert f"{MEMBERS} x 31" in plan_text(plan.description)
    assert f"{MEMBERS} x 31 parameters" in mermaid(plan.description)
    single, several = one.description["memory"], plan.description["memory"]
    assert several["weights"] == MEMBERS * single["weights"]
    # The frame is read once; behind it are the values of the members, and all their outputs.
    read, per_row = 2 * 2 * 4 * 10, 2 * 4 * 10
    assert several["activations"] == MEMBERS * (single["activations"] - read) + read \
        + MEMBERS * per_row


def test_another_number_of_members_does_not_go_on(tmp_path: Path) -> None:
    result = specc.run(spec_of(ensemble()), FRAMES, out=tmp_path)
    assert result.run is not None, str(result)
    same = specc.continue_run(result.run.folder, FRAMES, out=tmp_path)
    assert same.run is not None, str(same)
    other = specc.continue_run(result.run.folder, FRAMES, out=tmp_path,
                               overrides=["/network/members=4"])
    assert [one.code for one in other.diagnostics] == ["SC521"]


def test_more_members_are_another_network_to_diff() -> None:
    found = specc.diff(spec_of(ensemble()), spec_of(ensemble(members=4)))
    assert [change.pointer for change in found.changes] == ["/network/members"]
