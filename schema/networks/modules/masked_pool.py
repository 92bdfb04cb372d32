"""One row a sample from the steps that are there."""

from __future__ import annotations

from torch import Tensor, nn

from .masking import pool_steps
from .values import Sequence


class MaskedPool(nn.Module):
    """Sequence -> `(batch, width)`; see `masking.pool_steps`."""

    def __init__(self, pool: str) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, steps: Sequence) -> Tensor:
        assert isinstance(steps.values, Tensor)
        return pool_steps(steps.values, steps.mask, self.pool)
