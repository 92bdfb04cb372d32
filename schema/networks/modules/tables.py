"""Tables of vectors: ids `(...)` -> vectors `(..., width)`; the id of padding gives zeros."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...shapes import FIRST_VALUE, PAD


class FrozenTable(nn.Module):
    """A table `(rows, width)` that training leaves as it is: no parameter, but saved."""

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, ids: Tensor) -> Tensor:
        return functional.embedding(ids, self.weight)


def new_table(rows: int, width: int) -> nn.Embedding:
    """A table that starts uniform between -1/sqrt(width) and 1/sqrt(width).

    As in Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", 2021.
    """
    table = nn.Embedding(rows, width, padding_idx=PAD)
    bound = width**-0.5
    with torch.no_grad():
        table.weight.uniform_(-bound, bound)
        table.weight[PAD] = 0.0
    return table


def given_table(vectors: Tensor, rows: int, frozen: bool) -> nn.Embedding | FrozenTable:
    """A table that starts as given vectors; null and unknown are their mean, padding is zero.

    Args:
        vectors: float32 `(values, width)`, of the values from `FIRST_VALUE` on.
        rows: of the table; `FIRST_VALUE` more than there are vectors.
    """
    assert rows == FIRST_VALUE + len(vectors)
    weight = torch.zeros(rows, vectors.shape[1])
    if len(vectors):
        weight[:FIRST_VALUE] = vectors.mean(0)
        weight[FIRST_VALUE:] = vectors
    weight[PAD] = 0.0
    if frozen:
        return FrozenTable(weight)
    return nn.Embedding(rows, weight.shape[1], padding_idx=PAD, _weight=weight)
