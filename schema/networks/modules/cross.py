"""The cross network: products of features, one degree more with each layer."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn


class Cross(nn.Module):
    """`(..., width) -> (..., width)`

    x_(l+1) = x_0 * (W_l x_l + b_l) + x_l, where * is the product of elements.

    Args:
        layers: `(..., width) -> (..., width)` each, the affine maps W_l x + b_l.
    """

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, first: Tensor) -> Tensor:
        crossed = first
        for layer in self.layers:
            crossed = first * layer(crossed) + crossed
        return crossed
