"""The small words of the schema: one function for each form of property.

Each takes the description, an example and, unless the property is required, the default,
because every property of the vocabulary carries the three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .declaration import Fragment

REQUIRED: Any = object()
"""Stands for the default of a property that has none."""

LARGEST_INTEGER = 1_000_000_000
"""Bound of whole numbers that have no natural one: counts and sizes stay inside of int64."""

LARGEST_SCALAR = 1e30
"""Bound of a number that may stand for a value of any column."""

LONGEST_STRING = 1_000
"""Characters of a name."""

MOST_ELEMENTS, MOST_NAMES = 1_000, 10_000
"""Elements of a list; of one that names columns, or gives a number to each class."""

MOST_KEYS = 1_000
"""Names in an object with free names."""


NAME: Fragment = {"type": "string", "minLength": 1, "maxLength": LONGEST_STRING}
"""A name as an element of a list."""


def _field(schema: dict[str, Any], description: str, default: Any, example: Any) -> Fragment:
    field: dict[str, Any] = {"description": description, **schema}
    if default is not REQUIRED:
        field["default"] = default
    field["examples"] = [example]
    return field


def _bounds(minimum: float | None, maximum: float | None, above: float | None,
            below: float | None) -> dict[str, float]:
    bounds = {"minimum": minimum, "maximum": maximum, "exclusiveMinimum": above,
              "exclusiveMaximum": below}
    return {key: value for key, value in bounds.items() if value is not None}


def _or_null(kind: str, null: bool) -> str | list[str]:
    return [kind, "null"] if null else kind


def integer(description: str, *, example: int | None, default: Any = REQUIRED,
            minimum: int | None = None, maximum: int | None = None, null: bool = False) -> Fragment:
    """A whole number within bounds that are both allowed; `null` admits null too."""
    minimum = -LARGEST_INTEGER if minimum is None else minimum
    maximum = LARGEST_INTEGER if maximum is None else maximum
    schema = {"type": _or_null("integer", null), **_bounds(minimum, maximum, None, None)}
    return _field(schema, description, default, example)


def number(description: str, *, example: float | None, default: Any = REQUIRED,
           minimum: float | None = None, maximum: float | None = None,
           above: float | None = None, below: float | None = None,
           null: bool = False) -> Fragment:
    """A real number; `minimum` and `maximum` are allowed, `above` and `below` are not."""
    schema = {"type": _or_null("number", null), **_bounds(minimum, maximum, above, below)}
    return _field(schema, description, default, example)


def string(description: str, *, example: str | None, default: Any = REQUIRED,
           pattern: str | None = None, null: bool = False) -> Fragment:
    """A string that is neither empty nor longer than a name may be."""
    schema: dict[str, Any] = {"type": _or_null("string", null), "minLength": 1,
                              "maxLength": LONGEST_STRING}
    if pattern is not None:
        schema["pattern"] = pattern
    return _field(schema, description, default, example)


def boolean(description: str, *, default: Any = REQUIRED, example: bool = True,
            null: bool = False) -> Fragment:
    """True or false."""
    return _field({"type": _or_null("boolean", null)}, description, default, example)


def choice(description: str, values: Sequence[Any], *, example: Any,
           default: Any = REQUIRED) -> Fragment:
    """One of a closed list; None among the values admits null."""
    return _field({"enum": list(values)}, description, default, example)


def scalar(description: str, *, example: Any, default: Any = REQUIRED) -> Fragment:
    """A number, a string, true, false or null."""
    schema = {"type": ["number", "string", "boolean", "null"], "minimum": -LARGEST_SCALAR,
              "maximum": LARGEST_SCALAR, "maxLength": LONGEST_STRING}
    return _field(schema, description, default, example)


def array(description: str, items: Fragment, *, example: list[Any], default: Any = REQUIRED,
          min_items: int = 0, max_items: int = MOST_ELEMENTS, null: bool = False) -> Fragment:
    """A list whose elements all have the form `items`."""
    schema: dict[str, Any] = {"type": _or_null("array", null), "items": items}
    if min_items:
        schema["minItems"] = min_items
    schema["maxItems"] = max_items
    return _field(schema, description, default, example)


def names(description: str, *, example: Any, default: Any = REQUIRED,
          min_items: int = 1) -> Fragment:
    """One name, or a list of names."""
    schema: dict[str, Any] = {"type": ["string", "array"], "minLength": 1,
                              "maxLength": LONGEST_STRING, "items": NAME}
    if min_items:
        schema["minItems"] = min_items
    schema["maxItems"] = MOST_NAMES
    return _field(schema, description, default, example)


def mapping(description: str, values: Fragment, *, example: dict[str, Any],
            default: Any = REQUIRED, min_properties: int = 0) -> Fragment:
    """An object with free names, whose values all have the form `values`."""
    schema: dict[str, Any] = {"type": "object", "additionalProperties": values}
    if min_properties:
        schema["minProperties"] = min_properties
    schema["maxProperties"] = MOST_KEYS
    return _field(schema, description, default, example)


def one_of(family: str, description: str, *, example: Any, default: Any = REQUIRED,
           null: bool = False) -> Fragment:
    """An object of the family `family`, chosen by its `type`; `null` admits null too."""
    target = {"$ref": f"#/$defs/{family}"}
    if not null:
        return _field(target, description, default, example)
    schema = {"type": ["object", "null"], "if": {"type": "object"}, "then": target}
    return _field(schema, description, default, example)


def many_of(family: str, description: str, *, example: list[Any], default: Any = REQUIRED,
            min_items: int = 0) -> Fragment:
    """A list of objects of the family `family`."""
    return array(description, {"$ref": f"#/$defs/{family}"}, example=example, default=default,
                 min_items=min_items)
