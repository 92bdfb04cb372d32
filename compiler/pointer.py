"""JSON Pointers (RFC 6901) as text."""

from __future__ import annotations


def join(pointer: str, *tokens: str | int) -> str:
    """A pointer below `pointer`."""
    escaped = (str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
    return "/".join([pointer, *escaped])


def parent(pointer: str) -> str:
    """The pointer of the object or list that holds `pointer`."""
    return pointer.rpartition("/")[0]
