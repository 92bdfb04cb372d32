"""The wording of help lines that name what exists, and the repairs that go with them."""

from __future__ import annotations

from collections.abc import Iterable

from .diagnostic import Patch

_SHOWN = 8
"""How many known names a help line lists before it counts the rest."""


def known(candidates: Iterable[str], noun: str) -> str:
    """`known columns: a, b, c` with at most eight names."""
    names = list(candidates)
    if not names:
        return f"there are no {noun}"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"known {noun}: {', '.join(names[:_SHOWN])}{more}"


def did_you_mean(guess: str | None, candidates: Iterable[str], noun: str) -> str:
    """The help of an unknown name: the nearest one, then those that exist."""
    listing = known(candidates, noun)
    return listing if guess is None else f"did you mean {guess!r}? {listing}"


def replace_fix(pointer: str, guess: str | None) -> Patch | None:
    """The patch that writes the nearest name in place of an unknown one."""
    return None if guess is None else ({"op": "replace", "path": pointer, "value": guess},)
