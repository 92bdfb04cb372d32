"""Walking the schema beside a value: which part of the schema describes which part of a spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Fragment = Mapping[str, Any]
Path = tuple[str | int, ...]

NOTHING: Fragment = {}
"""Describes what the schema does not know."""


def target(definitions: Fragment, fragment: Fragment, value: Any) -> Fragment:
    """The fragment that describes `value`: references followed, the variant chosen by `type`.

    A union whose value names no known type is described by the union itself.
    """
    while True:
        if "$ref" in fragment:
            fragment = definitions[fragment["$ref"].removeprefix("#/$defs/")]
        elif "then" in fragment and isinstance(value, dict):
            fragment = fragment["then"]
        elif "allOf" in fragment and isinstance(value, dict):
            variant = definitions.get(f"{fragment['title']}.{value.get('type')}")
            if variant is None:
                return fragment
            fragment = variant
        else:
            return fragment


def inner(fragment: Fragment, token: str | int) -> Fragment:
    """The fragment of a key or of an element, as the schema writes it."""
    if isinstance(token, int):
        found = fragment.get("items", NOTHING)
    else:
        found = fragment.get("properties", NOTHING).get(token)
        if found is None:
            found = fragment.get("additionalProperties", NOTHING)
    return found if isinstance(found, Mapping) else NOTHING


def fragment_at(schema: Fragment, value: Any, path: Sequence[str | int]) -> Fragment:
    """The fragment that the schema writes for the place `path` of a document."""
    definitions, fragment = schema.get("$defs", NOTHING), schema
    for token in path:
        fragment = inner(target(definitions, fragment, value), token)
        value = _below(value, token)
    return fragment


def objects(schema: Fragment, value: Any) -> Iterator[tuple[Path, Fragment, Mapping[str, Any]]]:
    """Every object of a document that the schema describes, with its path and its fragment."""
    yield from _objects(schema["$defs"], schema, value, ())


def _objects(definitions: Fragment, fragment: Fragment, value: Any,
             path: Path) -> Iterator[tuple[Path, Fragment, Mapping[str, Any]]]:
    fragment = target(definitions, fragment, value)
    if isinstance(value, dict):
        yield path, fragment, value
        for key, element in value.items():
            yield from _objects(definitions, inner(fragment, key), element, (*path, key))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _objects(definitions, inner(fragment, index), element, (*path, index))


def _below(value: Any, token: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(token)
    if isinstance(value, list) and isinstance(token, int) and token < len(value):
        return value[token]
    return None
