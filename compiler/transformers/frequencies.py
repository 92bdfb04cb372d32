"""Statistics of values that count several times: those of the repeated rows, unrepeated.

Every function takes `values`, float64 `[n]` without NaN, n >= 1, and `counts`, int64 `[n]`,
all above zero. The result is that of the plain statistic on `np.repeat(values, counts)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def mean(values: Floats, counts: Counts) -> float:
    """The mean, taken around the first value, so that a constant gives exactly itself."""
    first = values[0]
    return float(first + ((values - first) * counts).sum() / counts.sum())


def variance(values: Floats, counts: Counts, center: float) -> float:
    """The population variance by the corrected two-pass algorithm.

    The second term takes out the rounding error of `center` (Chan, Golub and LeVeque,
    "Algorithms for computing the sample variance", 1983, equation 1.7).
    """
    total = counts.sum()
    deviations = values - center
    squares = (counts * deviations**2).sum() - (counts * deviations).sum() ** 2 / total
    return float(max(squares / total, 0.0))


def quantiles(values: Floats, counts: Counts, places: Floats) -> Floats:
    """The quantiles at `places` (0 to 1), linear between order statistics.

    The quantile at q lies at q * (N - 1) among the N repeated rows in order, which is
    numpy's method "linear"; the interpolation starts from the nearer end, as numpy's does.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    ends = np.cumsum(counts[order])
    last = ends[-1] - 1
    virtual = places * last
    below = np.floor(virtual).astype(np.int64)
    above = np.minimum(below + 1, last)
    low = ordered[np.searchsorted(ends, below, side="right")]
    high = ordered[np.searchsorted(ends, above, side="right")]
    fraction, distance = virtual - below, high - low
    from_low, from_high = low + distance * fraction, high - distance * (1 - fraction)
    result: Floats = np.where(fraction < 0.5, from_low, from_high)
    return result
