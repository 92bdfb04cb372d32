"""Filling in what a valid spec leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema import load_schema
from specc.schema.declaration import Family, Type
from specc.schema.vocabulary import VOCABULARY

SPECS = sorted((Path(__file__).resolve().parents[2] / "specs").glob("*/spec.json"))
LEAST: dict[str, Any] = {
    "specc": 1,
    "extractors": {"label": {"type": "plain"}, "x": {"type": "plain"}},
    "network": {"type": "output", "input_frames": ["x"]},
    "loss": {"type": "torch.nn:MSELoss"},
}
TYPES = [(family, entry) for family in VOCABULARY for entry in family.types]
each_type = pytest.mark.parametrize(
    ("family", "entry"), TYPES, ids=[f"{family.name}-{entry.name}" for family, entry in TYPES])


def fill(value: Any) -> Any:
    return with_defaults(load_schema(), value)


def of_family(family: str) -> dict[str, Any]:
    """The schema of one object of a family."""
    return {"$ref": f"#/$defs/{family}", "$defs": load_schema()["$defs"]}


def changed(**parts: Any) -> dict[str, Any]:
    return {**LEAST, **parts}


def test_top_level_is_written_out() -> None:
    filled = fill(LEAST)
    assert list(filled) == list(load_schema()["properties"])
    assert filled["seed"] == 0 and filled["metrics"] == [] and filled["scheduler"] is None
    assert filled["training"]["epochs"] == 10
    assert filled["training"]["train_on"] == ["train", "display"]
    assert filled["bundle"] == {"index_frame": None, "keys": {}, "prepare": []}


def test_a_default_that_is_an_object_gets_defaults_of_its_own() -> None:
    filled = fill(LEAST)
    assert filled["optimizer"]["type"] == "torch.optim:AdamW"
    assert filled["optimizer"]["betas"] == [0.9, 0.999]
    assert filled["extractors"]["x"]["transformer"] == {"type": "identity", "on_null": "error"}
    auto = fill(changed(extractors={"x": {"type": "plain", "transformer": {"type": "auto"}}}))
    continuous = auto["extractors"]["x"]["transformer"]["continuous"]
    assert continuous["scaler"] == {"type": "sklearn.preprocessing:StandardScaler",
                                    "with_mean": True, "with_std": True}
    assert continuous["imputer"]["strategy"] == "mean"


def test_null_stays_where_it_is_allowed() -> None:
    transformer = {"type": "continuous", "scaler": None}
    filled = fill(changed(extractors={"x": {"type": "plain", "transformer": transformer}}))
    assert filled["extractors"]["x"]["transformer"]["scaler"] is None


def test_numbers_get_the_type_that_the_schema_asks_for() -> None:
    filled = fill(changed(
        seed=3.0, optimizer={"type": "torch.optim:SGD", "lr": 1, "momentum": 0},
        training={"epochs": 2.0, "threads": 1.0},
        network={"type": "fully_connected", "sizes": [4.0, 1], "input_frames": ["x"]},
        scheduler={"type": "torch.optim.lr_scheduler:MultiStepLR", "milestones": [1.0, 2]},
    ))
    for number, kind in ((filled["seed"], int), (filled["optimizer"]["lr"], float),
                         (filled["optimizer"]["momentum"], float),
                         (filled["training"]["epochs"], int), (filled["training"]["threads"], int),
                         (filled["network"]["sizes"][0], int),
                         (filled["scheduler"]["milestones"][0], int)):
        assert type(number) is kind


def test_places_of_a_list_get_their_types() -> None:
    adam = fill(changed(optimizer={"type": "torch.optim:Adam", "betas": [0, 0.5]}))["optimizer"]
    assert adam["betas"] == [0.0, 0.5] and type(adam["betas"][0]) is float
    loss = fill(changed(loss={"type": "torch.nn:CrossEntropyLoss", "weight": [1, 2]}))["loss"]
    assert [type(weight) for weight in loss["weight"]] == [float, float]


def test_true_is_no_number() -> None:
    nulls = {"type": "plain", "nulls": "fill", "fill_value": True}
    assert fill(changed(extractors={"x": nulls}))["extractors"]["x"]["fill_value"] is True
    whole = {"type": "plain", "nulls": "fill", "fill_value": 1}
    assert type(fill(changed(extractors={"x": whole}))["extractors"]["x"]["fill_value"]) is int


def test_nested_networks_and_schedulers_are_filled() -> None:
    network = {"type": "feed_forward", "input_frames": ["x"], "factories": [
        {"type": "feed_forward", "factories": [{"type": "torch.nn:Dropout", "p": 0}]}]}
    inner = {"type": "torch.optim.lr_scheduler:LinearLR"}
    filled = fill(changed(network=network, scheduler={
        "type": "torch.optim.lr_scheduler:ChainedScheduler", "schedulers": [inner]}))
    dropout = filled["network"]["factories"][0]["factories"][0]
    assert dropout == {"type": "torch.nn:Dropout", "p": 0.0, "input_frames": []}
    assert type(dropout["p"]) is float
    assert filled["scheduler"]["schedulers"][0]["total_iters"] == 5


def test_free_names_are_kept_in_their_order() -> None:
    names = ["z", "a/b", "~", "label", ""]
    filled = fill(changed(extractors={name: {"type": "plain"} for name in names}))
    assert list(filled["extractors"]) == names
    keys = fill(changed(bundle={"keys": {"b": ["x"], "a": "y"}}))["bundle"]["keys"]
    assert keys == {"b": ["x"], "a": "y"}


def test_the_value_and_the_schema_are_left_alone() -> None:
    spec, schema = json.dumps(LEAST), json.dumps(load_schema())
    filled = fill(LEAST)
    filled["metrics"].append("x")
    filled["optimizer"]["betas"].append(1)
    filled["training"]["train_on"].clear()
    assert json.dumps(LEAST) == spec and json.dumps(load_schema()) == schema
    assert fill(LEAST)["training"]["train_on"] == ["train", "display"]


def shuffled(value: Any) -> Any:
    """The same JSON with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(inner) for key, inner in reversed(value.items())}
    return [shuffled(inner) for inner in value] if isinstance(value, list) else value


@each_type
def test_example_of_every_type(family: Family, entry: Type) -> None:
    schema = of_family(family.name)
    definition = load_schema()["$defs"][f"{family.name}.{entry.name}"]
    for example in entry.examples:
        whole = {"type": entry.name, **example}
        filled = with_defaults(schema, whole)
        assert list(filled) == list(definition["properties"])
        assert filled["type"] == entry.name
        for name in example.keys() - {"factories", "schedulers"}:
            assert filled[name] == example[name] or isinstance(example[name], dict | list)
        assert Draft202012Validator(schema).is_valid(filled)
        assert json.dumps(with_defaults(schema, filled)) == json.dumps(filled)
        for again in (shuffled(whole), shuffled(filled)):
            assert with_defaults(schema, again) == filled
            assert list(with_defaults(schema, again)) == list(filled)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.parent.name)
def test_filling_a_filled_spec_changes_nothing(path: Path) -> None:
    filled = fill(json.loads(path.read_text(encoding="utf-8")))
    assert json.dumps(fill(filled)) == json.dumps(filled)
    assert Draft202012Validator(load_schema()).is_valid(filled)


@given(epochs=st.integers(1, 1_000_000), lr=st.floats(0, 1e6), sizes=st.lists(
    st.integers(1, 1_000_000), min_size=1, max_size=4), seed=st.integers(0, 2**63 - 1))
def test_what_is_written_is_kept(epochs: int, lr: float, sizes: list[int], seed: int) -> None:
    filled = fill(changed(seed=seed, training={"epochs": epochs},
                          optimizer={"type": "torch.optim:SGD", "lr": lr},
                          network={"type": "fully_connected", "sizes": sizes}))
    assert (filled["seed"], filled["training"]["epochs"]) == (seed, epochs)
    assert (filled["optimizer"]["lr"], filled["network"]["sizes"]) == (lr, sizes)
    assert json.dumps(fill(filled)) == json.dumps(filled)
