"""Several heads in the compiler: views, hidden labels, what must not stand beside them.

Not checked here: how each refusal reads (tests/golden), and runs (tests/runtime/test_heads.py).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.network.early_stopping import measure_names
from specc.compiler.network.heads import labels, views

import specc

ROWS = 40
INDEX = pd.DataFrame({
    "a": np.arange(ROWS) % 7, "b": np.arange(ROWS) % 5, "late": np.arange(ROWS) % 2,
    "delay": np.arange(ROWS) * 1.5, "color": ["red", "green", "blue", "red"] * (ROWS // 4),
    "split": ["train", "train", "train", "test"] * (ROWS // 4),
})
FRAMES = {"index": INDEX}
LOGITS = {"type": "torch.nn:BCEWithLogitsLoss"}
HUBER = {"type": "torch.nn:HuberLoss"}
SPEC: dict[str, Any] = {
    "specc": 1,
    "extractors": {
        "x": {"type": "plain", "take_columns": ["a", "b"], "transformer": {"type": "auto"}},
        "late": {"type": "plain", "take_columns": ["late"]},
        "delay": {"type": "plain", "take_columns": ["delay"]},
    },
    "network": {"type": "fully_connected", "sizes": [4], "input_frames": ["x"]},
    "heads": {"late": {"label": "late", "loss": LOGITS},
              "delay": {"label": "delay", "loss": HUBER, "weight": 0.3}},
    "training": {"epochs": 1, "batch_size": 10, "device": "cpu"},
}


def spec(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SPEC), **changes}


def found(changed: dict[str, Any], frames: Any = FRAMES) -> list[tuple[str, str | None]]:
    return [(one.code, one.pointer) for one in specc.validate(changed, frames).diagnostics]


def planned(changed: dict[str, Any]) -> Any:
    compiled = specc.compile(changed, FRAMES)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def test_each_view_is_a_graph_of_one_label() -> None:
    plan = planned(SPEC)
    late, delay = views(plan.graph).values()
    assert (late.label.name, late.loss.type) == ("late", LOGITS["type"])
    assert (delay.label.name, delay.loss.pointer) == ("delay", "/heads/delay/loss")
    assert [set(view.frames) for view in (late, delay)] == [{"x", "late"}, {"x", "delay"}]
    assert views(late) == {"late": late}
    assert [view.shaped.task for view in plan.views.values()] == ["binary", "regression"]


def test_without_heads_the_only_view_is_the_graph() -> None:
    single = spec(label="late", loss=LOGITS)
    del single["heads"]
    single["network"]["sizes"] = [4, 1]
    plan = planned(single)
    assert views(plan.graph) == {"": plan.graph}
    assert plan.views == {"": plan} and plan.shaped.views == {"": plan.shaped}
    assert labels(plan.graph) == (plan.graph.label,)
    assert "heads" not in plan.description and "heads" not in plan.graph.resolved


def test_nodes_of_the_network_stand_once_before_those_of_the_heads() -> None:
    nodes = planned(SPEC).description["network"]["nodes"]
    assert [node["pointer"] for node in nodes] == [
        "/network/input_frames", "/network", "/heads/late/network", "/heads/delay/network"]
    assert [node["parameters"] for node in nodes] == [0, 12, 5, 5]


def test_two_heads_may_have_one_label() -> None:
    twice = spec()
    twice["heads"]["delay"]["label"] = "late"
    twice["heads"]["delay"]["loss"] = {"type": "torch.nn:BCEWithLogitsLoss", "pos_weight": [3.0]}
    assert found(twice) == [("SC205", "/extractors/delay")]


@pytest.mark.parametrize("taken", ["late", "delay"])
def test_no_feature_takes_a_column_of_any_label(taken: str) -> None:
    leaky = spec()
    leaky["extractors"]["x"]["take_columns"] = ["a", taken]
    assert found(leaky) == [("SC622", "/extractors/x/take_columns/1")]


def test_features_that_take_all_columns_leave_out_those_of_all_labels() -> None:
    wide = spec()
    del wide["extractors"]["x"]["take_columns"]
    bound = planned(wide).shaped.fitted.bound
    assert [column.name for column in bound.extractors["x"].columns] == ["a", "b", "color"]


def test_a_twin_of_any_label_is_told_and_a_label_is_no_twin_of_another() -> None:
    frames = {"index": INDEX.assign(minutes=INDEX["delay"] * 2, delayed=INDEX["delay"])}
    twin = spec()
    twin["extractors"]["x"]["take_columns"] = ["a", "delayed"]
    assert found(twin, frames) == [("SC706", "/extractors/x")]
    apart = spec()
    apart["extractors"]["late"] = {"type": "plain", "take_columns": ["delayed"]}
    apart["heads"]["late"]["loss"] = HUBER
    assert found(apart, frames) == []


def test_the_network_reads_no_label_of_a_head() -> None:
    reading = spec()
    reading["network"]["input_frames"] = ["x", "delay"]
    assert found(reading) == [("SC202", "/network/input_frames/1")]


def test_a_head_reads_no_frames() -> None:
    reading = spec()
    reading["heads"]["late"]["network"] = {"type": "output", "input_frames": ["x"]}
    assert found(reading) == [("SC301", "/heads/late/network/input_frames")]


def test_a_shared_network_may_stand_in_the_network_and_in_a_head() -> None:
    shared = {"type": "shared", "name": "block",
              "network": {"type": "fully_connected", "sizes": [4]}}
    changed = spec(network={"type": "feed_forward", "factories": [
        {"type": "fully_connected", "sizes": [4], "input_frames": ["x"]}, shared]})
    changed["heads"]["late"]["network"] = {"type": "feed_forward", "factories": [
        {"type": "shared", "name": "block"}, {"type": "output"}]}
    plan = planned(changed)
    assert plan.description["parameters"] == 12 + 20 + 5 + 5
    # What one head keeps under a name, another does not see.
    changed["heads"]["late"]["network"]["factories"][0] = {**shared, "name": "own"}
    changed["heads"]["delay"]["network"] = {"type": "shared", "name": "own"}
    assert found(changed) == [("SC208", "/heads/delay/network/name")]


def test_parameter_groups_may_name_a_head() -> None:
    grouped = spec(optimizer={"type": "torch.optim:SGD", "lr": 0.1})
    grouped["training"]["parameter_groups"] = [{"nodes": ["/heads/late/network"], "lr": 0.5}]
    groups = planned(grouped).description["training"]["parameter_groups"]
    assert {group["lr"]: group["parameters"] for group in groups} == {0.1: 17, 0.5: 5}


def test_measures_carry_the_names_of_heads() -> None:
    measured = spec()
    measured["heads"]["late"]["metrics"] = [{"type": "sklearn.metrics:roc_auc_score"}]
    assert measure_names(planned(measured).graph) == (
        "loss", "late.loss", "late.roc_auc_score", "delay.loss")


def test_queries_of_the_metrics_of_heads_are_bound() -> None:
    ranked = spec()
    ranked["heads"]["late"]["metrics"] = [{"type": "group_auc", "query": "nothing"}]
    assert found(ranked) == [("SC607", "/heads/late/metrics/0/query")]
    ranked["heads"]["late"]["metrics"][0]["query"] = "b"
    assert list(planned(ranked).shaped.fitted.bound.queries) == ["/heads/late/metrics/0"]


def test_target_encoding_reads_the_label_of_the_first_head() -> None:
    encoded = spec()
    encoded["extractors"]["x"] = {"type": "plain", "take_columns": ["color"],
                                  "transformer": {"type": "target_encoding"}}
    heads = dict(encoded["heads"])
    first = planned(encoded).shaped.fitted.extractors["x"].columns[0].means
    encoded["heads"] = {"delay": heads["delay"], "late": heads["late"]}
    other = planned(encoded).shaped.fitted.extractors["x"].columns[0].means
    assert first.max() <= 1 < other.max()


def test_codes_are_looked_up_behind_the_network_and_not_behind_heads() -> None:
    frames = {"index": pd.DataFrame({
        "word": [f"w{number}" for number in range(600)] * 2, "late": [0, 1] * 600,
        "delay": np.arange(1200.0), "split": ["train"] * 1200})}
    wide = spec()
    wide["extractors"]["x"] = {"type": "plain", "take_columns": ["word"], "transformer": {
        "type": "categorical", "max_values": 1000}}
    for network, codes in (({"type": "fully_connected", "sizes": [4], "input_frames": ["x"]}, 1),
                           ({"type": "extraction", "frames": ["x"]}, 0)):
        compiled = specc.compile({**wide, "network": network}, frames)
        assert compiled.plan is not None, str(compiled)
        assert len(compiled.plan.shaped.fitted.extractors["x"].codes) == codes


WITHOUT_LOSS = {key: value for key, value in SPEC.items() if key != "heads"}


@pytest.mark.parametrize("heads", [{}, {"heads": None}])
def test_a_spec_without_heads_needs_a_loss(heads: dict[str, Any]) -> None:
    assert found({**WITHOUT_LOSS, **heads, "label": "late"}, None) == [("SC103", "")]
    null = {**WITHOUT_LOSS, **heads, "label": "late", "loss": None}
    assert found(null, None) == [("SC104", "/loss")]


@pytest.mark.parametrize("heads", [5, {}, "late", {"late": 3}])
def test_wrong_heads_are_told_alone(heads: Any) -> None:
    (one,) = found({**WITHOUT_LOSS, "heads": heads})
    assert one[1] in ("/heads", "/heads/late")


def test_a_misspelt_key_is_told_alone() -> None:
    misspelt = spec()
    misspelt["head"] = misspelt.pop("heads")
    assert found(misspelt) == [("SC102", "/head")]
