"""The factorization machine."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FactorizationMachine(nn.Module):
    """`(..., width) -> (..., 1)`

    Factorization Machines, Rendle 2010: y = w_0 + sum_i w_i x_i + sum_(i<j) <v_i, v_j> x_i x_j.
    The pairwise sum is, by its lemma 3.1, half of sum_f ((sum_i v_if x_i)^2 - sum_i (v_if x_i)^2),
    which takes time linear in the width.

    Args:
        width: features.
        factors: numbers in the vector of each feature.
    """

    def __init__(self, width: int, factors: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)
        self.vectors = nn.Parameter(torch.empty(width, factors))
        # Near zero, where the pairs weigh little until training asks for them.
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        nn.init.normal_(self.vectors, std=0.1)

    def forward(self, x: Tensor) -> Tensor:
        pairs = (x @ self.vectors).square() - x.square() @ self.vectors.square()
        score: Tensor = self.linear(x) + 0.5 * pairs.sum(-1, keepdim=True)
        return score
