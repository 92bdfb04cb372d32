"""Branches that read the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from . import values

_MERGED: Mapping[str, Callable[[list[Tensor]], Tensor]] = {
    "concat": lambda given: torch.cat(given, -1),
    "sum": lambda given: torch.stack(given).sum(0),
    "mean": lambda given: torch.stack(given).mean(0),
    "product": lambda given: torch.stack(given).prod(0),
}


class Parallel(nn.Module):
    """What the branches read -> one tensor `(*same, width)`, or a sequence of that form.

    Args:
        branches: each gives a tensor, or each a sequence with the same mask.
        merge: `concat` along the last axis, or `sum`, `mean`, `product` of equal shapes.
    """

    def __init__(self, branches: Sequence[nn.Module], merge: str) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.merge = merge

    def forward(self, inputs: Any) -> Tensor | values.Sequence:
        given = [branch(inputs) for branch in self.branches]
        merge = _MERGED[self.merge]
        if isinstance(given[0], values.Sequence):
            return given[0]._replace(values=merge([steps.values for steps in given]))
        return merge(given)
