"""The codes as a table for readers: by number, and with the holes of their messages shown."""

from __future__ import annotations

import string
from collections.abc import Mapping

from . import codes
from .diagnostic import Code

RULES: Mapping[str, Code] = {
    code.name: code
    for code in sorted((value for value in vars(codes).values() if isinstance(value, Code)),
                       key=lambda code: code.name)
}
"""Code -> its rule, in ascending order."""


def shown(template: str) -> str:
    """The text of a message with its holes as `<name>`."""
    parts = []
    for literal, hole, _, conversion in string.Formatter().parse(template):
        parts.append(literal)
        if hole is not None:
            parts.append(f"'<{hole}>'" if conversion == "r" else f"<{hole}>")
    return "".join(parts)
