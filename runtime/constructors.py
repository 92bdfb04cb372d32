"""`module:Name` constructors -> objects, by exact look-up among four modules.

A spec imports no code: the schema has already refused every name outside its closed list.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler

from ..compiler.stages import Node, Plan
from ..schema.agreement import CLASS_WEIGHTS

_MODULES = {"torch.nn": nn, "torch.optim": optim, "torch.optim.lr_scheduler": lr_scheduler}

STEPS_BY_BATCH = ("torch.optim.lr_scheduler:OneCycleLR", "torch.optim.lr_scheduler:CyclicLR")
"""Schedulers that move after every step; the others move after every epoch."""

FOLLOWS_LOSS = "torch.optim.lr_scheduler:ReduceLROnPlateau"
"""The scheduler that looks at the training loss of the epoch."""

_FUSED = ("torch.optim:Adam", "torch.optim:AdamW", "torch.optim:SGD", "torch.optim:Adagrad")
"""Optimizers with one fused step for all weights, on CPU and CUDA."""

_TOTALS = {
    "torch.optim.lr_scheduler:CosineAnnealingLR": "T_max",
    "torch.optim.lr_scheduler:OneCycleLR": "total_steps",
}
"""Scheduler -> its argument that is the length of the run when the spec leaves it null."""


def _class(name: str) -> Callable[..., Any]:
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


_REPLACED: Mapping[str, Callable[..., nn.Module]] = {"torch.nn:BCELoss": _ProbabilityLoss}


def build_loss(node: Node, device: torch.device) -> nn.Module:
    """The loss; lists of weights become tensors on the device."""
    args = dict(node.args)
    weights = CLASS_WEIGHTS.get(node.type)
    if weights is not None and args.get(weights) is not None:
        args[weights] = torch.tensor(args[weights], dtype=torch.float32, device=device)
    make = _REPLACED.get(node.type) or _class(node.type)
    loss: nn.Module = make(**args)
    return loss


def build_optimizer(node: Node, parameters: Iterable[nn.Parameter],
                    device: torch.device) -> optim.Optimizer:
    """The optimizer over the parameters, in its fused form where torch has one."""
    args = dict(node.args)
    unset = args.get("fused") is None and not args.get("foreach")
    if node.type in _FUSED and unset and device.type in ("cpu", "cuda"):
        args["fused"] = True
    optimizer: optim.Optimizer = _class(node.type)(list(parameters), **args)
    return optimizer


def build_scheduler(plan: Plan, optimizer: optim.Optimizer) -> Any:
    """The scheduler, or None; lengths that the spec leaves null are those of the run."""
    node = plan.graph.scheduler
    if node is None:
        return None
    epochs = plan.graph.training.epochs
    by_batch = node.type in STEPS_BY_BATCH
    total = epochs * plan.steps_per_epoch if by_batch else epochs
    with warnings.catch_warnings():
        # Composite schedulers warn about calls that they make themselves.
        warnings.simplefilter("ignore")
        return _scheduler({"type": node.type, **node.args}, optimizer, total)


def step_scheduler(node: Node, scheduler: Any, loss: float) -> None:
    """One step of a scheduler; `loss` is the mean training loss of the epoch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if node.type == FOLLOWS_LOSS:
            scheduler.step(loss)
        else:
            scheduler.step()


def _scheduler(value: Mapping[str, Any], optimizer: optim.Optimizer, total: int) -> Any:
    args = {key: inner for key, inner in value.items() if key != "type"}
    length = _TOTALS.get(value["type"])
    if length is not None and args[length] is None:
        args[length] = total
    if "schedulers" in args:
        args["schedulers"] = [
            _scheduler(inner, optimizer, total) for inner in args["schedulers"]
        ]
    if value["type"].endswith(":ChainedScheduler"):
        return _class(value["type"])(args["schedulers"], optimizer=optimizer)
    return _class(value["type"])(optimizer, **args)
