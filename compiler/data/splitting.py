"""Shares rows out among parts: at random, by class, by group or by time.

Every function gives the part of each row, int64 `[rows]`, for fractions that sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

_TOLERANCE = 1e-9


def apportion(count: int, fractions: Sequence[float]) -> list[int]:
    """Whole sizes that sum to `count`, by largest remainder; of equal remainders the first."""
    quotas = [count * fraction for fraction in fractions]
    sizes = [int(quota + _TOLERANCE) for quota in quotas]
    order = sorted(range(len(sizes)), key=lambda part: (round(sizes[part] - quotas[part], 9), part))
    for part in order[: count - sum(sizes)]:
        sizes[part] += 1
    return sizes


def random_parts(count: int, fractions: Sequence[float], generator: np.random.Generator) -> Codes:
    """Parts of the sizes of `apportion`, in random order."""
    sizes = apportion(count, fractions)
    return generator.permutation(np.repeat(np.arange(len(sizes)), sizes))


def stratified_parts(classes: Codes, fractions: Sequence[float],
                     generator: np.random.Generator) -> Codes:
    """Of each class every part gets its share, rounded up or down.

    What rounding leaves over goes to the part that is owed most from the classes before:
    rounding every class by itself would give all rows of small classes to the largest part.
    """
    shares = np.asarray(fractions)
    parts = np.empty(len(classes), dtype=np.int64)
    owed = np.zeros(len(shares))
    order = np.argsort(classes, kind="stable")
    bounds = np.flatnonzero(np.diff(classes[order])) + 1
    for members in np.split(order, bounds) if len(order) else ():
        quotas = len(members) * shares
        sizes = np.floor(quotas + _TOLERANCE).astype(np.int64)
        remainders = np.maximum(quotas - sizes, 0.0)
        owed += remainders
        ranked = np.argsort(np.where(remainders > _TOLERANCE, -owed, np.inf), kind="stable")
        extra = ranked[: len(members) - sizes.sum()]
        sizes[extra] += 1
        owed[extra] -= 1.0
        parts[generator.permutation(members)] = np.repeat(np.arange(len(sizes)), sizes)
    return parts


def grouped_parts(groups: Codes, fractions: Sequence[float],
                  generator: np.random.Generator) -> Codes:
    """Whole groups in random order, each to the part that lacks the most rows."""
    sizes = np.bincount(groups)
    lacking = apportion(len(groups), fractions)
    part_of_group = np.empty(len(sizes), dtype=np.int64)
    for group in generator.permutation(len(sizes)):
        part = lacking.index(max(lacking))
        lacking[part] -= int(sizes[group])
        part_of_group[group] = part
    return part_of_group[groups]


def timed_parts(times: NDArray[np.generic], fractions: Sequence[float]) -> Codes:
    """The oldest rows to the first part; a cut inside equal times moves to their nearer end."""
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    cuts = []
    for cut in np.cumsum(apportion(len(times), fractions))[:-1]:
        if 0 < cut < len(ordered):
            start = np.searchsorted(ordered, ordered[cut], side="left")
            end = np.searchsorted(ordered, ordered[cut], side="right")
            cut = end if end - cut < cut - start else start
        cuts.append(int(cut))
    parts = np.empty(len(ordered), dtype=np.int64)
    parts[order] = np.searchsorted(cuts, np.arange(len(ordered)), side="right")
    return parts
