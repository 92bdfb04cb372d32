"""A schema narrowed to a bundle for language models: no conditions, the columns of all frames."""

from __future__ import annotations

from typing import Any

from .declaration import Fragment
from .extractors import EXTRACTOR, PLAIN
from .narrow_forms import ALL, DERIVED, GLOB, one_or_several, properties_of, ref
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
    plain = properties_of(schema, EXTRACTOR, PLAIN)
    for key in ("take_columns", "drop_columns"):
        by_dtype = {**plain[key]["items"], "type": "object"}
        plain[key]["items"] = {"anyOf": [column, GLOB, by_dtype]}
    join = plain["joins"]["items"]["properties"]
    join["on"] = {
        "description": join["on"]["description"],
        "anyOf": [*one_or_several(column), {"type": "object", "additionalProperties": column}],
    }
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
