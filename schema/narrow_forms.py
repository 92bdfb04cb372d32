"""Pieces that the forms of a narrowed schema share."""

from __future__ import annotations

from typing import Any

from .contexts import CONTEXT
from .declaration import Fragment, Type
from .extractors import EMBEDDING, EXTRACTOR, INNER_EXTRACTOR, PLAIN

TAKING = tuple((family, entry) for family in (EXTRACTOR, INNER_EXTRACTOR)
               for entry in (PLAIN, EMBEDDING))
"""The types that take columns at the end of a chain of joins, by family."""

CHAINED = (*TAKING, (EXTRACTOR, CONTEXT))
"""The types that have a chain of joins."""

ALL = "all"
"""In the place of a frame: the columns of all frames."""

GLOB: Fragment = {"type": "string", "pattern": "[*?\\[]",
                  "description": "A glob, such as `fare_*`."}

DERIVED: Fragment = {"type": "string", "pattern": "^derived_",
                     "description": "A column that a step `derive` makes."}
"""A derived column in the form without conditions, which cannot tell how specs call them."""


def ref(name: str, *place: object) -> dict[str, Any]:
    """A reference to a definition, of a frame by its place: a name of a frame may hold what a
    pointer must not."""
    return {"$ref": f"#/$defs/{'.'.join(map(str, (name, *place)))}"}


def one_or_several(column: Fragment) -> list[Fragment]:
    """The two forms of a property that names columns."""
    return [column, {"type": "array", "items": column}]


def properties_of(schema: dict[str, Any], family: str, entry: Type) -> dict[str, Any]:
    """The properties of a type of the vocabulary in a schema, to be changed in place."""
    properties: dict[str, Any] = schema["$defs"][f"{family}.{entry.name}"]["properties"]
    return properties
