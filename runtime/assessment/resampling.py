"""The percentile bootstrap: how far a figure would move had other rows been drawn.

Source: B. Efron and R. Tibshirani, 1993, "An Introduction to the Bootstrap".
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""How much of the resamples an interval holds."""

Array = NDArray[Any]


class Statistic(ABC):
    """A figure over units: rows, queries, or cells of a table of counts.

    Args:
        units: how many there are.
        resamples: how often they are drawn anew.
    """

    units: int
    resamples: int = 500

    @abstractmethod
    def of(self, counts: Array) -> float:
        """The figure where each unit stands `counts` times, int64 `(units,)`; NaN where it is
        not defined."""

    def draws(self, seed: int) -> Iterator[Array]:
        """How often each unit is drawn, int64 `(units,)`, for each resample."""
        generator = np.random.default_rng(seed)
        for _ in range(self.resamples):
            yield np.bincount(generator.integers(0, self.units, self.units), minlength=self.units)

    def whole(self) -> float:
        """The figure over all units."""
        return self.of(np.ones(self.units, dtype=np.int64))

    def figures(self, seed: int) -> Array:
        """The figure of each resample, float64; those where it is not defined are left out."""
        found: Array = np.array([self.of(counts) for counts in self.draws(seed)])
        finite: Array = found[np.isfinite(found)]
        return finite


@dataclass(frozen=True)
class Interval:
    """What a figure lies within.

    Args:
        resamples: how many gave a figure.
        drawn: units of each: all there are, or fewer where that would take long.
        unit: `rows` or `queries`.
    """

    low: float
    high: float
    resamples: int
    drawn: int
    unit: str = "rows"


@dataclass(frozen=True)
class Measured:
    """A statistic, and the figure that it stands for.

    Args:
        value: the figure over all units.
        total: how many units there are; a statistic may be over a part of them alone.
        unit: `rows` or `queries`.
    """

    statistic: Statistic
    value: float
    total: int
    unit: str = "rows"


def percentile_interval(measured: Measured, seed: int) -> Interval | None:
    """The interval of a figure; None where most resamples do not define it.

    Where a statistic is over a part of the units alone, its spread is that of fewer: the distances
    from its own figure are made smaller by the root of the share. This holds for figures whose
    error falls with the root of their rows.
    """
    statistic = measured.statistic
    if measured.total < 2:
        return None
    found = statistic.figures(seed)
    if len(found) < max(2, statistic.resamples // 2):
        return None
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    drawn = min(measured.total, statistic.units)
    if measured.total > drawn:
        centre, shrink = statistic.whole(), math.sqrt(drawn / measured.total)
        low, high = (measured.value + shrink * (end - centre) for end in (low, high))
    return Interval(float(low), float(high), len(found), drawn, measured.unit)


def some_of(units: int, most: int, seed: int) -> Array:
    """At most `most` of the units, each at most once, ascending; int64."""
    if units <= most:
        return np.arange(units)
    return np.sort(np.random.default_rng(seed).choice(units, most, replace=False))
