"""Layers of self-attention, with or without the places of the steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .attention import Attention
from .masking import pooled, zero_padding
from .values import Sequence

LONGEST_WAVE = 10_000.0
"""Of the sinusoids, over 2 pi, as in Vaswani et al., 2017."""

LEARNED_STD = 0.02
"""Standard deviation of learned positions at the start, as in Devlin et al., "BERT", 2019."""


def sinusoids(places: Tensor, width: int) -> Tensor:
    """`(..., width)`: sine and cosine of place / 10000^(2i / width) for each i, in turn.

    Vaswani et al., "Attention Is All You Need", 2017, section 3.5.
    """
    exponents = torch.arange(0, width, 2, device=places.device) / width
    angles = places.unsqueeze(-1) * LONGEST_WAVE ** -exponents
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(-2)[..., :width]


class Counted(nn.Module):
    """The sinusoids of 0, 1, 2, ... from the first step on."""

    def forward(self, steps: Sequence, width: int) -> Tensor:
        return sinusoids(torch.arange(steps.mask.shape[1], device=steps.mask.device), width)


class Timed(nn.Module):
    """The sinusoids of the logarithm of the age: sign(age) * ln(1 + |age in seconds|)."""

    def forward(self, steps: Sequence, width: int) -> Tensor:
        assert steps.ages is not None
        ages = steps.ages.masked_fill(~steps.mask, 0.0)
        return sinusoids(ages.sign() * ages.abs().log1p(), width)


class Learned(nn.Module):
    """A trained vector for each place; steps beyond `longest` share the last."""

    def __init__(self, longest: int, width: int) -> None:
        super().__init__()
        self.places = nn.Embedding(longest, width)
        nn.init.normal_(self.places.weight, std=LEARNED_STD)

    def forward(self, steps: Sequence, width: int) -> Tensor:
        last = self.places.num_embeddings - 1
        places = torch.arange(steps.mask.shape[1], device=steps.mask.device).clamp(max=last)
        vectors: Tensor = self.places(places)
        return vectors


class EncoderLayer(nn.Module):
    """Attention, then two linear layers, each with a residual connection and a LayerNorm.

    The norm stands behind the sum, LayerNorm(x + f(x)), as in Vaswani et al., 2017, or with
    `norm_first` before the part, x + f(LayerNorm(x)), as in Xiong et al., "On Layer
    Normalization in the Transformer Architecture", 2020.
    """

    def __init__(self, width: int, heads: int, hidden_width: int, dropout: float,
                 activation: nn.Module, norm_first: bool) -> None:
        super().__init__()
        self.attention = Attention(width, width, width, heads, dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, hidden_width)
        self.activation = activation
        self.output = nn.Linear(hidden_width, width)
        self.output_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.norm_first = norm_first

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """`(batch, length, width)`, finite where padding is, to the same."""
        if self.norm_first:
            values = values + self._attend(self.attention_norm(values), mask)
            return values + self._transform(self.output_norm(values))
        values = self.attention_norm(values + self._attend(values, mask))
        output: Tensor = self.output_norm(values + self._transform(values))
        return output

    def _attend(self, values: Tensor, mask: Tensor) -> Tensor:
        attended: Tensor = self.dropout(self.attention(values, values, mask))
        return attended

    def _transform(self, values: Tensor) -> Tensor:
        hidden = self.dropout(self.activation(self.hidden(values)))
        transformed: Tensor = self.dropout(self.output(hidden))
        return transformed


class TransformerEncoder(nn.Module):
    """Sequence -> sequence of the given width, or `(batch, width)` with a `pool`.

    Args:
        projection: a linear layer to the width of the encoder, or the identity.
        positions: `(steps, width)` -> what is added to the steps; None adds nothing.
        norm: a LayerNorm behind the last layer, or the identity.
        pool: see `masking.pooled`.
    """

    def __init__(self, projection: nn.Module, positions: nn.Module | None,
                 layers: list[EncoderLayer], norm: nn.Module, dropout: float, pool: str) -> None:
        super().__init__()
        self.projection = projection
        self.positions = positions
        self.layers = nn.ModuleList(layers)
        self.norm = norm
        self.dropout = nn.Dropout(dropout)
        self.pool = pool

    def forward(self, steps: Sequence) -> Tensor | Sequence:
        assert isinstance(steps.values, Tensor)
        values = self.projection(zero_padding(steps.values, steps.mask))
        if self.positions is not None:
            places = self.positions(steps, values.shape[-1])
            values = self.dropout(values + places.to(values.dtype))
        for layer in self.layers:
            values = layer(values, steps.mask)
        return pooled(steps, self.norm(values), self.pool)
