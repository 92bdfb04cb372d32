"""The assembled schema: its form, its size, and that what it says of itself holds.

Not checked here: that the constructors accept what their schema accepts (test_constructors)
and that the shape rules agree with the real modules (test_networks).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from specc.schema import SCHEMA_FILE, document, load_schema
from specc.schema.assemble import assemble, main, properties_of, schema_text
from specc.schema.declaration import Family, Type
from specc.schema.vocabulary import VOCABULARY

SCHEMA: dict[str, Any] = json.loads(json.dumps(assemble()))
DEFINITIONS: dict[str, Any] = SCHEMA["$defs"]
FAMILIES = {family.name: family for family in VOCABULARY}
TYPES = [(family, entry) for family in VOCABULARY for entry in family.types]

LARGEST = 400_000
"""Bytes of the file: editors read it at every start."""

KEYWORDS = {
    "$schema", "$defs", "$ref", "title", "description", "default", "examples", "enumDescriptions",
    "type", "enum", "const", "properties", "required", "additionalProperties", "propertyNames",
    "minProperties", "maxProperties", "items", "prefixItems", "minItems", "maxItems",
    "minLength", "maxLength", "pattern", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "allOf", "if", "then",
}
"""What the validator of specc and the reference pages know. `anyOf` and `oneOf` are not here:
they say nothing useful about a mistake."""

INNER = ("items", "additionalProperties", "propertyNames", "if", "then")

MAPPINGS = {
    "/properties/extractors",
    "/properties/heads",
    "/properties/bundle/properties/keys",
    "/properties/training/properties/class_weight",
    *(f"/$defs/{owner}/properties/joins/items/properties/on" for owner in (
        "extractor.plain", "extractor.embedding", "extractor.context", "inner_extractor.plain",
        "inner_extractor.embedding")),
    "/$defs/extractor.context/properties/on",
    "/$defs/extractor.context/properties/aggregations",
    "/$defs/extractor.combined/properties/extractors",
    "/$defs/inner_extractor.combined/properties/extractors",
    *(f"/$defs/preparation.{name}/properties/parts"
      for name in ("random_split", "stratified_split", "grouped_split")),
}
"""Objects whose keys are free names."""

each_type = pytest.mark.parametrize(
    ("family", "entry"), TYPES, ids=[f"{family.name}-{entry.name}" for family, entry in TYPES])


def fragments(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """`(pointer, fragment)` of the schema and of every schema within it."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key in INNER:
        yield from fragments(schema.get(key), f"{pointer}/{key}")
    for key in ("properties", "$defs"):
        for name, inner in schema.get(key, {}).items():
            yield from fragments(inner, f"{pointer}/{key}/{name}")
    for key in ("allOf", "prefixItems"):
        for place, inner in enumerate(schema.get(key, [])):
            yield from fragments(inner, f"{pointer}/{key}/{place}")


ALL = dict(fragments(SCHEMA))


def properties() -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """`(pointer, name, fragment, owner)` of every property that a spec may write."""
    for pointer, owner in ALL.items():
        if "/if" in pointer or (owner.get("title") in FAMILIES and "allOf" in owner):
            continue
        for name, fragment in owner.get("properties", {}).items():
            if name != "type" or not pointer.startswith("/$defs/"):
                yield f"{pointer}/properties/{name}", name, fragment, owner


PROPERTIES = list(properties())


def errors(fragment: Mapping[str, Any], value: Any) -> list[str]:
    """What is wrong with a value under a piece of the schema."""
    schema = {**fragment, "$defs": DEFINITIONS}
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_the_walk_sees_the_whole_schema() -> None:
    assert len(PROPERTIES) > 300
    assert {name for _, name, _, _ in PROPERTIES} > {"epochs", "lr", "take_columns", "sizes",
                                                     "fraction", "dtype", "on"}


def test_schema_is_valid_and_small() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert len(schema_text(assemble()).encode()) < LARGEST


def test_text_says_the_same_as_the_schema() -> None:
    assert json.loads(schema_text(assemble())) == SCHEMA


def test_file_is_what_programs_load() -> None:
    assert load_schema() == SCHEMA == json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def test_stale_file_is_told_and_mended(tmp_path, monkeypatch, capsys) -> None:
    stale = tmp_path / "spec.schema.json"
    monkeypatch.setattr("specc.schema.assemble.SCHEMA_FILE", stale)
    assert main([]) == 1
    stale.write_text("{}\n")
    assert main([]) == 1
    assert "stale" in capsys.readouterr().err
    assert stale.read_text() == "{}\n"
    assert main(["--write"]) == 0
    assert main([]) == 0
    assert json.loads(stale.read_text(encoding="utf-8")) == SCHEMA


def test_keywords_are_known() -> None:
    for pointer, fragment in ALL.items():
        assert set(fragment) <= KEYWORDS, pointer


def test_references_are_local_and_resolve() -> None:
    found = 0
    for pointer, fragment in ALL.items():
        if "$ref" in fragment:
            head, _, name = fragment["$ref"].rpartition("/")
            assert head == "#/$defs" and name in DEFINITIONS, pointer
            found += 1
    assert found > len(TYPES)


def test_every_definition_is_used() -> None:
    named = {fragment["$ref"].rpartition("/")[2] for fragment in ALL.values()
             if "$ref" in fragment}
    assert named == set(DEFINITIONS)


def test_objects_are_closed() -> None:
    free = set()
    for pointer, fragment in ALL.items():
        wanted = fragment.get("type", [])
        if "object" not in ([wanted] if isinstance(wanted, str) else wanted):
            continue
        union = "additionalProperties" not in fragment and not {"allOf", "then"}.isdisjoint(
            fragment)
        if union or pointer.endswith("/if"):
            continue  # a union, or the test of one; its variants are closed
        assert "additionalProperties" in fragment, pointer
        if fragment["additionalProperties"] is not False:
            free.add(pointer)
    assert free == MAPPINGS


def test_closed_objects_require_what_they_have() -> None:
    for pointer, fragment in ALL.items():
        assert set(fragment.get("required", ())) <= set(fragment.get("properties", ())), pointer


@pytest.mark.parametrize("place", range(len(PROPERTIES)),
                         ids=[pointer for pointer, *_ in PROPERTIES])
def test_property_is_complete(place: int) -> None:
    pointer, name, fragment, owner = PROPERTIES[place]
    assert not fragment["description"][0].islower(), pointer
    assert fragment["description"].endswith("."), pointer
    assert fragment["examples"], pointer
    assert ("default" in fragment) != (name in owner["required"]), pointer
    for example in fragment["examples"]:
        assert errors(fragment, example) == [], pointer
    if "default" in fragment:
        assert errors(fragment, fragment["default"]) == [], pointer


@each_type
def test_type_examples_are_whole_objects(family: Family, entry: Type) -> None:
    assert entry.examples
    for example in entry.examples:
        assert "type" not in example
        whole = {"type": entry.name, **example}
        assert errors({"$ref": f"#/$defs/{family.name}"}, whole) == []
        unknown = {**whole, "no_such_key": 1}
        assert errors({"$ref": f"#/$defs/{family.name}"}, unknown) != []


@each_type
def test_required_properties_are_asked_for(family: Family, entry: Type) -> None:
    reference = {"$ref": f"#/$defs/{family.name}"}
    for name in entry.required:
        whole = {"type": entry.name, **entry.examples[0]}
        del whole[name]
        assert errors(reference, whole) == [f"{name!r} is a required property"]


@each_type
def test_description_is_a_sentence(family: Family, entry: Type) -> None:
    assert entry.description.endswith("."), entry.name


@pytest.mark.parametrize("family", VOCABULARY, ids=lambda family: family.name)
def test_union_chooses_by_type(family: Family) -> None:
    union = DEFINITIONS[family.name]
    names = [entry.name for entry in family.types]
    assert len(names) == len(set(names)) > 0
    assert union["type"] == "object" and union["required"] == ["type"]
    assert union["properties"]["type"]["enum"] == names
    assert len(union["properties"]["type"]["enumDescriptions"]) == len(names)
    assert list(union["properties"]) == ["type"]
    for name, branch in zip(names, union["allOf"], strict=True):
        variant = f"{family.name}.{name}"
        assert branch == {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/{variant}"},
        }
        assert DEFINITIONS[variant]["properties"]["type"]["const"] == name
        assert DEFINITIONS[variant]["required"][0] == "type"
        assert DEFINITIONS[variant]["additionalProperties"] is False


@pytest.mark.parametrize("family", VOCABULARY, ids=lambda family: family.name)
def test_unknown_type_gives_one_error(family: Family) -> None:
    found = errors({"$ref": f"#/$defs/{family.name}"}, {"type": "no such type"})
    assert len(found) == 1 and "is not one of" in found[0]


def test_every_network_but_the_extraction_has_input_frames() -> None:
    for entry in FAMILIES["network"].types:
        assert ("input_frames" in properties_of(entry)) == (entry.name != "extraction")
    for family, entry in TYPES:
        if family.name != "network":
            assert "input_frames" not in properties_of(entry)


def test_top_level_is_closed_and_versioned() -> None:
    assert set(document.REQUIRED_KEYS) <= set(SCHEMA["properties"])
    least = {"specc": document.VERSION,
             "extractors": {"label": {"type": "plain"}},
             "network": {"type": "output"}, "loss": {"type": "torch.nn:MSELoss"}}
    assert errors(SCHEMA, least) == []
    assert errors(SCHEMA, {**least, "epochs": 3}) != []
    assert errors(SCHEMA, {**least, "specc": document.VERSION + 1}) != []
    for name in document.REQUIRED_KEYS:
        assert errors(SCHEMA, {key: value for key, value in least.items() if key != name}) != []
