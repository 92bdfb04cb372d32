"""`specc export`: the folder, what a reader without specc makes of it, and what is refused.

Not checked here: each network type and each form of output, in tests/runtime/test_exporting.py;
one case of each code, in tests/test_bad_input.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
from specc.runtime.exporting import formats, reference
from specc.runtime.exporting import network as exported_network

sys.path.insert(0, str(Path(__file__).resolve().parent))

import test_specs
from exported_reader import wrong_inputs, wrong_outputs
from histories import AS_OF, Frames, context, reading, visits_and_events

import specc

READER = Path(__file__).with_name("exported_reader.py")
AUTO = {"type": "auto"}
SCALED = "sklearn.preprocessing:"

both = pytest.mark.parametrize("form", ["torch", pytest.param("onnx", marks=pytest.mark.slow)])

EXTRACTORS: dict[str, Any] = {
    "own": {"type": "plain", "take_columns": ["value", "kind", "time", "flag"],
            "transformer": AUTO},
    "least": {"type": "plain", "take_columns": ["value", "positive"], "transformer": {
        "type": "continuous", "scaler": {"type": f"{SCALED}MinMaxScaler", "clip": True}}},
    "robust": {"type": "plain", "take_columns": ["value"], "transformer": {
        "type": "continuous", "steps": [{"type": "log1p", "signed": True}],
        "scaler": {"type": f"{SCALED}RobustScaler"}}},
    "ranked": {"type": "plain", "take_columns": ["positive"], "transformer": {
        "type": "continuous", "steps": [{"type": "log1p"}, {"type": "clip", "high": 2}],
        "scaler": {"type": f"{SCALED}QuantileTransformer"}}},
    "bins": {"type": "plain", "take_columns": ["value"],
             "transformer": {"type": "piecewise_linear", "bins": 3}},
    "filled": {"type": "plain", "take_columns": ["value"], "nulls": "fill", "fill_value": 2.5,
               "transformer": {"type": "identity"}},
    "year": {"type": "plain", "take_columns": ["time"], "transformer": {
        "type": "datetime", "parts": ["year", "month", "hour", "elapsed"], "cyclic": True}},
    "hashed": {"type": "plain", "take_columns": ["kind"],
               "transformer": {"type": "hash", "buckets": 5}},
    "late": {"type": "plain", "take_columns": ["kind"], "transformer": {"type": "target_encoding"}},
    "vector": {"type": "plain", "take_columns": ["vector"], "transformer": {"type": "vector"}},
    "tags": {"type": "plain", "take_columns": ["tags"], "transformer": {"type": "multi_hot"}},
    "ids": {"type": "embedding", "take_columns": ["kind"], "max_values": 2},
    "parts": {"type": "combined", "extractors": {
        "item": {"type": "plain", "joins": [{"frame": "items", "on": "item", "max_missing": 0.9}],
                 "transformer": AUTO},
        "price": {"type": "plain", "take_columns": ["price"], "transformer": AUTO, "joins": [
            {"frame": "prices", "on": "item", "as_of": AS_OF}]}}},
    "past": context("events", {
        "sums": {"type": "group_by", "functions": ["count", "mean", "max"], "presence": True},
        "steps": {"type": "sequence", "size": 3},
        "beside": {"type": "pivot", "size": 2, "presence": True}},
        ["value", "kind"], on="person", as_of=AS_OF, order_by=["shop"]),
}
"""Every transformer, joins of both kinds, and every aggregation."""


def _frames(samples: int = 60) -> Frames:
    frames = visits_and_events(0, samples=samples)
    rng = np.random.default_rng(0)
    index = frames["index"]
    index["flag"] = pd.array(rng.choice([True, False, None], samples), dtype="boolean")
    index["positive"] = np.where(rng.random(samples) < 0.2, np.nan, rng.random(samples) * 9)
    index["vector"] = [[float(x), 1.0] for x in rng.normal(size=samples)]
    index["tags"] = [["x", "y", "z"][: place % 4] for place in range(samples)]
    return frames


def _write(folder: Path, frames: Frames) -> Path:
    folder.mkdir()
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every way of extracting, whose bundle is where it was."""
    folder = tmp_path_factory.mktemp("export")
    spec = reading(EXTRACTORS, training={"epochs": 1})
    ran = specc.run(spec, _write(folder / "bundle", _frames()), out=folder)
    assert ran.ok, str(ran)
    return ran.folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is exported quickly."""
    folder = tmp_path_factory.mktemp("small")
    spec = reading({"own": EXTRACTORS["own"]}, training={"epochs": 1})
    ran = specc.run(spec, _write(folder / "bundle", _frames()), out=folder)
    assert ran.ok, str(ran)
    return ran.folder


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = specc.export(run, tmp_path_factory.mktemp("out") / "export", format="torch")
    assert done.ok, str(done)
    return done.folder


def _reads_alone(export: Path) -> list[str]:
    """What a process without specc finds wrong with an export."""
    done = subprocess.run([sys.executable, str(READER), str(export)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    wrong: list[str] = json.loads(done.stdout)
    return wrong


def _refused(done: specc.Export, code: str, out: Path) -> specc.Diagnostic:
    """The one finding, after which nothing is left."""
    assert [one.code for one in done.diagnostics] == [code], str(done)
    assert done.exported is None
    with pytest.raises(RuntimeError, match="nothing was exported"):
        _ = done.folder
    assert not out.exists() and not list(out.parent.glob(f".{out.name}*"))
    return done.diagnostics[0]


# What is written


def test_reader_without_specc_rebuilds_inputs_and_outputs(exported: Path) -> None:
    assert _reads_alone(exported) == []


@pytest.mark.slow
def test_onnx_runs_without_specc(run: Path, tmp_path: Path) -> None:
    done = specc.export(run, tmp_path / "out", format="onnx")
    assert done.ok, str(done)
    assert _reads_alone(done.folder) == []


@pytest.mark.parametrize("change", [
    lambda steps: steps["extractors"]["own"]["columns"][0]["state"].update(imputed=9.0),
    lambda steps: steps["extractors"]["bins"].update(nulls="fill", fill_value=1.0),
    lambda steps: steps["extractors"]["parts.item"]["joins"][0].update(columns=["person"]),
    lambda steps: steps["contexts"]["past"].update(include_self=True),
])
def test_reader_heeds_what_the_document_says(exported: Path, tmp_path: Path,
                                             change: Callable[[Any], None]) -> None:
    """So that the test above can fail."""
    other = tmp_path / "other"
    shutil.copytree(exported, other)
    steps = json.loads((other / "preprocessing.json").read_text())
    change(steps)
    (other / "preprocessing.json").write_text(json.dumps(steps))
    assert wrong_inputs(other) != []


def test_reference_rows_are_a_bundle_of_their_own(run: Path, exported: Path) -> None:
    told = json.loads((exported / "reference.json").read_text())
    tensors = safetensors.numpy.load_file(exported / "reference.safetensors")
    again = specc.load(run).predict(str(exported / "reference"))
    chosen = again.iloc[told["raw"]["index_rows"]]
    visits = _frames()["index"].index
    assert set(told["keys"]["visit"]) <= set(visits) and len(chosen) == told["rows"]
    assert np.allclose(chosen["predicted"], tensors["outputs/prediction"][:, 0], atol=1e-6)


def test_reference_rows_show_what_is_missing(exported: Path) -> None:
    tensors = safetensors.numpy.load_file(exported / "reference.safetensors")
    steps = json.loads((exported / "preprocessing.json").read_text())
    names = {one["name"]: one["columns"] for one in steps["inputs"]}
    assert 32 <= len(tensors["outputs/output"]) <= 64
    for name, column in (("own", "value_missing"), ("own", "kind_NULL"),
                         ("parts", "item.weight_missing")):
        assert tensors[f"inputs/{name}"][:, names[name].index(column)].max() == 1
    lengths = tensors["inputs/past.steps.mask"].sum(1)
    assert lengths.min() == 0 and lengths.max() == 3


def test_null_and_unseen_values_are_told(exported: Path) -> None:
    steps = json.loads((exported / "preprocessing.json").read_text())
    columns = {(name, column["column"]): column for name, one in steps["extractors"].items()
               for column in one["columns"]}
    kind = columns["own", "kind"]
    assert kind["features"][kind["null"][0][0]] == "kind_NULL"
    assert kind["features"][kind["unseen"][0][0]] == "kind_OTHER"
    assert columns["own", "value"]["null"][-1] == [1, 1.0]
    assert columns["own", "value"]["unseen"] is None
    assert columns["filled", "value"]["null"] == [[0, 2.5]]
    assert (columns["ids", "kind"]["null"], columns["ids", "kind"]["unseen"]) == (
        [[0, 1.0]], [[0, 2]])


def test_document_tells_inputs_outputs_and_hashes(exported: Path) -> None:
    from hashlib import sha256

    told = json.loads((exported / "export.json").read_text())
    files = {path.relative_to(exported).as_posix(): sha256(path.read_bytes()).hexdigest()
             for path in exported.rglob("*") if path.is_file() and path.name != "export.json"}
    assert told["files"] == files
    tensors = safetensors.numpy.load_file(exported / "reference.safetensors")
    sides = {"inputs": told["inputs"], "outputs": told["outputs"]}
    assert set(tensors) == {f"{side}/{one['name']}" for side, all_ in sides.items()
                            for one in all_}
    for side, all_ in sides.items():
        for one in all_:
            tensor = tensors[f"{side}/{one['name']}"]
            assert str(tensor.dtype) == one["dtype"] and tensor.ndim == len(one["shape"])
            assert all(isinstance(axis, str) or axis == size
                       for axis, size in zip(one["shape"], tensor.shape, strict=True))
    agreement = json.loads((exported / "reference.json").read_text())["agreement"]
    assert agreement["rows"] == 60 and agreement["outputs"]["output"]["share_of_allowed"] <= 1


@both
def test_command_says_what_it_compared_and_nothing_else(small: Path, tmp_path: Path,
                                                        form: str) -> None:
    command = [sys.executable, "-m", "specc", "export", str(small), "--format", form, "--out",
               str(tmp_path / "new" / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    first, *outputs, last = done.stdout.splitlines()
    assert first == "compared with specc on 60 rows" and last.startswith("export: ")
    assert [line.split(":")[0].strip() for line in outputs] == ["output", "prediction"]
    assert wrong_outputs(tmp_path / "new" / "out") == []


def test_bundle_may_be_another(small: Path, tmp_path: Path) -> None:
    frames = _frames(samples=5)
    index = frames["index"].drop(columns=["late", "split"])
    done = specc.export(small / "model", tmp_path / "out", format="torch",
                        bundle={**frames, "index": index})
    assert done.ok and done.rows == 5 and max(done.differences.values()) < 1e-5
    assert wrong_inputs(done.folder) == []


def test_bundle_of_one_row(small: Path, tmp_path: Path) -> None:
    frames = _frames()
    frames["index"] = frames["index"].iloc[:1]
    done = specc.export(small, tmp_path / "out", format="torch", bundle=frames)
    assert done.ok and done.rows == 1 and wrong_inputs(done.folder) == []


def test_raw_rows_are_left_out_where_they_are_many(small: Path, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specc.compiler.exporting.reached.MOST_ROWS", 10)
    done = specc.export(small, tmp_path / "out", format="torch")
    assert done.ok and not (done.folder / "reference").exists()
    assert json.loads((done.folder / "reference.json").read_text())["raw"] is None
    assert wrong_outputs(done.folder) == []


def test_empty_folder_is_taken(small: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert specc.export(small, tmp_path / "out", format="torch").ok
    assert (tmp_path / "out" / "export.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), [
    ("diabetes/heads", "onnx"), ("digits/ensemble", "torch"), ("sentences/lstm", "onnx"),
    ("sentences/vectors", "torch"), ("wine/embeddings", "onnx")])
def test_specs_of_the_repository_are_exported(name: str, form: str, tmp_path: Path) -> None:
    test_specs.make(name.partition("/")[0], tmp_path / "bundle")
    ran = specc.run(test_specs.spec(name), tmp_path / "bundle", out=tmp_path,
                    overrides=["/training/epochs=1"])
    done = specc.export(ran.folder, tmp_path / "out", format=form)
    assert done.ok, str(done)
    assert wrong_inputs(done.folder) == wrong_outputs(done.folder) == []


# What is refused


def test_other_weights_are_found_out(small: Path, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is off by a little in one weight is not kept."""
    whole = exported_network.exportable

    def spoilt(module: Any, made: Any = None) -> Any:
        found = whole(module, made)
        with torch.no_grad():
            next(found.parameters()).view(-1)[0] += 1e-3
        return found

    monkeypatch.setattr(exported_network, "exportable", spoilt)
    out = tmp_path / "out"
    one = _refused(specc.export(small, out, format="torch"), "SC527", out)
    assert "'output'" in one.message and "visit " in one.message


@pytest.mark.parametrize("package", formats.ONNX_PACKAGES)
def test_missing_package_is_named(small: Path, tmp_path: Path, package: str,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    out = tmp_path / "out"
    one = _refused(specc.export(small, out, format="onnx"), "SC529", out)
    assert package in one.message and "specc[onnx]" in (one.help or "")


def test_place_that_cannot_be_a_folder(small: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        done = specc.export(small, out, format="torch")
        assert [one.code for one in done.diagnostics] == ["SC530"]
    assert (tmp_path / "file").read_text() == "mine"


def test_bundle_that_is_not_known_or_not_there(small: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "run"
    shutil.copytree(small, other)
    inputs = json.loads((other / "inputs.json").read_text())
    for place, code in ((str(tmp_path / "gone"), "SC601"), (None, "SC517")):
        (other / "inputs.json").write_text(json.dumps({**inputs, "bundle": place}))
        _refused(specc.export(other, out, format="torch"), code, out)
    _refused(specc.export(small / "model", out, format="torch"), "SC514", out)
    frames = _frames()
    frames["index"] = frames["index"].drop(columns="value")
    _refused(specc.export(small, out, format="torch", bundle=frames), "SC657", out)


def test_damaged_run(small: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "run"
    _refused(specc.export(tmp_path / "nowhere", out), "SC508", out)
    shutil.copytree(small, other)
    path = other / "model" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    _refused(specc.export(other, out, format="torch"), "SC510", out)


def test_disk_that_is_full_leaves_nothing(small: Path, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reference.pyarrow.parquet, "write_table", fail)
    out = tmp_path / "out"
    one = _refused(specc.export(small, out, format="torch"), "SC530", out)
    assert "No space left" in one.message


def test_other_formats_are_a_fault_of_the_caller(small: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none of torch, onnx"):
        specc.export(small, tmp_path / "out", format="pickle")
