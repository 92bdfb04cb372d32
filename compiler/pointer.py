"""JSON Pointers (RFC 6901) as text."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STRAY_TILDE = re.compile(r"~(?![01])")


def pointer_of(path: Iterable[str | int]) -> str:
    """The JSON Pointer of a path of keys and indices; empty for the whole document."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in path)


def parts(pointer: str) -> tuple[str, ...]:
    """The tokens of a JSON Pointer. Raises ValueError where it is none."""
    if not pointer:
        return ()
    if not pointer.startswith("/") or _STRAY_TILDE.search(pointer):
        raise ValueError(f"not a JSON Pointer: {pointer!r}")
    return tuple(
        token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")
    )


def join(pointer: str, *tokens: str | int) -> str:
    """A pointer below `pointer`."""
    return pointer + pointer_of(tokens)


def inside(pointer: str, place: str) -> bool:
    """Whether a pointer is a place or below it."""
    return pointer == place or pointer.startswith(f"{place}/") or not place


def touched(pointer: str, places: Iterable[str]) -> bool:
    """Whether a place is at, below or above a pointer."""
    return any(inside(pointer, place) or inside(place, pointer) for place in places)
