"""Fills in what a valid spec leaves out, by walking the schema beside the value."""

from __future__ import annotations

from typing import Any

from .schema_walk import Fragment, target


def with_defaults(schema: Fragment, value: Any) -> Any:
    """A copy of a valid value with every default written out.

    JSON Schema takes 1.0 for an integer and 1 for a number; torch does not, so numbers get
    the type that the schema asks for. Keys come in the order of the schema.
    """
    return _fill(schema["$defs"], schema, value)


def _fill(definitions: Fragment, fragment: Fragment, value: Any) -> Any:
    fragment = target(definitions, fragment, value)
    if isinstance(value, dict):
        return _fill_object(definitions, fragment, value)
    if isinstance(value, list) and "items" in fragment:
        return [_fill(definitions, fragment["items"], element) for element in value]
    return _number(fragment, value)


def _fill_object(definitions: Fragment, fragment: Fragment, value: dict[str, Any]) -> Any:
    filled: dict[str, Any] = {}
    properties = fragment.get("properties", {})
    for key, inner in properties.items():
        if key in value:
            filled[key] = _fill(definitions, inner, value[key])
        elif "default" in inner:
            filled[key] = _fill(definitions, inner, inner["default"])
    free = fragment.get("additionalProperties")
    for key, element in value.items():
        if key not in properties:
            filled[key] = _fill(definitions, free, element) if isinstance(free, dict) else element
    return filled


def _number(fragment: Fragment, value: Any) -> Any:
    """A number as the Python type that the schema asks for, which torch tells apart."""
    kinds = fragment.get("type", ())
    wanted = {kinds} if isinstance(kinds, str) else set(kinds)
    if isinstance(value, float) and wanted - {"null"} == {"integer"}:
        return int(value)
    if type(value) is int and wanted - {"null"} == {"number"}:
        return float(value)
    return value
