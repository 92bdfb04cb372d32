"""What evaluation and prediction work on: a network, its losses, and the batches that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..compiler.network.tree import extractions
from ..compiler.stages import Plan, ShapedNode
from ..schema.agreement import loss_rule
from ..schema.shapes import counted, members_of, size
from .batches import Batches, Frame, Labels, LabelSource, by_head, layout_of
from .build import Network, build_network
from .constructors import build_loss
from .contexts import load_context
from .frames import DeviceFrame, load_frames
from .weights import loss_weights, positive

Value = TypeVar("Value", Tensor, float)

EVALUATION_BYTES = 64 * 1024 * 1024
"""Memory for the widest tensor of an evaluation batch."""


@dataclass(eq=False)
class Scoring:
    """A network over loaded frames.

    Args:
        evaluation: batches for passes without gradients.
    """

    plan: Plan
    device: torch.device
    frames: dict[str, Frame]
    network: Network
    losses: Mapping[str, nn.Module]
    evaluation: Batches

    @property
    def module(self) -> nn.Module:
        return self.network.module

    @property
    def loss(self) -> nn.Module:
        """The loss; with heads that of the first."""
        return next(iter(self.losses.values()))

    def loss_of(self, output: Labels, label: Labels, weight: Tensor | None) -> Tensor:
        """The loss of a batch, one number: with heads the weighted sum of theirs.

        Args:
            output: `(batch, width)`, or `(batch, members, width)` of an ensemble; with heads that
                of each by its name.
            weight: what each row counts, `(batch,)`, where rows do not count alike.
        """
        return self.total(self.losses_of(output, label, weight))

    def losses_of(self, output: Labels, label: Labels, weight: Tensor | None) -> dict[str, Tensor]:
        """The loss of a batch in each head, without its weight; of an ensemble the mean of its
        members' losses."""
        labels = by_head(label)
        return {name: self._loss_of(self.losses[name], part, labels[name], weight)
                for name, part in by_head(output).items()}

    def total(self, losses: Mapping[str, Value]) -> Value:
        """The weighted sum of the losses of heads; one that counts nothing is not in it."""
        weights = {head.name: head.weight for head in self.plan.graph.heads} or {"": 1.0}
        parts: list[Value] = [loss if weights[name] == 1.0 else weights[name] * loss
                              for name, loss in losses.items() if weights[name]]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def _loss_of(self, loss: nn.Module, output: Tensor, label: Tensor,
                 weight: Tensor | None) -> Tensor:
        weights = () if weight is None else (weight,)
        if output.ndim == 2:
            value: Tensor = loss(output, label, *weights)
            return value
        # Each member's output is a row of its own, with the label of its sample.
        members = output.shape[1]
        value = loss(output.flatten(0, 1), *(
            each.repeat_interleave(members, dim=0) for each in (label, *weights)))
        return value / members if self.sums else value

    @property
    def sums(self) -> bool:
        """Whether the loss adds the rows of a batch up, rather than taking their mean; all heads
        do so alike."""
        return getattr(self.loss, "reduction", "mean") == "sum"

    def mean_loss(self, value: Tensor, amount: int | Tensor) -> Tensor:
        """The loss of a batch as the mean over its rows, so that sizes do not matter.

        Args:
            amount: how many rows there are, or the sum of their weights.
        """
        if not self.sums:
            return value
        return value / (positive(amount) if isinstance(amount, Tensor) else amount)


def load_plan_frames(plan: Plan, device: torch.device) -> dict[str, Frame]:
    """Every extractor that has rows, and every aggregation of a context, encoded, on the device.

    Raises BundleError when a frame cannot be read any more.
    """
    fitted = plan.shaped.fitted
    bundle = fitted.bound.bundle
    # A label of a prediction is bound to nothing.
    there = {name: entry for name, entry in fitted.extractors.items()
             if name in fitted.bound.extractors}
    frames: dict[str, Frame] = {**load_frames(there, bundle, device)}
    for name, context in fitted.contexts.items():
        for aggregation, frame in load_context(context, bundle, device).items():
            frames[f"{name}.{aggregation}"] = frame
    return frames


def build_scoring(plan: Plan, device: torch.device, frames: dict[str, Frame],
                  sources: Mapping[str, LabelSource]) -> Scoring:
    """Network and losses over frames that are loaded already.

    Args:
        sources: where the label of each head comes from, by its name; `label_sources` gives them
            where labels are known.
    """
    graph = plan.graph
    read = {
        pointer: [frames[part] for name in names
                  for part in graph.frames[name].extractors or (name,)]
        for pointer, names in extractions(graph.network)
    }
    network = build_network(
        plan, {pointer: layout_of(inner) for pointer, inner in read.items()}, device
    )
    weight = loss_weights(plan, next(iter(sources.values())).frame)
    return Scoring(
        plan=plan,
        device=device,
        frames=frames,
        network=network,
        losses={name: build_loss(view.graph.loss, device, weighted=weight is not None)
                for name, view in plan.views.items()},
        evaluation=Batches(read, sources if graph.heads else sources[""],
                           evaluation_rows(plan), weight),
    )


def evaluation_rows(plan: Plan) -> int:
    """Rows of one batch of an evaluation."""
    width = max(_width(node) for node in plan.shaped.shapes.nodes)
    return max(1, min(8192, EVALUATION_BYTES // (4 * width)))


def label_sources(plan: Plan, frames: Mapping[str, Frame]) -> dict[str, LabelSource]:
    """The label of each head by its name, from its own frame."""
    return {name: _label_source(view, frames) for name, view in plan.views.items()}


def _label_source(view: Plan, frames: Mapping[str, Frame]) -> LabelSource:
    frame = frames[view.graph.label.name]
    assert isinstance(frame, DeviceFrame)
    return LabelSource(frame, reads_class_numbers(view))


def _width(node: ShapedNode) -> int:
    """Numbers that one sample has in a node's output; one of these is the widest tensor.

    An ensemble has its widest inside, where each member has a row as wide as some weight.
    """
    if not isinstance(node.output, tuple):
        return 1
    members = members_of(node.output)
    inner = 0 if members is None else members.count * max(
        (dim for shape in node.parameters.values() for dim in shape if isinstance(dim, int)),
        default=0)
    return max(inner, size(counted(node.output)[1:]) or 1)


def reads_class_numbers(plan: Plan) -> bool:
    """Whether the loss takes one class number a row, rather than numbers by column."""
    graph, label = plan.graph, plan.shaped.fitted.label
    rule = loss_rule(graph.loss.type, graph.loss.args)
    return label.form == "class_index" and "class_index" in rule.label
