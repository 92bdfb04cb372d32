"""A linear layer that looks the weights of wide one-hot columns up by integer code.

A one-hot row times a matrix picks one row of the matrix; looking it up skips the
multiplications with zero. The layer is the same function as the ordinary linear layer that
it replaces, and is saved and exported as that layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..schema.networks.modules.residual_block import ResidualBlock


@dataclass(frozen=True)
class Layout:
    """Where the columns of an extraction stand in the weight of an ordinary linear layer.

    Args:
        dense: the place of each dense column.
        codes: the places of the one-hot columns, code column by code column.
        code_columns: how many code columns there are.
    """

    dense: tuple[int, ...]
    codes: tuple[int, ...]
    code_columns: int

    @property
    def width(self) -> int:
        return len(self.dense) + len(self.codes)


@dataclass(frozen=True, eq=False)
class CodedInput:
    """A batch with wide one-hot columns left as codes.

    Args:
        dense: float32 `(batch, dense width)`.
        codes: int32 `(batch, code columns)`, row numbers into the looked-up weight.
    """

    dense: Tensor
    codes: Tensor


class LookupLinear(nn.Module):
    """(batch, width) as CodedInput -> (batch, out)

    Args:
        linear: the ordinary layer; its weight `(out, width)` is taken apart.
        layout: which of its columns are dense and which are looked up.
    """

    def __init__(self, linear: nn.Linear, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        weight = linear.weight.detach()
        self.dense = nn.Parameter(weight[:, list(layout.dense)].contiguous())
        self.looked_up = nn.Parameter(weight[:, list(layout.codes)].t().contiguous())
        self.bias = linear.bias

    def forward(self, coded: CodedInput) -> Tensor:
        picked = functional.embedding_bag(coded.codes, self.looked_up, mode="sum")
        return functional.linear(coded.dense, self.dense, self.bias) + picked

    def linear_weight(self) -> Tensor:
        """The weight `(out, width)` of the ordinary layer."""
        weight = torch.empty(self.dense.shape[0], self.layout.width, device=self.dense.device)
        weight[:, list(self.layout.dense)] = self.dense.detach()
        weight[:, list(self.layout.codes)] = self.looked_up.detach().t()
        return weight

    def set_linear_weight(self, weight: Tensor) -> None:
        """Takes the weight `(out, width)` of the ordinary layer, as `linear_weight` gives it."""
        with torch.no_grad():
            self.dense.copy_(weight[:, list(self.layout.dense)])
            self.looked_up.copy_(weight[:, list(self.layout.codes)].t())


def replace_first_linear(module: nn.Module, layout: Layout) -> nn.Module:
    """The module with its first linear layer replaced by the one that looks codes up.

    A residual block has two that come first.
    """
    if isinstance(module, nn.Linear):
        return LookupLinear(module, layout)
    if isinstance(module, ResidualBlock):
        module.inner = replace_first_linear(module.inner, layout)
        module.shortcut = replace_first_linear(module.shortcut, layout)
        return module
    assert isinstance(module, nn.Sequential), "only a chain of layers reads codes"
    module[0] = replace_first_linear(module[0], layout)
    return module
