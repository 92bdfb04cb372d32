"""A reader of exports that knows nothing of specc: raw rows to inputs, by docs/export.md alone.

    python tests/exported_reader.py FOLDER

builds the inputs of `reference/` by `preprocessing.json`, holds them bit by bit against
`reference.safetensors`, and prints the names of those that differ; then runs the network on them
and prints the outputs that are not those of specc. It needs numpy, pyarrow and safetensors, and
for the network onnxruntime or torch.

It knows the steps, functions and directions that the specs and tests at hand use, and stops with
an assertion or a KeyError at others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import safetensors.numpy

Json = Mapping[str, Any]
Arrays = Mapping[str, pa.Array]
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


# Transformers


def as_floats(values: pa.Array) -> np.ndarray:
    """Numbers as float64; null as NaN."""
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def is_null(values: pa.Array) -> np.ndarray:
    return pc.is_null(values, nan_is_null=pa.types.is_floating(values.type)).to_numpy(
        zero_copy_only=False)


def affine(x: np.ndarray, state: Json) -> np.ndarray:
    scaled = (x - state["center"]) / state["scale"] + state["offset"]
    return scaled if state["low"] is None else np.clip(scaled, state["low"], state["high"])


def raised(x: np.ndarray, power: float) -> np.ndarray:
    return np.log1p(x) if power == 0 else np.expm1(power * np.log1p(x)) / power


def scale(x: np.ndarray, state: Json | None, arrays: Arrays) -> np.ndarray:
    if state is None:
        return np.zeros_like(x)
    if "power" in state:
        power = state["power"]
        if state["method"] == "box-cox":
            return affine(raised(x - 1, power), state["affine"])
        up, down = raised(np.maximum(x, 0), power), -raised(np.maximum(-x, 0), 2 - power)
        return affine(np.where(x >= 0, up, down), state["affine"])
    if "normal" not in state:
        return affine(x, state)
    quantiles = arrays["quantiles"].to_numpy()
    places = np.linspace(0, 1, len(quantiles))
    high = np.interp(x, quantiles, places)
    low = -np.interp(-x, -quantiles[::-1], -places[::-1])
    place = (high + low) / 2
    near = 1e-7 if state["normal"] else 0.0
    place[x + near > quantiles[-1] if near else x == quantiles[-1]] = 1
    place[x - near < quantiles[0] if near else x == quantiles[0]] = 0
    if not state["normal"]:
        return place
    inverse = NormalDist().inv_cdf
    end = inverse(1e-7 - 2.0**-52)
    return np.array([end if p <= 0 else -end if p >= 1 else min(max(inverse(p), end), -end)
                     for p in place])


def step(x: np.ndarray, state: Json) -> np.ndarray:
    if state["type"] == "clip":
        return np.clip(x, state["low"], state["high"]) \
            if (state["low"], state["high"]) != (None, None) else x
    if state["signed"]:
        return np.sign(x) * np.log1p(np.abs(x))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > -1, np.log1p(x), np.nan)


def continuous(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    x = as_floats(values)
    null = np.isnan(x)
    for one in state["steps"]:
        x = step(x, one)
    scaled = scale(np.where(null, state["imputed"], x), state["scaler"], arrays)
    return [scaled, null] if state["missing_indicator"] else [scaled]


def category(values: pa.Array, known: pa.Array) -> np.ndarray:
    """The place of each value among the known ones, -1 for none of them, -2 for null."""
    null = is_null(values)
    if pa.types.is_string(values.type) or pa.types.is_floating(values.type):
        values = values.cast(known.type)
    found = pc.fill_null(pc.index_in(values.cast(known.type), value_set=known), -1).to_numpy()
    return np.where(null, -2, found.astype(np.int64))


def one_hot(places: np.ndarray, width: int) -> list[np.ndarray]:
    return [places == place for place in range(width)]


def categorical(values: pa.Array, state: Json, arrays: Arrays) -> np.ndarray:
    found, kept = category(values, arrays["values"]), state["kept"]
    return np.where(found == -2, kept + 1, np.where((found < 0) | (found >= kept), kept, found))


def hashed(values: pa.Array, state: Json, arrays: Arrays) -> np.ndarray:
    key, buckets = state["seed"].to_bytes(8, "big"), state["buckets"]
    texts = values.cast(arrays["empty"].type).cast(pa.string()).to_pylist()
    null = is_null(values)
    return np.array([
        buckets if null[row] else int.from_bytes(
            blake2b(text.encode(), digest_size=8, key=key).digest(), "big") % buckets
        for row, text in enumerate(texts)])


def ids(values: pa.Array, state: Json, arrays: Arrays) -> np.ndarray:
    found = category(values, arrays["values"])
    return np.where(found == -2, 1, np.where(found == -1, 2, found + 3))


def target_encoding(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    known = arrays["values"]
    means = arrays["means"].to_numpy().reshape(
        state["folds"] + 1, len(known) + 2, len(state["names"]))[-1]
    found = category(values, known)
    rows = np.where(found == -2, len(known) + 1, np.where(found == -1, len(known), found))
    return list(means[rows].T)


def datetime(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    null = is_null(values)
    if not pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("ms"))
    local = values if values.type.tz is None else pc.local_timestamp(values)
    parts = {"month": (pc.month, 1, 12), "day_of_month": (pc.day, 1, 31),
             "day_of_week": (pc.day_of_week, 0, 7), "day_of_year": (pc.day_of_year, 1, 366),
             "hour": (pc.hour, 0, 24), "minute": (pc.minute, 0, 60), "second": (pc.second, 0, 60)}

    def plain(numbers: pa.Array) -> np.ndarray:
        return pc.fill_null(numbers, 0).to_numpy().astype(np.float64)

    found = []
    for part in state["parts"]:
        if state["scales"] is None:
            found += [np.zeros(len(values))] * (2 if part in parts and state["cyclic"] else 1)
        elif part == "year":
            found.append(affine(plain(pc.year(local)), state["scales"][part]))
        elif part == "elapsed":
            seconds = plain(values.cast(pa.int64())) / TICKS[values.type.unit]
            found.append(affine(seconds, state["scales"][part]))
        else:
            read, first, count = parts[part]
            fraction = (plain(read(local)) - first) / count
            found += [np.sin(2 * np.pi * fraction), np.cos(2 * np.pi * fraction)] \
                if state["cyclic"] else [fraction]
    found = [np.where(null, 0, numbers) for numbers in found]
    return [*found, null] if state["missing_indicator"] else found


def piecewise_linear(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    x = as_floats(values)
    null, found = np.isnan(x), [np.zeros(len(x))]
    if "edges" in arrays:
        edges = arrays["edges"].to_numpy()
        last = len(edges) - 2
        found = [np.clip((x - low) / (high - low), -np.inf if place == 0 else 0,
                         np.inf if place == last else 1)
                 for place, (low, high) in enumerate(pairwise(edges))]
    found = [np.where(null, 0, numbers) for numbers in found]
    return [*found, null] if state["missing_indicator"] else found


def vector(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    null, length = is_null(values), state["length"]
    lists = values.to_pylist()
    found = []
    for place in range(length):
        x = np.array([np.nan if row is None or row[place] is None else row[place]
                      for row in lists], dtype=np.float64)
        if "centers" in arrays:
            x = (x - arrays["centers"].to_numpy()[place]) / arrays["scales"].to_numpy()[place]
        found.append(np.nan_to_num(x) if "centers" in arrays else np.zeros(len(x)))
    return [*found, null] if state["missing_indicator"] else found


def multi_hot(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    known, kept, null = arrays["values"], state["kept"], is_null(values)
    other = state["on_unseen"] == "other" or not kept
    out = np.zeros((len(values), kept + other), dtype=np.float64)
    for row, entries in enumerate(values.to_pylist()):
        inner = pa.array([entry for entry in entries or () if entry is not None], known.type)
        for place in category(inner, known):
            if 0 <= place < kept:
                out[row, place] = 1
            elif place == -1 and state["on_unseen"] == "other":
                out[row, kept] = 1
    found = list(out.T)
    return [*found, null] if state["missing_indicator"] else found


def identity(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    x = as_floats(values)
    return [np.nan_to_num(x) if state["on_null"] == "zero" else x]


def standard(values: pa.Array, state: Json, arrays: Arrays) -> list[np.ndarray]:
    return [affine(as_floats(values), state["scale"])]


NUMBERS: Mapping[str, Callable[[pa.Array, Json, Arrays], list[np.ndarray]]] = {
    "continuous": continuous, "target_encoding": target_encoding, "datetime": datetime,
    "piecewise_linear": piecewise_linear, "vector": vector, "multi_hot": multi_hot,
    "identity": identity, "standard": standard}
PLACES: Mapping[str, Callable[[pa.Array, Json, Arrays], np.ndarray]] = {
    "categorical": categorical, "hash": hashed, "ids": ids}


# Steps


COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "equal": pc.equal, "not_equal": pc.not_equal, "above": pc.greater, "below": pc.less,
    "at_least": pc.greater_equal, "at_most": pc.less_equal}
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


def derived(table: pa.Table, operation: Json) -> Any:
    def operand(value: Any) -> Any:
        return table.column(value) if isinstance(value, str) else pa.scalar(float(value))

    kind = operation["type"]
    if kind == "compare":
        return COMPARED[operation["is"]](operand(operation["left"]), operand(operation["right"]))
    if kind == "time_difference":
        apart = [operand(operation[side]).cast(pa.timestamp("ns", operand(operation[side]).type.tz))
                 .cast(pa.int64()) for side in ("from", "to")]
        return pc.divide(pc.divide(pc.subtract(apart[1], apart[0]).cast(pa.float64(), safe=False),
                                   1e9), float(SECONDS[operation["unit"]]))
    operands = [operand(value) for value in operation["operands"]]
    if kind == "coalesce":
        return pc.coalesce(*operands)
    if kind == "subtract":
        return pc.subtract(*operands)
    if kind == "add":
        return pc.add(*operands)
    assert kind == "divide", kind
    below = operands[1].cast(pa.float64())
    return pc.divide(operands[0].cast(pa.float64()),
                     pc.if_else(pc.equal(below, 0.0), pa.scalar(None, pa.float64()), below))


def prepared(table: pa.Table, one: Json, is_index: bool) -> pa.Table:
    """A frame after a step; the reference rows of the index frame have passed its filters."""
    if one["type"] == "derive":
        values = derived(table, one["operation"]).cast(_dtype(one["dtype"]))
        return table.append_column(one["column"], values)
    if is_index:
        return table
    for condition in one["where"]:
        kept = COMPARED[condition["is"]](table.column(condition["column"]), condition["value"])
        table = table.filter(pc.fill_null(kept, False))
    return table


# Rows


class Reader:
    """An export, and a bundle of raw rows."""

    def __init__(self, export: Path, bundle: Path) -> None:
        self.steps = json.loads((export / "preprocessing.json").read_text())
        with pa.ipc.open_file(str(export / "preprocessing.arrow")) as file:
            table = file.read_all()
        self.arrays = {name: table.column(name).chunk(0).flatten() for name in table.column_names
                       if table.num_rows}
        self.frames = {
            name: pa.table({column: pq.read_table(bundle / f"{name}.parquet").column(column).cast(
                _dtype(dtype)) for column, dtype in described["columns"].items()})
            for name, described in self.steps["frames"].items()}
        for one in self.steps["steps"]:
            self.frames[one["frame"]] = prepared(
                self.frames[one["frame"]], one, one["frame"] == self.steps["index_frame"])

    def inputs(self, index_rows: np.ndarray) -> dict[str, np.ndarray]:
        """The inputs of some rows of the index frame."""
        named = {(one["frame"], one["holds"]): one["name"] for one in self.steps["inputs"]}
        found: dict[str, np.ndarray] = {}
        for frame, described in self.steps["batch_frames"].items():
            if described["type"] == "rows":
                parts = self._beside([self.steps["extractors"][name]
                                      for name in described["extractors"]], index_rows)
            else:
                parts = self._aggregated(described, index_rows)
            found |= {named[frame, holds]: value for holds, value in parts.items()
                      if (frame, holds) in named}
        return found

    def _beside(self, extractors: list[Json], rows: np.ndarray) -> dict[str, np.ndarray]:
        """What extractors give for rows of their frame: `[rows, places]` by what it is."""
        columns: dict[str, list[np.ndarray]] = {"numbers": [], "codes": [], "ids": []}
        for extractor in extractors:
            positions = self._walk(extractor, rows)
            for column in extractor["columns"]:
                values = self._values(extractor, column, positions)
                own = {key: self.arrays[name] for key, name in column["arrays"].items()}
                kind = column["transformer"]
                if kind in PLACES:
                    places = PLACES[kind](values, column["state"], own)
                    given = one_hot(places, column["width"]) if column["holds"] == "numbers" \
                        else [places]
                else:
                    given = NUMBERS[kind](values, column["state"], own)
                assert len(given) == column["width"]
                assert column["start"] == len(columns[column["holds"]])
                columns[column["holds"]] += given
        return {holds: np.stack([one.astype(np.float32 if holds == "numbers" else np.int64)
                                 for one in given], axis=1)
                for holds, given in columns.items() if given}

    def _walk(self, extractor: Json, rows: np.ndarray) -> np.ndarray:
        """The row of the last frame for each row, -1 where there is none."""
        at = extractor["start"]
        positions = rows
        aligned = extractor["aligned_by"]
        if isinstance(aligned, dict):
            positions = self._matched(rows, extractor["rows_of"], at, aligned, None, None)
        for join in extractor["joins"]:
            times = None
            if join["as_of"] is not None:
                times = self.frames[extractor["rows_of"]].column(
                    join["as_of"]["sample"]).take(pa.array(rows))
            positions = self._matched(positions, at, join["frame"], join, join["as_of"], times)
            at = join["frame"]
        return positions

    def _matched(self, positions: np.ndarray, left: str, right: str, join: Json,
                 as_of: Json | None, times: Any) -> np.ndarray:
        table = self.frames[right]
        keys = _keys(table, join["key"], np.arange(table.num_rows))
        wanted = _keys(self.frames[left], join["columns"], positions)
        if as_of is None:
            first = {key: row for row, key in reversed(list(enumerate(keys)))}
            return np.array([-1 if key is None else first.get(key, -1) for key in wanted])
        own, when = table.column(as_of["row"]).to_pylist(), times.to_pylist()
        found = []
        for row, key in enumerate(wanted):
            seen = [(own[other], other) for other, there in enumerate(keys)
                    if positions[row] >= 0 and key is not None and there == key
                    and when[row] is not None and own[other] is not None
                    and own[other] < when[row]]
            found.append(max(seen)[1] if seen else -1)
        return np.array(found)

    def _values(self, extractor: Json, column: Json, positions: np.ndarray) -> pa.Array:
        values = self.frames[extractor["frame"]].column(column["column"]).combine_chunks() \
            if self.frames[extractor["frame"]].num_rows else pa.nulls(1, _dtype(column["dtype"]))
        taken = values.take(pa.array(positions, mask=positions < 0))
        if extractor["nulls"] == "fill":
            taken = pc.fill_null(taken, pa.scalar(extractor["fill_value"], taken.type))
        return taken

    # Contexts

    def _window(self, context: Json, rows: np.ndarray) -> list[np.ndarray]:
        """The rows that each sample sees, in their order, for contexts that look back."""
        assert context["direction"] == "before" and not context["where"]
        assert not context["joins"] and context["within"] is None
        table, index = self.frames[context["frame"]], self.frames[self.steps["index_frame"]]
        keys = _keys(table, context["key"], np.arange(table.num_rows))
        wanted = _keys(index, context["columns"], rows)
        place = context["place"]
        # Without a place all rows of the key stand at one.
        own = [0] * table.num_rows if place is None else table.column(place["row"]).to_pylist()
        when = [1] * len(rows) if place is None else index.column(place["sample"]).take(
            pa.array(rows)).to_pylist()
        order = [table.column(name).to_pylist() for name in context["order_by"]]
        found = []
        for sample, key in enumerate(wanted):
            seen = [row for row, there in enumerate(keys)
                    if key is not None and there == key and own[row] is not None
                    and when[sample] is not None
                    and (own[row] <= when[sample] if context["include_self"]
                         else own[row] < when[sample])]
            seen.sort(key=lambda row: (own[row], *((one[row] is None, one[row] or 0)
                                                   for one in order), row))
            size = context["size"]
            found.append(np.array(seen if size is None else seen[-size:], dtype=np.int64))
        return found

    def _aggregated(self, described: Json, rows: np.ndarray) -> dict[str, np.ndarray]:
        context = self.steps["contexts"][described["context"]]
        wanted = context["aggregations"][described["aggregation"]]
        windows = self._window(context, rows)
        parts = list(context["extractors"].values())
        if wanted["type"] == "group_by":
            return {"numbers": self._grouped(wanted, windows, parts)}
        size = wanted["size"]
        if size is not None:
            windows = [window[-size:] for window in windows]
        if wanted["type"] == "pivot":
            return {"numbers": self._pivoted(wanted, windows, parts, size)}
        length = max(1, *(len(window) for window in windows))
        flat = np.concatenate([np.append(window[::-1] if wanted["reversed"] else window,
                                         np.full(length - len(window), -1)) for window in windows])
        given = self._beside(parts, flat.astype(np.int64))
        mask = (flat >= 0).reshape(len(windows), length)
        found = {holds: np.where(mask[..., None], value.reshape(*mask.shape, -1), 0).astype(
            value.dtype) for holds, value in given.items()}
        return {**found, "mask": mask}

    def _pivoted(self, wanted: Json, windows: list[np.ndarray], parts: list[Json],
                 size: int) -> np.ndarray:
        flat = np.concatenate([np.append(window[::-1], np.full(size - len(window), -1))
                               for window in windows]).astype(np.int64)
        there = flat >= 0
        values = np.where(there[:, None], self._beside(parts, flat)["numbers"], 0)
        if wanted["presence"]:
            values = np.concatenate([values, there[:, None]], axis=1)
        return values.astype(np.float32).reshape(len(windows), -1)

    def _grouped(self, wanted: Json, windows: list[np.ndarray],
                 parts: list[Json]) -> np.ndarray:
        assert wanted["sizes"] is None and wanted["spans"] is None
        out = []
        for window in windows:
            x = self._beside(parts, window)["numbers"].astype(np.float64) if len(window) else None
            numbers = [] if x is None else np.concatenate(
                [np.atleast_1d(FUNCTIONS[name](x)) for name in wanted["functions"]])
            scaled = []
            for place, scaler in enumerate(wanted["scalers"][:len(numbers)]):
                own = {key: self.arrays[name] for key, name in scaler["arrays"].items()}
                one = np.array([np.float32(numbers[place])], dtype=np.float64)
                scaled.append(scale(one, scaler["state"], own)[0])
            width = len(wanted["scalers"]) - wanted["presence"]
            scaled = scaled or [0.0] * width
            out.append([*scaled, *([float(len(window) > 0)] if wanted["presence"] else [])])
        return np.array(out, dtype=np.float32)


FUNCTIONS: Mapping[str, Callable[[np.ndarray], Any]] = {
    "mean": lambda x: np.add.reduceat(x, [0])[0] / len(x), "min": lambda x: x.min(0) + 0.0,
    "max": lambda x: x.max(0) + 0.0, "count": lambda x: float(len(x)),
    "first": lambda x: x[0], "last": lambda x: x[-1]}


def _dtype(name: str) -> pa.DataType:
    """The dtype of a name as Arrow writes it."""
    if name.startswith("timestamp["):
        unit, _, zone = name[len("timestamp["):-1].partition(", tz=")
        return pa.timestamp(unit, zone or None)
    if name.startswith(("list<", "large_list<")):
        inner = _dtype(name.partition(": ")[2].removesuffix(">").removesuffix(" not null"))
        return pa.large_list(inner) if name.startswith("large") else pa.list_(inner)
    return {"double": pa.float64(), "float": pa.float32(), "bool": pa.bool_()}.get(
        name) or pa.type_for_alias(name)


def _keys(table: pa.Table, columns: list[str], rows: np.ndarray) -> list[tuple[Any, ...] | None]:
    """The key of each row; None where a part of it is null, or there is no row."""
    parts = [table.column(name).to_pylist() for name in columns]
    found: list[tuple[Any, ...] | None] = []
    for row in rows:
        key = None if row < 0 else tuple(part[row] for part in parts)
        found.append(None if key is None or None in key else key)
    return found


# The check of a reference


def run_network(export: Path, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The network of an export on inputs."""
    described = json.loads((export / "export.json").read_text())
    if described["exported"] == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(export / described["network"])
        names = [one["name"] for one in described["outputs"]]
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))
    import torch

    module = torch.export.load(export / described["network"]).module()
    with torch.no_grad():
        given = module({name: torch.from_numpy(value) for name, value in inputs.items()})
    return {name: value.numpy() for name, value in given.items()}


def _tensors(export: Path, side: str) -> dict[str, np.ndarray]:
    tensors = safetensors.numpy.load_file(export / "reference.safetensors")
    return {name.removeprefix(f"{side}/"): value for name, value in tensors.items()
            if name.startswith(f"{side}/")}


def rebuilt(export: Path) -> dict[str, np.ndarray]:
    """The inputs of the reference rows, from raw rows."""
    raw = json.loads((export / "reference.json").read_text())["raw"]
    found = Reader(export, export / raw["folder"]).inputs(np.array(raw["index_rows"], np.int64))
    # Seconds from a step to its sample are no preprocessing of values: they are left out.
    return {**{name: value for name, value in _tensors(export, "inputs").items()
               if name.endswith(".ages")}, **found}


def wrong_inputs(export: Path) -> list[str]:
    """The inputs that are not, bit by bit, what is written down."""
    found, wanted = rebuilt(export), _tensors(export, "inputs")
    return [name for name, value in wanted.items()
            if found[name].dtype != value.dtype or found[name].shape != value.shape
            or found[name].tobytes() != value.tobytes()]


def wrong_outputs(export: Path, inputs: Mapping[str, np.ndarray] | None = None) -> list[str]:
    """The outputs that are not those of specc.

    Args:
        inputs: those that are written down, by default.
    """
    said, given = _tensors(export, "outputs"), _tensors(export, "inputs")
    return [name for name, value in run_network(export, inputs or given).items()
            if not (np.abs(value - said[name]) <= 1e-5 * np.maximum(1, np.abs(said[name]))).all()]


if __name__ == "__main__":
    sys.modules["specc"] = None  # type: ignore[assignment]
    folder = Path(sys.argv[1])
    print(json.dumps([*wrong_inputs(folder), *wrong_outputs(folder, rebuilt(folder))]))
