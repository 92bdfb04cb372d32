"""Rules about arguments that torch refuses together, held against torch itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from specc.compiler.network.conflicts import RULES, Rule, check_conflicts, check_schedule
from specc.compiler.pipeline import read, resolve_document
from specc.compiler.stages import Graph, Source
from specc.schema.constructors import load

BROKEN: dict[str, dict[str, Any]] = {
    "nesterov": {"nesterov": True},
    "fused": {"fused": True, "foreach": True},
    "min_val": {"min_val": 2.0, "max_val": 1.0},
    "lower": {"lower": 0.9, "upper": 0.1},
}
SOUND: dict[str, dict[str, Any]] = {
    "nesterov": {"nesterov": True, "momentum": 0.9},
    "fused": {"fused": True, "foreach": False},
    "min_val": {"min_val": 1.0, "max_val": 2.0},
    "lower": {"lower": 0.1, "upper": 0.9},
}
TYPES = {entry.name: entry for entry in (*load().optimizers, *load().layers)}


def defaulted(name: str, args: dict[str, Any]) -> dict[str, Any]:
    defaults = {
        key: fragment["default"]
        for key, fragment in TYPES[name].properties.items() if "default" in fragment
    }
    return {**defaults, **{key: value for key, value in args.items() if key in defaults}}


def construct(name: str, args: dict[str, Any]) -> None:
    module, _, attribute = name.partition(":")
    own = defaulted(name, args)
    if module == "torch.optim":
        getattr(torch.optim, attribute)([torch.nn.Parameter(torch.zeros(2))], **own)
    else:
        layer = getattr(torch.nn, attribute)(**own)
        layer.train()
        layer(torch.randn(3, 2))


def pairs() -> list[Any]:
    return [
        pytest.param(rule, name, id=f"{name}-{rule.key}") for rule in RULES for name in rule.types
        if rule.key in TYPES[name].properties
    ]


@pytest.mark.parametrize(("rule", "name"), pairs())
def test_torch_refuses_what_a_rule_refuses(rule: Rule, name: str) -> None:
    assert rule.broken(defaulted(name, BROKEN[rule.key]))
    with pytest.raises((ValueError, RuntimeError, AssertionError)):
        construct(name, BROKEN[rule.key])


@pytest.mark.parametrize(("rule", "name"), pairs())
def test_torch_takes_what_a_rule_takes(rule: Rule, name: str) -> None:
    assert not rule.broken(defaulted(name, SOUND[rule.key]))
    construct(name, SOUND[rule.key])


SCHEDULER = "torch.optim.lr_scheduler:"


def graph(scheduler: dict[str, Any], optimizer: str = "torch.optim:SGD") -> Graph:
    import json

    text = json.dumps({
        "specc": 1,
        "extractors": {"label": {"type": "plain"}, "x": {"type": "plain"}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:MSELoss"},
        "optimizer": {"type": optimizer},
        "scheduler": scheduler,
        "training": {"epochs": 3},
    })
    document = read(Source("spec.json", text)).stage
    assert document is not None
    resolved = resolve_document(document).stage
    assert resolved is not None
    return resolved


@pytest.mark.parametrize(("scheduler", "optimizer", "pointer"), [
    ({"type": f"{SCHEDULER}OneCycleLR", "max_lr": 0.1}, "torch.optim:Adagrad",
     "/scheduler/cycle_momentum"),
    ({"type": f"{SCHEDULER}CyclicLR", "base_lr": 0.1, "max_lr": 0.2}, "torch.optim:Adagrad",
     "/scheduler/cycle_momentum"),
    ({"type": f"{SCHEDULER}SequentialLR", "milestones": [],
      "schedulers": [{"type": f"{SCHEDULER}ConstantLR"}, {"type": f"{SCHEDULER}LinearLR"}]},
     "torch.optim:SGD", "/scheduler/milestones"),
    ({"type": f"{SCHEDULER}ChainedScheduler",
      "schedulers": [{"type": f"{SCHEDULER}ReduceLROnPlateau"}]},
     "torch.optim:SGD", "/scheduler/schedulers/0/type"),
    ({"type": f"{SCHEDULER}SequentialLR", "milestones": [2],
      "schedulers": [{"type": f"{SCHEDULER}ConstantLR"},
                     {"type": f"{SCHEDULER}ChainedScheduler",
                      "schedulers": [{"type": f"{SCHEDULER}LinearLR"}]}]},
     "torch.optim:SGD", "/scheduler/schedulers/1/type"),
    ({"type": f"{SCHEDULER}ChainedScheduler",
      "schedulers": [{"type": f"{SCHEDULER}CyclicLR", "base_lr": 0.1, "max_lr": 0.2}]},
     "torch.optim:Adagrad", "/scheduler/schedulers/0/cycle_momentum"),
])
def test_schedulers(scheduler: dict[str, Any], optimizer: str, pointer: str) -> None:
    found = [(entry.code, entry.pointer) for entry in check_conflicts(graph(scheduler, optimizer))]
    assert found == [("SC204", pointer)]


def test_a_scheduler_that_fits_its_optimizer() -> None:
    cyclic = {"type": f"{SCHEDULER}CyclicLR", "base_lr": 0.1, "max_lr": 0.2}
    assert not list(check_conflicts(graph(cyclic, "torch.optim:SGD")))
    assert not list(check_conflicts(graph({**cyclic, "cycle_momentum": False},
                                          "torch.optim:Adagrad")))


@pytest.mark.parametrize(("total", "start", "steps", "pointer"), [
    (5, 0.3, 4, "/scheduler/total_steps"),
    (None, 0.5, 1, None),
    (None, 0.25, 4, None),
    (20, 0.05, 4, "/scheduler/pct_start"),
])
def test_one_cycle_against_the_length_of_the_run(total: int | None, start: float, steps: int,
                                                 pointer: str | None) -> None:
    scheduler = {"type": f"{SCHEDULER}OneCycleLR", "max_lr": 0.1, "total_steps": total,
                 "pct_start": start}
    found = [entry.pointer for entry in check_schedule(graph(scheduler), 3 * steps)]
    assert found == ([] if pointer is None else [pointer])
