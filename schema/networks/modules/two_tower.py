"""Two networks side by side, and how alike their outputs are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class TwoTower(nn.Module):
    """`batch -> (batch, 1)`

    Args:
        left: batch -> `(batch, width)`.
        right: batch -> `(batch, width)`.
        similarity: `dot` or `cosine`.
        scale: what the similarity is multiplied with at first, learned from there on as its
            logarithm, so that it stays positive; None for 1 throughout.
    """

    def __init__(self, left: nn.Module, right: nn.Module, similarity: str,
                 scale: float | None) -> None:
        super().__init__()
        self.left = left
        self.right = right
        self.similarity = similarity
        start = None if scale is None else nn.Parameter(torch.tensor([scale]).log())
        self.register_parameter("log_scale", start)
        self.log_scale: nn.Parameter | None

    def forward(self, batch: object) -> Tensor:
        left, right = self.left(batch), self.right(batch)
        if self.similarity == "cosine":
            left, right = functional.normalize(left, dim=-1), functional.normalize(right, dim=-1)
        alike: Tensor = (left * right).sum(-1, keepdim=True)
        return alike if self.log_scale is None else alike * self.log_scale.exp()
