"""Modules that exporters cannot write, and modules of the same function that they can."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from ...schema.networks.modules.recurrent import Recurrent
from ..lookup import CodedInput, LookupLinear
from .recurrent import Stepwise


class SummedRows(nn.Module):
    """The same function as a `LookupLinear`: the rows of the codes one by one, then their sum,
    since ONNX has no sum of looked-up rows."""

    def __init__(self, trained: LookupLinear) -> None:
        super().__init__()
        self.dense = trained.dense
        self.looked_up = trained.looked_up
        self.bias = trained.bias

    def forward(self, coded: CodedInput) -> Tensor:
        picked = functional.embedding(coded.codes, self.looked_up).sum(1)
        return functional.linear(coded.dense, self.dense, self.bias) + picked


def exportable(module: nn.Module, made: dict[int, nn.Module] | None = None) -> nn.Module:
    """The module with every part that exporters cannot write replaced by an equal one; a part
    that stands in several places stays one.

    Args:
        module: changed in place, but for itself.
    """
    made = {} if made is None else made
    if id(module) in made:
        return made[id(module)]
    replaced = _equal(module)
    made[id(module)] = replaced
    if replaced is module:
        children: dict[str, Any] = module._modules
        for name, child in children.items():
            if child is not None:
                children[name] = exportable(child, made)
    return replaced


def _equal(module: nn.Module) -> nn.Module:
    if isinstance(module, LookupLinear):
        return SummedRows(module)
    if isinstance(module, nn.RReLU):
        # Outside of training its slope is the mean of those that it draws from.
        return nn.LeakyReLU((module.lower + module.upper) / 2)
    return Stepwise(module) if isinstance(module, Recurrent) else module
