"""TabM: many perceptrons in one, with most of their weights in common."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _uniform(width_in: int, *shape: int) -> Tensor:
    """Uniform within 1 / sqrt(width in), as a linear layer starts."""
    bound = width_in ** -0.5
    return torch.empty(*shape).uniform_(-bound, bound)


def random_signs(*shape: int) -> Tensor:
    """-1 or 1, each with equal chance."""
    return torch.randint(0, 2, shape).float() * 2 - 1


class SharedLinear(nn.Module):
    """`(batch, members, width in) -> (batch, members, width out)`

    BatchEnsemble, Wen et al. 2020, equation 5: member i maps x to (x * r_i) W^T * s_i + b_i,
    where * is the product of elements.

    Args:
        first_scale: the r_i at the start, `(members, width in)`. The s_i start at one and the
            b_i of all members at the same numbers, after TabM.
    """

    def __init__(self, width_in: int, width_out: int, first_scale: Tensor) -> None:
        super().__init__()
        members = len(first_scale)
        self.weight = nn.Parameter(_uniform(width_in, width_out, width_in))
        self.scale_in = nn.Parameter(first_scale)
        self.scale_out = nn.Parameter(torch.ones(members, width_out))
        self.bias = nn.Parameter(_uniform(width_in, width_out).repeat(members, 1))

    def forward(self, x: Tensor) -> Tensor:
        mapped: Tensor = (x * self.scale_in) @ self.weight.t() * self.scale_out
        return mapped + self.bias


class OwnLinear(nn.Module):
    """`(batch, members, width in) -> (batch, members, width out)`: a linear layer each."""

    def __init__(self, members: int, width_in: int, width_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(_uniform(width_in, members, width_in, width_out))
        self.bias = nn.Parameter(_uniform(width_in, members, width_out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bmi,mio->bmo", x, self.weight) + self.bias


class Scaling(nn.Module):
    """`(batch, members, width) -> (batch, members, width)`: x * r_i for member i.

    Args:
        first: the r_i at the start, `(members, width)`.
    """

    def __init__(self, first: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(first)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class TabM(nn.Module):
    """`(batch, width) -> (batch, members, label width)`

    Args:
        members: how many perceptrons there are.
        body: `(batch, members, width) -> (batch, members, hidden width)`.
        head: `(batch, members, hidden width) -> (batch, members, label width)`.
        output_activation: what each output goes through.
    """

    def __init__(self, members: int, body: nn.Module, head: nn.Module,
                 output_activation: nn.Module) -> None:
        super().__init__()
        self.members = members
        self.body = body
        self.head = head
        self.output_activation = output_activation

    def forward(self, x: Tensor) -> Tensor:
        same = x.unsqueeze(1).expand(-1, self.members, -1)
        output: Tensor = self.output_activation(self.head(self.body(same)))
        return output
