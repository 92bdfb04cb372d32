"""A bundle of visits with the events around them, and what the batches of a spec on it hold.

Used by the tests of contexts; nothing here asserts more than that a spec is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from specc.compiler.data.encode import encode
from specc.compiler.network.tree import extractions
from specc.compiler.stages import Plan
from specc.runtime.session import build_session, load_plan_frames
from specc.schema.networks.modules.values import Features, Sequence

import specc

Frames = dict[str, pd.DataFrame]

START = pd.Timestamp("2024-03-01")
HOURS = 48
"""Times are whole hours of two days, so that many are equal."""

TRAINED_UNTIL = START + pd.Timedelta(hours=HOURS // 2)
"""Visits before it train."""

CPU = torch.device("cpu")


def visits_and_events(seed: int, samples: int = 24, rows: int = 60) -> Frames:
    """Visits (the index frame, some without person, shop or time), events with null keys, times
    and values, items that events name, prices and teams that change in time, and the results of
    teams. `step` is the hour as a number."""
    rng = np.random.default_rng(seed)

    def some(values: list[Any], size: int, nulls: float = 0.15) -> list[Any]:
        drawn = [values[place] for place in rng.integers(len(values), size=size)]
        return [None if rng.random() < nulls else value for value in drawn]

    def hours(size: int) -> np.ndarray:
        return rng.integers(0, HOURS, size)

    def timed(size: int, **columns: Any) -> pd.DataFrame:
        at = hours(size)
        times = pd.Series(START + pd.to_timedelta(at, unit="h"))
        return pd.DataFrame({"time": times, "step": at, **columns})

    def numbers(size: int) -> pd.Series:
        return pd.Series(some([0.5, 1.5, -2.0, 3.25, 7.0], size), dtype="float64")

    people, shops, items = ["ann", "bob", "cid"], [1, 2, 3], ["pen", "cup", "hat"]
    teams = ["x", "y"]
    index = timed(samples, person=some(people, samples),
                  shop=pd.array(some(shops, samples), "Int64"),
                  item=some(items, samples), value=numbers(samples),
                  kind=some(["a", "b", "c"], samples), late=rng.integers(0, 2, samples))
    # Both classes, both splits, whatever was drawn.
    index.loc[index.index[:4], "step"] = [1, 2, HOURS - 2, HOURS - 1]
    index["time"] = START + pd.to_timedelta(index["step"], unit="h")
    index.loc[index.index[:4], "late"] = [0, 1, 0, 1]
    index["split"] = np.where(index["time"] < TRAINED_UNTIL, "train", "test")
    index.index = pd.Index(rng.permutation(samples) + 500, name="visit")
    events = timed(rows, person=some(people, rows), shop=pd.array(some(shops, rows), "Int64"),
                   item=some([*items, "bag"], rows), value=numbers(rows),
                   kind=some(["a", "b", "c"], rows, 0.3), fine=rng.random(rows) < 0.7)
    missing = rng.random(rows) < 0.1
    events.loc[missing, "time"] = pd.NaT
    events["step"] = events["step"].astype("Int64").mask(missing)
    return {
        "index": index,
        "events": events,
        "items": pd.DataFrame({"weight": [1.0, None, 4.0], "color": ["red", "blue", None]},
                              index=pd.Index(items, name="item")),
        "prices": timed(rows // 2, item=some(items, rows // 2), price=numbers(rows // 2)),
        "teams": timed(rows // 3, person=some(people, rows // 3), team=some(teams, rows // 3)),
        "results": timed(rows // 2, team=some(teams, rows // 2), points=numbers(rows // 2)),
    }


def context(frame: str, aggregations: Mapping[str, Any], take: list[Any], transformer: Any = None,
            **properties: Any) -> dict[str, Any]:
    """A context that takes some columns of its rows."""
    inner = {"type": "plain", "take_columns": take,
             "transformer": {"type": "auto"} if transformer is None else transformer}
    return {"type": "context", "frame": frame, "extractor": inner, **properties,
            "aggregations": dict(aggregations)}


AS_OF = {"sample": "time", "row": "time"}

BARE = {"type": "continuous", "imputer": None, "scaler": None, "missing_indicator": False}


def reading(extractors: Mapping[str, Any], *, label: Any = None,
            training: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A spec whose network reads every frame: sequences through an lstm, ids through tables."""
    branches: list[dict[str, Any]] = []
    for name, value in extractors.items():
        frames = [f"{name}.{inner}" for inner in value["aggregations"]] \
            if value["type"] == "context" else [name]
        for frame in frames:
            aggregation = value["aggregations"][frame.partition(".")[2]] \
                if value["type"] == "context" else {"type": None}
            steps = aggregation["type"] == "sequence"
            inside = value.get("extractor", {}) if steps else value
            parts = [inside, *inside.get("extractors", {}).values()]
            factories = [{"type": "embedding", "width": 4}] if any(
                part.get("type") == "embedding" for part in parts) else []
            if steps:
                factories.append({"type": "lstm", "width": 4})
            factories.append({"type": "torch.nn:Linear", "out_features": 4})
            branches.append({"type": "feed_forward", "input_frames": [frame],
                             "factories": factories})
    joined = branches[0] if len(branches) == 1 else {"type": "parallel", "branches": branches}
    return {
        "specc": 1,
        "extractors": {"label": label or {"type": "plain", "take_columns": ["late"]}, **extractors},
        "network": {"type": "feed_forward", "factories": [
            joined, {"type": "torch.nn:ReLU"}, {"type": "output"}]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.05},
        "training": {"epochs": 2, "batch_size": 5, "device": "cpu", **(training or {})},
    }


def planned(spec: Mapping[str, Any], frames: Frames, **options: Any) -> Plan:
    """The plan of a spec that must be accepted."""
    compiled = specc.compile(spec, frames, **options)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def batches_of(plan: Plan, samples: list[int], batch_size: int | None = None) -> Iterator[
        dict[str, Any]]:
    """What each batch of these samples holds, by the name of the frame; each branch of the network
    reads one."""
    session = build_session(plan, CPU, load_plan_frames(plan, CPU))
    if batch_size is not None:
        session.evaluation.batch_size = batch_size
    names = {pointer: name for pointer, (name,) in extractions(plan.graph.network)}
    for batch in session.evaluation.of(torch.tensor(samples)):
        yield {names[pointer]: value for pointer, value in batch.inputs.items()}


def gathered(plan: Plan, samples: list[int] | None = None) -> dict[str, dict[str, np.ndarray]]:
    """Frame -> the arrays of one batch of these samples, or of all: `values`, `ids`, `mask`,
    `ages`, as far as the frame has them."""
    chosen = list(range(len(plan.samples))) if samples is None else samples
    (batch,) = batches_of(plan, chosen)
    return {name: _arrays(value) for name, value in batch.items()}


def _arrays(value: Any) -> dict[str, np.ndarray]:
    if isinstance(value, Sequence):
        ages = {} if value.ages is None else {"ages": value.ages}
        found = {**_tensors(value.values), "mask": value.mask, **ages}
    else:
        found = _tensors(value)
    return {name: tensor.numpy().copy() for name, tensor in found.items()}


def _tensors(value: Any) -> dict[str, torch.Tensor]:
    if isinstance(value, Features):
        return {"values": value.numbers, "ids": value.ids}
    assert isinstance(value, torch.Tensor)
    return {"values": value}


def bits(arrays: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, bytes]:
    """The same as bytes, to compare to the last bit."""
    return {f"{name}/{part}": array.tobytes() for name, inner in arrays.items()
            for part, array in inner.items()}


def encoded(plan: Plan, name: str) -> np.ndarray:
    """What an extractor gives for each sample, one-hot columns written out."""
    entry = plan.shaped.fitted.extractors[name]
    return encode(entry, plan.shaped.fitted.bound.bundle).dense[entry.encoded_positions]
