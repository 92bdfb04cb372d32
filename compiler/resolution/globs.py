"""Names that stand for several columns."""

from __future__ import annotations


def is_glob(pattern: str) -> bool:
    """Whether a name has a character by which it can match other names."""
    return any(character in pattern for character in "*?[")
