"""What every transformer states of nulls."""

from __future__ import annotations

from collections.abc import Mapping

from ..declaration import Fragment
from ..fields import choice

_MEANINGS: Mapping[str, str] = {
    "impute": "`impute` puts the number of the imputer in its place",
    "zero": "`zero` makes it 0 in every column",
    "column": "`column` puts it into the column `NULL`",
    "category": "`category` treats it as a value of its own",
    "error": "`error` refuses the bundle",
}


def on_null(*allowed: str) -> Fragment:
    """The property `on_null`; the first of the words allowed is the default."""
    meanings = ", ".join(_MEANINGS[word] for word in allowed)
    return choice(f"What to do with a null: {meanings}.", allowed, default=allowed[0],
                  example=allowed[-1])


MISSING_INDICATOR = choice(
    "Whether a column `<column>_missing` says where the value was null: `auto` adds it when a "
    "training row is null.", ["auto", "always", "never"], default="auto", example="always",
)
