"""jsonschema as the judge of specs, made quick for unions that are chosen by `type`.

The standard `allOf` tries each of a family's types in turn. Here a union jumps to the one
type that the value names, with the same verdict and the same errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

DISPATCH = "dispatch"
"""The keyword of the error for a `type` that its union does not list."""

_LOCAL = "#/$defs/"


def schema_errors(schema: Mapping[str, Any], value: Any) -> Iterator[ValidationError]:
    """What the schema has against a value, as leaves: no error wraps others.

    Beside the standard errors there is one of the keyword DISPATCH for each `type` that
    a union does not list; its `schema` is that union. The schema itself is trusted, since
    checking it takes seconds and a test does it.
    """
    return _judge(schema).iter_errors(value)  # type: ignore[no-any-return]


def accepts(schema: Mapping[str, Any], fragment: Mapping[str, Any], value: Any) -> bool:
    """Whether a part of the schema accepts a value."""
    return bool(_judge(schema).evolve(schema=fragment).is_valid(value))


_last: tuple[Mapping[str, Any], Any] | None = None


def _judge(schema: Mapping[str, Any]) -> Any:
    """The validator for a schema; the last one is kept, with the tables of its unions."""
    global _last
    if _last is None or _last[0] is not schema:
        _last = schema, _judge_class(schema)(schema)
    return _last[1]


def _judge_class(schema: Mapping[str, Any]) -> Any:
    # Here and not above: the import takes a tenth of a second, and `--help` needs none of it.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    standard = Draft202012Validator.VALIDATORS
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    # By identity of the `allOf` list, which lives as long as the schema.
    tables: dict[int, dict[str, Any] | None] = {}

    def all_of(validator: Any, branches: Any, instance: Any, union: Any) -> Any:
        key = id(branches)
        if key not in tables:
            tables[key] = _table(branches)
        table = tables[key]
        if table is None:
            yield from standard["allOf"](validator, branches, instance, union)
        elif isinstance(instance, dict) and "type" in instance:
            name = instance["type"]
            if isinstance(name, str) and name in table:
                yield from validator.descend(instance, table[name], schema_path=name)
            else:
                yield ValidationError(f"unknown type {name!r}", validator=DISPATCH,
                                      validator_value=list(table), instance=name,
                                      schema=union, path=("type",))

    def ref(validator: Any, target: str, instance: Any, holder: Any) -> Any:
        definition = definitions.get(target.removeprefix(_LOCAL))
        if definition is None or not target.startswith(_LOCAL):
            yield from standard["$ref"](validator, target, instance, holder)
        else:
            yield from validator.descend(instance, definition)

    def pattern(validator: Any, expression: str, instance: Any, holder: Any) -> Any:
        if not isinstance(instance, str):
            return
        # In Python, unlike in ECMAScript, `$` also matches in front of a last line break.
        if not re.search(re.sub(r"(?<!\\)\$$", r"\\Z", expression), instance):
            yield ValidationError(f"{instance!r} does not match {expression!r}")

    return extend(Draft202012Validator, {"allOf": all_of, "$ref": ref, "pattern": pattern})


def _table(branches: Any) -> dict[str, Any] | None:
    """`type` -> schema, when every branch has the form `if type is const, then schema`."""
    table: dict[str, Any] = {}
    for branch in branches:
        try:
            (condition,) = branch["if"]["properties"].items()
            required, then = branch["if"]["required"], branch["then"]
            key, name = condition[0], condition[1]["const"]
        except (KeyError, TypeError, ValueError):
            return None
        if key != "type" or required != ["type"] or name in table or len(branch) != 2:
            return None
        table[name] = then
    return table
