"""One diagnostic for each mistake, at its place. The schema is small and made by hand in the
form of the real one; wording is not checked, apart from what a message must name."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.passes.parse import MAX_DEPTH, parse
from specc.compiler.passes.validate import validate
from specc.compiler.reporters import render_text
from specc.compiler.stages import Document, Source
from specc.compiler.text.pointer import parts, pointer_of
from specc.compiler.vocabulary.engine import schema_errors
from specc.compiler.vocabulary.wrong_keys import MOST_MISPLACED


def variant(name: str, properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> Any:
    return {"title": name, "type": "object",
            "properties": {"type": {"const": name}, **properties},
            "required": ["type", *required], "additionalProperties": False}


def union(family: str, types: Mapping[str, Any]) -> dict[str, Any]:
    def branch(name: str) -> Any:
        return {"if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{family}.{name}"}}

    return {
        family: {"title": family, "type": "object", "required": ["type"],
                 "properties": {"type": {"type": "string", "enum": list(types)}},
                 "allOf": [branch(name) for name in types]},
        **{f"{family}.{name}": properties for name, properties in types.items()},
    }


NETWORK = {"$ref": "#/$defs/network"}
SIZE = {"type": "integer", "minimum": 1}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "specc": {"type": "integer", "const": 1},
        "name": {"type": "string", "minLength": 1, "maxLength": 8, "pattern": "^[a-z]+$"},
        "extractors": {"type": "object", "additionalProperties": {"type": "object"},
                       "minProperties": 1, "propertyNames": {"minLength": 1, "maxLength": 9}},
        "network": NETWORK,
        "scheduler": {"type": ["object", "null"], "if": {"type": "object"}, "then": NETWORK},
        "training": {
            "type": "object",
            "properties": {
                "epochs": SIZE,
                "lr": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                "shuffle": {"type": "boolean"},
                "sampling": {"enum": ["shuffled", "sequential", None, 3]},
                "train_on": {"type": ["string", "array"], "minLength": 1, "minItems": 1,
                             "items": {"type": "string"}},
                "fill": {"type": ["number", "string", "boolean", "null"]},
            },
            "required": ["epochs"],
            "additionalProperties": False,
        },
    },
    "required": ["specc", "network"],
    "additionalProperties": False,
    "$defs": union("network", {
        "feed_forward": variant("feed_forward", {"factories": {
            "type": "array", "items": NETWORK, "minItems": 1}}, ("factories",)),
        "linear": variant("linear", {"out_features": SIZE, "bias": {"type": "boolean"}},
                          ("out_features",)),
        "fully_connected": variant("fully_connected", {
            "sizes": {"type": "array", "items": SIZE, "maxItems": 3},
            "activation": {"type": ["object", "null"], "if": {"type": "object"},
                           "then": NETWORK},
            "dropout": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        }, ("sizes",)),
        "torch.nn:ReLU": variant("torch.nn:ReLU", {"inplace": {"type": "boolean"}}),
        "concat": variant("concat", {}),
    }),
}
RELU = {"type": "torch.nn:ReLU"}


def document(value: Any) -> Document:
    result = parse(Source("spec.json", json.dumps(value)))
    assert result.stage is not None
    return result.stage


def findings(value: Any) -> tuple[Diagnostic, ...]:
    result = validate(document(value), SCHEMA)
    assert result.ok == (not result.diagnostics)
    return result.diagnostics


def places(value: Any) -> list[tuple[str, str | None]]:
    return sorted((d.code, d.pointer) for d in findings(value))


def spec(network: Any = RELU, **others: Any) -> dict[str, Any]:
    return {"specc": 1, "network": network, **others}


def training(**others: Any) -> dict[str, Any]:
    return spec(training={"epochs": 1, **others})


def patched(value: Any, diagnostic: Diagnostic) -> Any:
    """The value after the fix of a diagnostic, which must have one."""
    assert diagnostic.fix is not None
    value = copy.deepcopy(value)

    def holder(pointer: str) -> tuple[Any, Any]:
        *path, last = parts(pointer)
        place = value
        for token in path:
            place = place[int(token)] if isinstance(place, list) else place[token]
        return place, int(last) if isinstance(place, list) else last

    for step in diagnostic.fix:
        place, key = holder(step["path"])
        if step["op"] == "remove":
            del place[key]
        elif step["op"] == "move":
            source, old = holder(step["from"])
            place[key] = source.pop(old)
        else:
            place[key] = step["value"]
    return value


def only(value: Any, *, fixed: bool) -> Diagnostic:
    """The one finding of a value; its fix, if there must be one, leaves none."""
    (diagnostic,) = findings(value)
    assert (diagnostic.fix is not None) == fixed
    if fixed:
        assert findings(patched(value, diagnostic)) == ()
    return diagnostic


def test_a_valid_spec_is_kept_as_it_is() -> None:
    value = spec({"type": "linear", "out_features": 2.0}, name="a", scheduler=None)
    result = validate(document(value), SCHEMA)
    assert result.stage is not None
    assert result.stage.value == value
    assert result.stage.source.name == "spec.json"


@pytest.mark.parametrize("value", [[], None, 3, "spec"])
def test_not_an_object(value: Any) -> None:
    assert places(value) == [("SC104", "")]


@pytest.mark.parametrize("version", [0, 2, 1.5, -1])
def test_another_version_stands_alone(version: float) -> None:
    value = {"specc": version, "network": 3, "what": 1}
    assert places(value) == [("SC107", "/specc")]


def test_a_missing_version_is_repaired_and_hides_nothing() -> None:
    found = {(d.code, d.pointer): d for d in findings({"network": 3, "what": 1})}
    assert set(found) == {("SC103", ""), ("SC104", "/network"), ("SC102", "/what")}
    assert patched({}, found["SC103", ""]) == {"specc": 1}


def test_a_misspelt_version_key() -> None:
    diagnostic = only({"spec": 1, "network": RELU}, fixed=True)
    assert (diagnostic.code, diagnostic.pointer, diagnostic.target) == ("SC102", "/spec", "key")


def test_a_version_that_is_no_number() -> None:
    assert only({"specc": "1", "network": RELU}, fixed=True).code == "SC104"
    assert only({"specc": True, "network": RELU}, fixed=False).code == "SC104"
    assert findings({"specc": 1.0, "network": RELU}) == ()


def test_unknown_type() -> None:
    value = spec({"type": "feed_forward", "factories": [RELU, {"type": "liner",
                                                               "out_features": 3}]})
    (diagnostic,) = findings(value)
    assert (diagnostic.code, diagnostic.pointer) == ("SC101", "/network/factories/1/type")
    assert diagnostic.message == "unknown network type 'liner'"
    assert diagnostic.help is not None
    assert diagnostic.help.startswith("did you mean 'linear'?")
    assert diagnostic.fix == (
        {"op": "replace", "path": "/network/factories/1/type", "value": "linear"},)


def test_unknown_type_with_a_forgotten_module() -> None:
    assert only(spec({"type": "ReLU"}), fixed=True).code == "SC101"


def test_unknown_type_with_nothing_near() -> None:
    diagnostic = only(spec({"type": "quantum"}), fixed=False)
    assert diagnostic.help == ("known types: feed_forward, linear, fully_connected, "
                               "torch.nn:ReLU, concat")


@pytest.mark.parametrize("name", [3, None, ["linear"], {}])
def test_a_type_that_is_no_string(name: Any) -> None:
    assert places(spec({"type": name})) == [("SC104", "/network/type")]


def test_missing_type_of_keys_that_only_one_type_has() -> None:
    diagnostic = only(spec({"out_features": 3}), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC103", "/network")
    assert diagnostic.help == 'write "type": "linear"'


def test_missing_type_of_keys_that_several_types_have() -> None:
    diagnostic = only(spec({}), fixed=False)
    assert diagnostic.help == "known types with these keys: torch.nn:ReLU, concat"
    diagnostic = only(spec({"quantum": 3}), fixed=False)
    assert diagnostic.help is not None
    assert diagnostic.help.startswith("known types: feed_forward, linear")


@pytest.mark.parametrize("key", ["rye", "tyw", "kind", "layer"])
def test_a_key_whose_value_is_a_type_was_meant_to_be_type(key: str) -> None:
    diagnostic = only(spec({key: "linear", "out_features": 3}), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC102", f"/network/{key}")


def test_a_property_whose_value_is_a_type_stays_what_it_is() -> None:
    schema = copy.deepcopy(SCHEMA)
    schema["$defs"]["network.concat"]["properties"]["along"] = {"type": "string"}
    result = validate(document(spec({"along": "linear"})), schema)
    assert [(d.code, d.pointer) for d in result.diagnostics] == [("SC103", "/network")]


def test_misspelt_type() -> None:
    diagnostic = only(spec({"tpye": "concat"}), fixed=True)
    assert (diagnostic.code, diagnostic.pointer, diagnostic.target) == (
        "SC102", "/network/tpye", "key")


def test_a_type_given_as_a_string() -> None:
    diagnostic = only(spec("concat"), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC104", "/network")


def test_unknown_keys_are_reported_one_by_one() -> None:
    value = spec({"type": "concat", "a": 1, "b/c": 2})
    assert places(value) == [("SC102", "/network/a"), ("SC102", "/network/b~1c")]
    assert all(d.target == "key" and d.fix is None for d in findings(value))
    assert findings(value)[0].message == "unknown key 'a' in concat"


def test_an_unknown_key_near_a_missing_one_is_one_mistake() -> None:
    diagnostic = only(spec({"type": "fully_connected", "size": [3]}), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC102", "/network/size")
    assert diagnostic.help == "did you mean 'sizes'? (required)"


def test_an_unknown_key_near_an_optional_one() -> None:
    diagnostic = only(spec({"type": "fully_connected", "sizes": [3], "dropuot": 0.5}), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC102", "/network/dropuot")


def test_an_unknown_key_near_one_that_is_there() -> None:
    diagnostic = only(spec({"type": "fully_connected", "sizes": [3], "size": [3]}), fixed=False)
    assert diagnostic.help == "did you mean 'sizes'? it has a value already"
    diagnostic = only(spec({"type": "fully_connected", "sizes": [3], "q": [3]}), fixed=False)
    assert diagnostic.help == "known keys: sizes, activation, dropout"


def test_two_keys_cannot_mean_the_same_one() -> None:
    value = spec({"type": "fully_connected", "size": [3], "sizess": [3]})
    assert [d.fix is not None for d in findings(value)] == [True, False]


def test_a_short_required_key_is_certain_when_it_is_the_only_strange_one() -> None:
    schema = copy.deepcopy(SCHEMA)
    schema["$defs"]["network.concat"] = variant("concat", {"on": {"type": "string"}}, ("on",))
    result = validate(document(spec({"type": "concat", "om": "a"})), schema)
    (diagnostic,) = result.diagnostics
    assert diagnostic.fix == ({"op": "move", "from": "/network/om", "path": "/network/on"},)


# Keys in the wrong object

PERCEPTRON = {"type": "fully_connected", "sizes": [3]}


@pytest.mark.parametrize(("value", "source", "home"), [
    (spec(training={"epochs": 1, "name": "abc", "scheduler": None}), "/training/scheduler", ""),
    (spec(epochs=3, training={}), "/epochs", "/training"),
    (spec({**PERCEPTRON, "lr": 0.1}, training={"epochs": 1}), "/network/lr", "/training"),
    (spec(RELU, sampling="shuffled", training={"epochs": 1}), "/sampling", "/training"),
    (spec({"type": "feed_forward", "factories": [{"type": "linear"}], "out_features": 3}),
     "/network/out_features", "/network/factories/0"),
    (spec({"type": "feed_forward", "factories": [PERCEPTRON], "dropout": 0.5}),
     "/network/dropout", "/network/factories/0"),
])
def test_a_key_that_belongs_elsewhere_is_moved_there(value: Any, source: str, home: str) -> None:
    found = {d.pointer: d for d in findings(value)}
    diagnostic = found[source]
    assert (diagnostic.code, diagnostic.target) == ("SC102", "key")
    assert diagnostic.help == f"it belongs in {home or 'the top level'}"
    key = source.rpartition("/")[2]
    assert diagnostic.fix == ({"op": "move", "from": source, "path": f"{home}/{key}"},)
    assert not findings(patched(value, diagnostic)) or len(found) > 1


def test_a_misplaced_key_that_is_required_there_is_one_mistake() -> None:
    value = spec({"type": "feed_forward", "out_features": 3, "factories": [{"type": "linear"}]})
    assert places(value) == [("SC102", "/network/out_features")]
    value = {"specc": 1, "training": {"epochs": 1, "network": RELU}}
    assert places(value) == [("SC102", "/training/network")]


def test_a_misplaced_key_whose_section_is_not_there_brings_it_along() -> None:
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["training"]["default"] = {}
    schema["properties"]["training"]["required"] = []
    result = validate(document(spec(epochs=3)), schema)
    (diagnostic,) = result.diagnostics
    assert diagnostic.fix == ({"op": "add", "path": "/training", "value": {}},
                              {"op": "move", "from": "/epochs", "path": "/training/epochs"})
    assert result.stage is not None
    assert result.stage.value["training"] == {"epochs": 3}


def test_a_misplaced_key_that_two_objects_lack_is_not_certain() -> None:
    value = spec({"type": "feed_forward", "factories": [PERCEPTRON, PERCEPTRON], "dropout": 0.5})
    diagnostic = only(value, fixed=False)
    assert diagnostic.help == "it belongs in /network/factories/0 or /network/factories/1"
    result = validate(document(value), SCHEMA)
    assert result.stage is not None
    assert result.stage.holes == {"/network/factories/0", "/network/factories/1"}


def test_the_nearer_of_two_homes_wins() -> None:
    deep = {"type": "feed_forward", "factories": [
        {"type": "feed_forward", "factories": [RELU], "inplace": True}, RELU]}
    assert only(spec(deep), fixed=True).help == "it belongs in /network/factories/0/factories/0"


def test_a_certain_guess_at_a_name_wins_over_another_home() -> None:
    value = spec({**PERCEPTRON, "dropuot": 0.5}, training={"epochs": 1})
    assert (only(value, fixed=True).help or "").startswith("did you mean 'dropout'?")


def test_a_value_that_does_not_fit_does_not_belong_there() -> None:
    diagnostic = only(spec(epochs="many", training={"epochs": 1}), fixed=False)
    assert "belongs" not in (diagnostic.help or "")
    diagnostic = only(spec({**PERCEPTRON, "lr": "fast"}, training={"epochs": 1}), fixed=False)
    assert "belongs" not in (diagnostic.help or "")


def test_the_places_of_many_keys_are_not_looked_for() -> None:
    for strange, helped in ((MOST_MISPLACED - 1, True), (MOST_MISPLACED, False)):
        layers = [{**RELU, "strange": 1} for _ in range(strange)]
        value = spec({"type": "feed_forward", "factories": layers}, lr=0.1, training={"epochs": 1})
        found = {d.pointer: d for d in findings(value)}
        assert len(found) == strange + 1
        assert ("belongs" in (found["/lr"].help or "")) == helped


def test_what_people_call_things_is_no_misplaced_name() -> None:
    diagnostic = only(spec({**PERCEPTRON, "name": "first"}), fixed=False)
    assert "belongs" not in (diagnostic.help or "")


def test_a_key_between_objects_with_free_names() -> None:
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["parts"] = {"type": "object", "additionalProperties": NETWORK}
    good = {"a": {"type": "linear", "out_features": 3}}
    stray = spec(parts={**good, "epochs": 3}, training={"lr": 1})
    result = validate(document(stray), schema)
    assert [(d.code, d.pointer, d.help) for d in result.diagnostics] == [
        ("SC102", "/parts/epochs", "it belongs in /training")]
    wrong = spec(parts={**good, "b": 3})
    assert [(d.code, d.pointer) for d in validate(document(wrong), schema).diagnostics] == [
        ("SC104", "/parts/b")]


def test_a_missing_key_far_from_the_unknown_one_is_a_second_mistake() -> None:
    value = spec({"type": "fully_connected", "widths": [3]})
    assert places(value) == [("SC102", "/network/widths"), ("SC103", "/network")]


@pytest.mark.parametrize(("value", "pointer", "message"), [
    ({"specc": 1}, "", "the spec needs the key 'network'"),
    (spec({"type": "linear"}), "/network", "linear needs the key 'out_features'"),
    (spec(training={}), "/training", "training needs the key 'epochs'"),
])
def test_missing_keys(value: Any, pointer: str, message: str) -> None:
    diagnostic = only(value, fixed=False)
    assert (diagnostic.code, diagnostic.pointer) == ("SC103", pointer)
    assert diagnostic.message == message


@pytest.mark.parametrize(("key", "value", "message", "fixed"), [
    ("epochs", "three", "epochs must be an integer, got a string", False),
    ("epochs", "3", "epochs must be an integer, got a string", True),
    ("epochs", "3.5", "epochs must be an integer, got a string", False),
    ("epochs", 2.5, "epochs must be an integer, got 2.5", False),
    ("epochs", True, "epochs must be an integer, got true", False),
    ("epochs", None, "epochs must be an integer, got null", False),
    ("epochs", [3], "epochs must be an integer, got a list", True),
    ("epochs", [3, 4], "epochs must be an integer, got a list", False),
    ("lr", "1e-3", "lr must be a number, got a string", True),
    ("lr", "1", "lr must be a number, got a string", True),
    ("lr", "1e-3x", "lr must be a number, got a string", False),
    ("shuffle", "true", "shuffle must be true or false, got a string", True),
    ("shuffle", 1, "shuffle must be true or false, got 1", True),
    ("shuffle", 2, "shuffle must be true or false, got 2", False),
    ("shuffle", "yes", "shuffle must be true or false, got a string", True),
    ("shuffle", "Off", "shuffle must be true or false, got a string", True),
    ("shuffle", {}, "shuffle must be true or false, got an object", False),
    ("train_on", 3, "train_on must be a string or a list, got 3", False),
])
def test_wrong_kinds(key: str, value: Any, message: str, fixed: bool) -> None:
    diagnostic = only(training(**{key: value}), fixed=fixed)
    assert (diagnostic.code, diagnostic.pointer) == ("SC104", f"/training/{key}")
    assert diagnostic.message == message


@pytest.mark.parametrize(("network", "wanted"), [
    ({"type": "fully_connected", "sizes": 3}, [3]),
    ({"type": "fully_connected", "sizes": "3"}, None),
    ({"type": "fully_connected", "sizes": "3, 4"}, [3, 4]),
    ({"type": "feed_forward", "factories": RELU}, [RELU]),
    ({"type": "fully_connected", "sizes": [3], "activation": [RELU]}, RELU),
    ({"type": "fully_connected", "sizes": [3], "activation": "relu"}, RELU),
    ({"type": "fully_connected", "sizes": [3], "activation": "linear"}, None),
])
def test_a_list_for_a_value_and_a_value_for_a_list(network: Any, wanted: Any) -> None:
    """The fix writes what the property accepts, or nothing."""
    diagnostic = only(spec(network), fixed=wanted is not None)
    assert diagnostic.code == "SC104"
    if wanted is not None:
        assert diagnostic.fix is not None
        assert diagnostic.fix[0]["value"] == wanted


DEFAULTS = copy.deepcopy(SCHEMA)
DEFAULTS["properties"]["training"]["properties"] |= {
    "seed": {"type": "integer", "default": 0}, "decay": {"type": "array", "default": [0.9],
                                                        "items": {"type": "number"},
                                                        "minItems": 1},
    "splits": {"type": "array", "default": ["train"], "minItems": 1,
               "items": {"type": "string", "minLength": 1}},
    "title": {"type": "string", "default": "run", "minLength": 1},
    "cut": {"type": "object", "default": {}},
    "order": {"enum": ["up", "down"], "default": "up"},
}


@pytest.mark.parametrize(("key", "value", "left_out"), [
    ("seed", None, True), ("seed", "auto", True), ("seed", "many", False), ("seed", 0.5, False),
    ("decay", [], True), ("decay", None, True), ("splits", [], False), ("splits", None, False),
    ("title", "", True), ("title", None, True), ("cut", None, False), ("order", None, True),
    ("order", "sideways", False), ("epochs", None, False),
])
def test_a_value_that_says_nothing_is_left_out_for_its_default(key: str, value: Any,
                                                               left_out: bool) -> None:
    given = training(**{key: value})
    result = validate(document(given), DEFAULTS)
    (diagnostic,) = result.diagnostics
    removal = ({"op": "remove", "path": f"/training/{key}"},)
    assert (diagnostic.fix == removal) == left_out
    if "default" in DEFAULTS["properties"]["training"]["properties"][key]:
        assert ("leave it out for the default" in (diagnostic.help or "")) == (
            key != "order" or left_out)


@pytest.mark.parametrize(("value", "left"), [
    (["a", "", "b"], ["a", "b"]), (["a", None], ["a"]), ([None], None), ([""], None),
])
def test_an_empty_name_in_a_list_is_removed(value: list[Any], left: list[str] | None) -> None:
    result = validate(document(training(splits=value)), DEFAULTS)
    (diagnostic,) = result.diagnostics
    assert (diagnostic.fix is not None) == (left is not None)
    if left is not None:
        place = f"/training/splits/{next(i for i, name in enumerate(value) if not name)}"
        assert diagnostic.fix == ({"op": "remove", "path": place},)


def test_a_wrong_kind_in_a_list() -> None:
    diagnostic = only(spec({"type": "fully_connected", "sizes": [3, "4"]}), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC104", "/network/sizes/1")
    assert diagnostic.message == "element 1 of sizes must be an integer, got a string"


def test_a_wrong_kind_of_a_union_that_may_be_null() -> None:
    assert places(spec(scheduler=3)) == [("SC104", "/scheduler")]
    assert places(spec(scheduler={"type": "nope"})) == [("SC101", "/scheduler/type")]


def test_not_allowed() -> None:
    diagnostic = only(training(sampling="shufled"), fixed=True)
    assert (diagnostic.code, diagnostic.pointer) == ("SC105", "/training/sampling")
    assert diagnostic.help == ('did you mean "shuffled"? '
                               'one of: "shuffled", "sequential", null, 3')
    assert only(training(sampling=4), fixed=False).code == "SC105"


@pytest.mark.parametrize(("value", "pointer", "message", "written"), [
    (training(epochs=0), "/training/epochs", "epochs is 0, must be at least 1", 1),
    (training(epochs=-5), "/training/epochs", "epochs is -5, must be at least 1", 5),
    (training(lr=0), "/training/lr", "lr is 0, must be above 0", None),
    (training(lr=-0.1), "/training/lr", "lr is -0.1, must be above 0", 0.1),
    (training(lr=1.5), "/training/lr", "lr is 1.5, must be at most 1", 1),
    (training(lr=20), "/training/lr", "lr is 20, must be at most 1", 0.2),
    (training(train_on=""), "/training/train_on",
     "train_on is empty, must have at least 1 character", None),
    (training(train_on=[]), "/training/train_on",
     "train_on is empty, must have at least 1 element", None),
    (spec({"type": "fully_connected", "sizes": [1, 1, 1, 1]}), "/network/sizes",
     "sizes is 4 elements long, must have at most 3 elements", None),
    (spec({"type": "fully_connected", "sizes": [], "dropout": 1}), "/network/dropout",
     "dropout is 1, must be below 1", None),
    (spec({"type": "fully_connected", "sizes": [], "dropout": 30}), "/network/dropout",
     "dropout is 30, must be below 1", 0.3),
    (spec(name="abcdefghi"), "/name", "name is 9 characters long, must have at most 8 characters",
     None),
    (spec(name="a b"), "/name", 'name is "a b", must match "^[a-z]+$"', None),
    (spec(name="ab\n"), "/name", r'name is "ab\n", must match "^[a-z]+$"', None),
    (spec(extractors={}), "/extractors", "extractors is empty, must have at least 1 key", None),
])
def test_out_of_range(value: Any, pointer: str, message: str, written: float | None) -> None:
    """The fix drops a sign, takes percent for a share, or goes to a bound that is allowed."""
    diagnostic = only(value, fixed=written is not None)
    assert (diagnostic.code, diagnostic.pointer) == ("SC106", pointer)
    assert diagnostic.message == message
    if written is not None:
        assert diagnostic.fix == ({"op": "replace", "path": pointer, "value": written},)


def test_two_rules_broken_by_one_value_are_one_mistake() -> None:
    assert places(spec(name="ABCDEFGHIJ")) == [("SC106", "/name")]


def test_a_key_out_of_range_is_marked_as_key() -> None:
    diagnostic = only(spec(extractors={"a" * 10: {}}), fixed=False)
    assert (diagnostic.code, diagnostic.pointer) == ("SC106", "/extractors/" + "a" * 10)
    assert diagnostic.target == "key"


def test_independent_mistakes_are_all_reported() -> None:
    value = spec({"type": "feed_forward", "factories": [
        {"type": "linear", "out_features": "16"}, {"type": "conat"}, {"typ": "concat"}, 3]},
        training={"epochs": 0, "lr": "x", "foo": 1}, bar=2)
    assert places(value) == [
        ("SC101", "/network/factories/1/type"), ("SC102", "/bar"),
        ("SC102", "/network/factories/2/typ"), ("SC102", "/training/foo"),
        ("SC104", "/network/factories/0/out_features"), ("SC104", "/network/factories/3"),
        ("SC104", "/training/lr"), ("SC106", "/training/epochs"),
    ]


def test_a_keyword_outside_of_the_profile_is_not_dropped() -> None:
    schema = {"properties": {"specc": {"const": 1}, "a": {"not": {"const": 3}}}}
    result = validate(document({"specc": 1, "a": 3}), schema)
    assert [(d.code, d.pointer) for d in result.diagnostics] == [("SC105", "/a")]


def test_long_and_odd_names_are_cut_and_escaped() -> None:
    (diagnostic,) = findings(spec({"type": "\x1b[31m" + "x" * 1000}))
    assert diagnostic.message.isprintable()
    assert len(diagnostic.message) < 100
    (diagnostic,) = findings(spec({"type": "concat", "{0}\x07{key}" + "x" * 1000: 3}))
    assert diagnostic.message.isprintable()
    assert len(diagnostic.message) < 120


def nested(levels: int, innermost: Any) -> Any:
    network = innermost
    for _ in range(levels):
        network = {"type": "feed_forward", "factories": [network]}
    return spec(network)


def test_the_depth_limit_protects_the_judge() -> None:
    """A spec takes one level, each network two, and the innermost network one."""
    levels = (MAX_DEPTH - 2) // 2
    assert findings(nested(levels, RELU)) == ()
    (diagnostic,) = findings(nested(levels, {"type": "conat"}))
    assert diagnostic.pointer == "/network" + "/factories/0" * levels + "/type"
    too_deep = json.dumps(nested(levels + 1, RELU))
    assert [d.code for d in parse(Source("s", too_deep)).diagnostics] == ["SC007"]
    # Room for the frames of a test runner, a web server or a notebook below the judge.
    assert not list(schema_errors(SCHEMA, nested(2 * levels, RELU)))


MUTANTS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.sampled_from(["", "3", "linear", "Linear"]),
    st.just([]), st.just({}), st.just([{}]), st.just({"type": "linear"}), st.floats(0, 2),
)
VALID = spec(
    {"type": "feed_forward", "factories": [
        {"type": "fully_connected", "sizes": [3, 4], "activation": RELU, "dropout": 0.5},
        {"type": "linear", "out_features": 1}, RELU]},
    name="abc", scheduler={"type": "concat"}, extractors={"label": {}},
    training={"epochs": 3, "lr": 0.1, "shuffle": True, "train_on": ["a"], "fill": None})


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = (value.items() if isinstance(value, dict)
               else enumerate(value) if isinstance(value, list) else ())
    return [path, *(place for key, child in members for place in paths(child, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid spec after up to three changes: a value replaced, a key dropped, renamed, added."""
    value = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(0, 3))):
        *path, key = draw(st.sampled_from([place for place in paths(value) if place]))
        holder: Any = value
        for token in path:
            holder = holder[token]
        change = draw(st.sampled_from(["replace", "drop", "rename", "add"]))
        if change == "replace" or isinstance(holder, list):
            holder[key] = copy.deepcopy(draw(MUTANTS))
        elif change == "drop":
            del holder[key]
        elif change == "rename":
            holder[f"{key}{draw(st.sampled_from('sx'))}"] = holder.pop(key)
        else:
            added = draw(st.sampled_from(["type", "sizes", "lr", "new"]))
            holder[added] = copy.deepcopy(draw(MUTANTS))
    return value


@given(mutated())
@settings(max_examples=300, deadline=None)
def test_agrees_with_the_standard_judge_and_reports_each_place_once(value: Any) -> None:
    stock = Draft202012Validator(SCHEMA)
    found = findings(value)
    assert (not found) == stock.is_valid(value)
    assert len({(d.pointer, d.target, d.message) for d in found}) == len(found)
    assert found == findings(value)
    text = json.dumps(value)
    assert render_text(found, Source("s", text), color=False).count("[SC") == len(found)


@given(mutated())
@settings(max_examples=200, deadline=None)
def test_a_fix_that_is_carried_out_removes_its_finding(value: Any) -> None:
    for diagnostic in findings(value):
        if diagnostic.fix is not None:
            after = {(d.code, d.pointer, d.message) for d in findings(patched(value, diagnostic))}
            assert (diagnostic.code, diagnostic.pointer, diagnostic.message) not in after


@given(mutated())
@settings(max_examples=100, deadline=None)
def test_the_quick_judge_gives_the_errors_of_the_standard_one(value: Any) -> None:
    def leaves(errors: Any) -> set[tuple[str, str]]:
        return {(pointer_of(error.absolute_path), str(error.validator)) for error in errors
                if error.validator != "dispatch"}

    assert leaves(schema_errors(SCHEMA, value)) == leaves(
        Draft202012Validator(SCHEMA).iter_errors(value))
