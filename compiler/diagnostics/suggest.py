"""Did you mean: the known name that is nearest to an unknown one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_SAME, _PREFIX = 0, 3
"""Distances of a candidate; 1 and 2 between them are edit distances."""

_SHORT = 5
"""Letters below which one typing mistake may turn one word into another."""

_SYNONYMS = {
    "learning_rate": "lr", "num_epochs": "epochs", "n_epochs": "epochs", "hidden_sizes": "sizes",
    "swish": "silu", "linear": "identity", "logistic": "sigmoid", "expit": "sigmoid",
    "gpu": "cuda", "random": "shuffled", "gaussian": "normal", "average": "mean",
    "raise": "error", "weekday": "day_of_week", "one_vs_rest": "ovr", "one_vs_one": "ovo",
    "int": "integer", "int64": "integer", "float64": "float", "str": "string", "bool": "boolean",
    "numeric": "number", "timestamp": "datetime",
}
"""Name in other libraries -> the name of the same thing here."""

_SEPARATOR = re.compile(r"[:.]")
_FILE = re.compile(r"(?:\.parquet|\.csv|/)$")


class _Rank(NamedTuple):
    """How near a candidate is, the smallest first.

    Args:
        distance: typing mistakes, or `_PREFIX`.
        letters: letters that only one of the two has: a swap is likelier than another word.
        first: whether the first letter differs: a mistake there is rarer than one behind it.
        module: typing mistakes in front of the last separator.
        length: letters of the longer one.
    """

    distance: int
    letters: int
    first: int
    module: int
    length: int


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` was most likely meant to be, or None when none is near.

    Near are: another library's name of the same thing, the same letters (case, `_`, `-` and the
    ending of a file aside), up to two typing mistakes, a longer name that starts with this one,
    and each of these with the module prefix (`torch.nn:`) wrong or left out. Of equally near
    candidates the first wins.
    """
    found = _ranked(name, candidates)
    return found[0][1] if found else None


def certain(name: str, candidates: Iterable[str]) -> str | None:
    """The nearest candidate when no other is as near, and it is near enough: a name was not
    guessed from its start, nor a short word from half of its letters."""
    found = _ranked(name, candidates)
    if not found or found[0][0].distance == _PREFIX:
        return None
    rank = found[0][0]
    if len(found) > 1 and _as_near(found[1][0], rank):
        return None
    if rank.letters and rank.length < _SHORT and rank.distance > rank.length - 3:
        return None
    return found[0][1]


def _as_near(other: _Rank, nearest: _Rank) -> bool:
    """Whether only the number of letters tells two candidates apart, and none was swapped."""
    swapped = other.letters > nearest.letters == 0
    return (other.distance, other.first, other.module) == (
        nearest.distance, nearest.first, nearest.module) and not swapped


def edit_distance(left: str, right: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that turn left into right.

    The optimal string alignment distance (Damerau 1964); `limit + 1` stands for anything
    above the limit.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    same = _same_start(left, right)
    left, right = left[same:], right[same:]
    same = _same_start(left[::-1], right[::-1])
    left, right = left[:len(left) - same], right[:len(right) - same]
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


def _same_start(left: str, right: str) -> int:
    """How many letters two names have in common from their start on."""
    return next((place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
                min(len(left), len(right)))


def _ranked(name: str, candidates: Iterable[str]) -> list[tuple[_Rank, str]]:
    """The near candidates, nearest first."""
    return _ranked_once(name, tuple(candidates))


@lru_cache(maxsize=256)
def _ranked_once(name: str, candidates: tuple[str, ...]) -> list[tuple[_Rank, str]]:
    near = []
    for candidate in candidates:
        rank = _rank(name, candidate)
        if rank is not None:
            near.append((rank, candidate))
    return sorted(near, key=lambda entry: entry[0][:-1])


def _rank(name: str, candidate: str) -> _Rank | None:
    if _SYNONYMS.get(name.casefold()) == candidate:
        return _Rank(_SAME, 0, 0, 0, max(len(name), len(candidate)))
    if ":" not in candidate:
        # A mistake in the first letter is rarer than one behind it.
        return _letters_rank(_fold(name), _fold(candidate), int(name[:1] != candidate[:1]), 0)
    module, _, attribute = candidate.rpartition(":")
    tokens = _SEPARATOR.split(name)
    before = edit_distance(".".join(tokens[:-1]), module, limit=len(module))
    return _letters_rank(_fold(tokens[-1]), _fold(attribute), 0, before)


def _letters_rank(name: str, candidate: str, first: int, module: int) -> _Rank | None:
    longest = max(len(name), len(candidate))
    if name == candidate:
        return _Rank(_SAME, 0, first, module, longest)
    limit = 0 if longest < 2 else 1 if longest < 4 else 2
    distance = edit_distance(name, candidate, limit)
    if distance <= limit:
        left, right = Counter(name), Counter(candidate)
        return _Rank(distance, ((left - right) + (right - left)).total(), first, module, longest)
    if len(name) >= 4 and candidate.startswith(name):
        return _Rank(_PREFIX, 0, first, module, longest)
    return None


def _fold(name: str) -> str:
    return _FILE.sub("", name.casefold()).replace("_", "").replace("-", "")
