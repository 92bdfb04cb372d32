"""What flows between modules beside plain tensors."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Features(NamedTuple):
    """Numbers with ids beside them.

    Args:
        numbers: float32 `(batch, width)` or `(batch, length, width)`; the width may be 0.
        ids: int64 `(batch, columns)` or `(batch, length, columns)`.
    """

    numbers: Tensor
    ids: Tensor


class Sequence(NamedTuple):
    """Steps with the mask that tells them from padding.

    The steps of a sample stand first; what stands in `values` behind them is arbitrary but
    finite, and no module may let it reach a result.

    Args:
        values: float32 `(batch, length, width)`, or `Features` of that form. The length is
            that of the longest sample of the batch, and at least 1.
        mask: bool `(batch, length)`, true where a step is.
        ages: seconds from each step to its sample, float32 `(batch, length)`, positive for
            steps of the past; None where steps have no time.
    """

    values: Tensor | Features
    mask: Tensor
    ages: Tensor | None
