"""Did you mean: the known name that is nearest to an unknown one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_SAME, _PREFIX = 0, 3
"""Ranks of a candidate; 1 and 2 between them are edit distances."""

_SEPARATOR = re.compile(r"[:.]")


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` was most likely meant to be, or None when none is near.

    Near are: the same letters (case, `_` and `-` aside), up to two typing mistakes, a longer
    name that starts with this one, and each of these with the module prefix
    (`torch.nn:`) wrong or left out. Of equally near candidates the first wins.
    """
    found = _ranked(name, candidates)
    return found[0][1] if found else None


def certain(name: str, candidates: Iterable[str]) -> str | None:
    """The nearest candidate when no other is as near, and none was guessed from its start."""
    found = _ranked(name, candidates)
    if not found or found[0][0][0] == _PREFIX:
        return None
    if len(found) > 1 and found[0][0] == found[1][0]:
        return None
    return found[0][1]


def edit_distance(left: str, right: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that turn left into right.

    The optimal string alignment distance (Damerau 1964); `limit + 1` stands for anything
    above the limit.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row = row, [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before = previous
    return min(row[-1], limit + 1)


def _ranked(name: str, candidates: Iterable[str]) -> list[tuple[tuple[int, int], str]]:
    """The near candidates, nearest first, each with its rank and a settler of ties."""
    return _ranked_once(name, tuple(candidates))


@lru_cache(maxsize=256)
def _ranked_once(name: str, candidates: tuple[str, ...]) -> list[tuple[tuple[int, int], str]]:
    near = []
    for candidate in candidates:
        rank = _rank(name, candidate)
        if rank is not None:
            near.append((rank, candidate))
    return sorted(near, key=lambda entry: entry[0])


def _rank(name: str, candidate: str) -> tuple[int, int] | None:
    if ":" not in candidate:
        letters = _letters_rank(_fold(name), _fold(candidate))
        # A mistake in the first letter is rarer than one behind it.
        return None if letters is None else (letters, int(name[:1] != candidate[:1]))
    module, _, attribute = candidate.rpartition(":")
    tokens = _SEPARATOR.split(name)
    letters = _letters_rank(_fold(tokens[-1]), _fold(attribute))
    if letters is None:
        return None
    return letters, edit_distance(".".join(tokens[:-1]), module, limit=len(module))


def _letters_rank(name: str, candidate: str) -> int | None:
    if name == candidate:
        return _SAME
    longest = max(len(name), len(candidate))
    limit = 0 if longest < 3 else 1 if longest < 5 else 2
    distance = edit_distance(name, candidate, limit)
    if distance <= limit:
        return distance
    return _PREFIX if len(name) >= 4 and candidate.startswith(name) else None


def _fold(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
