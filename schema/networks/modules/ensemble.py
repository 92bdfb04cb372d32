"""Networks side by side that train as if each were alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from .values import Sequence


class Ensemble(nn.Module):
    """What each member reads -> `(batch, members, width)`

    The loss of an ensemble is the mean over its members, which divides the gradient of each by
    their number. In training this is undone behind the members, and done again in front of them:
    a member learns as it would alone, and a part that stands before all of them from their mean.

    Args:
        members: networks of one form; each maps a value to `(batch, width)`.
    """

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, value: Any) -> Tensor:
        if not self.training:
            return self._outputs(value)
        count = len(self.members)
        return _scaled(self._outputs(_with_gradient(value, 1 / count)), count)

    def _outputs(self, value: Any) -> Tensor:
        return torch.stack([member(value) for member in self.members], dim=1)


class _Scaled(torch.autograd.Function):
    """The same numbers, whose gradient is multiplied on its way back."""

    @staticmethod
    def forward(ctx: Any, numbers: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return numbers.view_as(numbers)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


def _scaled(numbers: Tensor, factor: float) -> Tensor:
    scaled: Tensor = _Scaled.apply(numbers, factor)  # type: ignore[no-untyped-call]
    return scaled


def _with_gradient(value: Any, factor: float) -> Any:
    """A value whose gradient is multiplied; rows of frames, and ids, have none."""
    if isinstance(value, Sequence):
        return value._replace(values=_with_gradient(value.values, factor))
    return _scaled(value, factor) if isinstance(value, Tensor) else value
