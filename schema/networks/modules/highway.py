"""A layer that carries a part of its input on."""

from __future__ import annotations

from torch import Tensor, nn


class HighwayLayer(nn.Module):
    """`(..., width) -> (..., width)`

    y = H(x) * T(x) + x * (1 - T(x)), where * is the product of elements.

    Args:
        activation: what follows the linear map in H.
        gate_bias: where the bias of the linear map in T starts.
    """

    def __init__(self, width: int, activation: nn.Module, gate_bias: float) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.activation = activation
        self.gate = nn.Linear(width, width)
        nn.init.constant_(self.gate.bias, gate_bias)

    def forward(self, x: Tensor) -> Tensor:
        changed = self.activation(self.transform(x))
        # Automatic casts leave the three in several precisions, which `lerp` refuses.
        return x.lerp(changed.to(x.dtype), self.gate(x).sigmoid().to(x.dtype))
