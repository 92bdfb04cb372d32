"""The live objects of one run: data, network, loss, optimizer, scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn, optim

from ..compiler.network.tree import extractions
from ..compiler.stages import Plan
from ..schema.agreement import loss_rule
from ..schema.shapes import Value, size
from .batches import Batches, layout_of
from .build import Network, build_network
from .constructors import build_loss, build_optimizer, build_scheduler
from .frames import DeviceFrame, load_frames

EVALUATION_BYTES = 64 * 1024 * 1024
"""Memory for the widest tensor of an evaluation batch."""


@dataclass(eq=False)
class Session:
    """What training and evaluation work on. The only mutable thing of a run."""

    plan: Plan
    device: torch.device
    frames: dict[str, DeviceFrame]
    network: Network
    loss: nn.Module
    optimizer: optim.Optimizer
    scheduler: Any
    training: Batches
    evaluation: Batches

    @property
    def module(self) -> nn.Module:
        return self.network.module

    def loss_of(self, output: Tensor, label: Tensor) -> Tensor:
        """The loss of a batch, one number."""
        value: Tensor = self.loss(output, label)
        return value

    def mean_loss(self, value: Tensor, rows: int) -> Tensor:
        """The loss of a batch as the mean over its rows, so that sizes do not matter."""
        return value / rows if getattr(self.loss, "reduction", "mean") == "sum" else value


def open_session(plan: Plan, device: torch.device) -> Session:
    """Encodes the frames and builds everything.

    Raises BundleError when a frame cannot be read any more.
    """
    frames = load_plan_frames(plan, device)
    plan.shaped.fitted.bound.bundle.release()
    return build_session(plan, device, frames)


def load_plan_frames(plan: Plan, device: torch.device) -> dict[str, DeviceFrame]:
    """Every frame that the plan reads, encoded, on the device."""
    fitted = plan.shaped.fitted
    return load_frames(fitted.extractors, fitted.bound.bundle, device)


def build_session(plan: Plan, device: torch.device, frames: dict[str, DeviceFrame]) -> Session:
    """Network, loss, optimizer and scheduler over frames that are loaded already."""
    graph = plan.graph
    read = {
        pointer: [frames[name] for name in names]
        for pointer, names in extractions(graph.network)
    }
    network = build_network(
        plan, {pointer: layout_of(inner) for pointer, inner in read.items()}, device
    )
    optimizer = build_optimizer(graph.optimizer, network.module.parameters(), device)

    def batches(batch_size: int) -> Batches:
        return Batches(read, frames[graph.label.name], reads_class_numbers(plan), batch_size)

    rows = min(graph.training.batch_size, plan.training_rows)
    width = max(_width(node.output) for node in plan.shaped.shapes.nodes)
    return Session(
        plan=plan,
        device=device,
        frames=frames,
        network=network,
        loss=build_loss(graph.loss, device),
        optimizer=optimizer,
        scheduler=build_scheduler(plan, optimizer),
        training=batches(rows),
        evaluation=batches(max(1, min(8192, EVALUATION_BYTES // (4 * width)))),
    )


def _width(value: Value) -> int:
    """Numbers that one sample has in a node's output; one of these is the widest tensor."""
    return 1 if not isinstance(value, tuple) else size(value[1:]) or 1


def reads_class_numbers(plan: Plan) -> bool:
    """Whether the loss takes one class number a row, rather than numbers by column."""
    graph, label = plan.graph, plan.shaped.fitted.label
    rule = loss_rule(graph.loss.type, graph.loss.args)
    return label.form == "class_index" and "class_index" in rule.label
