"""Fills in what a valid spec leaves out, by walking the schema beside the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Fragment = Mapping[str, Any]


def with_defaults(schema: Fragment, value: Any) -> Any:
    """A copy of a valid value with every default written out.

    JSON Schema takes 1.0 for an integer and 1 for a number; torch does not, so numbers get
    the type that the schema asks for. Keys come in the order of the schema.
    """
    return _fill(schema["$defs"], schema, value)


def _target(definitions: Fragment, fragment: Fragment, value: Any) -> Fragment:
    """The fragment that describes `value`: references followed, the variant chosen by `type`."""
    while True:
        if "$ref" in fragment:
            fragment = definitions[fragment["$ref"].removeprefix("#/$defs/")]
        elif "then" in fragment and isinstance(value, dict):
            fragment = fragment["then"]
        elif "allOf" in fragment and isinstance(value, dict):
            fragment = definitions[f"{fragment['title']}.{value['type']}"]
        else:
            return fragment


def _fill(definitions: Fragment, fragment: Fragment, value: Any) -> Any:
    fragment = _target(definitions, fragment, value)
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
