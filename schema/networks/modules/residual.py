"""A part whose input is added to what it gives."""

from __future__ import annotations

from torch import Tensor, nn

from .values import Sequence


class Residual(nn.Module):
    """`(*same, in)` -> `(*same, out)`, or a sequence of the one to a sequence of the other.

    y = F(x) + x, or F(x) + W x where the widths differ: He et al., "Deep Residual Learning for
    Image Recognition", 2016.

    Args:
        network: F; gives a sequence where it reads one.
        projection: W; None where the widths are equal.
    """

    def __init__(self, network: nn.Module, projection: nn.Linear | None) -> None:
        super().__init__()
        self.network = network
        self.projection = projection

    def forward(self, inputs: Tensor | Sequence) -> Tensor | Sequence:
        given = self.network(inputs)
        if isinstance(inputs, Sequence):
            assert isinstance(inputs.values, Tensor)
            return inputs._replace(values=given.values + self._projected(inputs.values))
        output: Tensor = given + self._projected(inputs)
        return output

    def _projected(self, values: Tensor) -> Tensor:
        return values if self.projection is None else self.projection(values)
