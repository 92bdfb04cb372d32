"""Conditions on the columns of one row: the closed words in which a spec says which rows."""

from __future__ import annotations

from typing import Any

from .declaration import Fragment
from .fields import (
    LARGEST_SCALAR,
    LONGEST_STRING,
    MOST_ELEMENTS,
    REQUIRED,
    array,
    choice,
    string,
)

ORDERINGS = ("above", "below", "at_least", "at_most")
"""The words for numbers and times."""

COMPARISONS = ("equal", "not_equal", *ORDERINGS)
"""The words that compare with one value."""

LISTINGS = ("in", "not_in")
"""The words that compare with a list of values."""

NULL_TESTS = ("null", "not_null")
"""The words that take no value."""

MOST_CONDITIONS = 100
"""Conditions in one list."""

_VALUE: Fragment = {
    "description": "What to compare with, of the column's own kind: a number, a string, true or "
    "false, a time as ISO 8601 text; a list of them for `in` and `not_in`, and null for `null` "
    "and `not_null`.",
    "type": ["number", "string", "boolean", "array", "null"],
    "minimum": -LARGEST_SCALAR,
    "maximum": LARGEST_SCALAR,
    "maxLength": LONGEST_STRING,
    "items": {"type": ["number", "string", "boolean"], "minimum": -LARGEST_SCALAR,
              "maximum": LARGEST_SCALAR, "maxLength": LONGEST_STRING},
    "minItems": 1,
    "maxItems": MOST_ELEMENTS,
    "default": None,
    "examples": [0],
}

_ONE: Fragment = {
    "title": "condition",
    "type": "object",
    "properties": {
        "column": string("The column that the condition is about.", example="air_time"),
        "is": choice("What holds of its value. Without a value, when it is null or NaN, only "
                     "`null` holds.", [*COMPARISONS, *LISTINGS, *NULL_TESTS], example="above"),
        "value": _VALUE,
    },
    "required": ["column", "is"],
    "additionalProperties": False,
}

CONDITION: Fragment = {
    **_ONE,
    "type": ["object", "array"],
    "items": _ONE,
    "minItems": 1,
    "maxItems": MOST_CONDITIONS,
}
"""One condition, or a list of them of which one must hold."""


def conditions(description: str, *, example: list[Any], default: Any = REQUIRED,
               min_items: int = 0) -> Fragment:
    """A list of conditions that must all hold; a list inside it asks for any one of its own."""
    return array(description, CONDITION, example=example, default=default, min_items=min_items,
                 max_items=MOST_CONDITIONS)
