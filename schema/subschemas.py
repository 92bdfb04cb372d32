"""One walk over the schemas inside a schema, for everything that rewrites one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

NAMED = ("properties", "$defs")
"""Keywords that hold schemas by name; the names are no keywords."""

SINGLE = ("items", "additionalProperties", "propertyNames", "if", "then", "not")
"""Keywords that hold one schema."""

LISTED = ("allOf", "anyOf", "prefixItems")
"""Keywords that hold a list of schemas."""

Rewrite = Callable[[dict[str, Any]], dict[str, Any]]


def rewritten(schema: Any, change: Rewrite) -> Any:
    """A copy of a schema with `change` applied to every schema in it, outermost first: the
    walk goes on in what `change` gives.

    Values that are no schemas, such as `default` and `examples`, are left as they are.
    """
    if not isinstance(schema, Mapping):
        return schema
    return {key: _inner(key, value, change) for key, value in change(dict(schema)).items()}


def _inner(keyword: str, value: Any, change: Rewrite) -> Any:
    if keyword in NAMED:
        return {name: rewritten(inner, change) for name, inner in value.items()}
    if keyword in SINGLE:
        return rewritten(value, change)
    if keyword in LISTED:
        return [rewritten(inner, change) for inner in value]
    return value
