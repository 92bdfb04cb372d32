"""Which weights decay, and parts of the network with settings of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.network.parameter_groups import kinds_of
from specc.compiler.planning.plan_text import plan_text
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.lookup import LookupLinear
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session
from specc.schema.constructors import load
from specc.schema.declaration import NetworkType
from torch import nn

import specc

from ..schema.test_networks import LEAVES, built, filled, ordinary

CPU = torch.device("cpu")
NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.BatchNorm1d)
TABLES = (nn.Embedding, nn.EmbeddingBag)
ROWS = 30
RNG = np.random.default_rng(3)
INDEX = pd.DataFrame({"a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS),
                      "word": [f"w{row}" for row in range(ROWS)],
                      "y": np.arange(ROWS) % 2, "split": ["train"] * 20 + ["test"] * 10})
TWO = {"type": "feed_forward", "input_frames": ["x"], "factories": [
    {"type": "fully_connected", "sizes": [4, 3], "normalization": "layer_norm"},
    {"type": "fully_connected", "sizes": [2, 1]},
]}


def spec_of(network: dict[str, Any] = TWO, optimizer: Any = None,
            **training: Any) -> dict[str, Any]:
    return {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": network, "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": optimizer or {"type": "torch.optim:AdamW", "lr": 0.01, "weight_decay": 0.5},
        "training": {"epochs": 1, "batch_size": 10, "device": "cpu", **training},
    }


def plan_of(*args: Any, **training: Any) -> Plan:
    compiled = specc.compile(spec_of(*args, **training), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def settings(session: Session) -> dict[str, tuple[float, float | None]]:
    """Name of a weight in the whole module -> its learning rate and its weight decay."""
    names = {id(weight): name for name, weight in session.module.named_parameters()}
    return {names[id(weight)]: (group["lr"], group.get("weight_decay"))
            for group in session.optimizer.param_groups for weight in group["params"]}


def decays(*args: Any, **training: Any) -> list[bool]:
    """Whether each weight decays, in the order of the network."""
    session = open_session(plan_of(*args, **training), CPU)
    found = settings(session)
    return [bool(found[name][1]) for name, _ in session.module.named_parameters()]


@pytest.mark.parametrize(("no_decay", "wanted"), [
    # Linear, normalization and linear of the first part, two linear layers of the second;
    # of each the weight, then the bias.
    (None, [1, 0, 0, 0, 1, 0, 1, 0, 1, 0]),
    ([], [1] * 10),
    (["bias"], [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]),
    (["normalization"], [1, 1, 0, 0, 1, 1, 1, 1, 1, 1]),
    (["embedding"], [1] * 10),
])
def test_kinds_that_do_not_decay(no_decay: list[str] | None, wanted: list[int]) -> None:
    given = {} if no_decay is None else {"no_decay": no_decay}
    assert decays(**given) == [bool(value) for value in wanted]


def test_what_does_not_decay_is_not_pulled_to_zero() -> None:
    def trained(**training: Any) -> dict[str, torch.Tensor]:
        plan = plan_of({"type": "torch.nn:Linear", "out_features": 1, "input_frames": ["x"]},
                       {"type": "torch.optim:AdamW", "lr": 0.0001, "weight_decay": 1000.0},
                       epochs=20, **training)
        session = open_session(plan, CPU)
        loop.train(session, Silent(), lambda row: None)
        return {name.rpartition(".")[2]: weight.detach()
                for name, weight in session.module.named_parameters()}

    spared, pulled = trained(), trained(no_decay=[])
    assert spared["weight"].abs().max() < 0.1 and pulled["bias"].abs().max() < 0.1
    assert spared["bias"].abs().max() > 0.1


def test_every_optimizer_takes_groups() -> None:
    network = {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["x"]}
    for entry in sorted(load().optimizers, key=lambda entry: "Muon" in entry.name):
        args: dict[str, Any] = {"weight_decay": 0.5} if "weight_decay" in entry.properties else {}
        if entry.name.endswith("SparseAdam"):
            continue
        if entry.name.endswith("Muon"):
            network = {**network, "bias": False}
        plan = plan_of(network, {"type": entry.name, **args})
        session = open_session(plan, CPU)
        decay = [group.get("weight_decay") for group in session.optimizer.param_groups]
        # Muon has no biases to spare, Rprop no weight decay.
        wanted = {"Muon": [0.5], "Rprop": [None]}.get(entry.name.rpartition(":")[2], [0.5, 0.0])
        assert decay == wanted, entry.name
        loop.run_epoch(session, 1, Silent())


def test_without_weight_decay_there_is_one_group() -> None:
    plan = plan_of(TWO, {"type": "torch.optim:SGD"})
    assert len(plan.groups) == 1
    assert "  group  " not in plan_text(plan.description)


def test_the_plan_shows_groups_and_their_parameters() -> None:
    plan = plan_of()
    session = open_session(plan, CPU)
    for group, live in zip(plan.groups, session.optimizer.param_groups, strict=True):
        assert group.parameters == sum(weight.numel() for weight in live["params"])
    assert sum(group.parameters for group in plan.groups) == plan.description["parameters"]
    text = plan_text(plan.description)
    assert "  group      28 parameters, learning rate 0.01, weight decay 0.5" in text
    assert "  group      18 parameters, learning rate 0.01, weight decay 0" in text
    (first, _) = plan.description["training"]["parameter_groups"]
    assert first["tensors"][0] == "/network/factories/0:linear_0.weight"


def test_a_group_is_a_subtree_with_settings_of_its_own() -> None:
    group = {"nodes": ["/network/factories/1"], "lr": 0.5, "weight_decay": 0.25}
    found = settings(open_session(plan_of(parameter_groups=[group]), CPU))
    assert set(found.values()) == {(0.01, 0.5), (0.01, 0.0), (0.5, 0.25), (0.5, 0.0)}
    first, second = ({found[name] for name in found if part in name}
                     for part in ("normalization", "linear_1.weight"))
    assert first == {(0.01, 0.0)} and second == {(0.01, 0.5), (0.5, 0.25)}
    everything = settings(open_session(plan_of(
        parameter_groups=[{"nodes": ["/network"], "lr": 0.5}], no_decay=[]), CPU))
    assert set(everything.values()) == {(0.5, 0.5)}


def test_the_last_group_that_names_a_node_counts_and_types_name_nodes() -> None:
    groups = [{"nodes": ["fully_connected"], "lr": 0.5},
              {"nodes": ["/network/factories/0"], "lr": 0.125}]
    found = settings(open_session(plan_of(parameter_groups=groups), CPU))
    assert {lr for lr, _ in found.values()} == {0.125, 0.5}
    groups.reverse()
    found = settings(open_session(plan_of(parameter_groups=groups), CPU))
    assert {lr for lr, _ in found.values()} == {0.5}


def test_the_history_has_the_rate_of_the_optimizer() -> None:
    plan = plan_of(parameter_groups=[{"nodes": ["/network/factories/0"], "lr": 0.5}])
    history, _ = loop.train(open_session(plan, CPU), Silent(), lambda row: None)
    assert history.columns["learning_rate"] == [0.01]


def test_a_rate_of_zero_freezes_a_part() -> None:
    plan = plan_of(parameter_groups=[{"nodes": ["/network/factories/0"], "lr": 0.0}])
    session = open_session(plan, CPU)
    before = {name: weight.detach().clone() for name, weight in session.module.named_parameters()}
    rates = settings(session)
    loop.train(session, Silent(), lambda row: None)
    for name, weight in session.module.named_parameters():
        assert torch.equal(weight, before[name]) == (rates[name][0] == 0.0)


def test_a_weight_in_two_parts_stays_in_one_group() -> None:
    index = pd.DataFrame({"word": [f"w{row}" for row in range(700)], "y": np.arange(700) % 2,
                          "split": "train"})
    document = spec_of({"type": "fully_connected", "sizes": [4, 1], "input_frames": ["x"]})
    document["extractors"]["x"] = {
        "type": "plain", "take_columns": ["word"], "transformer": {"type": "auto", "categorical": {
            "type": "categorical", "max_values": 1000}}}
    plan = specc.compile(document, {"index": index}).plan
    assert plan is not None
    session = open_session(plan, CPU)
    assert any(isinstance(part, LookupLinear) for part in session.module.modules())
    found = settings(session)
    for name, (_, decay) in found.items():
        assert decay == (0.0 if name.endswith("bias") else 0.5)
    assert any(name.endswith("looked_up") for name in found)
    for group, live in zip(plan.groups, session.optimizer.param_groups, strict=True):
        assert group.parameters == sum(weight.numel() for weight in live["params"])


@pytest.mark.parametrize(("type_name", "name", "kinds"), [
    ("fully_connected", "linear_0.weight", ""), ("fully_connected", "linear_0.bias", "bias"),
    ("fully_connected", "normalization_0.weight", "normalization"),
    ("fully_connected", "block_0.inner.normalization.bias", "normalization bias"),
    ("torch.nn:LayerNorm", "weight", "normalization"), ("torch.nn:PReLU", "weight", ""),
    ("lstm", "weight_ih_l0", ""), ("lstm", "bias_hh_l0", "bias"),
    ("transformer_encoder", "layers.0.norm1.weight", "normalization"),
    ("self_attention", "in_proj_bias", "bias"), ("embedding", "word.weight", "embedding"),
    ("ft_transformer", "embeddings.0.weight", "embedding"),
])
def test_kinds_by_name(type_name: str, name: str, kinds: str) -> None:
    assert kinds_of(type_name, name) == frozenset(kinds.split())


@pytest.mark.parametrize("rule", [
    {"nodes": ["/network/factories/2"], "lr": 0.1}, {"nodes": ["linear"], "lr": 0.1},
])
def test_unknown_nodes(rule: dict[str, Any]) -> None:
    found = specc.validate(spec_of(parameter_groups=[rule])).diagnostics
    assert [(one.code, one.pointer) for one in found] == [
        ("SC409", "/training/parameter_groups/0/nodes/0")]


@pytest.mark.parametrize(("rule", "optimizer", "scheduler", "pointer"), [
    ({}, "AdamW", None, ""), ({"weight_decay": 0.1}, "Rprop", None, "/weight_decay"),
    ({"lr": 0.1}, "AdamW", "OneCycleLR", "/lr"),
])
def test_settings_that_cannot_be(rule: dict[str, Any], optimizer: str, scheduler: str | None,
                                 pointer: str) -> None:
    document = spec_of(TWO, {"type": f"torch.optim:{optimizer}"},
                       parameter_groups=[{"nodes": ["/network"], **rule}])
    if scheduler is not None:
        document["scheduler"] = {"type": f"torch.optim.lr_scheduler:{scheduler}", "max_lr": 0.1}
    found = specc.validate(document).diagnostics
    assert [(one.code, one.pointer) for one in found] == [
        ("SC204", f"/training/parameter_groups/0{pointer}")]


@pytest.mark.parametrize("entry", LEAVES, ids=lambda entry: entry.name)
def test_names_of_weights_tell_what_the_modules_of_torch_are(entry: NetworkType) -> None:
    for example in entry.examples:
        args = filled(entry, example)
        module = built(entry, ordinary(entry, args), args)
        for name, part in module.named_modules():
            for last, _ in part.named_parameters(recurse=False):
                kinds = kinds_of(entry.name, f"{name}.{last}" if name else last)
                assert ("normalization" in kinds) == isinstance(part, NORMS), name
                assert not isinstance(part, TABLES) or "embedding" in kinds, name
