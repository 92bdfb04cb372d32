"""A mistake in the vocabulary is told once, and hides neither itself nor others.

What stands in place of a mistake while later passes go on must not be judged: each case here
once gave a second finding. Not checked here: the findings themselves (test_validate.py).
"""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd
import pytest
from specc.compiler.text.patch import apply_to_value

import specc

ROWS = 24
FRAMES = {"index": pd.DataFrame({
    "a": [row / 3 for row in range(ROWS)],
    "b": [f"{row % 5}" for row in range(ROWS)],
    "color": [("red", "green", "blue")[row % 3] for row in range(ROWS)],
})}
SPEC: dict[str, Any] = {
    "specc": 1,
    "seed": 1,
    "bundle": {"prepare": [{"type": "stratified_split", "column": "color",
                            "parts": {"train": 0.5, "test": 0.5}}]},
    "extractors": {
        "color": {"type": "plain", "take_columns": ["color"],
                  "transformer": {"type": "class_index"}},
        "x": {"type": "plain", "take_columns": ["b"], "nulls": "fill", "fill_value": "none",
              "transformer": {"type": "auto"}},
        "z": {"type": "plain", "take_columns": ["a"], "transformer": {"type": "auto"}},
    },
    "label": "color",
    "network": {"type": "fully_connected", "sizes": [4, 3], "input_frames": ["x", "z"],
                "output_activation": "log_softmax"},
    "loss": {"type": "torch.nn:NLLLoss", "weight": [1.0, 1.0, 1.0]},
    "metrics": [{"type": "sklearn.metrics:recall_score", "average": "macro"}],
    "training": {"epochs": 1, "batch_size": 4, "train_on": ["train"]},
}


def found(spec: Any) -> list[tuple[str, str | None]]:
    return [(one.code, one.pointer) for one in specc.compile(spec, FRAMES).diagnostics]


def change(op: str, path: str, value: Any = None) -> Any:
    operation = {"op": op, "path": path}
    return apply_to_value(SPEC, ({**operation, "value": value} if op != "remove"
                                 else operation,))


CASES = {
    "null_for_names": ("replace", "/network/input_frames", None),
    "an_object_for_names": ("replace", "/network/input_frames", {"0": "x"}),
    "an_empty_name": ("replace", "/network/input_frames/0", ""),
    "one_name_for_several": ("replace", "/network/input_frames", "x"),
    "no_bundle_section": ("replace", "/bundle", None),
    "no_preparation": ("replace", "/bundle/prepare", {}),
    "a_part_out_of_range": ("replace", "/bundle/prepare/0/parts/train", -0.5),
    "a_preparation_without_type": ("remove", "/bundle/prepare/0/type"),
    "no_extractors": ("replace", "/extractors", None),
    "extractors_gone": ("remove", "/extractors"),
    "no_label": ("replace", "/label", ""),
    "no_null_policy": ("replace", "/extractors/x/nulls", "drop"),
    "a_transformer_without_type": ("remove", "/extractors/x/transformer/type"),
    "a_label_without_class_index": ("remove", "/extractors/color/transformer/type"),
    "no_average": ("replace", "/metrics/0/average", "none"),
    "no_sizes": ("replace", "/network/sizes", []),
    "no_last_size": ("replace", "/network/sizes/1", None),
    "a_size_out_of_range": ("replace", "/network/sizes/1", 0),
    "sizes_that_are_one": ("replace", "/network/sizes", 4),
    "a_weight_that_is_one": ("replace", "/loss/weight", 1.0),
    "no_activation": ("replace", "/network/output_activation", "logits"),
}


def test_the_spec_is_sound() -> None:
    assert found(SPEC) == []


@pytest.mark.parametrize("name", CASES)
def test_one_mistake_is_one_finding(name: str) -> None:
    assert len(found(change(*CASES[name]))) == 1


@pytest.mark.parametrize("name", CASES)
def test_and_does_not_hide_another(name: str) -> None:
    spec = change(*CASES[name])
    spec["training"]["epoch"] = spec["training"].pop("epochs")
    spec["seed"] = "1"
    assert len(found(spec)) == 3


def test_an_inner_mistake_behind_a_wrong_key_is_told() -> None:
    spec = copy.deepcopy(SPEC)
    spec["netwrok"] = spec.pop("network")
    spec["netwrok"]["activation"] = "reul"
    assert found(spec) == [("SC102", "/netwrok"), ("SC105", "/netwrok/activation")]


def test_mistakes_behind_a_misplaced_section_are_told_where_they_stand() -> None:
    spec = copy.deepcopy(SPEC)
    spec["training"]["network"] = spec.pop("network")
    spec["training"]["network"]["sizes"] = [4, 5]
    assert sorted(found(spec), key=str) == [
        ("SC102", "/training/network"), ("SC302", "/training/network/sizes/1")]
