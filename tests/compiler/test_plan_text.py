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
    assert [(node["type"], node["trains"]) for node in nodes] == [
        ("extraction", False), ("fully_connected", True)]
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
