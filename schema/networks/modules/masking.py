"""Results that never depend on padding, and zeros for a sample without a step.

The steps of a sample stand first, see `values.Sequence`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .values import Sequence


def zero_padding(values: Tensor, mask: Tensor) -> Tensor:
    """`(batch, length, width)` with zeros where the mask `(batch, length)` is false."""
    return values.masked_fill(~mask.unsqueeze(-1), 0.0)


def zero_empty(rows: Tensor, mask: Tensor) -> Tensor:
    """`(batch, width)` with zeros for samples that have no step."""
    return rows.masked_fill(~mask.any(1, keepdim=True), 0.0)


def pool_steps(values: Tensor, mask: Tensor, pool: str) -> Tensor:
    """`(batch, length, width)` -> `(batch, width)`.

    Args:
        pool: `mean`, `max` or `sum` of the steps, or their `first` or `last`.
    """
    values = zero_padding(values, mask)
    if pool == "max":
        lowest = values.masked_fill(~mask.unsqueeze(-1), -torch.inf)
        return zero_empty(lowest.amax(1), mask)
    if pool == "first":
        return values[:, 0]
    steps = mask.sum(1)
    if pool == "last":
        place = (steps - 1).clamp(min=0)[:, None, None].expand(-1, 1, values.shape[-1])
        return values.gather(1, place).squeeze(1)
    total = values.sum(1)
    return total / steps.clamp(min=1).unsqueeze(-1) if pool == "mean" else total


def pooled(steps: Sequence, values: Tensor, pool: str) -> Tensor | Sequence:
    """What a module makes of its outputs `(batch, length, width)`, one for each step.

    Args:
        steps: what the module reads.
        pool: as in `pool_steps`, or `none`, which gives a sequence, zero where padding is.
    """
    if pool == "none":
        return steps._replace(values=zero_padding(values, steps.mask))
    return pool_steps(values, steps.mask, pool)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the steps, `(batch, length)`; zeros for a sample without a step."""
    # A row of nothing but -inf would give NaN, forward and backward.
    weights = scores.masked_fill(~readable(mask), -torch.inf).softmax(1)
    return weights.masked_fill(~mask, 0.0)


def readable(mask: Tensor) -> Tensor:
    """The mask for a softmax over steps, `(batch, length)`.

    A sample without a step may look at all its padding, which must be finite, because a softmax
    over nothing is not a number; the caller sets what comes of it to zero.
    """
    return mask | ~mask.any(1, keepdim=True)
