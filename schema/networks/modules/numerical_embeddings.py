"""Every number becomes a vector: `(..., columns)` -> `(..., columns, width)`.

Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular Deep
Learning", 2022. Version B of the piecewise linear ones: Gorishniy, Kotelnikov and Babenko,
"TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling", 2024. The shared map
of `lite`: Gorishniy et al., "TabR: Tabular Deep Learning Meets Nearest Neighbors", 2023.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import torch
from torch import Tensor, nn


class Vectors(nn.Module):
    """What an embedding gives, behind an activation, as tokens or side by side.

    Args:
        embedding: `(..., columns)` -> `(..., columns, width)`.
        tokens: gives this form; otherwise `(..., columns * width)`.
    """

    def __init__(self, embedding: nn.Module, activation: str, tokens: bool) -> None:
        super().__init__()
        self.embedding = embedding
        self.activation = _activation(activation)
        self.tokens = tokens

    def forward(self, numbers: Tensor) -> Tensor:
        vectors: Tensor = self.activation(self.embedding(numbers))
        return vectors if self.tokens else vectors.flatten(-2)


def _activation(name: str) -> nn.Module:
    return nn.ReLU() if name == "relu" else nn.Identity()


class Linear(nn.Module):
    """x -> w x + b, w and b of each column; uniform between -1/sqrt(width) and 1/sqrt(width)."""

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.weight = _uniform(columns, width, fan=width)
        self.bias = _uniform(columns, width, fan=width)

    def forward(self, numbers: Tensor) -> Tensor:
        return torch.addcmul(self.bias, self.weight, numbers.unsqueeze(-1))


def _uniform(*shape: int, fan: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-(fan**-0.5), fan**-0.5))


class ColumnLinear(nn.Module):
    """`(..., columns, in)` -> `(..., columns, out)`, a linear map of its own for each column."""

    def __init__(self, columns: int, width_in: int, width_out: int, *, bias: bool) -> None:
        super().__init__()
        self.weight = _uniform(columns, width_in, width_out, fan=width_in)
        self.bias = _uniform(columns, width_out, fan=width_in) if bias else None

    def forward(self, vectors: Tensor) -> Tensor:
        mapped = torch.einsum("...ci,cio->...co", vectors, self.weight)
        return mapped if self.bias is None else mapped + self.bias


class Periodic(nn.Module):
    """x -> L(cos(2 pi f x), sin(2 pi f x)) with learned frequencies f of each column.

    Args:
        frequencies: for each column; they start normal, cut off at three standard deviations.
        scale: their standard deviation.
        lite: whether all columns share L.
    """

    def __init__(self, columns: int, width: int, frequencies: int, scale: float,
                 lite: bool) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(nn.init.trunc_normal_(
            torch.empty(columns, frequencies), std=scale, a=-3 * scale, b=3 * scale))
        self.linear = nn.Linear(2 * frequencies, width) if lite else ColumnLinear(
            columns, 2 * frequencies, width, bias=True)

    def forward(self, numbers: Tensor) -> Tensor:
        angles = 2 * math.pi * self.frequencies * numbers.unsqueeze(-1)
        vectors: Tensor = self.linear(torch.cat([angles.cos(), angles.sin()], -1))
        return vectors


def normal_edges(bins: int) -> Tensor:
    """The `bins + 1` edges of bins that are equally likely under the standard normal.

    The quantiles (k + 1/2) / (bins + 1), so that the outermost are finite (Hazen, 1914).
    """
    normal = NormalDist()
    return torch.tensor([normal.inv_cdf((k + 0.5) / (bins + 1)) for k in range(bins + 1)])


class PiecewiseLinear(nn.Module):
    """x -> L(how far x fills each bin): 1 above a bin, 0 below it, linear within.

    Below the first bin and above the last one it goes on as a straight line.

    Args:
        straight: adds w x + b; L then has no bias and starts at zero (version B).
        activation: behind L.
    """

    edges: Tensor

    def __init__(self, columns: int, width: int, bins: int, *, straight: bool,
                 activation: str) -> None:
        super().__init__()
        self.register_buffer("edges", normal_edges(bins))
        self.straight = Linear(columns, width) if straight else None
        self.linear = ColumnLinear(columns, bins, width, bias=not straight)
        if straight:
            nn.init.zeros_(self.linear.weight)
        self.activation = _activation(activation)

    def forward(self, numbers: Tensor) -> Tensor:
        vectors: Tensor = self.activation(self.linear(self._filled(numbers)))
        return vectors if self.straight is None else self.straight(numbers) + vectors

    def _filled(self, numbers: Tensor) -> Tensor:
        """`(..., columns)` -> `(..., columns, bins)`"""
        filled = (numbers.unsqueeze(-1) - self.edges[:-1]) / self.edges.diff()
        return torch.cat([filled[..., :1].clamp(max=1), filled[..., 1:-1].clamp(0, 1),
                          filled[..., -1:].clamp(min=0)], -1)
