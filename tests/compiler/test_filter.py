"""Steps `filter` and `derive` in a whole compilation: samples, splits, joins, leaks, the plan."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.bundle import Bundle
from specc.compiler.diagnostics.diagnostic import Result
from specc.compiler.passes.bind import bind
from specc.compiler.pipeline import read, resolve_document
from specc.compiler.stages import BoundGraph, Source

from specc import compile, run, validate

Json = dict[str, Any]
Frames = dict[str, pd.DataFrame]

SPEC: Json = {
    "specc": 1,
    "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                   "x": {"type": "plain", "take_columns": ["a"]}},
    "network": {"type": "torch.nn:Linear", "out_features": 1, "input_frames": ["x"]},
    "loss": {"type": "torch.nn:MSELoss"},
}


def step(column: str, word: str, value: Any = None, frame: str | None = None) -> Json:
    return {"type": "filter", "frame": frame,
            "where": [{"column": column, "is": word, "value": value}]}


def derive(column: str, operation: Json, frame: str | None = None) -> Json:
    return {"type": "derive", "frame": frame, "column": column, "operation": operation}


def bound(frames: Frames, *steps: Json, **changes: Any) -> Result[BoundGraph]:
    """The bound graph of SPEC with steps; changes are of its extractors."""
    spec = copy.deepcopy(SPEC)
    spec["bundle"] = {"prepare": list(steps)}
    spec["extractors"] |= changes
    document = read(Source("spec", json.dumps(spec))).stage
    assert document is not None
    graph = resolve_document(document)
    assert graph.stage is not None and graph.ok, graph.diagnostics
    return bind(graph.stage, Bundle.from_frames(frames))


def told(result: Result[Any]) -> list[tuple[str, str | None]]:
    return [(found.code, found.pointer) for found in result.diagnostics if found.is_error]


def ok(result: Result[BoundGraph]) -> BoundGraph:
    assert result.stage is not None and not told(result), result.diagnostics
    return result.stage


def index(**columns: Any) -> Frames:
    rows = len(next(iter(columns.values()), range(8)))
    table = {"y": np.arange(rows) % 2, "a": np.arange(rows, dtype=float),
             "split": ["train", "test"] * (rows // 2) + ["train"] * (rows % 2), **columns}
    return {"index": pd.DataFrame(table)}


HALVES = {"type": "random_split", "parts": {"train": 0.5, "test": 0.5}}


def test_rows_that_fail_are_no_samples() -> None:
    samples = ok(bound(index(), step("a", "above", 2), step("a", "below", 7))).samples
    assert samples.rows.tolist() == [3, 4, 5, 6]
    assert [samples.names[code] for code in samples.split] == ["test", "train", "test", "train"]


@settings(deadline=None, max_examples=30)
@given(values=st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=2, max_size=12),
       bounds=st.lists(st.integers(-3, 3), max_size=3))
def test_filters_as_in_pandas(values: list[int | None], bounds: list[int]) -> None:
    frames = index(a=pd.array(values, dtype="Int64"), split=["train"] * len(values))
    result = bound(frames, *(step("a", "not_equal", value) for value in bounds))
    column = frames["index"]["a"]
    kept = pd.Series(True, index=column.index)
    for value in bounds:
        kept &= column.ne(value).fillna(False)
    if bounds and not kept.any():
        assert {code for code, _ in told(result)} == {"SC630"}
    else:
        assert ok(result).samples.rows.tolist() == np.flatnonzero(kept).tolist()


def test_a_split_shares_out_what_filters_before_it_keep() -> None:
    frames = index(a=np.arange(40.0))
    before = ok(bound(frames, step("a", "below", 20), HALVES)).samples
    assert before.rows.tolist() == list(range(20))
    assert np.bincount(before.split).tolist() == [10, 10]
    after = ok(bound(frames, HALVES, step("a", "below", 20))).samples
    assert after.rows.tolist() == list(range(20))
    whole = ok(bound(frames, HALVES)).samples
    assert (after.split == whole.split[:20]).all()


def test_a_split_whose_rows_are_all_filtered_is_unknown() -> None:
    frames = index()
    only_train = step("split", "equal", "train")
    assert ok(bound(frames, only_train)).samples.names == ("train",)
    result = bound(frames, step("split", "equal", "test"))
    assert [code for code, _ in told(result)] == ["SC401"]


def test_a_filter_that_keeps_nothing() -> None:
    result = bound(index(), step("a", "above", 100))
    assert told(result) == [("SC630", "/bundle/prepare/0")]
    apart = (step("a", "above", 3), step("a", "below", 3))
    assert told(bound(index(), *apart)) == [("SC630", "/bundle/prepare/1")]
    other = {**index(), "other": pd.DataFrame({"k": [1]}).set_index("k")}
    assert told(bound(other, step("k", "above", 1, "other"))) == [("SC630", "/bundle/prepare/0")]
    nulls = index(a=[None] * 4, y=[0, 1, 0, 1], split=["train"] * 4)
    nulls["index"]["a"] = nulls["index"]["a"].astype(float)
    assert told(bound(nulls, step("a", "not_equal", 1))) == [("SC630", "/bundle/prepare/0")]


def joined(on: Any = "k", **more: Any) -> Json:
    return {"x": {"type": "plain", "joins": [{"frame": "other", "on": on}], **more}}


def test_rows_of_another_frame_are_not_there() -> None:
    frames = {**index(k=[1, 2, 3, 9]), "other": pd.DataFrame(
        {"k": [1, 2, 3, 2], "b": [1.0, 2.0, 3.0, 4.0]}).set_index("k")}
    # The key is judged after the filter.
    assert told(bound(frames, **joined()))[0][0] == "SC612"
    entry = ok(bound(frames, step("b", "not_equal", 2, "other"), **joined())).extractors["x"]
    assert entry.positions.rows.tolist() == [0, 2, 1, -1]
    (coverage,) = entry.positions.coverage
    assert (coverage.rows, coverage.orphans) == (3, 0)


def test_the_index_frame_keeps_its_rows_for_others() -> None:
    """A row that is no sample may still be looked up."""
    frames = index(k=[0, 1, 2, 3], before=[3, 0, 1, 2])
    frames["index"] = frames["index"].set_index("k")
    again = {"x": {"type": "plain", "joins": [{"frame": "index", "on": "before"}],
                   "take_columns": ["a"]}}
    graph = ok(bound(frames, step("a", "above", 1, "index"), **again))
    assert graph.samples.rows.tolist() == [2, 3]
    assert graph.extractors["x"].positions.rows.tolist() == [1, 2]


def test_a_derived_column_is_a_column_like_any_other() -> None:
    frames = {**index(k=[10, 20, 30, 40]), "other": pd.DataFrame(
        {"k": [1, 2, 3, 4], "b": [1.0, 2.0, 3.0, 4.0]})}
    steps = [
        derive("tens", {"type": "divide", "operands": ["k", 10]}),
        derive("more", {"type": "add", "operands": ["tens", 1]}),
        derive("key", {"type": "multiply", "operands": ["k", 1]}, "other"),
        derive("half", {"type": "multiply", "operands": ["b", 0.5]}, "other"),
        step("more", "at_least", 3),
        {"type": "time_split", "column": "more",
         "parts": [{"split": "train", "fraction": 0.5}, {"split": "test", "fraction": 0.5}],
         "only_where_not_null": "tens"},
    ]
    graph = ok(bound(frames, *steps, **joined(on={"tens": "key"},
                                              take_columns=["h*", {"dtype": "float"}])))
    assert graph.samples.rows.tolist() == [1, 2, 3]
    assert [column.name for column in graph.extractors["x"].columns] == ["half", "b"]
    assert graph.extractors["x"].positions.rows.tolist() == [1, 2, 3]
    assert graph.bundle.read("other", ["half"]).column(0).to_pylist() == [0.5, 1.0, 1.5, 2.0]


def test_steps_run_in_order() -> None:
    use = step("tens", "above", 1)
    make = derive("tens", {"type": "divide", "operands": ["a", 10]})
    assert told(bound(index(), use, make)) == [("SC607", "/bundle/prepare/0/where/0/column")]
    again = derive("tens", {"type": "add", "operands": ["a", 10]})
    assert told(bound(index(), make, again)) == [("SC631", "/bundle/prepare/1/column")]


def test_a_derived_split_and_priority() -> None:
    frames = index(part=["train", "test", "train", "test"], weight=[1.0, 2.0, 3.0, 4.0])
    del frames["index"]["split"]
    samples = ok(bound(
        frames, derive("split", {"type": "coalesce", "operands": ["part", "part"]}),
        derive("priority", {"type": "multiply", "operands": ["weight", 2]}))).samples
    assert samples.names == ("train", "test")
    assert samples.priority is not None and samples.priority.tolist() == [2, 0, 6, 0]


def test_one_mistake_is_told_once() -> None:
    broken = derive("tens", {"type": "divide", "operands": ["aa", 10]})
    uses = [step("tens", "above", 3), derive("more", {"type": "add", "operands": ["tens", 1]})]
    label = {"label": {"type": "plain", "take_columns": ["tens", "more"]}}
    assert told(bound(index(), broken, *uses, HALVES, **label)) == [
        ("SC607", "/bundle/prepare/0/operation/operands/0")]
    nowhere = derive("tens", {"type": "divide", "operands": ["a", 10]}, frame="indexx")
    assert told(bound(index(), nowhere, **label)) == [("SC606", "/bundle/prepare/0/frame")]


def test_a_derived_column_that_tells_the_label_is_one_of_its_columns() -> None:
    steps = [derive("late", {"type": "compare", "left": "delay", "is": "above", "right": 15}),
             derive("later", {"type": "holds",
                              "where": [{"column": "late", "is": "equal", "value": True}]}),
             derive("hours", {"type": "divide", "operands": ["delay", 60]}),
             derive("twice", {"type": "multiply", "operands": ["a", 2]})]
    label = {"type": "plain", "take_columns": ["late"]}
    frames = index(delay=[1.0, 20.0, 3.0, 40.0])
    graph = ok(bound(frames, *steps, label=label, x={"type": "plain"}))
    assert [column.name for column in graph.extractors["x"].columns] == ["y", "a", "twice"]
    for name in ("late", "later", "delay", "hours"):
        x = {"type": "plain", "take_columns": [name]}
        assert told(bound(frames, *steps, label=label, x=x)) == [
            ("SC622", "/extractors/x/take_columns/0")]


def test_specs_without_such_steps_use_the_bundle_as_it_is() -> None:
    graph = ok(bound(index(), HALVES))
    assert graph.prepared == ()
    assert "prepare" not in compile({**SPEC, "training": {"batch_size": 2}},
                                    index()).plan.description["data"]  # type: ignore[union-attr]


def test_damaged_pages_of_a_condition_are_told(bundle: Path, spec: Json) -> None:
    path = bundle / "shops.parquet"
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56
    path.write_bytes(data)
    spec["bundle"] = {"prepare": [step(column, "not_null", frame="shops")
                                  for column in ("area", "city", "night", "shop")]}
    assert "SC604" in {found.code for found in validate(spec, bundle).diagnostics}


@pytest.fixture
def prepared(spec: Json) -> Json:
    spec["bundle"] = {"prepare": [
        derive("each", {"type": "divide", "operands": ["amount", "shop"]}),
        derive("hour", {"type": "date_part", "column": "placed", "part": "hour"}),
        derive("dense", {"type": "divide", "operands": ["area", 2]}, "shops"),
        step("each", "above", 2),
        step("city", "not_equal", "Nice", "shops"),
        {"type": "stratified_split", "column": "late", "parts": {"train": 0.6, "test": 0.4}},
    ]}
    spec["extractors"]["order"]["take_columns"] = ["each", "hour", "size"]
    return spec


def test_the_plan_tells_the_steps_and_what_they_read(prepared: Json, bundle: Path) -> None:
    plan = compile(prepared, bundle).plan
    assert plan is not None
    data = plan.description["data"]
    assert [(entry["type"], entry["frame"]) for entry in data["prepare"]] == [
        ("derive", "index"), ("derive", "index"), ("derive", "shops"), ("filter", "index"),
        ("filter", "shops")]
    assert [(entry["rows"], entry["kept"]) for entry in data["prepare"][3:]] == [(16, 14), (4, 3)]
    uses = {(frame["name"], column["name"]): column["read_as"]
            for frame in data["frames"] for column in frame["columns"]}
    assert uses["index", "amount"] == uses["index", "placed"] == ["preparation"]
    assert uses["index", "each"] == ["feature", "preparation"]
    assert uses["shops", "area"] == ["feature", "preparation"]
    assert ("index", "split") not in uses


def test_steps_import_no_pandas(bundle: Path) -> None:
    """Its import takes longer than all that `bind` does."""
    code = (
        "import json, sys\n"
        "from specc.compiler.bundle import Bundle\nfrom specc.compiler.passes.bind import bind\n"
        "from specc.compiler.pipeline import read, resolve_document\n"
        "from specc.compiler.stages import Source\n"
        "graph = resolve_document(read(Source('spec', sys.argv[1])).stage).stage\n"
        "assert bind(graph, Bundle.open(sys.argv[2])).ok\nassert 'pandas' not in sys.modules"
    )
    spec = {**SPEC, "extractors": {"label": {"type": "plain", "take_columns": ["late"]},
                                   "x": {"type": "plain", "take_columns": ["amount"]}}}
    spec["bundle"] = {"prepare": [
        derive("hour", {"type": "date_part", "column": "placed", "part": "hour"}),
        derive("same", {"type": "compare", "left": "size", "is": "equal", "right": "customer"}),
        derive("name", {"type": "coalesce", "operands": ["customer", "size"]}),
        step("hour", "at_least", 1), step("same", "equal", False), step("name", "in", ["ann"]),
        step("placed", "above", "2024-01-01"), step("area", "above", 60.5, "shops"),
    ]}
    done = subprocess.run([sys.executable, "-c", code, json.dumps(spec), str(bundle)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_validate_and_run(prepared: Json, bundle: Path, tmp_path: Path) -> None:
    assert validate(prepared, bundle).ok
    done = run(prepared, bundle, out=tmp_path / "runs")
    assert done.ok
    orders = pd.read_parquet(bundle / "index.parquet")
    kept = orders[orders["amount"] / orders["shop"] > 2]
    assert sorted(done.predictions["order"]) == sorted(kept.index)
    assert (done.predictions.set_index("order")["true"] == kept["late"]).all()
