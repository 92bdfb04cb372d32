"""The plan around a shaped graph: its loop, its hash, its text.

Not checked here: the bytes of memory, which tests of `memory` count.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.network import lookups
from specc.compiler.passes import lower
from specc.compiler.planning.plan_text import plan_text
from specc.compiler.stages import Plan
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema import load_schema

import specc

ROWS = 40
SPEC: dict[str, Any] = {
    "specc": 1, "name": "plan", "seed": 3,
    "extractors": {
        "label": {"type": "plain", "take_columns": ["y"]},
        "numbers": {"type": "plain", "take_columns": ["a", "b"],
                    "transformer": {"type": "continuous"}},
        "words": {"type": "plain", "take_columns": ["word"],
                  "transformer": {"type": "categorical"}},
    },
    "network": {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["numbers", "words"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
    "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
    "training": {"epochs": 2, "batch_size": 8, "device": "cpu"},
}


def index(**columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS),
        "word": rng.choice(["x", "y", "z"], ROWS), "y": np.arange(ROWS) % 2,
        "split": ["train"] * 20 + ["display"] * 5 + ["test"] * 15,
    })
    return frame.assign(**columns)


def plan_of(spec: Mapping[str, Any] = SPEC, **columns: Any) -> Plan:
    compiled = specc.compile(spec, {"index": index(**columns)})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """The spec with one value set."""
    spec = copy.deepcopy(SPEC)
    *path, last = pointer.removeprefix("/").split("/")
    target: Any = spec
    for step in path:
        target = target[step]
    target[last] = value
    return spec


def turned(value: Any) -> Any:
    """The same JSON with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


# The hash


def test_hash_is_eight_hexadecimal_digits() -> None:
    digits = plan_of().hash
    assert len(digits) == 8 and set(digits) <= set("0123456789abcdef")


def test_order_of_keys_means_nothing() -> None:
    first, second = plan_of(), plan_of(turned(SPEC))
    assert list(turned(SPEC)) != list(SPEC)
    assert first.hash == second.hash


def test_written_out_defaults_mean_nothing() -> None:
    assert plan_of(with_defaults(load_schema(), SPEC)).hash == plan_of().hash
    assert plan_of(changed("/optimizer/momentum", 0)).hash == plan_of().hash


def test_words_for_readers_mean_nothing() -> None:
    spec = changed("/description", "other words")
    assert plan_of({**spec, "$schema": "elsewhere.json"}).hash == plan_of().hash


@pytest.mark.parametrize(("pointer", "value"), [
    ("/optimizer/lr", 0.2), ("/optimizer/momentum", 0.5), ("/seed", 4), ("/name", "other"),
    ("/training/epochs", 3), ("/training/batch_size", 7),
    ("/training/sampler", {"type": "sequential"}),
    ("/network/sizes", [5, 1]), ("/network/activation", "tanh"), ("/metrics", []),
    ("/network/input_frames", ["words", "numbers"]),
    ("/loss", {"type": "torch.nn:SoftMarginLoss"}),
    ("/scheduler", {"type": "torch.optim.lr_scheduler:LinearLR"}),
    ("/training/evaluate_on", ["test"]), ("/training/train_on", ["train"]),
    ("/training/threads", 2), ("/extractors/words/transformer/max_values", 2),
])
def test_hash_follows_the_spec(pointer: str, value: Any) -> None:
    other = changed(pointer, value)
    if pointer == "/loss":
        assert plan_of(other, y=2 * (np.arange(ROWS) % 2) - 1).hash != plan_of().hash
    else:
        assert plan_of(other).hash != plan_of().hash


def test_hash_follows_the_fit() -> None:
    assert plan_of(word=["only"] * ROWS).hash != plan_of().hash


def test_order_of_the_parts_of_a_split_means_nothing() -> None:
    """JSON objects have no order, so equal specs share rows out alike."""
    parts = {"train": 0.6, "display": 0.1, "test": 0.3}
    splits = []
    for given in (parts, dict(reversed(parts.items()))):
        spec = {**SPEC, "bundle": {"prepare": [{"type": "random_split", "parts": given}]}}
        frame = index().drop(columns="split")
        plan = specc.compile(spec, {"index": frame}).plan
        assert plan is not None
        samples = plan.samples
        names = np.array(samples.names)[samples.split]
        splits.append(dict(zip(samples.rows.tolist(), names.tolist(), strict=True)))
    assert splits[0] == splits[1]


# The text


def test_text_and_data_are_the_same_each_time() -> None:
    first, second = plan_of(), plan_of()
    assert plan_text(first.description) == plan_text(second.description)
    assert json.dumps(first.description) == json.dumps(second.description)
    json.dumps(first.description, allow_nan=False)


def test_data_says_what_the_plan_holds() -> None:
    plan = plan_of()
    said = plan.description
    assert said["parameters"] == sum(
        int(np.prod(shape)) for node in said["network"]["nodes"]
        for shape in node["parameter_shapes"].values()) == (2 + 5) * 4 + 4 + 4 + 1
    assert said["data"]["splits"] == {"train": 20, "display": 5, "test": 15}
    assert said["training"]["steps_per_epoch"] == plan.steps_per_epoch == 4
    assert said["training"]["rows"] == plan.training_rows == 25


# The loop


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 25), (5, 5), (8, 4), (24, 2), (25, 1)])
def test_steps_of_an_epoch(batch_size: int, steps: int) -> None:
    assert plan_of(changed("/training/batch_size", batch_size)).steps_per_epoch == steps


def test_batch_larger_than_the_data_is_a_warning() -> None:
    compiled = specc.compile(changed("/training/batch_size", 26), {"index": index()})
    assert [(one.code, one.is_error) for one in compiled.diagnostics] == [("SC402", False)]
    assert compiled.plan is not None and compiled.plan.steps_per_epoch == 1


@pytest.mark.parametrize(("batch_size", "fits"), [(8, False), (24, False), (1, False), (12, False),
                                                  (25, True), (7, True), (26, True), (2, False)])
def test_batch_normalization_needs_two_rows_in_every_batch(batch_size: int, fits: bool) -> None:
    spec = changed("/network/normalization", "batch_norm")
    spec["training"]["batch_size"] = batch_size
    compiled = specc.compile(spec, {"index": index()})
    told = [(one.code, one.pointer) for one in compiled.diagnostics if one.is_error]
    assert told == ([] if fits else [("SC403", "/training/batch_size")])


def test_display_stands_for_training_rows() -> None:
    assert plan_of().evaluate_on == ("display", "test")
    without = plan_of(split=["train"] * 25 + ["test"] * 15)
    assert without.evaluate_on == ("train", "test")
    assert plan_of(changed("/training/evaluate_on", ["test", "train"])).evaluate_on == (
        "test", "train")
    assert plan_of(changed("/training/evaluate_on", [])).evaluate_on == ()


@pytest.mark.parametrize(("sampler", "column", "order"), [
    ("auto", False, "shuffled"), ("auto", True, "drawn by priority"),
    ("shuffled", True, "shuffled"), ("sequential", True, "sequential"),
    ("priority", True, "drawn by priority"), ("sequential", False, "sequential"),
])
def test_order_of_training_rows(sampler: str, column: bool, order: str) -> None:
    columns = {"priority": np.arange(ROWS) + 1.0} if column else {}
    plan = plan_of(changed("/training/sampler", {"type": sampler}), **columns)
    assert plan.description["training"]["order"] == order
    assert plan.sampler.type == {"drawn by priority": "priority"}.get(order, order)


def test_threads_are_those_of_the_spec_else_one_for_small_networks(monkeypatch) -> None:
    assert plan_of().threads == 1
    assert plan_of(changed("/training/threads", 3)).threads == 3
    monkeypatch.setattr(lower, "MANY_THREADS_FROM", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    assert plan_of().threads == 5


# Codes for wide one-hot columns


def wide(values: int = 100) -> list[str]:
    return [f"w{row % values}" for row in range(ROWS)]


@pytest.mark.parametrize(("network", "coded"), [
    ({"type": "output"}, True),
    ({"type": "torch.nn:Linear", "out_features": 1}, True),
    ({"type": "feed_forward", "factories": [{"type": "fully_connected", "sizes": [1]}]}, True),
    ({"type": "feed_forward", "factories": [
        {"type": "torch.nn:LayerNorm"}, {"type": "output"}]}, False),
])
def test_who_reads_codes(monkeypatch, network: dict[str, Any], coded: bool) -> None:
    monkeypatch.setattr(lookups, "LOOKUP_FROM", 20)
    monkeypatch.setattr(lookups, "LOOKUP_BLOCK", 10)
    spec = changed("/network", {**network, "input_frames": ["numbers", "words"]})
    spec["extractors"]["words"]["transformer"]["max_values"] = 100
    plan = plan_of(spec, word=wide())
    words = plan.shaped.fitted.extractors["words"]
    assert words.codes == (frozenset({"word"}) if coded else frozenset())
    said = {entry["name"]: entry["encoding"] for entry in plan.description["data"]["extractors"]}
    assert ("codes for word" in said["words"]) == coded
    assert "codes" not in said["numbers"]


def test_optimizers_of_whole_tensors_keep_the_dense_form(monkeypatch) -> None:
    monkeypatch.setattr(lookups, "LOOKUP_FROM", 20)
    spec = changed("/optimizer", {"type": "torch.optim:Adafactor"})
    spec["extractors"]["words"]["transformer"]["max_values"] = 100
    assert not plan_of(spec, word=wide()).shaped.fitted.extractors["words"].codes


def test_few_columns_stay_dense() -> None:
    assert not plan_of(word=wide()).shaped.fitted.extractors["words"].codes
