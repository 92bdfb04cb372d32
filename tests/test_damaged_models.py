"""Model folders that were cut, changed, exchanged or made up: each refused by a diagnostic, and
nothing of them carried out.

Every change is tried twice: as it happens to files, where the hashes tell, and with the hashes
made new, as somebody would who means harm.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import safetensors.numpy
import torch
from click.testing import Result
from specc.compiler.prediction.document import sealed
from specc.compiler.prediction.saved import FILES, file_digest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from histories import AS_OF, Frames, context, reading, visits_and_events

import specc

Specc = Callable[..., Result]
Change = Callable[[Path], Any]

REFUSED = {"SC508", "SC509", "SC510", "SC511"}
"""What may be said of a folder."""

AT_WORK = REFUSED | {"SC634", "SC636", "SC656", "SC657", "SC658", "SC659", "SC702", "SC709"}
"""What may be said, besides, of a folder that pretends to be whole."""

EXTRACTORS: dict[str, Any] = {
    "own": {"type": "plain", "take_columns": ["value", "kind", "time"],
            "transformer": {"type": "auto"}},
    "hashed": {"type": "plain", "take_columns": ["kind"],
               "transformer": {"type": "hash", "buckets": 5}},
    "late": {"type": "plain", "take_columns": ["kind"], "transformer": {"type": "target_encoding"}},
    "ids": {"type": "embedding", "take_columns": ["kind"]},
    "vector": {"type": "plain", "take_columns": ["vector"], "transformer": {"type": "vector"}},
    "past": context("events", {"sums": {"type": "group_by", "functions": ["mean"]}},
                    ["value"], on="person", as_of=AS_OF),
}


def _frames() -> Frames:
    frames = visits_and_events(0, samples=30)
    frames["index"]["vector"] = [[float(x), 1.0] for x in range(30)]
    return frames


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs with different specs."""
    folders = []
    for seed in (0, 1):
        spec = reading(EXTRACTORS if seed == 0 else {"own": EXTRACTORS["own"]},
                       training={"epochs": 1})
        ran = specc.run({**spec, "seed": seed}, _frames(), out=tmp_path_factory.mktemp("runs"))
        assert ran.ok, str(ran)
        folders.append(ran.folder)
    return folders[0], folders[1]


def _cut(name: str, share: float) -> Change:
    def change(model: Path) -> None:
        content = (model / name).read_bytes()
        (model / name).write_bytes(content[: int(len(content) * share)])

    return change


def _flip(name: str, share: float) -> Change:
    def change(model: Path) -> None:
        content = bytearray((model / name).read_bytes())
        content[int((len(content) - 1) * share)] ^= 0x55
        (model / name).write_bytes(bytes(content))

    return change


def _content(name: str, content: bytes) -> Change:
    return lambda model: (model / name).write_bytes(content)


def _gone(name: str) -> Change:
    return lambda model: (model / name).unlink()


def _folder(name: str) -> Change:
    def change(model: Path) -> None:
        (model / name).unlink()
        (model / name).mkdir()

    return change


def _edit(name: str, *path: Any, to: Any) -> Change:
    """Sets a value in a JSON file."""

    def change(model: Path) -> None:
        document = json.loads((model / name).read_text("utf-8"))
        inner = document
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = to
        (model / name).write_text(json.dumps(document), "utf-8")

    return change


def _tensors(edit: Callable[[dict[str, np.ndarray]], Any]) -> Change:
    def change(model: Path) -> None:
        tensors = safetensors.numpy.load_file(str(model / "weights.safetensors"))
        edit(tensors)
        safetensors.numpy.save_file(tensors, str(model / "weights.safetensors"))

    return change


def _first(tensors: dict[str, np.ndarray]) -> str:
    return max(tensors, key=lambda name: tensors[name].size)


def _header(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


def _arrow(name: str, columns: dict[str, pa.Array]) -> Change:
    def change(model: Path) -> None:
        table = pa.table(columns)
        with pa.OSFile(str(model / name), "wb") as sink, \
                pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    return change


WEIGHTS, STATES, ARRAYS, COLUMNS, SPEC = FILES

CHANGES: dict[str, Change] = {
    **{f"{name} cut at {share}": _cut(name, share)
       for name in (*FILES, "model.json") for share in (0.0, 0.5, 0.99)},
    **{f"{name} flipped": _flip(name, 0.6) for name in (*FILES, "model.json")},
    **{f"{name} gone": _gone(name) for name in (*FILES, "model.json")},
    **{f"{name} is a folder": _folder(name) for name in (WEIGHTS, STATES, "model.json")},
    **{f"{name} is a pickle": _content(name, b"\x80\x04\x8c\x05posix\x8c\x06system\x93.")
       for name in (*FILES, "model.json")},
    "weights of a huge header": _content(WEIGHTS, (2**60).to_bytes(8, "little") + b"{}"),
    "weights that claim more than there is": _content(WEIGHTS, _header(
        b'{"/network:w":{"dtype":"F32","shape":[1000000000,1000],"data_offsets":[0,8]}}')),
    "weights that overlap": _content(WEIGHTS, _header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}') + b"\0" * 4),
    "weights of negative size": _content(WEIGHTS, _header(
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}') + b"\0" * 4),
    "weights without a tensor": _tensors(lambda tensors: tensors.pop(_first(tensors))),
    "weights with another": _tensors(
        lambda tensors: tensors.update(strange=np.zeros(3, np.float32))),
    "weights of another dtype": _tensors(lambda tensors: tensors.update(
        {_first(tensors): tensors[_first(tensors)].astype(np.float64)})),
    "weights of another shape": _tensors(lambda tensors: tensors.update(
        {_first(tensors): tensors[_first(tensors)].reshape(-1)})),
    "spec of huge layers": _edit(SPEC, "network", to={
        "type": "fully_connected", "sizes": [100_000, 100_000, 1], "input_frames": ["own"]}),
    "spec without a network": _edit(SPEC, "network", to=None),
    "spec of another label": _edit(SPEC, "label", to="own"),
    "spec that takes another step": _edit(SPEC, "bundle", "prepare", to=[
        {"type": "filter", "frame": None, "where": "import os"}]),
    "states are a list": _content(STATES, b"[]"),
    "states of deep brackets": _content(STATES, b"[" * 100_000),
    "states of no extractor": _content(STATES, b"{}"),
    "a state of an unknown type": _edit(STATES, "own", 0, "state", "type", to="os.system"),
    "a state without scaler": _edit(STATES, "own", 0, "state", "scaler", to=7),
    "a state of text": _edit(STATES, "own", 0, "state", "imputed", to="one"),
    "a state of no number": _edit(STATES, "own", 0, "state", "scaler", to={"center": "x"}),
    "a state of many buckets": _edit(STATES, "hashed", 0, "state", "buckets", to=10**15),
    "a state of a long vector": _edit(STATES, "vector", 0, "state", "length", to=10**15),
    "a state of a short vector": _edit(STATES, "vector", 0, "state", "length", to=1),
    "a state of other folds": _edit(STATES, "late", 0, "state", "folds", to=3),
    "a state of another column": _edit(STATES, "own", 0, "column", to="strange"),
    "a column that is no name": _edit(STATES, "own", 0, "column", to=["x"]),
    "a state of other arrays": _edit(STATES, "own", 1, "arrays", to=["../values"]),
    "scalers of another column": _edit(STATES, "past.sums", 0, "column", to="strange"),
    "no scalers": _edit(STATES, "past.sums", to=[]),
    "a label without columns": _edit(STATES, "label", to=[]),
    "arrays of no value": _arrow(ARRAYS, {"own/1/values": pa.array([None], pa.list_(pa.string()))}),
    "arrays of another dtype": _arrow(ARRAYS, {
        f"{name}/{place}/values": pa.array([[1, 2]]) for name in EXTRACTORS for place in (0, 1)}),
    "columns of no dtype": _arrow(COLUMNS, {"x": pa.array([[1]])}),
    "model.json is a list": _content("model.json", b"[]"),
    "model.json of no number": _edit("model.json", "labels", "label", "minimum", to="0"),
    "model.json of NaN": _edit("model.json", "labels", "label", "minimum", to=float("nan")),
    "model.json of another format": _edit("model.json", "format", to=99),
    "model.json of a step too far": _edit("model.json", "steps", "prediction", to=[5]),
    "model.json of other label columns": _edit("model.json", "labels", "label", "columns", to=9),
    "model.json without labels": _edit("model.json", "labels", to={}),
    "model.json of another label": _edit("model.json", "labels", to={}),
    "model.json of many threads": _edit("model.json", "threads", to=10**12),
    "model.json with more": _edit("model.json", "hook", to="import os"),
    "model.json of another index frame": _edit("model.json", "index_frame", to="strange"),
    "model.json of a key that is not there": _edit("model.json", "keys", to={"index": ["no"]}),
    "model.json that reads less": _edit("model.json", "columns", to=[]),
}

HARMLESS = {"model.json that reads less", "model.json of many threads"}
"""Lies in a document with good hashes that the bundle may make up for."""


def _seal(model: Path) -> None:
    """Makes the hashes new, where there is a document to hold them."""
    try:
        document = json.loads((model / "model.json").read_text("utf-8"))
        hashes = {name: file_digest(model / name) for name in FILES if (model / name).is_file()}
        whole = sealed(document, hashes)
    except (OSError, ValueError, TypeError):
        return
    (model / "model.json").write_text(json.dumps(whole), "utf-8")


@pytest.fixture
def model(runs: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of a model folder, to be spoilt."""
    return Path(shutil.copytree(runs[0] / "model", tmp_path / "model"))


def _codes(model: Path) -> list[str]:
    """What is said of a model and a bundle that goes with it."""
    try:
        specc.load(model).predict(_frames())
    except specc.Refused as refused:
        return [found.code for found in refused.diagnostics]
    return []


def test_a_whole_folder_predicts(model: Path) -> None:
    assert _codes(model) == []
    _seal(model)
    assert _codes(model) == []


@pytest.mark.parametrize("name", CHANGES)
def test_damage_is_told(name: str, model: Path) -> None:
    CHANGES[name](model)
    found = _codes(model)
    assert found and set(found) <= REFUSED


@pytest.mark.parametrize("name", CHANGES)
def test_damage_with_good_hashes_does_no_harm(name: str, model: Path) -> None:
    CHANGES[name](model)
    _seal(model)
    found = _codes(model)
    assert found or name in HARMLESS or "flipped" in name, name
    assert set(found) <= AT_WORK


@pytest.mark.parametrize("name", (*FILES, "model.json"))
def test_a_file_of_another_run_is_told(name: str, runs: tuple[Path, Path], model: Path) -> None:
    shutil.copy(runs[1] / "model" / name, model / name)
    found = _codes(model)
    assert found and set(found) <= REFUSED


def test_a_model_of_an_earlier_version_is_told(runs: tuple[Path, Path], tmp_path: Path,
                                               specc: Specc) -> None:
    shutil.copytree(runs[0], tmp_path / "run")
    for name in ("model.json", "columns.arrow"):
        (tmp_path / "run" / "model" / name).unlink()
    told = specc("predict", "run", "bundle", "--out", "x.csv")
    assert told.exit_code == 1
    assert "error[SC509]" in told.output and "help: train it again" in told.output


def test_nothing_is_unpickled_or_carried_out(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a model is data")

    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    monkeypatch.setattr(os, "system", refuse)
    assert _codes(model) == []
