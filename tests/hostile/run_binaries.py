"""What may stand in the files of a run that are no JSON: tables, weights, arrays, states, logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import torch
from run_folders import NAME, TABLES, Corruption
from specc.runtime.checkpoint_file import read_checkpoint, write_checkpoint

# Tables


def _table(file: str, kind: str, make: Callable[[pa.Table], pa.Table]) -> Corruption:
    def change(run: Path) -> None:
        pyarrow.parquet.write_table(make(pyarrow.parquet.read_table(run / file)), run / file)

    return Corruption(file, kind, change)


def _with(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def tables() -> Iterator[Corruption]:
    """What a Parquet file of a run may hold."""
    for file in TABLES:
        yield _table(file, "no rows", lambda table: table.slice(0, 0))
        yield _table(file, "no columns", lambda table: table.select([]))
        yield _table(file, "two columns of one name", lambda table: table.append_column(
            table.column_names[0], table.column(0)))
        yield _table(file, "a name of a page", lambda table: table.append_column(
            NAME, table.column(table.column_names[-1])))
        yield _table(file, "nulls alone", lambda table: pa.table(
            {name: pa.nulls(table.num_rows, table.schema.field(name).type)
             for name in table.column_names}))
        yield Corruption(file, "rows without end", lambda run, file=file: _many_rows(run / file))
        yield Corruption(file, "a long text many times",
                         lambda run, file=file: _many_texts(run / file))
    history, said = TABLES
    for value in (float("nan"), float("inf"), -1e308):
        yield _table(history, f"a loss of {value}", lambda table, value=value: _with(
            table, "loss_test", [value] * table.num_rows))
        yield _table(said, f"chances of {value}", lambda table, value=value: _with(
            table, "late.predicted", [value] * table.num_rows))
    yield _table(history, "text for epochs", lambda table: _with(
        table, "epoch", [NAME] * table.num_rows))
    yield _table(history, "wild epochs", lambda table: _with(
        table, "epoch", [-2**62, 2**62, 0][:table.num_rows]))
    yield _table(said, "lists", lambda table: _with(
        table, "late.predicted", [[0.5]] * table.num_rows))
    yield _table(said, "numbers for splits", lambda table: _with(
        table, "split", list(range(table.num_rows))))
    yield _table(said, "splits of a page", lambda table: _with(
        table, "split", [NAME] * table.num_rows))
    yield _table(said, "unknown classes", lambda table: _with(
        table, "turn.true", [NAME] * table.num_rows))
    yield _table(said, "equal keys", lambda table: _with(
        table, "visit", [1] * table.num_rows))


def _many_rows(path: Path) -> None:
    """Four million rows of a constant in eight columns: a few kB for 256 MiB."""
    schema = pa.schema([(f"column_{place}", pa.int64()) for place in range(8)])
    block = pa.table({name: np.zeros(2**20, np.int64) for name in schema.names})
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for _ in range(4):
            writer.write_table(block)


def _many_texts(path: Path) -> None:
    """A text of a million letters in a hundred thousand rows: a few kB for 100 GiB."""
    codes = pa.array(np.zeros(100_000, np.int32))
    table = pa.table({"split": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 2**20]))})
    pyarrow.parquet.write_table(table, path, compression="zstd", store_schema=False)


# Weights


def _safetensors(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


HEADERS: dict[str, bytes] = {
    "a header of an exabyte": (2**60).to_bytes(8, "little") + b"{}",
    "tensors of terabytes": _safetensors(
        b'{"/network:w":{"dtype":"F32","shape":[1000000000,1000],"data_offsets":[0,8]}}'),
    "terabytes of offsets": _safetensors(
        b'{"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'),
    "tensors that overlap": _safetensors(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4),
    "tensors of negative size": _safetensors(
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', b"\0" * 4),
    "offsets backwards": _safetensors(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', b"\0" * 4),
    "a shape that overflows": _safetensors(
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}'),
    "no tensors": _safetensors(b"{}"),
    "a deep header": _safetensors(b'{"a":' * 5000 + b"1" + b"}" * 5000),
}


def weights() -> Iterator[Corruption]:
    """What may stand where weights do, in the model and in checkpoints."""
    for file in ("model/weights.safetensors", "checkpoints/last.safetensors"):
        for kind, content in HEADERS.items():
            yield Corruption(file, kind, lambda run, file=file, content=content: (
                run / file).write_bytes(content), sealed=file.startswith("model/"))


# Arrow


def _arrow(run: Path, columns: dict[str, Any], compression: str | None = None) -> None:
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    with pa.OSFile(str(run / "model" / "transformers.arrow"), "wb") as sink, pa.ipc.new_file(
            sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)


def _wild_offsets(run: Path) -> None:
    """Lists that end far behind their values."""
    _arrow(run, {"own/0/values": pa.array([list(range(77))])})
    _replaced(run, np.array([0, 77], np.int32), np.array([0, 2**30], np.int32))


def _claims(run: Path) -> None:
    """A packed buffer that says it holds a terabyte."""
    _arrow(run, {"own/0/values": pa.array([np.zeros(2**16)])}, "zstd")
    _replaced(run, np.array([2**16 * 8]), np.array([2**40]))


def _replaced(run: Path, old: np.ndarray, new: np.ndarray) -> None:
    path = run / "model" / "transformers.arrow"
    content = path.read_bytes()
    assert old.tobytes() in content
    path.write_bytes(content.replace(old.tobytes(), new.tobytes()))


def arrow() -> Iterator[Corruption]:
    """What may stand where the arrays of transformers do."""
    for kind, change in {
        "wild offsets": _wild_offsets,
        "a terabyte that is claimed": _claims,
        "no lists": lambda run: _arrow(run, {"own/0/values": pa.array([1])}),
        "no rows": lambda run: _arrow(run, {"own/0/values": pa.array([], pa.list_(pa.int64()))}),
        "two arrays of one name": lambda run: _arrow(run, pa.table(
            [pa.array([[1]]), pa.array([[2]])], ["own/0/values", "own/0/values"])),
        "arrays of text": lambda run: _arrow(run, {
            f"{name}/{place}/values": pa.array([[NAME, NAME]])
            for name in ("own", "turn", "person") for place in range(3)}),
        "arrays of nulls": lambda run: _arrow(run, {
            f"{name}/{place}/values": pa.array([[None]], pa.list_(pa.string()))
            for name in ("own", "turn", "person") for place in range(3)}),
    }.items():
        yield Corruption("model/transformers.arrow", kind, change, sealed=True)


# Checkpoints


def _tree(kind: str, edit: Callable[[dict[str, Any]], Any]) -> Corruption:
    """Another state with a good hash; `edit` changes it, or gives another."""

    def change(run: Path) -> None:
        path = run / LAST
        tree = read_checkpoint(path)
        other = edit(tree)
        write_checkpoint(path, tree if other is None else other)

    return Corruption(LAST, kind, change, sealed=True)


LAST = "checkpoints/last.safetensors"


def states() -> Iterator[Corruption]:
    """What a checkpoint may hold that no run was in."""
    for value in (None, "second", -1, 10**30, 2**53, float("inf"), [], {}):
        yield _tree(f"next_epoch {value!r:.20}", lambda tree, value=value: tree.update(
            next_epoch=value))
        yield _tree(f"left {value!r:.20}", lambda tree, value=value: tree["limits"].update(
            left=value))
        yield _tree(f"a rate {value!r:.20}", lambda tree, value=value: tree["optimizer"][
            "param_groups"][0].update(lr=value))
        yield _tree(f"a schedule {value!r:.20}", lambda tree, value=value: tree[
            "scheduler"].update(last_epoch=value))
        yield _tree(f"moments {value!r:.20}", lambda tree, value=value: tree["optimizer"][
            "state"][0].update(exp_avg=value))
        yield _tree(f"a best epoch {value!r:.20}", lambda tree, value=value: tree[
            "watch"].update(best_epoch=value))
    for part in ("network", "optimizer", "scheduler", "limits", "watch", "history", "reports"):
        yield _tree(f"no {part}", lambda tree, part=part: tree.pop(part) and None)
    yield _tree("no state", lambda tree: {})
    yield _tree("weights that are no numbers", lambda tree: tree["network"].update(
        {name: torch.full_like(weight, float("nan")) for name, weight in tree["network"].items()}))
    yield _tree("moments of no number", lambda tree: tree["optimizer"]["state"].update(
        {place: {"exp_avg": torch.zeros(0)} for place in tree["optimizer"]["state"]}))
    yield _tree("no moments at all", lambda tree: tree["optimizer"].update(
        state={place: {"step": torch.tensor(1.0)} for place in tree["optimizer"]["state"]}))
    yield _tree("fused and differentiable", lambda tree: tree["optimizer"]["param_groups"][
        0].update(fused=True, differentiable=True))
    yield _tree("a history of a page", lambda tree: tree["history"]["columns"].update({
        NAME: next(iter(tree["history"]["columns"].values()))}))
    yield _tree("a history of no epoch", lambda tree: tree["history"].update(columns={}))
    yield _tree("a long history", lambda tree: tree["history"].update(columns={
        name: {"kinds": torch.ones(10_000, dtype=torch.uint8), "values": torch.zeros(10_000)}
        for name in tree["history"]["columns"]}))
    yield _tree("an epoch far away", lambda tree: tree["under_way"] and tree["under_way"].update(
        batch=2**60, parts=2**60))
    yield _tree("a stream of no bits", lambda tree: tree["under_way"] and tree[
        "under_way"].update(random={"cpu": torch.zeros(3, dtype=torch.uint8)}))
    yield Corruption(LAST, "that of the best epoch", lambda run: (run / LAST).write_bytes(
        (run / "checkpoints" / "best.safetensors").read_bytes()))


# The log


def logs() -> Iterator[Corruption]:
    """What the last line of the log may be."""
    for kind, text in {
        "deep brackets": "[" * 3000, "a name": json.dumps({"event": NAME}), "no object": "7",
        "no text": "\xff\xfe", "two ends": '{"event": "end"}\n' * 2, "no line": "\n\n",
    }.items():
        yield Corruption("log.jsonl", kind, lambda run, text=text: (
            run / "log.jsonl").write_bytes(text.encode("latin-1", "replace")))
