"""The live weights of the groups of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from ..compiler.stages import Plan
from .build import Network
from .lookup import LookupLinear


def optimizer_groups(plan: Plan, network: Network) -> list[dict[str, Any]]:
    """The groups of the plan as an optimizer takes them, in the order of the network.

    Each has `params`, `lr` and, where the optimizer knows it, `weight_decay`. A tensor without
    numbers, such as the vectors of no column, is in none: some optimizers divide by its size.
    """
    owners: dict[int, tuple[str, str]] = {}
    for pointer, module in network.modules():
        for name, parameter in _named(module):
            owners[id(parameter)] = (pointer, name)
    place = {tensor: index for index, group in enumerate(plan.groups) for tensor in group.tensors}
    members: list[list[nn.Parameter]] = [[] for _ in plan.groups]
    for parameter in network.module.parameters():
        if parameter.requires_grad and parameter.numel():
            members[place[owners[id(parameter)]]].append(parameter)
    groups: list[dict[str, Any]] = []
    for group, params in zip(plan.groups, members, strict=True):
        decay = {} if group.weight_decay is None else {"weight_decay": group.weight_decay}
        groups.append({"params": params, "lr": group.lr, **decay})
    return groups


def _named(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The weights of a node by the names of ordinary layers: a `LookupLinear` has two parts of
    one weight."""
    split = {name for name, part in module.named_modules() if isinstance(part, LookupLinear)}
    for name, parameter in module.named_parameters():
        owner, _, last = name.rpartition(".")
        if owner in split and last != "bias":
            name = f"{owner}.weight" if owner else "weight"
        yield name, parameter
