"""The words of the schema: what each makes, and that it accepts what it should."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from specc.schema import fields
from specc.schema.declaration import Fragment


def accepts(fragment: Fragment, value: Any) -> bool:
    return Draft202012Validator(dict(fragment)).is_valid(value)


FIELDS = {
    "integer": fields.integer("A.", example=3, default=2, minimum=1, maximum=5),
    "number": fields.number("A.", example=0.5, default=0.1, above=0, below=1),
    "string": fields.string("A.", example="a", default="b", pattern="^[a-z]$"),
    "boolean": fields.boolean("A.", default=False),
    "choice": fields.choice("A.", ["a", None], example="a", default=None),
    "scalar": fields.scalar("A.", example=0, default=None),
    "array": fields.array("A.", {"type": "integer"}, example=[1], default=[1, 2], min_items=1,
                          max_items=2),
    "names": fields.names("A.", example="a", default=["a", "b"]),
    "mapping": fields.mapping("A.", {"type": "integer"}, example={"a": 1}, default={"b": 2},
                              min_properties=1),
}
WRONG: dict[str, list[Any]] = {
    "integer": [0, 6, 1.5, "1", None, True],
    "number": [0, 1, "0.5", None],
    "string": ["", "ab", 1, None],
    "boolean": [0, "true", None],
    "choice": ["b", 0],
    "scalar": [[], {}],
    "array": [[], [1, 2, 3], ["a"], 1],
    "names": ["", [], [""], 1],
    "mapping": [{}, {"a": "b"}, []],
}


@pytest.mark.parametrize("name", FIELDS)
def test_field_is_complete(name: str) -> None:
    fragment = FIELDS[name]
    Draft202012Validator.check_schema(fragment)
    assert fragment["description"] == "A."
    assert accepts(fragment, fragment["default"])
    assert all(accepts(fragment, example) for example in fragment["examples"])


@pytest.mark.parametrize("name", FIELDS)
def test_field_refuses(name: str) -> None:
    # In JSON Schema true is no integer, whatever Python says.
    assert [value for value in WRONG[name] if accepts(FIELDS[name], value)] == []


def test_required_field_has_no_default() -> None:
    assert "default" not in fields.integer("A.", example=1)
    assert fields.integer("A.", example=1, default=None, null=True)["default"] is None


@pytest.mark.parametrize("make", [fields.integer, fields.number, fields.string, fields.boolean])
def test_null_is_admitted_on_request(make: Any) -> None:
    assert accepts(make("A.", example=None, null=True), None)
    assert not accepts(make("A.", example=None), None)


def test_bounds_that_are_zero_are_kept() -> None:
    assert not accepts(fields.integer("A.", example=1, minimum=0), -1)
    assert not accepts(fields.number("A.", example=1, above=0), 0)
    assert not accepts(fields.number("A.", example=-1, maximum=0), 1)


def test_reference_to_a_family() -> None:
    plain = fields.one_of("loss", "A.", example={"type": "x"})
    assert plain["$ref"] == "#/$defs/loss" and "default" not in plain
    nullable = fields.one_of("loss", "A.", example={"type": "x"}, default=None, null=True)
    assert nullable["then"] == {"$ref": "#/$defs/loss"}
    schema = {**nullable, "$defs": {"loss": {"required": ["type"]}}}
    assert accepts(schema, None) and accepts(schema, {"type": "x"})
    assert not accepts(schema, {}) and not accepts(schema, 1)
    several = fields.many_of("loss", "A.", example=[], min_items=1)
    assert several["items"] == {"$ref": "#/$defs/loss"} and several["minItems"] == 1
