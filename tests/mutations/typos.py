"""Typing mistakes in names."""

from __future__ import annotations

import random
from collections.abc import Collection

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: row[max(place - 1, 0):place] + row[place + 1:place + 2]
    for row in _ROWS for place, letter in enumerate(row)
}
_TRIES = 50


def misspelt(name: str, distance: int, dice: random.Random,
             taken: Collection[str] = ()) -> str | None:
    """A name after so many typing mistakes: a letter left out, doubled, swapped with the next,
    hit beside its key, or in the other case. None where only names in `taken` come out."""
    for _ in range(_TRIES):
        wrong = name
        for _ in range(distance):
            wrong = _mistyped(wrong, dice)
        if wrong and wrong != name and wrong not in taken:
            return wrong
    return None


def _mistyped(name: str, dice: random.Random) -> str:
    place = dice.randrange(len(name)) if name else 0
    before, letter, after = name[:place], name[place:place + 1], name[place + 1:]
    way = dice.choice(("omit", "double", "swap", "neighbour", "case"))
    if way == "omit":
        return before + after
    if way == "double":
        return before + letter * 2 + after
    if way == "swap":
        return before + after[:1] + letter + after[1:]
    if way == "case":
        return before + letter.swapcase() + after
    beside = _NEIGHBOURS.get(letter.lower(), "")
    return before + (dice.choice(beside) if beside else letter) + after
