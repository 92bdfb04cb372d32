"""JSON Pointers (RFC 6901) as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

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


def value_in(value: Any, pointer: str) -> Any:
    """What a value has at a pointer, or None where it has nothing."""
    for token in parts(pointer):
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value
