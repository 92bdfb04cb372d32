"""How many values a spec may hold: a check that takes no longer the larger the spec is.

The vocabulary has bounds of its own for each list and object; a judge that has to look at a
million elements before it says so takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.wording import count, name_of
from .pointer import pointer_of

MOST_ELEMENTS = 10_000
"""Elements of one list."""

MOST_KEYS = 1_000
"""Keys of one object."""

MOST_HOLDERS = 5_000
"""Objects and lists in all."""

MOST_VALUES = 50_000
"""Values in all."""

Path = tuple[str | int, ...]


def check_counts(value: Any) -> tuple[Diagnostic, ...]:
    """Reports SC106 at every list and object that is too long, else once where the spec as a
    whole holds too much."""
    holders, values = 0, 0
    found: list[Diagnostic] = []
    stack: list[tuple[Path, Any]] = [((), value)] if isinstance(value, dict | list) else []
    while stack:
        path, holder = stack.pop()
        too_long = _too_long(path, holder)
        if too_long is not None:
            found.append(too_long)
            continue
        holders, values = holders + 1, values + len(holder)
        if holders > MOST_HOLDERS or values > MOST_VALUES:
            noun, most = (("object or list", MOST_HOLDERS) if holders > MOST_HOLDERS
                          else ("value", MOST_VALUES))
            found.append(codes.OUT_OF_RANGE.at(
                "", name="the spec", got=f"more than {count(most, noun)} large",
                wanted=f"must have at most {count(most, noun)} in all"))
            break
        stack += [((*path, key), inner) for key, inner in _members(holder)
                  if isinstance(inner, dict | list)]
    return tuple(found)


def _too_long(path: Path, holder: Any) -> Diagnostic | None:
    noun, most = ("key", MOST_KEYS) if isinstance(holder, dict) else ("element", MOST_ELEMENTS)
    if len(holder) <= most:
        return None
    return codes.OUT_OF_RANGE.at(
        pointer_of(path), name=name_of(path), got=f"{count(len(holder), noun)} long",
        wanted=f"must have at most {count(most, noun)}")


def _members(holder: Any) -> Iterator[tuple[str | int, Any]]:
    return iter(holder.items()) if isinstance(holder, dict) else enumerate(holder)
