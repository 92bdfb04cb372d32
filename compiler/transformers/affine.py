"""The scaler that moves and stretches, and its fit to mean and standard deviation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ...schema.declaration import Args
from .base import State
from .frequencies import Counts, Floats, mean, variance

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Affine:
    """`(x - center) / scale + offset`, then cut to `[low, high]` where they are given."""

    center: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    above: ClassVar[float] = float("-inf")

    def __call__(self, values: Floats) -> Floats:
        scaled = (values - self.center) / self.scale + self.offset
        return scaled if self.low is None else np.clip(scaled, self.low, self.high)

    def state(self) -> State:
        return asdict(self), {}

    def describe(self) -> dict[str, Any]:
        return {"center": self.center, "scale": self.scale}


def is_constant(center: float, spread: float, total: int) -> bool:
    """Whether the variance `spread` of `total` values is within its own error bound."""
    return spread <= total * EPSILON * spread + (total * center * EPSILON) ** 2


def fit_standard(args: Args, values: Floats, counts: Counts) -> Affine:
    """Center is the mean, scale the standard deviation."""
    center = mean(values, counts)
    spread = variance(values, counts, center)
    unscaled = not args["with_std"] or is_constant(center, spread, int(counts.sum()))
    return Affine(
        center=center if args["with_mean"] else 0.0,
        scale=1.0 if unscaled else float(np.sqrt(spread)),
    )
