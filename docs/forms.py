"""Fragments of the schema in words: what values they admit, in the cell of a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specc.schema.declaration import Fragment

_TYPES = {
    "integer": "whole number", "number": "number", "string": "string", "boolean": "true or false",
    "null": "null", "object": "object", "array": "list",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def compact(value: Any) -> str:
    """JSON on one line, as code; a bar would end the cell of a table."""
    text = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
    return f"`{text}`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def anchor(name: str) -> str:
    """What a heading is linked by."""
    return name.lower().replace(" ", "-")


def form(fragment: Fragment) -> str:
    """What values a fragment admits, in words. Objects with a title have a table of their own."""
    if "$ref" in fragment:
        name = fragment["$ref"].rpartition("/")[2]
        return f"[{name}]({name}.md)"
    if "const" in fragment:
        return compact(fragment["const"])
    if "enum" in fragment:
        return " or ".join(compact(value) for value in fragment["enum"])
    if "$ref" in fragment.get("then", ()):
        return f"{form(fragment['then'])} or null"
    return " or ".join(_form_of_kind(kind, fragment) for kind in _kinds(fragment))


def _kinds(fragment: Fragment) -> list[str]:
    kinds: str | list[str] = fragment.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _form_of_kind(kind: str, fragment: Fragment) -> str:
    if kind in ("integer", "number"):
        return f"{_TYPES[kind]} {_bounds(fragment)}".rstrip()
    if kind == "string" and "enum" in fragment.get("then", ()):
        return form(fragment["then"])
    if kind == "array" and "prefixItems" in fragment:
        places = "; ".join(form(place) for place in fragment["prefixItems"])
        return f"list of {len(fragment['prefixItems'])}: {places}"
    if kind == "array":
        items = form(fragment["items"])
        several = len(_kinds(fragment["items"])) > 1 or "enum" in fragment["items"]
        return f"list of {_count(fragment)}" + (f"({items})" if several else items)
    if kind == "object" and "title" in fragment:
        return f"[{fragment['title']}](#{anchor(fragment['title'])})"
    if kind == "object" and isinstance(fragment.get("additionalProperties"), Mapping):
        return f"object of name → {form(fragment['additionalProperties'])}"
    if kind == "object" and "properties" in fragment:
        inner = "; ".join(f"`{name}`: {form(value)}"
                          for name, value in fragment["properties"].items())
        return f"object of {inner}"
    return _TYPES[kind]


def _bounds(fragment: Fragment) -> str:
    bounds = {key: f"{fragment[key]:,}".removesuffix(".0") for key in _BOUNDS if key in fragment}
    if bounds.keys() == {"minimum", "maximum"}:
        return f"{bounds['minimum']} to {bounds['maximum']}"
    return ", ".join(f"{_BOUNDS[key]} {bound}" for key, bound in bounds.items())


def _count(fragment: Fragment) -> str:
    fewest, most = fragment.get("minItems", 0), fragment.get("maxItems")
    if fewest == most:
        return f"{fewest} "
    return f"{fewest} or more " if fewest else ""


def titled(fragment: Any) -> Iterator[Fragment]:
    """The objects with a title inside a fragment, itself among them; each once for each place."""
    if isinstance(fragment, Mapping):
        if "title" in fragment and "properties" in fragment:
            yield fragment
        for inner in fragment.values():
            yield from titled(inner)


def property_table(properties: Mapping[str, Fragment], required: Sequence[str],
                   sections: Sequence[str] = ()) -> Iterator[str]:
    """One row for each property: form, default, example, description.

    Args:
        sections: the properties that have a table of their own further down.
    """
    yield from table(
        ("property", "value", "default", "example", "meaning"),
        (
            (
                f"`{name}`",
                f"object, [see {name}](#{name})" if name in sections else form(fragment),
                default_of(fragment, name in required),
                ", ".join(compact(example) for example in fragment.get("examples", [])),
                fragment.get("description", ""),
            )
            for name, fragment in properties.items()
        ),
    )


def default_of(fragment: Fragment, required: bool) -> str:
    """The default of a property as code, or that it has none."""
    return "required" if required or "default" not in fragment else compact(fragment["default"])


def titled_sections(properties: Iterable[Fragment]) -> Iterator[str]:
    """A table for each object with a title in some properties, such as `join`."""
    found = {one["title"]: one for fragment in properties for one in titled(fragment)}
    for title, fragment in sorted(found.items()):
        yield from ("", f"## {title}", "")
        yield from property_table(fragment["properties"], fragment["required"])
