"""`module:Name` constructors -> objects, by exact look-up among four modules.

A spec imports no code: the schema has already refused every name outside its closed list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler

from ..compiler.stages import Node
from ..schema.agreement import CLASS_WEIGHTS
from ..schema.losses import QUANTILE
from .losses import QuantileLoss
from .weights import WeightedLoss

_MODULES = {"torch.nn": nn, "torch.optim": optim, "torch.optim.lr_scheduler": lr_scheduler}

_FUSED = ("torch.optim:Adam", "torch.optim:AdamW", "torch.optim:SGD", "torch.optim:Adagrad")
"""Optimizers with one fused step for all weights, on CPU and CUDA."""


def class_of(name: str) -> Callable[..., Any]:
    """The class that `module:Name` stands for."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(_MODULES[module], attribute)
    return found


class _ProbabilityLoss(nn.BCELoss):
    """The cross-entropy of probabilities, NaN where one of them is.

    Torch raises for NaN, on a GPU in a way that ends the process; every other loss gives NaN,
    by which the loop sees that the run diverged.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        loss: Tensor = super().forward(input.nan_to_num(0.5), target)
        return loss + (input * 0).sum()


_OWN_LOSSES: Mapping[str, Callable[..., nn.Module]] = {
    "torch.nn:BCELoss": _ProbabilityLoss, QUANTILE: QuantileLoss,
}


_DIVIDES_BY_CLASS = ("torch.nn:CrossEntropyLoss", "torch.nn:NLLLoss")
"""Losses whose mean over class numbers divides by the class weights of the rows."""


def build_loss(node: Node, device: torch.device, *, weighted: bool = False) -> nn.Module:
    """The loss; lists of weights become tensors on the device.

    Args:
        weighted: whether the loss takes a weight for each row.
    """
    args = dict(node.args)
    weights = CLASS_WEIGHTS.get(node.type)
    if weights is not None and args.get(weights) is not None:
        args[weights] = torch.tensor(args[weights], dtype=torch.float32, device=device)
    make = _OWN_LOSSES.get(node.type) or class_of(node.type)
    try:
        rows: nn.Module = make(**({**args, "reduction": "none"} if weighted else args)).to(device)
    except Exception as error:
        error.add_note(f"while building {node.pointer} as {node.type}")
        raise
    if not weighted:
        return rows
    if node.type not in _DIVIDES_BY_CLASS:
        return WeightedLoss(rows, args["reduction"])
    return WeightedLoss(rows, args["reduction"], args["weight"], args["ignore_index"])


def build_optimizer(node: Node, groups: Sequence[Mapping[str, Any]],
                    device: torch.device) -> optim.Optimizer:
    """The optimizer over groups of parameters, in its fused form where torch has one.

    Args:
        groups: `params` of each, with the arguments that it does not share with the others.
    """
    args = dict(node.args)
    unset = args.get("fused") is None and not args.get("foreach")
    if node.type in _FUSED and unset and device.type in ("cpu", "cuda"):
        args["fused"] = True
    optimizer: optim.Optimizer = class_of(node.type)([dict(group) for group in groups], **args)
    return optimizer
