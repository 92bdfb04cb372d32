"""What an older system of this kind got wrong, as far as the compiler answers for it.

What training and evaluation answer for is in tests/runtime/test_regressions.py; T10 and T14 are
beside the modules that answer for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.data.encode import encode
from specc.compiler.stages import Plan
from specc.schema import load_schema
from specc.schema.shapes import FIRST_VALUE, NULL, UNKNOWN_ID
from specc.schema.transformers import TRANSFORMERS

import specc

COMMON, RARE, UNSEEN, MISSING = 0, 25, 30, 35
"""Rows of the index frame with each kind of value."""


def frames() -> dict[str, pd.DataFrame]:
    """Training rows know two values and no null; test rows bring a third, and null."""
    word = ["common"] * 20 + ["rare"] * 10 + ["new"] * 5 + [None] * 5
    tags = [["common"]] * 20 + [["rare"]] * 10 + [["new"]] * 5 + [None] * 5
    index = pd.DataFrame({
        "word": pd.Series(word, dtype="string"), "tags": tags,
        "time": pd.date_range("2024-01-01", periods=40, freq="D"),
        "y": [1] * 18 + [0] * 12 + [1] * 10,
        "split": ["train"] * 30 + ["test"] * 10})
    return {"index": index}


def spec(**parts: Any) -> dict[str, Any]:
    return {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["word"],
                             "transformer": {"type": "auto"}}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"}, **parts}


def plan_of(document: dict[str, Any]) -> Plan:
    compiled = specc.compile(document, frames())
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def encoded(plan: Plan) -> np.ndarray:
    entry = plan.shaped.fitted.extractors["x"]
    return encode(entry, plan.shaped.fitted.bound.bundle).dense[entry.encoded_positions]


PLACES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "categorical": ("word", ("word_OTHER", "word_NULL")),
    "auto": ("word", ("word_OTHER", "word_NULL")),
    "hash": ("word", ("word_NULL",)),
    "target_encoding": ("word", ()),
    "multi_hot": ("tags", ("tags_OTHER",)),
}
"""Transformer of categories -> a column for it, and the numbers that it makes in any case."""

OF_NUMBERS = {"continuous", "datetime", "identity", "vector", "standard", "piecewise_linear"}

OF_LABELS = {"class_index"}
"""Refuses unseen values and nulls: a class that training never saw cannot be predicted."""


def test_t2_every_transformer_is_asked() -> None:
    assert {entry.name for entry in TRANSFORMERS} == {*PLACES, *OF_NUMBERS, *OF_LABELS}


@pytest.mark.parametrize("name", PLACES)
def test_t2_unseen_values_and_nulls_have_places_that_training_never_filled(name: str) -> None:
    column, places = PLACES[name]
    document = spec()
    document["extractors"]["x"] = {"type": "plain", "take_columns": [column],
                                   "transformer": {"type": name}}
    plan = plan_of(document)
    assert set(places) <= set(plan.shaped.fitted.extractors["x"].feature_names)
    rows = encoded(plan)
    for strange in (UNSEEN, MISSING):
        assert np.isfinite(rows[strange]).all()
        for known in (COMMON, RARE):
            assert (rows[strange] != rows[known]).any(), "one of the values that training knows"


def test_t2_unseen_values_and_nulls_have_ids() -> None:
    document = spec(network={"type": "feed_forward", "input_frames": ["x"],
                             "factories": [{"type": "embedding"}, {"type": "output"}]})
    document["extractors"]["x"] = {"type": "embedding", "take_columns": ["word"]}
    plan = plan_of(document)
    entry = plan.shaped.fitted.extractors["x"]
    ids = encode(entry, plan.shaped.fitted.bound.bundle).ids[entry.encoded_positions][:, 0]
    assert (ids[UNSEEN], ids[MISSING]) == (UNKNOWN_ID, NULL)
    assert {ids[COMMON], ids[RARE]} == {FIRST_VALUE, FIRST_VALUE + 1}


# T13


@pytest.mark.parametrize("pointer", ["/training/evaluate_before_training", "/training/epochs"])
def test_t13_values_from_outside_are_held_against_the_schema(pointer: str) -> None:
    (found,) = specc.validate(spec(), overrides=[f"{pointer}=False"]).diagnostics
    assert (found.code, found.pointer) == ("SC104", pointer)


def test_t13_a_value_from_outside_keeps_its_kind() -> None:
    document = spec(training={"evaluate_before_training": True})
    pointer = "/training/evaluate_before_training=false"
    plan = specc.compile(document, frames(), overrides=[pointer]).plan
    assert plan is not None and plan.graph.training.evaluate_before_training is False


def test_t13_a_setting_that_does_not_exist_is_refused() -> None:
    document = spec(training={"mini_match_size": 3})
    (found,) = specc.validate(document).diagnostics
    assert (found.code, found.pointer) == ("SC102", "/training/mini_match_size")
    assert found.help is not None and "mini_batch_size" in found.help
    (same,) = specc.validate(spec(), overrides=["/training/mini_match_size=3"]).diagnostics
    assert (same.code, same.pointer) == (found.code, found.pointer)


# T17


@pytest.mark.parametrize("before", ["2024-01-11", "2024-01-11T00:00:00"])
def test_t17_splits_by_time_take_dates(before: str) -> None:
    split = {"type": "time_split", "column": "time",
             "parts": [{"split": "train", "before": before}, {"split": "test"}]}
    bundle = frames()
    bundle["index"] = bundle["index"].drop(columns="split").iloc[::-1]
    document = spec(bundle={"prepare": [split]})
    compiled = specc.compile(document, bundle)
    assert compiled.plan is not None, str(compiled)
    training = compiled.plan.samples.rows[compiled.plan.samples.training]
    assert sorted(bundle["index"]["time"].iloc[training].dt.day) == list(range(1, 11))


def test_t17_a_date_that_is_none_is_refused() -> None:
    split = {"type": "time_split", "column": "time",
             "parts": [{"split": "train", "before": "11 January"}, {"split": "test"}]}
    document = spec(bundle={"prepare": [split]})
    (found,) = [one for one in specc.compile(document, frames()).diagnostics if one.is_error]
    assert found.pointer == "/bundle/prepare/0/parts/0/before"


@pytest.mark.parametrize(("within", "seen"), [("P2D", 2), ("PT48H", 2), ("P1W", 7)])
def test_t17_windows_take_durations(within: str, seen: int) -> None:
    bundle = frames()
    bundle["events"] = bundle["index"][["time"]].assign(value=1.0)
    document = spec()
    document["extractors"]["x"] = {
        "type": "context", "frame": "events", "within": within,
        "as_of": {"sample": "time", "row": "time"},
        "extractor": {"type": "plain", "take_columns": ["value"]},
        "aggregations": {"days": {"type": "group_by", "functions": ["count"], "scaler": None}}}
    document["network"]["input_frames"] = ["x.days"]
    compiled = specc.compile(document, bundle)
    assert compiled.plan is not None, str(compiled)
    values = compiled.plan.shaped.fitted.contexts["x"].aggregates["days"].values
    assert values is not None and values[:, 0].max() == seen


# T18


def test_t18_no_setting_holds_code() -> None:
    """Quiet hours were a callable; now they are windows of the week, as text."""
    names = {name for name, _ in properties(load_schema())}
    assert {"epochs", "within", "quiet_hours"} <= names
    assert not [name for name in names if "quite" in name or "callable" in name]
    assert specc.validate(spec(training={"quiet_hours": ["mon-fri 08:00-18:00"]})).ok
    (found,) = specc.validate(spec(training={"quiet_hours": ["lambda: False"]})).diagnostics
    assert found.pointer == "/training/quiet_hours/0"
    (found,) = specc.validate(spec(training={"is_quite_time": "lambda: False"})).diagnostics
    assert (found.code, found.pointer) == ("SC102", "/training/is_quite_time")


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every property of the schema by name."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", {}).items()
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)
