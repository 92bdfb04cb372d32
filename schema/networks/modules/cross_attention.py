"""The sample asks its context."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from .attention import Attention
from .masking import zero_empty, zero_padding


class CrossAttention(nn.Module):
    """What the children read -> `(batch, width)`: the context, weighed by what the sample asks.

    Args:
        attention: from the width of the query and that of the context.
        query: a module that gives `(batch, query width)`.
        context: a module that gives a sequence.
    """

    def __init__(self, attention: Attention, query: nn.Module, context: nn.Module) -> None:
        super().__init__()
        self.attention = attention
        self.query = query
        self.context = context

    def forward(self, inputs: Any) -> Tensor:
        steps = self.context(inputs)
        values = zero_padding(steps.values, steps.mask)
        attended = self.attention(self.query(inputs).unsqueeze(1), values, steps.mask)
        return zero_empty(attended.squeeze(1), steps.mask)
