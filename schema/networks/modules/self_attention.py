"""The steps of a sample look at each other, once."""

from __future__ import annotations

from torch import Tensor, nn

from .attention import Attention
from .masking import zero_padding
from .values import Sequence


class SelfAttention(nn.Module):
    """Sequence -> sequence of the same width: LayerNorm(x + Dropout(Attention(x, x)))."""

    def __init__(self, width: int, heads: int, dropout: float, residual: bool,
                 layer_norm: bool) -> None:
        super().__init__()
        self.attention = Attention(width, width, width, heads, dropout)
        self.dropout = nn.Dropout(dropout)
        self.residual = residual
        self.norm = nn.LayerNorm(width) if layer_norm else nn.Identity()

    def forward(self, steps: Sequence) -> Sequence:
        assert isinstance(steps.values, Tensor)
        values = zero_padding(steps.values, steps.mask)
        attended = self.dropout(self.attention(values, values, steps.mask))
        output = self.norm(values + attended if self.residual else attended)
        return steps._replace(values=zero_padding(output, steps.mask))
