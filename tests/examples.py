"""A whole small spec around an example of the reference, and the bundle that it runs on.

The bundle has every frame and column that the examples name, so that they run as they stand.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Spec = dict[str, Any]

ROWS = 48
WORDS = ("one", "two", "three", "four")
LISTED = 384
"""Numbers in a list of the column `text`: the length that an example of `vector` names."""


def frames() -> dict[str, pd.DataFrame]:
    """An index frame, frames to join to it, and frames with several rows for each sample."""
    return {"index": _index(), **_joined(), **_related()}


def _index() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    number = np.arange(ROWS)
    hours = pd.date_range("2013-09-20", periods=ROWS, freq="11h", tz="UTC")
    ordered = hours + pd.to_timedelta(number % 5, unit="D")
    return pd.DataFrame({
        "row": number * number,
        "split": np.where(number >= 36, "test", "train"),
        "Survived": number % 2, "late": number // 2 % 2,
        "age": 20.5 + number % 30, "Age": 5.0 + number % 40, "Sex": _cycle("female", "male"),
        "Name": [f"name {one}" for one in number], "Ticket": number % 12, "SibSp": number % 3,
        "Parch": number % 2, "patient": number % 9, "session": number // 4, "user": number % 5,
        "carrier": _cycle("AA", "B6", "UA"), "origin": _cycle("JFK", "EWR", "LGA"),
        "dest": _cycle("LAX", "BOS", "SFO", "ORD"), "tailnum": _cycle("N1", "N2", "N3"),
        "sentence": number, "word": [WORDS[one % len(WORDS)] for one in number],
        "time_hour": hours, "scheduled_departure": hours, "placed": hours,
        "ordered": ordered, "delivered": ordered + pd.Timedelta(hours=30),
        "day": number // 8, "hour": number % 24,
        "dep_time": 600 + number, "sched_dep_time": 610 + number % 20,
        "actual": np.where(number % 3 == 0, np.nan, number), "planned": number + 1.0,
        "delay": np.where(number % 5 == 0, np.nan, rng.random(ROWS).round(3)),
        "wait": rng.normal(size=ROWS).round(3),
        "arr_delay": rng.normal(10, 30, size=ROWS).round(), "dep_delay": number % 7 - 3,
        "distance": 200 + 10 * number, "air_time": 30 + number,
        "price": 1.5 + number % 11, "quantity": 1 + number % 4,
        "text": list(rng.normal(size=(ROWS, LISTED))),
        "tags": [[WORDS[one % 3], WORDS[one % 4]] for one in number],
    }).set_index("row")


def _cycle(*values: str) -> list[str]:
    return [values[one % len(values)] for one in range(ROWS)]


def _joined() -> dict[str, pd.DataFrame]:
    index = _index()
    hours = index[["origin", "hour"]].drop_duplicates().reset_index(drop=True)
    return {
        "passengers": pd.DataFrame({
            "Name": index["Name"], "fare": np.arange(ROWS) / 3, "children": np.arange(ROWS) % 4,
        }).set_index("Name"),
        "tickets": pd.DataFrame({
            "Ticket": range(12), "price": np.arange(12) * 2.5, "class": np.arange(12) % 3,
        }).set_index("Ticket"),
        "weather": hours.assign(temperature=np.arange(len(hours)) - 5.0,
                                sky=["clear", "grey"][0], seen=pd.Timestamp("2013-09-20")),
        "planes": pd.DataFrame({
            "tailnum": ["N1", "N2", "N3"], "year": [1975, 1999, 2004], "engines": [1, 2, 2],
            "seats": [None, 55.0, 182.0],
        }).set_index("tailnum"),
        "word_vectors": pd.DataFrame({
            "word": WORDS, "x0": [0.1, 0.2, 0.3, 0.4], "x1": [1.0, 0.0, -1.0, 0.5],
        }).set_index("word"),
    }


def _related() -> dict[str, pd.DataFrame]:
    number = np.arange(3 * ROWS)
    landed = pd.date_range("2013-09-19", periods=len(number), freq="4h", tz="UTC")
    return {
        "words": pd.DataFrame({
            "sentence": number // 3, "position": number % 3, "length": number % 5 + 1.0,
            "word": [WORDS[one % len(WORDS)] for one in number],
        }),
        "landings": pd.DataFrame({
            "tailnum": [f"N{one % 3 + 1}" for one in number], "landed_at": landed,
            "arr_delay": number % 13 - 4.0,
            **{f"x{place}": np.sin(number * (place + 1)) for place in range(8)},
        }),
    }


_SPEC: Spec = {
    "specc": 1,
    "name": "example",
    "bundle": {"keys": {"weather": ["origin", "hour"]}},
    "extractors": {
        "label": {"type": "plain", "take_columns": ["Survived"]},
        "passengers": {"type": "plain", "joins": [{"frame": "passengers", "on": "Name"}],
                       "transformer": {"type": "continuous"}},
        "tickets": {"type": "plain", "joins": [{"frame": "tickets", "on": "Ticket"}],
                    "transformer": {"type": "continuous"}},
        "flights": {"type": "plain", "take_columns": ["distance", "hour"],
                    "transformer": {"type": "continuous"}},
        "names": {"type": "embedding", "take_columns": ["carrier", "dest"]},
        "plane_history": {
            "type": "context", "frame": "landings", "on": "tailnum", "size": 4,
            "as_of": {"sample": "scheduled_departure", "row": "landed_at"},
            "extractor": {"type": "plain", "take_columns": ["x*"]},
            "aggregations": {"steps": {"type": "sequence"}}},
    },
    "network": {"type": "fully_connected", "sizes": [1], "input_frames": ["passengers"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "training": {"epochs": 1, "batch_size": 8, "device": "cpu"},
}

_OF_SEQUENCES = ("lstm", "gru", "conv1d", "self_attention", "transformer_encoder",
                 "attention_pooling", "masked_pool")

_OF_FRAMES = ("extraction", "two_tower", "cross_attention")
"""The networks that name the frames that they read."""

_STEPS, _NUMBERS_OF_ALL = ["plane_history.steps"], ["passengers", "tickets", "flights"]

_COLUMN = {
    "datetime": "time_hour", "vector": "text", "multi_hot": "tags", "categorical": "carrier",
    "hash": "carrier", "target_encoding": "carrier", "identity": "age",
}
"""The column for a transformer; the others take one of numbers with nulls."""

_CLASSES = ({"type": "plain", "take_columns": ["origin"], "transformer": {"type": "class_index"}},
            "torch.nn:CrossEntropyLoss")
_NUMBERS = ({"type": "plain", "take_columns": ["wait"], "transformer": {"type": "standard"}},
            "torch.nn:MSELoss")
_ONE_HOT = ({"type": "plain", "take_columns": ["origin"], "transformer": {"type": "categorical"}},
            "torch.nn:BCELoss")


def around(family: str, example: Mapping[str, Any]) -> Spec:
    """A spec that a user could write, with the example in its place."""
    spec = copy.deepcopy(_SPEC)
    _PLACES[family](spec, dict(example))
    read = json.dumps(spec["network"])
    spec["extractors"] = {name: extractor for name, extractor in spec["extractors"].items()
                          if name == "label" or f'"{name}"' in read or f'"{name}.' in read}
    return spec


def _extractor(spec: Spec, example: Spec) -> None:
    if example.get("take_columns") == ["Survived"]:
        spec["extractors"]["label"] = example
        return
    spec["extractors"]["example"] = example
    if example["type"] == "context":
        _read(spec, *(f"example.{name}" for name in example["aggregations"]))
    else:
        _read(spec, "example", ids=example["type"] == "embedding")


def _read(spec: Spec, *names: str, ids: bool = False) -> None:
    """A network over frames: tables of vectors for ids, a pool over the steps of a sequence."""
    kinds = [spec["extractors"][name.partition(".")[0]].get("aggregations", {})
             .get(name.partition(".")[2], {}).get("type") for name in names]
    parts = [{"type": "embedding"}] if ids else []
    parts += [{"type": "masked_pool"}] if "sequence" in kinds else []
    spec["network"] = {"type": "feed_forward", "input_frames": list(names),
                       "factories": [*parts, {"type": "output"}]}


def _aggregation(spec: Spec, example: Spec) -> None:
    spec["extractors"]["example"] = {
        "type": "context", "frame": "words", "on": "sentence", "order_by": "position",
        "size": 3, "extractor": {"type": "plain", "take_columns": ["length"]},
        "aggregations": {"rows": example},
    }
    _read(spec, "example.rows")


def _transformer(spec: Spec, example: Spec) -> None:
    if example["type"] in ("standard", "class_index"):
        label, loss = _NUMBERS if example["type"] == "standard" else _CLASSES
        _learn(spec, {**label, "transformer": example}, loss)
        return
    columns = [_COLUMN.get(example["type"], "delay")]
    if example["type"] == "auto":
        columns = ["delay", "carrier", "time_hour"]
    spec["extractors"]["example"] = {"type": "plain", "take_columns": columns,
                                     "transformer": example}
    _read(spec, "example")


def _learn(spec: Spec, label: Spec, loss: str) -> None:
    spec["extractors"]["label"] = label
    spec["loss"] = {"type": loss}
    spec["network"] = {"type": "output", "input_frames": ["passengers"]}


def _step(spec: Spec, example: Spec) -> None:
    _transformer(spec, {"type": "continuous", "steps": [example]})


def _preparation(spec: Spec, example: Spec) -> None:
    spec["bundle"]["prepare"] = [example]
    if example["type"] == "derive":
        joins = [{"frame": "planes", "on": "tailnum"}] if "frame" in example else []
        spec["extractors"]["example"] = {
            "type": "plain", "joins": joins, "take_columns": [example["column"]],
            "transformer": {"type": "auto"},
        }
        _read(spec, "example")
    if example["type"] == "filter" and "frame" in example:
        spec["extractors"]["example"] = {"type": "plain", "transformer": {"type": "auto"},
                                         "joins": [{"frame": "planes", "on": "tailnum"}]}
        _read(spec, "example")


def _operation(spec: Spec, example: Spec) -> None:
    _preparation(spec, {"type": "derive", "column": "made", "operation": example})


def _sampler(spec: Spec, example: Spec) -> None:
    spec["training"]["sampler"] = example
    if example["type"] == "priority":
        spec["bundle"]["prepare"] = [{"type": "priority", "column": "carrier"}]


def _network(spec: Spec, example: Spec) -> None:
    name = example["type"]
    frames = _STEPS if name in _OF_SEQUENCES else _NUMBERS_OF_ALL
    if name in _OF_FRAMES or name == "embedding":
        frames = ["names"] if name == "embedding" else []
    if name in ("tabm", "ensemble"):
        spec["network"] = {**example, "input_frames": frames}
        if example.get("output_activation") == "sigmoid":
            spec["loss"] = {"type": "torch.nn:BCELoss"}
        return
    if name == "output":
        if example.get("activation") == "softmax":
            _learn(spec, *_ONE_HOT)
        spec["network"] = {**example, "input_frames": frames}
        return
    parts = [example]
    if name == "shared" and "network" not in example:
        whole = {"type": "fully_connected", "sizes": [2]}
        parts = [{"type": "parallel", "branches": [{**example, "network": whole}, example]}]
    if example.get("tokens") or name == "self_attention" or _keeps_steps(example):
        parts.append({"type": "masked_pool"} if frames == _STEPS
                     else {"type": "torch.nn:Flatten"})
    spec["network"] = {"type": "feed_forward", "factories": [*parts, {"type": "output"}]}
    if frames:
        spec["network"]["input_frames"] = frames


def _keeps_steps(example: Spec) -> bool:
    unpooled = example["type"] in ("conv1d", "transformer_encoder") and "pool" not in example
    return unpooled or example.get("pool") == "none"


def _loss(spec: Spec, example: Spec) -> None:
    _learn(spec, _NUMBERS[0], "torch.nn:MSELoss")
    spec["loss"] = example


def _metric(spec: Spec, example: Spec) -> None:
    spec["metrics"] = [example]
    if example["type"] == "spearman":
        _learn(spec, *_NUMBERS)
    elif "query" not in example:
        _learn(spec, *_CLASSES)


_PLACES = {
    "extractor": _extractor, "aggregation": _aggregation, "transformer": _transformer,
    "step": _step, "preparation": _preparation, "operation": _operation, "sampler": _sampler,
    "network": _network, "loss": _loss, "metric": _metric,
}
