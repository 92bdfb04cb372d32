"""How much each sample counts in the loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..compiler.stages import Plan
from .frames import DeviceFrame


def loss_weights(plan: Plan, label: DeviceFrame) -> Tensor | None:
    """What each sample counts, float32 `(samples,)` on the device; None where all count alike.

    The weight of a sample is that of its column times that of its class.
    """
    weight: Tensor | None = None
    if plan.samples.weight is not None:
        weight = torch.from_numpy(plan.samples.weight).to(label.dense.device)
    if plan.class_weights is None:
        return weight
    values = label.dense[label.positions.long(), 0]
    facts = plan.shaped.fitted.label
    # A label without classes has two values, of which the larger is the second class.
    classes = values if facts.classes else values == facts.maximum
    by_class = torch.tensor(plan.class_weights, device=values.device)[classes.long()]
    return by_class if weight is None else weight * by_class


class WeightedLoss(nn.Module):
    """A loss as the weighted mean of its rows: `sum(w * l) / sum(w)`; 0 where all `w` are 0.

    With equal weights it is the loss itself.

    Args:
        loss: gives one number for each row, or for each element of it (`reduction` "none").
        reduction: how the loss would have reduced: `sum` keeps `sum(w * l)`; with `sum` and
            `batchmean` the elements of a row are added up, else their mean is taken.
        by_class: for a loss that divides by the class weights of its rows, these weights.
        left_out: for such a loss, the class whose rows it leaves out.
    """

    def __init__(self, loss: nn.Module, reduction: str, by_class: Tensor | None = None,
                 left_out: int | None = None) -> None:
        super().__init__()
        self.loss = loss
        self.reduction = reduction
        self.by_class = by_class
        self.left_out = left_out

    def forward(self, output: Tensor, label: Tensor, weight: Tensor) -> Tensor:
        """One number.

        Args:
            weight: float32 `(rows,)`, from 0 upwards.
        """
        rows, amounts = self.by_row(output, label, weight)
        if self.reduction == "sum":
            return (weight * rows).sum()
        return (weight * rows).sum() / positive(amounts.sum())

    def by_row(self, output: Tensor, label: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of each row, and what the row counts in the mean of them; both `(rows,)`.

        A class weight is in both; with it the mean is `sum(weight * loss) / sum(count)`.
        """
        losses: Any = self.loss(output, label).reshape(len(weight), -1)
        rows: Tensor = losses.mean(1) if self.reduction == "mean" else losses.sum(1)
        if label.dtype == torch.int64 and self.reduction != "sum":
            if self.left_out is not None:
                weight = weight * (label != self.left_out)
            if self.by_class is not None:
                weight = weight * self.by_class[label]
        return rows, weight


def positive(total: Tensor) -> Tensor:
    """A sum of weights to divide by: 1 in place of 0."""
    return torch.where(total > 0, total, torch.ones_like(total))
