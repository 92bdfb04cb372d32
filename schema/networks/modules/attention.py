"""Multi-head attention that knows which steps are there."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from .masking import readable


class Attention(nn.Module):
    """Multi-head scaled dot-product attention: Vaswani et al., "Attention Is All You Need", 2017.

    softmax(QK^T / sqrt(width / heads)) V for each head, side by side, then a linear layer.
    Weights start as in Glorot and Bengio, 2010 (uniform), biases at zero, as in
    `torch.nn.MultiheadAttention` with a width of its own for each input.

    Args:
        query_width, context_width: the width of what asks, and of what is looked at.
        width: of the result; a multiple of `heads`.
        dropout: the chance that an attention weight is dropped in training.
    """

    def __init__(self, query_width: int, context_width: int, width: int, heads: int,
                 dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(query_width, width)
        self.key = nn.Linear(context_width, width)
        self.value = nn.Linear(context_width, width)
        self.output = nn.Linear(width, width)
        for linear in (self.query, self.key, self.value, self.output):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, queries: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        """`(batch, queries, query width)` -> `(batch, queries, width)`.

        Args:
            context: `(batch, length, context width)`, finite where padding is.
            mask: bool `(batch, length)`; what comes of a row without a step is arbitrary.
        """
        attended = scaled_dot_product_attention(
            self._split(self.query(queries)), self._split(self.key(context)),
            self._split(self.value(context)), attn_mask=readable(mask)[:, None, None],
            dropout_p=self.dropout if self.training else 0.0)
        output: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return output

    def _split(self, values: Tensor) -> Tensor:
        """`(batch, length, width)` -> `(batch, heads, length, width / heads)`."""
        return values.view(*values.shape[:2], self.heads, -1).transpose(1, 2)
