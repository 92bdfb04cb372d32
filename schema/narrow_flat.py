"""A schema narrowed to a bundle for language models: no conditions, the columns of all frames."""

from __future__ import annotations

from typing import Any

from .contexts import CONTEXT
from .declaration import Fragment
from .extractors import EMBEDDING, EXTRACTOR
from .narrow_forms import (
    ALL,
    CHAINED,
    DERIVED,
    GLOB,
    TAKING,
    one_or_several,
    properties_of,
    ref,
)
from .operations import OPERATION, OPERATIONS
from .preparation import DERIVE, FILTER, PREPARATIONS
from .samplers import EVEN


def take_all(schema: dict[str, Any]) -> None:
    """Every place that names columns takes those of all frames."""
    keys = schema["properties"]["bundle"]["properties"]["keys"]["properties"]
    for place, name in enumerate(keys):
        keys[name] = {"description": keys[name]["description"],
                      "anyOf": one_or_several({"anyOf": [ref("columns", place), DERIVED]})}
    column: Fragment = {"anyOf": [ref("columns", ALL), DERIVED]}
    _extract_all(schema, column)
    forms: dict[str, Fragment] = {
        "column": column, "columns": {"anyOf": one_or_several(column)},
        "only_where_not_null": {"anyOf": [column, {"type": "null"}]},
    }
    even = properties_of(schema, "sampler", EVEN)
    even["column"] = {"description": even["column"]["description"], **column}
    training = schema["properties"]["training"]["properties"]
    training["sample_weight"] = {"description": training["sample_weight"]["description"],
                                 **forms["only_where_not_null"]}
    for step in PREPARATIONS:
        properties = properties_of(schema, "preparation", step)
        for key in forms.keys() & properties.keys():
            properties[key] = {"description": properties[key]["description"], **forms[key]}
    properties_of(schema, "preparation", DERIVE)["column"] = DERIVED
    _compare_all(properties_of(schema, "preparation", FILTER)["where"], column)
    for operation in OPERATIONS:
        _operate_on_all(properties_of(schema, OPERATION, operation), column)


def _extract_all(schema: dict[str, Any], column: Fragment) -> None:
    for family, entry in TAKING:
        properties = properties_of(schema, family, entry)
        for key in ("take_columns", "drop_columns"):
            _select_all(properties[key], column)
        if entry is EMBEDDING:
            _select_all(properties["vectors"]["properties"]["columns"], column)
    for family, entry in CHAINED:
        _match_all(properties_of(schema, family, entry)["joins"]["items"]["properties"], column)
    context = properties_of(schema, EXTRACTOR, CONTEXT)
    _match_all(context, column)
    _place_all(context["at"], column)
    context["order_by"] = {"description": context["order_by"]["description"],
                           "anyOf": one_or_several(column)}
    _compare_all(context["where"], column)


def _select_all(selectors: dict[str, Any], column: Fragment) -> None:
    """Selectors take columns of all frames, globs and dtypes."""
    selectors["items"] = {"anyOf": [column, GLOB, {**selectors["items"], "type": "object"}]}


def _match_all(join: dict[str, Any], column: Fragment) -> None:
    """A join, or a context, matches and compares columns of all frames."""
    join["on"] = {
        "description": join["on"]["description"],
        "anyOf": [*one_or_several(column), {"type": "object", "additionalProperties": column},
                  {"type": "null"}],
    }
    _place_all(join["as_of"], column)


def _place_all(place: dict[str, Any], column: Fragment) -> None:
    """Samples and rows stand at columns of all frames."""
    for key, fragment in place["properties"].items():
        place["properties"][key] = {"description": fragment["description"], **column}


def _compare_all(where: dict[str, Any], column: Fragment) -> None:
    """Conditions, and those in lists inside them, are about columns of all frames."""
    for condition in (where["items"], where["items"]["items"]):
        told = condition["properties"]["column"]["description"]
        condition["properties"]["column"] = {"description": told, **column}


def _operate_on_all(properties: dict[str, Any], column: Fragment) -> None:
    """Operands are columns of all frames, and numbers where the vocabulary takes them."""
    for key, fragment in properties.items():
        operand = {"anyOf": [column, {**fragment.get("items", fragment), "type": "number"}]}
        if key == "where":
            _compare_all(fragment, column)
        elif key == "operands":
            properties[key] = {**fragment, "items": operand}
        elif key == "right":
            properties[key] = {"description": fragment["description"], **operand}
        elif key in ("column", "left", "from", "to"):
            properties[key] = {"description": fragment["description"], **column}
