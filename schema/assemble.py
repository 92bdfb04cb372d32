"""Puts the families together to one JSON Schema document.

`python -m specc.schema.assemble` checks that the committed file is fresh,
`python -m specc.schema.assemble --write` writes it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from . import SCHEMA_FILE, document
from .declaration import Family, Fragment, NetworkType, Type
from .fields import NAME, array
from .vocabulary import VOCABULARY

INPUT_FRAMES = array(
    "Frames to put in front of this node: the extraction of these extractors, side by side.",
    NAME, default=[], example=["passengers", "tickets"],
)


def properties_of(entry: Type) -> dict[str, Fragment]:
    """The properties of a type; every network but the extraction itself has `input_frames`."""
    properties = dict(entry.properties)
    if isinstance(entry, NetworkType) and "frames" not in properties:
        properties["input_frames"] = INPUT_FRAMES
    return properties


def _variant(entry: Type) -> dict[str, Any]:
    return {
        "title": entry.name,
        "description": entry.description,
        "type": "object",
        "properties": {
            "type": {"const": entry.name, "description": entry.description},
            **properties_of(entry),
        },
        "required": ["type", *entry.required],
        "additionalProperties": False,
    }


def _branch(family: Family, entry: Type) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"const": entry.name}}, "required": ["type"]},
        "then": {"$ref": f"#/$defs/{family.name}.{entry.name}"},
    }


def _union(family: Family) -> dict[str, Any]:
    return {
        "title": family.name,
        "description": family.description,
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {
                "type": "string",
                "enum": [entry.name for entry in family.types],
                "enumDescriptions": [entry.description for entry in family.types],
            }
        },
        "allOf": [_branch(family, entry) for entry in family.types],
    }


def assemble() -> dict[str, Any]:
    """The whole vocabulary as one draft 2020-12 document with local references only."""
    definitions: dict[str, Any] = {}
    for family in VOCABULARY:
        definitions[family.name] = _union(family)
        for entry in family.types:
            definitions[f"{family.name}.{entry.name}"] = _variant(entry)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "specc spec",
        "description": f"How to train a model on a bundle; vocabulary {document.VERSION}.",
        "type": "object",
        "properties": document.PROPERTIES,
        "required": list(document.REQUIRED_KEYS),
        "additionalProperties": False,
        "$defs": definitions,
    }


def schema_text(schema: dict[str, Any]) -> str:
    """One line for each definition and each top-level property: small, and readable in a diff."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def block(mapping: dict[str, Any]) -> str:
        lines = [f"  {json.dumps(key)}: {compact(value)}" for key, value in mapping.items()]
        return "{\n" + ",\n".join(lines) + "\n }"

    lines = [
        f" {json.dumps(key)}: "
        + (block(value) if key in ("properties", "$defs") else compact(value))
        for key, value in schema.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Check the committed schema, or write it; 1 when it is stale."""
    text = schema_text(assemble())
    if "--write" in arguments:
        SCHEMA_FILE.write_text(text, encoding="utf-8")
        return 0
    if SCHEMA_FILE.exists() and SCHEMA_FILE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{SCHEMA_FILE.name} is stale: run `make generate`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
