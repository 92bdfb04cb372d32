"""Ids to vectors behind the numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .values import Features


class Embedding(nn.Module):
    """Features with numbers `(..., in)` -> `(..., in + sum of widths)`.

    Args:
        tables: for each column of ids, ids `(...)` -> vectors `(..., width)`.
        tokens: gives `(..., columns, width)` instead, without the numbers.
    """

    def __init__(self, tables: Sequence[nn.Module], tokens: bool) -> None:
        super().__init__()
        self.tables = nn.ModuleList(tables)
        self.tokens = tokens

    def forward(self, features: Features) -> Tensor:
        vectors = [table(ids) for table, ids in zip(self.tables, features.ids.unbind(-1),
                                                    strict=True)]
        if self.tokens:
            return torch.stack(vectors, -2)
        return torch.cat([features.numbers, *vectors], -1)
