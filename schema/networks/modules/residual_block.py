"""A block whose input is added to what it gives."""

from __future__ import annotations

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """`(..., width in) -> (..., width out)`

    Deep Residual Learning for Image Recognition, He et al. 2016: y = F(x) + x, or
    y = F(x) + W x where the widths differ.

    Args:
        inner: F, `(..., width in) -> (..., width out)`.
        shortcut: what the input goes through before it is added.
    """

    def __init__(self, inner: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.inner(x) + self.shortcut(x)
        return output
