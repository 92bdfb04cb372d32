"""JSON values, and their places, in the words of a message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

_LONGEST_SHOWN = 40
"""Characters of a value that a message repeats."""


def name_of(path: Sequence[str | int]) -> str:
    """A value in words: its key, or its number in the list around it."""
    if not path:
        return "the spec"
    if isinstance(path[-1], str):
        return shorten(path[-1])
    return f"element {path[-1]} of {name_of(path[:-1])}"


def kind_of(value: Any) -> str:
    """The kind of a JSON value in words; numbers, true, false and null as they are."""
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return show(value)


def show(value: Any) -> str:
    """A value as JSON, shortened."""
    if isinstance(value, list | dict) and value:
        return kind_of(value)
    if isinstance(value, str):
        value = shorten(value)
    return shorten(json.dumps(value, ensure_ascii=False))


def shorten(text: str) -> str:
    """Text that may be long, cut."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def count(number: int, noun: str) -> str:
    """`1 element`, `2 elements`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
