"""The vocabulary in the part of JSON Schema that language models' structured output takes.

A union becomes `anyOf` of its variants, a constant an `enum` of one value, a list of types
`anyOf` of one schema for each type. Limits on numbers, lengths and counts go, and stand in
the description instead, as do defaults. So the profile is laxer than the vocabulary and
never stricter: what a model answers is to be validated by specc.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from .declaration import Fragment
from .subschemas import rewritten

LIMITS = {
    "minimum": "At least {}.", "maximum": "At most {}.",
    "exclusiveMinimum": "Above {}.", "exclusiveMaximum": "Below {}.",
    "maxLength": "Not longer than {}.", "minItems": "Items: at least {}.",
    "maxItems": "Items: at most {}.", "minProperties": "Names: at least {}.",
    "maxProperties": "Names: at most {}.",
}
"""Keywords that the profile gives up -> how the description tells them."""

GIVEN_UP = (*LIMITS, "minLength", "propertyNames", "prefixItems")
"""The keywords for which the profile may accept what the vocabulary refuses."""

_OF_TYPE = {"string": ("pattern",), "array": ("items",),
            "object": ("properties", "required", "additionalProperties", "$defs")}
"""Type -> the keywords kept for it; the other types keep none."""

_JSON_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))


def llm_profile(schema: Fragment) -> dict[str, Any]:
    """The schema without conditions, limits and annotations.

    The keyword `pattern` stays: by it a glob is told from a column that is not there.

    Raises: ValueError for a form that the profile does not know.

    Args:
        schema: the vocabulary, or what `narrow.narrowed` makes of it without conditions.
    """
    profile: dict[str, Any] = rewritten(schema, _simplified)
    return profile


def _simplified(fragment: dict[str, Any]) -> dict[str, Any]:
    description = " ".join(_description(fragment))
    structure = _structure(fragment)
    if not description:
        return structure
    # Some vendors refuse a reference with anything beside it.
    return {"description": description,
            **({"anyOf": [structure]} if "$ref" in structure else structure)}


def _description(fragment: dict[str, Any]) -> Iterator[str]:
    """What the schema says of itself, and what the profile cannot say otherwise."""
    if "description" in fragment:
        yield fragment["description"]
    yield from (text.format(fragment[key]) for key, text in LIMITS.items() if key in fragment)
    if "default" in fragment:
        yield f"Default {json.dumps(fragment['default'], ensure_ascii=False)}."


def _structure(fragment: dict[str, Any]) -> dict[str, Any]:
    if "if" in fragment:
        # The condition says more of one of the types, and of nothing else.
        (keyword, name), *more = fragment["if"].items()
        if keyword != "type" or more or name not in fragment["type"] \
                or not set(fragment["then"]) <= {"$ref", "enum"}:
            raise ValueError(f"a condition of an unknown form: {fragment['if']}")
        others = [other for other in fragment["type"] if other != name]
        return {"anyOf": [fragment["then"], *(_of_type(other, fragment) for other in others)]}
    if "allOf" in fragment:
        return {"anyOf": list(_variants(fragment))}
    if "const" in fragment:
        return _choice([fragment["const"]])
    if "enum" in fragment:
        return _choice(fragment["enum"])
    for keyword in ("anyOf", "$ref"):
        if keyword in fragment:
            return {keyword: fragment[keyword]}
    types = fragment.get("type", [])
    if isinstance(types, str):
        return _of_type(types, fragment)
    return {"anyOf": [_of_type(name, fragment) for name in types]} if types else {}


def _variants(union: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for branch in union["allOf"]:
        if branch.keys() != {"if", "then"} or set(branch["then"]) != {"$ref"}:
            raise ValueError("an allOf that is no union")
        yield branch["then"]


def _choice(values: list[Any]) -> dict[str, Any]:
    """An enum of values of one type, or anyOf of several such enums."""
    enums: list[dict[str, Any]] = [
        {"type": name} if name == "null" else {"type": name, "enum": list(same)}
        for name, same in groupby(values, _type_of)
    ]
    return enums[0] if len(enums) == 1 else {"anyOf": enums}


def _type_of(value: Any) -> str:
    return next((name for kind, name in _JSON_TYPES if isinstance(value, kind)), "null")


def _of_type(name: str, fragment: dict[str, Any]) -> dict[str, Any]:
    kept = {key: fragment[key] for key in _OF_TYPE.get(name, ()) if key in fragment}
    if name == "array" and "prefixItems" in fragment:
        kept["items"] = {"anyOf": fragment["prefixItems"]}
    return {"type": name, **kept}
