"""Convolutions over the steps of a sequence."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad

from .masking import pooled, zero_padding
from .values import Sequence


class Convolutions(nn.Module):
    """Sequence -> sequence as wide as the last convolution, or `(batch, width)` with a `pool`.

    Before each convolution padding is set to zero, so a sample ends as if it stood alone.

    Args:
        convolutions: stride 1, no padding of their own.
        causal: a step sees itself and those before it; else it stands in the middle of the
            kernel, in an even one just left of it.
        pool: see `masking.pooled`.
    """

    def __init__(self, convolutions: list[nn.Conv1d], activation: nn.Module, causal: bool,
                 pool: str) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.activation = activation
        self.causal = causal
        self.pool = pool

    def forward(self, steps: Sequence) -> Tensor | Sequence:
        assert isinstance(steps.values, Tensor)
        values = steps.values
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv1d)
            reach = convolution.dilation[0] * (convolution.kernel_size[0] - 1)
            before = reach if self.causal else reach // 2
            channels = zero_padding(values, steps.mask).transpose(1, 2)
            convolved = convolution(pad(channels, (before, reach - before)))
            values = self.activation(convolved.transpose(1, 2))
        return pooled(steps, values, self.pool)
