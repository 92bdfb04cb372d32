"""FT-Transformer: Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", 2021."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, scaled_dot_product_attention

from .numerical_embeddings import Linear
from .values import Features


def _vector(*shape: int) -> nn.Parameter:
    """Uniform between -1/sqrt(width) and 1/sqrt(width)."""
    bound = shape[-1]**-0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


class Tokens(nn.Module):
    """Numbers `(batch, numbers)`, or Features -> `(batch, numbers + columns of ids, width)`.

    A number x becomes w x + b, an id its vector + b, with w and b of the column.
    """

    def __init__(self, numbers: int, tables: Sequence[nn.Module], width: int) -> None:
        super().__init__()
        self.numbers = Linear(numbers, width)
        self.tables = nn.ModuleList(tables)
        self.id_bias = _vector(len(tables), width) if tables else None

    def forward(self, inputs: Tensor | Features) -> Tensor:
        if isinstance(inputs, Tensor):
            tokens: Tensor = self.numbers(inputs)
            return tokens
        vectors = torch.stack([table(ids) for table, ids in zip(
            self.tables, inputs.ids.unbind(-1), strict=True)], 1)
        assert self.id_bias is not None
        return torch.cat([self.numbers(inputs.numbers), vectors + self.id_bias], 1)


class Layer(nn.Module):
    """x = t + Attention(Norm(t)); x + narrow(ReGLU(widen(Norm(x)))).

    ReGLU(a, b) = a ReLU(b): Shazeer, "GLU Variants Improve Transformer", 2020.

    Args:
        first: leaves out the norm in front of the attention.
    """

    def __init__(self, width: int, heads: int, hidden_width: int, attention_dropout: float,
                 dropout: float, residual_dropout: float, *, first: bool) -> None:
        super().__init__()
        self.heads = heads
        self.attention_dropout = attention_dropout
        self.attention_norm = nn.Identity() if first else nn.LayerNorm(width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width) if heads > 1 else nn.Identity()
        for linear in (self.query, self.key, self.value, self.output):
            if isinstance(linear, nn.Linear):
                nn.init.zeros_(linear.bias)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * hidden_width)
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(hidden_width, width)
        self.residual_dropout = nn.Dropout(residual_dropout)

    def forward(self, tokens: Tensor, read: int) -> Tensor:
        """`(batch, tokens, width)` -> the same for the first `read` tokens."""
        normal = self.attention_norm(tokens)
        tokens = tokens[:, :read] + self.residual_dropout(self._attention(normal[:, :read], normal))
        values, gates = self.widen(self.feed_forward_norm(tokens)).chunk(2, -1)
        narrowed: Tensor = self.residual_dropout(self.narrow(self.dropout(values * relu(gates))))
        return tokens + narrowed

    def _attention(self, queries: Tensor, tokens: Tensor) -> Tensor:
        attended = scaled_dot_product_attention(
            self._split(self.query(queries)), self._split(self.key(tokens)),
            self._split(self.value(tokens)),
            dropout_p=self.attention_dropout if self.training else 0.0)
        mixed: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return mixed

    def _split(self, values: Tensor) -> Tensor:
        """`(batch, tokens, width)` -> `(batch, heads, tokens, width / heads)`."""
        batch, tokens, _ = values.shape
        return values.reshape(batch, tokens, self.heads, -1).transpose(1, 2)


class FTTransformer(nn.Module):
    """What `tokens` reads -> `(batch, width)`: ReLU(Norm(the first token behind all layers)).

    Args:
        tokens: gives `(batch, tokens, width)`; one more, `start`, comes in front of them.
    """

    def __init__(self, tokens: nn.Module, width: int, layers: int, heads: int, hidden_width: int,
                 attention_dropout: float, dropout: float, residual_dropout: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.start = _vector(width)
        self.layers = nn.ModuleList(
            Layer(width, heads, hidden_width, attention_dropout, dropout, residual_dropout,
                  first=index == 0) for index in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, inputs: Tensor | Features) -> Tensor:
        tokens = self.tokens(inputs)
        tokens = torch.cat([self.start.expand(tokens.shape[0], 1, -1), tokens], 1)
        for place, layer in enumerate(self.layers, start=1):
            # Only the first token is read behind the last layer.
            tokens = layer(tokens, 1 if place == len(self.layers) else tokens.shape[1])
        return relu(self.norm(tokens[:, 0]))
