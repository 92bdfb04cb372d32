"""The plan as text and as JSON: what it must tell. How it looks is in golden/lower/ok."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pandas as pd
import pytest
from specc.compiler.planning.plan_text import plan_text
from specc.runtime.timing import time_steps

import specc as api

Json = dict[str, Any]
Specc = Callable[..., click.testing.Result]


def _described(spec: Json, bundle: Any) -> Json:
    compiled = api.compile(spec, bundle)
    assert compiled.plan is not None, str(compiled)
    return dict(compiled.plan.description)


def test_frames_and_what_their_columns_are_read_for(spec: Json, bundle: Path) -> None:
    frames = {frame["name"]: frame for frame in _described(spec, bundle)["data"]["frames"]}
    assert set(frames) == {"index", "customers", "shops"}
    columns = {column["name"]: column for column in frames["index"]["columns"]}
    assert columns["split"]["read_as"] == ["sampling"]
    assert columns["customer"]["read_as"] == ["key"]
    assert columns["late"] == {"name": "late", "dtype": "int64", "read_as": ["feature"]}
    assert "order" not in columns
    assert frames["customers"]["columns_in_frame"] == 5


def test_columns_of_preparation_are_read(spec: Json, bundle: Path) -> None:
    spec["bundle"] = {"prepare": [
        {"type": "stratified_split", "column": "size", "parts": {"train": 0.5, "test": 0.5}}]}
    spec["extractors"]["order"]["take_columns"] = ["amount"]
    (index,) = (frame for frame in _described(spec, bundle)["data"]["frames"]
                if frame["name"] == "index")
    uses = {column["name"]: column["read_as"] for column in index["columns"]}
    assert uses["size"] == ["preparation"]
    assert "split" not in uses


def test_aligned_frame_without_keys(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    plain = frames["index"].reset_index(drop=True)
    extra = pd.DataFrame({"weight": range(len(plain))})
    spec["extractors"] = {
        "label": spec["extractors"]["label"],
        "extra": {"type": "plain", "frame": "extra"},
    }
    spec["network"]["input_frames"] = ["extra"]
    bundle = api.Bundle.from_frames({"index": plain, "extra": extra}, index_frame="index")
    plan = _described(spec, bundle)
    assert [frame["name"] for frame in plan["data"]["frames"]] == ["extra", "index"]
    assert plan_text(plan)


def test_nodes_say_whether_they_train(spec: Json, bundle: Path) -> None:
    nodes = _described(spec, bundle)["network"]["nodes"]
    assert [(node["type"], bool(node["trainable"])) for node in nodes] == [
        ("extraction", False), ("fully_connected", True)]
    assert all(node["trainable"] == node["parameters"] for node in nodes)
    assert nodes[0]["reads"] == ["order", "customer", "shop"]


def test_positions_and_memory(spec: Json, bundle: Path) -> None:
    plan = _described(spec, bundle)
    for extractor in plan["data"]["extractors"]:
        assert extractor["positions"] == {"dtype": "int32", "bytes": 4 * 16}
    assert set(plan["memory"]) == {"data", "weights", "gradients", "optimizer", "activations"}


def test_strange_names_stay_on_their_line(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    frames["shops"] = frames["shops"].rename(columns={"area": "a\nb\x1b[2J"})
    text = plan_text(_described(spec, api.Bundle.from_frames(frames, index_frame="index")))
    assert "a\\nb\\x1b[2J" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_many_columns_are_counted_not_listed(spec: Json, frames: dict[str, pd.DataFrame]) -> None:
    for place in range(50):
        frames["shops"][f"c{place}"] = float(place)
    text = plan_text(_described(spec, api.Bundle.from_frames(frames, index_frame="index")))
    assert "and 20 more" in text
    assert max(map(len, text.partition("extractors:")[0].splitlines())) <= 100


# Contexts, ids and as-of joins

HISTORY: Json = {
    "type": "context", "frame": "index", "on": "customer",
    "as_of": {"sample": "placed", "row": "placed"}, "size": 3, "within": "P30D",
    "order_by": "order", "where": [{"column": "shop", "is": "below", "value": 9}],
    "extractor": {"type": "combined", "extractors": {
        "own": {"type": "plain", "take_columns": ["amount"],
                "transformer": {"type": "continuous"}},
        "city": {"type": "embedding", "take_columns": ["city"],
                 "joins": [{"frame": "shops", "on": "shop"}]},
    }},
    "aggregations": {"steps": {"type": "sequence"}},
}


@pytest.fixture
def history(spec: Json) -> Json:
    spec["extractors"] = {"label": spec["extractors"]["label"], "history": HISTORY}
    spec["network"] = {"type": "feed_forward", "factories": [
        {"type": "embedding", "width": 2, "input_frames": ["history.steps"]},
        {"type": "lstm", "width": 3}, {"type": "output"}]}
    return spec


def _rows_by_hand(index: pd.DataFrame) -> list[int]:
    """Rows that each sample sees, counted one by one."""
    found = []
    for _, mine in index.iterrows():
        ages = mine["placed"] - index["placed"]
        near = (index["customer"] == mine["customer"]) & (ages > pd.Timedelta(0)) & (
            ages <= pd.Timedelta("30D")) & (index["shop"] < 9)
        found.append(min(3, int(near.sum())))
    return found


def test_a_context_says_what_samples_see(history: Json, bundle: Path,
                                         frames: dict[str, pd.DataFrame]) -> None:
    (context,) = _described(history, bundle)["data"]["contexts"]
    counts = _rows_by_hand(frames["index"])
    assert context["samples"] == len(counts)
    assert context["empty"] == counts.count(0) > 0
    assert context["rows_a_sample"] == {
        "mean": sum(counts) / len(counts), "median": float(pd.Series(counts).median()),
        "max": max(counts)}
    assert 0 < context["rows_seen"] < context["rows"] == 16
    assert context["as_of"] == {"sample": "placed", "row": "placed"} and context["at"] is None
    (steps,) = context["aggregations"]
    assert (steps["frame"], steps["shape"], steps["steps"], steps["width"], steps["ids"]) == (
        "history.steps", "(batch, up to 3, 1) and ids of city.city", 3, 1, 1)
    own, city = context["extractors"]
    assert (own["name"], city["name"]) == ("history.own", "history.city")
    assert city["coverage"][0]["frame"] == "shops"
    assert city["columns"][0]["ids"] == 5  # Lyon and Bonn, after padding, null and unknown


def test_nulls_in_a_context_are_those_of_rows_that_samples_see(
        history: Json, frames: dict[str, pd.DataFrame]) -> None:
    def nulls() -> list[int]:
        bundle = api.Bundle.from_frames(frames, index_frame="index")
        (context,) = _described(history, bundle)["data"]["contexts"]
        return [part["columns"][0]["nulls"] for part in context["extractors"]]

    before = nulls()
    assert before == [1, 0]
    last = frames["index"]["placed"].argmax()
    frames["index"].iloc[last, frames["index"].columns.get_loc("amount")] = None
    assert nulls() == before


def test_columns_that_contexts_read(history: Json, bundle: Path) -> None:
    frames = {frame["name"]: {column["name"]: column["read_as"] for column in frame["columns"]}
              for frame in _described(history, bundle)["data"]["frames"]}
    assert set(frames) == {"index", "shops"}
    assert frames["index"] == {
        "order": ["order"], "customer": ["key"], "placed": ["time"], "amount": ["feature"],
        "shop": ["condition", "key"], "late": ["feature"], "split": ["sampling"]}
    assert frames["shops"] == {"shop": ["key"], "city": ["feature"]}


def test_columns_of_as_of_joins_and_vectors_are_read(spec: Json,
                                                     frames: dict[str, pd.DataFrame]) -> None:
    frames["cities"] = pd.DataFrame({"city": ["Lyon", "Nice"], "x": [0.5, 1.0]}).set_index("city")
    spec["extractors"] = {"label": spec["extractors"]["label"], "both": {
        "type": "combined", "extractors": {
            "city": {"type": "embedding", "joins": [{"frame": "shops", "on": "shop"}],
                     "take_columns": ["city"], "vectors": {"frame": "cities"}},
            "age": {"type": "plain", "take_columns": ["age"],
                    "transformer": {"type": "continuous"},
                    "joins": [{"frame": "customers", "on": "customer",
                               "as_of": {"sample": "placed", "row": "since"}}]}}}}
    spec["network"] = {"type": "feed_forward", "factories": [
        {"type": "embedding", "input_frames": ["both"]}, {"type": "output"}]}
    bundle = api.Bundle.from_frames(frames, index_frame="index")
    plan = _described(spec, bundle)
    read = {(frame["name"], column["name"]): column["read_as"]
            for frame in plan["data"]["frames"] for column in frame["columns"]}
    assert read["index", "placed"] == ["time"] == read["customers", "since"]
    assert read["cities", "city"] == ["key"] and read["cities", "x"] == ["vector"]
    assert plan["network"]["nodes"][1]["reads"] == ["both.city", "both.age"]
    tables = {node["type"]: (node["parameters"], node["trainable"])
              for node in plan["network"]["nodes"]}
    assert tables["embedding"] == (5, 0), "the rows of two cities and of three ids beside them"
    assert plan["parameters"] == plan["trainable"] + 5
    text = " ".join(plan_text(plan).split())
    assert "5 are frozen" in text
    assert "city 5 (vectors of cities, 1 numbers each, frozen)" in text
    assert "since before placed" in text
    assert "each key is unique in its frame" not in text


def test_the_text_tells_contexts(history: Json, bundle: Path) -> None:
    text = " ".join(plan_text(_described(history, bundle)).split())
    for told in ("contexts: 1", "history: the nearest 3 rows with placed before placed, within "
                 "P30D, ordered by order, where shop is below 9", "made for each batch",
                 "(batch, up to 3, 1) and ids of city.city", "ids in history.city",
                 "history.city shops 1 -> 1 of ids"):
        assert told in text, told


def test_what_is_kept_is_no_part_of_the_hash(history: Json, bundle: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    from specc.compiler.data import context_fit

    history["extractors"]["history"]["extractor"] = {"type": "plain", "take_columns": ["late"]}
    history["extractors"]["history"]["aggregations"] = {"mean": {"type": "group_by"}}
    history["network"] = {"type": "output", "input_frames": ["history.mean"]}
    kept = api.compile(history, bundle).plan
    monkeypatch.setattr(context_fit, "available_memory", lambda: 1)
    made = api.compile(history, bundle).plan
    assert kept is not None and made is not None
    stored = [plan.description["data"]["contexts"][0]["aggregations"][0]["kept"]
              for plan in (kept, made)]
    assert stored == [True, False]
    assert kept.hash == made.hash
    history["extractors"]["history"]["size"] = 2
    other = api.compile(history, bundle).plan
    assert other is not None and other.hash != made.hash


def test_measured_time_is_no_part_of_the_plan(specc: Specc, spec_file: Path,
                                              bundle: Path) -> None:
    shown = json.loads(specc("plan", "spec.json", "bundle", "--format", "json").stdout)
    measured = shown.pop("measured")
    assert 0 < measured["step_seconds"] < 60
    compiled = api.compile(spec_file, bundle)
    assert compiled.plan is not None
    assert shown["valid"]
    planned = json.loads(json.dumps(compiled.plan.description))
    assert {key: shown[key] for key in planned} == planned
    text = specc("plan", "spec.json", "bundle").stdout
    assert "time: about " in text
    assert text.startswith(plan_text(planned))


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_errors_of_a_drawn_plan_are_text(specc: Specc, spec: Json, bundle: Path,
                                         form: str) -> None:
    Path("spec.json").write_text(json.dumps({**spec, "seed": -1}), encoding="utf-8")
    done = specc("plan", "spec.json", "bundle", "--format", form)
    assert done.exit_code == 1
    assert "error[SC106]" in done.stdout


def test_formats_of_findings(specc: Specc, spec_file: Path, bundle: Path) -> None:
    for form in ("sarif", "github"):
        done = specc("plan", "spec.json", "bundle", "--format", form)
        assert done.exit_code == 0
        assert "network:" not in done.stdout


# Timing


@pytest.mark.parametrize("change", [
    {"training": {"batch_size": 100, "epochs": 1}},
    {"training": {"batch_size": 4, "epochs": 1},
     "scheduler": {"type": "torch.optim.lr_scheduler:OneCycleLR", "max_lr": 0.1}},
    {"training": {"batch_size": 10, "epochs": 1},
     "network": {"type": "fully_connected", "sizes": [4, 1], "normalization": "batch_norm",
                 "input_frames": ["order"]}},
])
def test_timing_leaves_no_trace(spec: Json, bundle: Path, change: Json) -> None:
    import torch

    for name in ("customer", "shop"):
        if "network" in change:
            del spec["extractors"][name]
    plan = api.compile({**spec, **change}, bundle).plan
    assert plan is not None
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    timing = time_steps(plan)
    assert timing is not None
    assert timing.step_seconds > 0
    assert timing.epoch_seconds == pytest.approx(timing.step_seconds * plan.steps_per_epoch)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
