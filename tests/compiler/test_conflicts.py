"""Rules about arguments that torch refuses together, held against torch itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from specc.compiler.network.conflicts import RULES, Rule
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
