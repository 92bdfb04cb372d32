"""What a draft guessed, and the names of its parts."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ..diagnostics.diagnostic import one_line

_OUTSIDE = re.compile(r"[^\w-]+")
_LONGEST = 60


@dataclass(frozen=True)
class Guess:
    """One guess of a draft.

    Args:
        pointer: its place in the draft; empty for what is not in it.
        choice: what was chosen.
        reason: why.
    """

    pointer: str
    choice: str
    reason: str

    def __str__(self) -> str:
        return one_line(f"{self.choice}: {self.reason}")


def plain_name(text: str, taken: Collection[str]) -> str:
    """A name made of letters, digits, `_` and `-` that is not taken."""
    name = _OUTSIDE.sub("_", text).strip("_")[:_LONGEST] or "columns"
    number, tried = 1, name
    while tried in taken:
        number += 1
        tried = f"{name}_{number}"
    return tried


def percent(share: float) -> str:
    """A share in per cent, never rounded to none or all of it."""
    if 0 < share < 0.001 or 0.999 < share < 1:
        return "less than 0.1%" if share < 0.5 else "more than 99.9%"
    return f"{share:.1%}"
