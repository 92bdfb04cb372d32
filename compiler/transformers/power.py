"""The power that makes a column most like a normal distribution, fitted with row counts.

Box-Cox: G. E. P. Box and D. R. Cox, "An analysis of transformations", 1964. Yeo-Johnson:
I.-K. Yeo and R. A. Johnson, "A new family of power transformations to improve normality or
symmetry", 2000. The power maximises the profile likelihood of the repeated rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...schema.declaration import Args
from .affine import Affine, fit_standard, is_constant
from .base import State
from .frequencies import Counts, Floats, mean, variance

BOX_COX = "box-cox"

_SMALLEST_LOGARITHM = 1e-3
"""Keeps the search finite for columns of tiny numbers."""

_MARGIN = 20.0
"""How far beyond the largest training value a power must not overflow."""


@dataclass(frozen=True)
class Power:
    """A power of the value, by Box-Cox or Yeo-Johnson, then moved and stretched.

    Args:
        power: the exponent, which both papers call lambda.
    """

    method: str
    power: float
    affine: Affine

    @property
    def above(self) -> float:
        """The scaler is defined for the numbers above this."""
        return 0.0 if self.method == BOX_COX else float("-inf")

    def __call__(self, values: Floats) -> Floats:
        return self.affine(_raised(self.method, self.power, values))

    def state(self) -> State:
        return {"method": self.method, "power": self.power, "affine": asdict(self.affine)}, {}

    def describe(self) -> dict[str, Any]:
        return {"method": self.method, "power": self.power}


def _raised(method: str, power: float, values: Floats) -> Floats:
    """`(x**power - 1) / power`, log(x) at 0; Yeo-Johnson takes 1 + x, and mirrors numbers below
    0 with the power 2 - `power`."""
    from scipy.special import boxcox, boxcox1p

    with np.errstate(over="ignore", invalid="ignore"):
        if method == BOX_COX:
            result: Floats = boxcox(np.where(values > 0, values, np.nan), power)
            return result
        positive = boxcox1p(np.maximum(values, 0), power)
        negative = -boxcox1p(np.maximum(-values, 0), 2 - power)
        mirrored: Floats = np.where(values >= 0, positive, negative)
        return mirrored


def _range(method: str, values: Floats) -> tuple[float, float]:
    """The lowest and the highest power whose results can be squared and summed in float64."""
    numbers = np.finfo(np.float64)
    room = (np.log(numbers.max) + np.log(numbers.eps)) / 2
    sizes = np.abs(np.log(values)) + np.log(_MARGIN) if method == BOX_COX else \
        np.log1p(_MARGIN * np.abs(values))
    steepest = room / max(float(sizes.max()), _SMALLEST_LOGARITHM)
    if method == BOX_COX:
        return -steepest, steepest
    low = 2 - steepest if (values < 0).any() else -steepest
    high = 2 + steepest if not (values > 0).any() else steepest
    return low, high


def fit_power(args: Args, values: Floats, counts: Counts) -> Power:
    """The most likely power; 1 for a column that is as good as constant.

    With N repeated rows the likelihood is `-N/2 log(variance of the raised values) +
    (power - 1) sum(logarithms)`, where a logarithm is log(x), or sign(x) log(1 + |x|).
    """
    from scipy.optimize import fminbound

    method = args["method"]
    if method == BOX_COX:
        values, counts = values[values > 0], counts[values > 0]
    power, total = 1.0, int(counts.sum())
    if not len(values):
        return Power(method, power, Affine())
    center = mean(values, counts)
    if not is_constant(center, variance(values, counts, center), total):
        logarithms = np.log(values) if method == BOX_COX else \
            np.sign(values) * np.log1p(np.abs(values))
        slope = float((counts * logarithms).sum())

        def unlikelihood(power: float) -> float:
            raised = _raised(method, power, values)
            with np.errstate(all="ignore"):
                spread = variance(raised, counts, mean(raised, counts))
                result = total / 2 * np.log(spread) - (power - 1) * slope
            return float(result) if np.isfinite(result) else np.inf

        power = float(fminbound(unlikelihood, *_range(method, values), xtol=1e-9))
    raised = _raised(method, power, values)
    affine = fit_standard({"with_mean": True, "with_std": True}, raised, counts) \
        if args["standardize"] else Affine()
    return Power(method, power, affine)
