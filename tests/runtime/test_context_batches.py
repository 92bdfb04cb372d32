"""What a batch holds of a context, against a loop over samples and rows.

Not checked here: windows and functions over every odd value (compiler/test_windows.py,
compiler/test_aggregate.py), and that nothing leaks (test_no_leak.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from specc.compiler.data import context_fit
from specc.runtime.contexts import AggregateFrame
from specc.runtime.evaluate import outputs
from specc.runtime.loop import train
from specc.runtime.progress import Silent
from specc.runtime.rehearse import rehearse
from specc.runtime.session import Session, load_plan_frames, open_session
from specc.schema.contexts import FUNCTIONS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from histories import (
    AS_OF,
    CPU,
    Frames,
    batches_of,
    bits,
    context,
    gathered,
    planned,
    reading,
    visits_and_events,
)

NO_TIME = np.datetime64("NaT", "us")
HALF_LIFE = 5 * 3600.0

# The reference

Row = dict[str, Any]


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Rows with None for null."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.to_dict("records")


def seen(sample: Row, frames: Frames,
         entry: dict[str, Any]) -> tuple[list[int], list[int], list[int]]:
    """The events of a visit before, at and after its own place, each in order; all before where
    nothing says a place."""
    on = entry.get("on") or []
    keys = [on] if isinstance(on, str) else list(on)
    place = entry.get("as_of") or entry.get("at")
    here = None if place is None else sample[place["sample"]]
    if any(sample[key] is None for key in keys) or (place is not None and here is None):
        return [], [], []
    order = entry.get("order_by", [])
    order = [order] if isinstance(order, str) else order
    found: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for number, row in enumerate(frames["rows"]):
        there = None if place is None else row[place["row"]]
        if any(row[key] is None or row[key] != sample[key] for key in keys):
            continue
        if place is not None and there is None:
            continue
        if entry.get("where") and not row["fine"]:
            continue
        within = entry.get("within")
        if within is not None:
            far = abs(here - there)
            if far > (pd.Timedelta(within) if isinstance(within, str) else within):
                continue
        side = 0 if place is None or there < here else 1 if there == here else 2
        found[side].append((0 if place is None else there, *(
            (row[name] is None, 0 if row[name] is None else row[name]) for name in order),
            number))
    before, own, after = ([entry[-1] for entry in sorted(side)] for side in found)
    size = entry.get("size")
    direction = entry.get("direction", "before")
    if not entry.get("include_self"):
        own = []
    if direction == "before":
        rows = before + own
        return (rows if size is None else rows[-size:]), [], []
    if direction == "after":
        # Without a place the first rows of the key.
        rows = own + after if place is not None else before
        return [], [], rows[:size]
    return (before if size is None else before[-size:]), own, after[:size]


def values_of(frames: Frames, rows: list[int]) -> np.ndarray:
    return np.array([frames["rows"][row]["value"] or 0.0 for row in rows], dtype=np.float64)


def ages_of(sample: Row, frames: Frames, rows: list[int]) -> np.ndarray:
    return np.array([(sample["time"] - frames["rows"][row]["time"]).total_seconds()
                     for row in rows])


def function(name: str, values: np.ndarray, ages: np.ndarray | None) -> float:
    if not len(values):
        return 0.0
    if name == "since_last":
        assert ages is not None
        return float(np.abs(ages).min())
    if name == "decayed_mean":
        assert ages is not None
        return float(np.average(values, weights=0.5 ** (np.abs(ages) / HALF_LIFE)))
    results = {"mean": np.mean, "min": np.min, "max": np.max, "sum": np.sum, "count": len,
               "std": np.std, "median": np.median, "first": lambda column: column[0],
               "last": lambda column: column[-1], "nunique": lambda column: len(set(column))}
    return float(results[name](values))


def grouped(sample: Row, frames: Frames, entry: dict[str, Any],
            node: dict[str, Any]) -> list[float]:
    """The columns of a `group_by` of one sample."""
    timed = "as_of" in entry or entry.get("at", {}).get("row") == "time"
    windows: list[dict[str, Any]] = [{"size": size} for size in node.get("sizes") or ()]
    windows += [{"within": span} for span in node.get("spans") or ()]
    found = []
    for window in windows or [{}]:
        narrow = {**entry}
        if "size" in window:
            narrow["size"] = min(window["size"], entry.get("size") or 10**9)
        if "within" in window:
            narrow["within"] = min(window["within"], entry.get("within") or "P9D",
                                   key=lambda span: pd.Timedelta(span))
        rows = [row for side in seen(sample, frames, narrow) for row in side]
        values = values_of(frames, rows)
        ages = ages_of(sample, frames, rows) if timed else None
        found += [function(name, values, ages) for name in node["functions"]]
    return [*found, float(any(seen(sample, frames, entry)))]


def pivoted(sample: Row, frames: Frames, entry: dict[str, Any], size: int) -> list[float]:
    """Own row, then those before, then those after, the nearest first; each with whether it is
    there."""
    before, own, after = seen(sample, frames, entry)
    sides: list[tuple[list[int], int]] = []
    direction = entry.get("direction", "before")
    if direction == "around" and entry.get("include_self"):
        sides.append((own, 1))
    if direction != "after":
        sides.append((before[::-1], size))
    if direction != "before":
        sides.append((after, size))
    found: list[float] = []
    for rows, places in sides:
        values = values_of(frames, rows[:places])
        for place in range(places):
            there = place < len(values)
            found += [float(values[place]) if there else 0.0, float(there)]
    return found


def stepped(sample: Row, frames: Frames, entry: dict[str, Any], size: int) -> list[int]:
    """The rows of a sequence, in order."""
    before, own, after = seen(sample, frames, entry)
    return [*before[len(before) - min(size, len(before)):], *own[:1], *after[:size]]


# Contexts, drawn


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Any]:
    """A context over the values of events, in one of the many ways."""
    entry: dict[str, Any] = {"type": "context", "frame": "events", "extractor": {
        "type": "plain", "take_columns": ["value"], "nulls": "fill", "fill_value": 0}}
    place = draw(st.sampled_from(["as_of", "time", "step", None]))
    on = draw(st.sampled_from(["person", ["person", "shop"], "shop"] + (
        [None] if place is not None else [])))
    size = draw(st.sampled_from([None, 1, 3]))
    if on is not None:
        entry["on"] = on
    if place == "as_of":
        entry["as_of"] = AS_OF
    elif place is not None:
        entry["at"] = {"sample": place, "row": place}
        entry["direction"] = draw(st.sampled_from(["before", "after", "around"]))
        entry["include_self"] = draw(st.booleans())
    else:
        entry["direction"] = draw(st.sampled_from(["before", "after"]))
    if place is not None and (draw(st.booleans()) or (on is None and size is None)):
        entry["within"] = 9 if place == "step" else "PT9H"
    if size is not None:
        entry["size"] = size
    if draw(st.booleans()):
        entry["where"] = [{"column": "fine", "is": "equal", "value": True}]
    entry["order_by"] = draw(st.sampled_from([[], "value", ["kind", "value"]]))
    timed = place in ("as_of", "time")
    functions = [name for name in FUNCTIONS if timed or name not in ("decayed_mean", "since_last")]
    group = {"type": "group_by", "functions": functions, "scaler": None}
    inner = draw(st.sampled_from([1, 2, 5]))
    entry["aggregations"] = {
        "whole": {**group, "half_life": "PT5H"},
        "parts": {**group, "half_life": "PT5H", "sizes": [1, 2],
                  "spans": ["PT3H", "P1D"] if timed else None},
        "side": {"type": "pivot", "size": inner},
        "steps": {"type": "sequence", "size": inner, "reversed": draw(st.booleans())},
    }
    if entry.get("direction") == "around":
        entry["aggregations"]["pairs"] = {"type": "sequence", "size": inner, "folded": True}
    return entry


@settings(max_examples=20, phases=(Phase.explicit, Phase.generate))
@given(entry=contexts(), seed=st.integers(0, 1000))
def test_batches_are_what_a_loop_over_samples_finds(entry: dict[str, Any], seed: int) -> None:
    frames = visits_and_events(seed, samples=12, rows=40)
    plan = planned(reading({"past": entry}), frames)
    found = gathered(plan)
    visits = [rows_of(frames["index"])[row] for row in plan.samples.rows]
    frames = {**frames, "rows": rows_of(frames["events"])}
    for name in ("whole", "parts"):
        wanted = [grouped(visit, frames, entry, entry["aggregations"][name]) for visit in visits]
        np.testing.assert_allclose(found[f"past.{name}"]["values"], wanted, rtol=1e-5, atol=1e-5)
    size = entry["aggregations"]["side"]["size"]
    wanted = [pivoted(visit, frames, entry, size) for visit in visits]
    np.testing.assert_allclose(found["past.side"]["values"], wanted, rtol=1e-6)
    _compare_steps(found["past.steps"], visits, frames, entry, size)
    if "pairs" in entry["aggregations"]:
        _compare_pairs(found["past.pairs"], visits, frames, entry, size)


def _compare_steps(found: dict[str, np.ndarray], visits: list[Row], frames: Frames,
                   entry: dict[str, Any], size: int) -> None:
    rows = [stepped(visit, frames, entry, size) for visit in visits]
    if entry["aggregations"]["steps"]["reversed"]:
        rows = [steps[::-1] for steps in rows]
    assert found["mask"].shape[1] == max(1, *map(len, rows))
    timed = "as_of" in entry or entry.get("at", {}).get("row") == "time"
    assert ("ages" in found) == timed
    for place, (visit, steps) in enumerate(zip(visits, rows, strict=True)):
        assert found["mask"][place].tolist() == [
            step < len(steps) for step in range(found["mask"].shape[1])]
        np.testing.assert_allclose(found["values"][place, :len(steps), 0],
                                   values_of(frames, steps), rtol=1e-6)
        assert not found["values"][place, len(steps):].any()
        if timed:
            np.testing.assert_allclose(found["ages"][place, :len(steps)],
                                       ages_of(visit, frames, steps))


def _compare_pairs(found: dict[str, np.ndarray], visits: list[Row], frames: Frames,
                   entry: dict[str, Any], size: int) -> None:
    for place, visit in enumerate(visits):
        before, _, after = seen(visit, frames, entry)
        sides = [before[::-1][:size], after[:size]]
        length = max(map(len, sides))
        assert found["mask"][place].sum() == length
        for step in range(found["mask"].shape[1]):
            wanted: list[float] = []
            for side in sides:
                wanted += [float(values_of(frames, side)[step]), 1.0] if step < len(side) \
                    else [0.0, 0.0]
            np.testing.assert_allclose(found["values"][place, step], wanted, rtol=1e-6)


@settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
@given(seed=st.integers(0, 1000))
def test_as_of_joins_find_the_last_row_before(seed: int) -> None:
    frames = visits_and_events(seed)
    team_of = {"frame": "teams", "on": {"person": "person"}, "as_of": AS_OF}
    bare = {"type": "plain", "nulls": "fill", "fill_value": -1}
    plan = planned(reading({
        "price": {**bare, "take_columns": ["price"], "joins": [
            {"frame": "items", "on": "item"},
            {"frame": "prices", "on": {"item": "item"}, "as_of": AS_OF}]},
        "result": {**bare, "take_columns": ["points"], "joins": [
            team_of, {"frame": "results", "on": {"team": "team"}, "as_of": AS_OF}]},
        "weight": {**bare, "take_columns": ["weight"], "joins": [
            {"frame": "events", "on": None, "as_of": AS_OF}, {"frame": "items", "on": "item"}]},
    }), frames)
    found = gathered(plan)
    items = frames["items"]
    for place, row in enumerate(plan.samples.rows):
        visit = frames["index"].iloc[row]

        def last(frame: str, key: str | None, value: Any, column: str,
                 visit: Any = visit) -> Any:
            table = frames[frame]
            rows = table[table["time"] < visit["time"]]
            if key is not None:
                rows = rows[(rows[key] == value).fillna(False)]
            rows = rows.sort_values("time", kind="stable")
            return rows[column].iloc[-1] if len(rows) else None

        team = last("teams", "person", visit["person"], "team")
        item = last("events", None, None, "item")
        wanted = {
            "price": last("prices", "item", visit["item"], "price"),
            "result": None if pd.isna(team) else last("results", "team", team, "points"),
            "weight": items["weight"].get(item) if item in items.index else None,
        }
        for name, value in wanted.items():
            assert found[name]["values"][place, 0] == (-1 if pd.isna(value) else value), name


# How it is computed changes nothing

REST = {
    "recent": {"type": "group_by", "functions": list(FUNCTIONS), "sizes": [1, 4],
               "spans": ["PT6H"]},
    "side": {"type": "pivot", "size": 3},
    "steps": {"type": "sequence", "size": 4},
}


def _history(**properties: Any) -> dict[str, Any]:
    return {"past": context("events", REST, ["value", "kind"], on="person", as_of=AS_OF,
                            **properties)}


def test_a_group_by_made_anew_for_each_batch_is_the_kept_one(
        monkeypatch: pytest.MonkeyPatch) -> None:
    frames = visits_and_events(5, samples=50, rows=200)
    kept = planned(reading(_history()), frames)
    monkeypatch.setattr(context_fit, "KEPT_SHARE", 2**100)
    anew = planned(reading(_history()), frames)
    assert isinstance(load_plan_frames(anew, CPU)["past.recent"], AggregateFrame)
    assert kept.hash == anew.hash
    assert bits(gathered(kept)) == bits(gathered(anew))
    for samples in ([7], [3, 7, 11], list(range(49, -1, -1))):
        (wanted, found) = (gathered(plan, samples) for plan in (kept, anew))
        assert bits(wanted) == bits(found)
    assert not rehearse(anew)


def test_equal_rows_that_are_stored_once_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = visits_and_events(5, rows=200)
    merged = planned(reading(_history()), frames)
    monkeypatch.setattr("specc.compiler.data.equal_rows.WORTH_MERGING", 0.0)
    whole = planned(reading(_history()), frames)
    stored = [plan.shaped.fitted.contexts["past"].extractors["past"].reached
              for plan in (merged, whole)]
    assert stored[0] < stored[1]
    assert bits(gathered(merged)) == bits(gathered(whole))


def test_a_sample_does_not_depend_on_the_others_of_its_batch() -> None:
    plan = planned(reading(_history()), visits_and_events(2))
    everything = gathered(plan)
    for number in range(len(plan.samples)):
        alone = gathered(plan, [number])
        for name, arrays in alone.items():
            for part, array in arrays.items():
                width = array.shape[1]
                assert (everything[name][part][number, :width] == array[0]).all()


# Edges

NETWORKS: dict[str, list[dict[str, Any]]] = {
    "lstm": [{"type": "lstm", "width": 4}],
    "gru": [{"type": "gru", "width": 4, "bidirectional": True, "pool": "mean"}],
    "attention_pooling": [{"type": "attention_pooling"}],
    "attention_pooling_sigmoid": [{"type": "attention_pooling", "weights": "sigmoid",
                                   "hidden_width": 3}],
    "self_attention": [{"type": "self_attention", "heads": 1}, {"type": "masked_pool"}],
    **{f"transformer_{positions}": [
        {"type": "transformer_encoder", "width": 4, "layers": 1, "heads": 1, "dropout": 0.0,
         "positions": positions}, {"type": "masked_pool", "pool": "max"}]
       for positions in ("none", "learned", "sinusoidal", "time")},
    "masked_pool": [{"type": "masked_pool", "pool": "last"}],
    "conv1d": [{"type": "conv1d", "channels": [4], "pool": "mean"}],
    "pivot": [{"type": "fully_connected", "sizes": [4]}],
    "group_by": [{"type": "fully_connected", "sizes": [4]}],
    "cross_attention": [],
}


def _edge_spec(name: str, batch_size: int = 5) -> dict[str, Any]:
    frame = {"pivot": "past.side", "group_by": "past.recent"}.get(name, "past.steps")
    used = frame.partition(".")[2]
    past = context("events", {used: REST[used]}, ["value", "kind"], on="person", as_of=AS_OF)
    spec = reading({"past": past, "own": {"type": "plain", "take_columns": ["value"],
                                          "transformer": {"type": "auto"}}})
    factories = [*NETWORKS[name], {"type": "output"}]
    network: dict[str, Any] = {"type": "feed_forward", "input_frames": [frame],
                               "factories": factories}
    if name == "cross_attention":
        network = {"type": "feed_forward", "factories": [
            {"type": "cross_attention", "query": {"type": "extraction", "frames": ["own"]},
             "context": {"type": "extraction", "frames": [frame]}, "width": 4, "heads": 1},
            {"type": "output"}]}
    spec["network"] = network
    spec["training"] = {"epochs": 1, "batch_size": batch_size, "device": "cpu"}
    return spec


def _bare(change: str) -> Frames:
    """The bundle with one thing gone from the events."""
    frames = visits_and_events(4, samples=10)
    events, index = frames["events"], frames["index"]
    if change == "no rows":
        frames["events"] = events[:0]
    elif change == "one row":
        frames["events"] = events[events["person"] == "ann"].sort_values("time")[:1]
    elif change == "null values":
        frames["events"] = events.assign(value=pd.Series(np.nan, events.index),
                                         kind=pd.Series(None, events.index, dtype="str"))
    elif change == "null keys":
        frames["events"] = events.assign(person=pd.Series(None, events.index, dtype="str"))
    elif change == "null keys of samples":
        frames["index"] = index.assign(person=pd.Series(None, index.index, dtype="str"))
    elif change == "null times":
        frames["events"] = events.assign(time=NO_TIME)
    elif change == "null times of samples":
        frames["index"] = index.assign(time=NO_TIME)
    elif change == "one sample of each split":
        frames["index"] = pd.concat([index[index["split"] == split][:1]
                                     for split in ("train", "test")])
    elif change == "many rows":
        frames["events"] = pd.concat([events.assign(time=events["time"].min(), person="ann")] * 3)
    for name, frame in frames.items():
        frames[name] = frame if name in ("index", "items") else frame.reset_index(drop=True)
    return frames


CHANGES = ("nothing", "no rows", "one row", "null values", "null keys", "null keys of samples",
           "null times", "null times of samples", "one sample of each split", "many rows")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_edges_are_trained_on_and_evaluated(name: str, change: str) -> None:
    session = _trained(_edge_spec(name), _bare(change))
    samples = torch.arange(len(session.plan.samples))
    whole = outputs(session, samples)
    assert torch.isfinite(whole).all()
    alone = torch.cat([outputs(session, one) for one in samples.split(1)])
    np.testing.assert_allclose(alone, whole, rtol=1e-6, atol=1e-6)
    session.evaluation.batch_size = 7
    np.testing.assert_allclose(outputs(session, samples), whole, rtol=1e-6, atol=1e-6)


def _trained(spec: dict[str, Any], frames: Frames) -> Session:
    session = open_session(planned(spec, frames), CPU)
    with Silent() as silent:
        train(session, silent, lambda row: None)
    return session


@pytest.mark.parametrize("name", ["lstm", "transformer_learned", "pivot", "group_by"])
def test_batches_of_one_sample_train(name: str) -> None:
    session = _trained(_edge_spec(name, batch_size=1), _bare("nothing"))
    assert torch.isfinite(outputs(session, torch.arange(len(session.plan.samples)))).all()


def test_a_batch_of_empty_contexts_is_zeros() -> None:
    plan = planned(reading(_history()), _bare("no rows"))
    found = gathered(plan)
    assert not any(arrays["values"].any() for arrays in found.values())
    assert found["past.steps"]["mask"].shape == (len(plan.samples), 1)
    assert not found["past.steps"]["mask"].any()


def test_batches_go_on_where_the_last_one_ended() -> None:
    plan = planned(reading(_history()), visits_and_events(2))
    samples = list(range(len(plan.samples)))[::-1]
    parts = [batch["past.side"].clone() for batch in batches_of(plan, samples, 7)]
    assert len(parts) > 1
    assert torch.cat(parts).numpy().tobytes() == gathered(
        plan, samples)["past.side"]["values"].tobytes()
