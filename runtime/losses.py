"""The losses that are our own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class QuantileLoss(nn.Module):
    """The pinball loss: an error `e = label - output` of the quantile `q` costs
    `max(q * e, (q - 1) * e)`, which its true quantile makes smallest.

    Source: R. Koenker and G. Bassett, 1978, "Regression Quantiles".

    Args:
        quantiles: within 0 to 1.
        reduction: `mean` or `sum` over samples, label columns and quantiles, or `none`.
    """

    def __init__(self, quantiles: Sequence[float], reduction: str = "mean") -> None:
        super().__init__()
        self.register_buffer("quantiles", torch.tensor(quantiles, dtype=torch.float32))
        self.reduction = reduction

    def forward(self, output: Tensor, label: Tensor) -> Tensor:
        """One number; with the reduction `none` `(..., columns, quantiles)`.

        Args:
            output: `(..., columns * quantiles)`, the quantiles of a column side by side.
            label: `(..., columns)`.
        """
        quantiles = self.get_buffer("quantiles")
        by_column = output.reshape(*output.shape[:-1], -1, len(quantiles))
        error = label.unsqueeze(-1) - by_column
        cost = torch.maximum(quantiles * error, (quantiles - 1) * error)
        if self.reduction == "none":
            return cost
        return cost.sum() if self.reduction == "sum" else cost.mean()
