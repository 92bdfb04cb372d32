"""No sample sees what came at its own time or later, and no fit sees what only others reach.

Both are tested by garbage: rows that must not count are replaced, left out and added, and then
features, predictions and fitted state must be the same to the last bit.

Not checked here: what the features should be (runtime/test_context_batches.py).
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
from specc.compiler.fits.state import fitted_state
from specc.compiler.stages import Plan
from specc.runtime.evaluate import outputs
from specc.runtime.loop import train
from specc.runtime.progress import Silent
from specc.runtime.session import open_session
from specc.schema.contexts import FUNCTIONS
from specc.schema.transformers import TRANSFORMERS

sys.path.insert(0, str(Path(__file__).resolve().parent))

from histories import (
    AS_OF,
    CPU,
    HOURS,
    START,
    TRAINED_UNTIL,
    Frames,
    bits,
    context,
    encoded,
    gathered,
    planned,
    reading,
    visits_and_events,
)

UNSHRUNK = (Phase.explicit, Phase.generate)
"""A seed is no easier to read for being smaller, and each example compiles and trains."""

TIMED = ("events", "prices", "teams", "results")
EVERYTHING = {
    "recent": {"type": "group_by", "functions": list(FUNCTIONS), "sizes": [1, 3],
               "spans": ["PT6H", "P1D"], "half_life": "PT5H"},
    "whole": {"type": "group_by", "functions": list(FUNCTIONS),
              "scaler": {"type": "sklearn.preprocessing:RobustScaler"}},
    "side": {"type": "pivot", "size": 3},
    "steps": {"type": "sequence", "size": 4},
    "turned": {"type": "sequence", "size": 4, "reversed": True},
}
TEAM_OF = {"frame": "teams", "on": {"person": "person"}, "as_of": AS_OF}
PRICE_OF = {"frame": "prices", "on": {"item": "item"}, "as_of": AS_OF}
HISTORY = {
    "own": {"type": "plain", "take_columns": ["value", "kind"], "transformer": {"type": "auto"}},
    "team": {"type": "plain", "joins": [TEAM_OF], "take_columns": ["team"],
             "transformer": {"type": "auto"}},
    "last_result": {
        "type": "plain", "take_columns": ["points"], "transformer": {"type": "auto"},
        "joins": [TEAM_OF, {"frame": "results", "on": {"team": "team"}, "as_of": AS_OF}]},
    "price": {"type": "plain", "take_columns": ["price"], "transformer": {"type": "auto"},
              "joins": [{"frame": "items", "on": "item"}, PRICE_OF]},
    "last_event": {
        "type": "combined", "extractors": {
            "item": {"type": "plain", "take_columns": ["weight"], "transformer": {"type": "auto"},
                     "joins": [{"frame": "events", "on": None, "as_of": AS_OF},
                               {"frame": "items", "on": "item"}]},
            "visit": {"type": "plain", "take_columns": ["late"], "transformer": {"type": "auto"},
                      "joins": [{"frame": "index", "on": {"person": "person"}, "as_of": AS_OF}]}}},
    "past": context("events", EVERYTHING, ["value", "kind", "fine"], on="person", as_of=AS_OF,
                    order_by="value"),
    "hours": context("events", EVERYTHING, ["value"], as_of=AS_OF, within="PT12H",
                     where=[{"column": "fine", "is": "equal", "value": True}]),
    "visits": context("index", EVERYTHING, ["late", "value"], {"type": "auto"},
                      on=["person", "shop"], as_of=AS_OF),
    "steps": context("events", {"side": EVERYTHING["side"], "steps": EVERYTHING["steps"]},
                     ["value"], on="shop", at={"sample": "step", "row": "step"}, within=20),
    "of_team": context("results", EVERYTHING, ["points"], joins=[TEAM_OF], on={"team": "team"},
                       as_of=AS_OF),
    "priced": {
        **context("events", {"recent": EVERYTHING["recent"], "steps": EVERYTHING["steps"]}, []),
        "on": "person", "as_of": AS_OF, "size": 5,
        "extractor": {"type": "combined", "extractors": {
            "own": {"type": "plain", "take_columns": ["kind"], "transformer": {"type": "auto"}},
            "item": {"type": "plain", "joins": [{"frame": "items", "on": "item"}],
                     "transformer": {"type": "auto"}},
            "price": {"type": "plain", "joins": [PRICE_OF], "take_columns": ["price"],
                      "transformer": {"type": "auto"}}}}},
    "kinds": {
        "type": "context", "frame": "events", "on": "person", "as_of": AS_OF, "size": 5,
        "extractor": {"type": "combined", "extractors": {
            "ids": {"type": "embedding", "take_columns": ["kind", "item"], "max_values": 2},
            "value": {"type": "plain", "take_columns": ["value"],
                      "transformer": {"type": "auto"}}}},
        "aggregations": {"steps": {"type": "sequence"}}},
}
"""One extractor of each kind that looks back in time; every aggregation, join and window."""


def spoilt(frames: Frames, since: pd.Timestamp, seed: int, keep: Any = None) -> Frames:
    """The bundle with garbage in the rows at or after a time, some of them gone and others new;
    the index frame keeps its rows, and the row `keep`."""
    rng = np.random.default_rng(seed)
    found = {**frames}
    for name in TIMED:
        frame = frames[name]
        late = frame["time"] >= since
        gone = late & (rng.random(len(frame)) < 0.3)
        more = frame.sample(5, replace=True, random_state=seed)
        more["time"] = since
        whole = pd.concat([_garbage(frame, late, since, rng)[~gone],
                           _garbage(more, more["time"] >= since, since, rng)])
        found[name] = whole.sample(frac=1.0, random_state=seed) if seed % 2 else whole
        if seed % 2:
            # Rows that count keep their order, by which ties are told apart.
            early = whole[~(whole["time"] >= since)]
            found[name] = pd.concat([whole[whole["time"] >= since], early])
        found[name] = found[name].reset_index(drop=True)
    index = frames["index"]
    found["index"] = _garbage(index, (index["time"] >= since) & (index.index != keep), since, rng)
    return found


def _garbage(frame: pd.DataFrame, where: pd.Series, since: pd.Timestamp,
             rng: np.random.Generator) -> pd.DataFrame:
    frame = frame.copy()
    rows = np.flatnonzero(where)
    spread = {
        "time": since + pd.to_timedelta(rng.integers(0, HOURS, len(rows)), unit="h"),
        "person": rng.choice(["ann", "bob", "cid", "zoe"], len(rows)),
        "item": rng.choice(["pen", "cup", "hat", "axe"], len(rows)),
        "team": rng.choice(["x", "y", "z"], len(rows)), "shop": rng.integers(1, 9, len(rows)),
        "kind": rng.choice(["a", "q", "r"], len(rows)), "fine": rng.random(len(rows)) < 0.5,
        "value": rng.normal(size=len(rows)) * 1e6, "price": rng.normal(size=len(rows)) * 1e6,
        "points": rng.normal(size=len(rows)) * 1e6, "late": rng.integers(0, 2, len(rows)),
    }
    for name, values in spread.items():
        if name in frame:
            column = frame[name].to_numpy(dtype=object, copy=True)
            column[rows] = values
            frame[name] = pd.array(column, dtype=frame[name].dtype)
    frame["step"] = ((frame["time"] - START) // pd.Timedelta(hours=1)).astype("Int64")
    return frame


def trained(plan: Plan) -> Any:
    session = open_session(plan, CPU)
    with Silent() as silent:
        train(session, silent, lambda row: None)
    return session


@settings(max_examples=4, phases=UNSHRUNK)
@given(seed=st.integers(0, 10_000), cut=st.integers(HOURS // 2, HOURS))
def test_what_comes_at_the_time_of_a_sample_or_later_changes_nothing(seed: int, cut: int) -> None:
    frames = visits_and_events(seed)
    index = frames["index"]
    last = index[index["time"] >= TRAINED_UNTIL]["time"]
    since = last.iloc[(last - START - pd.Timedelta(hours=cut)).abs().argmin()]
    keep = last.index[last == since][0]
    spec = reading(HISTORY)
    before, after = (planned(spec, each) for each in (
        frames, spoilt(frames, since, seed, keep)))
    _same_state(before, after)
    # Earlier samples, and the one at that very time whose own row was left alone.
    chosen = [place for place, row in enumerate(before.samples.rows)
              if index["time"].iloc[row] < since or index.index[row] == keep]
    assert bits(gathered(before, chosen)) == bits(gathered(after, chosen))
    predicted = [outputs(trained(plan), torch.tensor(chosen)).numpy().tobytes()
                 for plan in (before, after)]
    assert predicted[0] == predicted[1]


def test_garbage_reaches_the_samples_behind_it() -> None:
    frames = visits_and_events(3)
    spec = reading(HISTORY)
    since = START + pd.Timedelta(hours=HOURS // 2)
    before, after = (gathered(planned(spec, each)) for each in (
        frames, spoilt(frames, since, 3)))
    same = {name for name, value in bits(before).items() if value == bits(after)[name]}
    assert {name for name in same if name.endswith("values")} == set()


@settings(max_examples=4, phases=UNSHRUNK)
@given(seed=st.integers(0, 10_000))
def test_rows_that_only_others_reach_do_not_move_a_fit(seed: int) -> None:
    frames = visits_and_events(seed)
    spec = reading(HISTORY)
    before, after = (planned(spec, each) for each in (
        frames, spoilt(frames, TRAINED_UNTIL, seed)))
    _same_state(before, after)
    weights, same = (trained(plan).network.state() for plan in (before, after))
    assert weights.keys() == same.keys()
    assert all(torch.equal(tensor, same[name]) for name, tensor in weights.items())


def _same_state(before: Plan, after: Plan) -> None:
    (states, arrays), (others, more) = (fitted_state(plan.shaped.fitted)
                                        for plan in (before, after))
    assert states == others
    assert arrays.keys() == more.keys()
    assert all(arrays[name].equals(more[name]) for name in arrays)


# Fits, transformer by transformer: rows that only samples of the test split reach

NUMBERS = {"take_columns": ["weight"]}
FITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "auto": ({"take_columns": ["weight", "color", "since"]}, {}),
    "continuous": (NUMBERS, {"steps": [{"type": "clip", "low_quantile": 0.05}],
                             "scaler": {"type": "sklearn.preprocessing:QuantileTransformer"}}),
    "piecewise_linear": (NUMBERS, {"bins": 3}),
    "categorical": ({"take_columns": ["color"]}, {"max_values": 2}),
    "hash": ({"take_columns": ["color"]}, {"buckets": 4}),
    "target_encoding": ({"take_columns": ["color"]}, {}),
    "datetime": ({"take_columns": ["since"]}, {}),
    "identity": (NUMBERS, {}),
    "vector": ({"take_columns": ["pair"]}, {}),
    "multi_hot": ({"take_columns": ["tags"]}, {"max_values": 3}),
    "standard": (NUMBERS, {}),
    "class_index": ({"take_columns": ["color"]}, {}),
}
LABELS = ("standard", "class_index")
"""Transformers of labels alone."""


def things(seed: int, garbage: bool) -> Frames:
    """Samples of 12 things, 8 of them trained on; garbage stands in the others and in their
    labels."""
    rng = np.random.default_rng(seed)
    train = np.arange(40) < 28
    own = np.where(train, rng.integers(0, 8, 40), rng.integers(8, 12, 40))
    columns = {
        "weight": rng.normal(size=12), "color": rng.choice(["red", "blue", "grey"], 12),
        "since": START + pd.to_timedelta(rng.integers(0, 9999, 12), unit="h"),
        "pair": [rng.normal(size=2) for _ in range(12)],
        "tags": [list(rng.choice(["u", "v", "w"], rng.integers(1, 4))) for _ in range(12)],
    }
    columns["color"][:3] = ["red", "blue", "grey"]
    late = rng.integers(0, 2, 40)
    late[:2] = [0, 1]
    if garbage:
        late[28:] = 1 - late[28:]
        columns["weight"][8:] *= -1e5
        columns["color"][8:] = "grey"
        columns["since"] = columns["since"].where(np.arange(12) < 8, pd.Timestamp("1970-01-01"))
        columns["pair"][8:] = [np.array([1e4, 0.0])] * 4
        columns["tags"][8:] = [["w", "w", "u"]] * 4
    return {
        "index": pd.DataFrame({"thing": own, "late": late,
                               "split": np.where(train, "train", "test")}),
        "things": pd.DataFrame(columns, index=pd.Index(range(12), name="thing")),
    }


def test_every_transformer_has_its_case() -> None:
    assert set(FITS) == {declared.name for declared in TRANSFORMERS}


@pytest.mark.parametrize("name", FITS)
def test_no_transformer_is_fitted_on_rows_of_the_test_split(name: str) -> None:
    taken, args = FITS[name]
    entry = {"type": "plain", "joins": [{"frame": "things", "on": "thing"}], **taken,
             "transformer": {"type": name, **args}}
    label = entry if name in LABELS else None
    others = {"plain": {"type": "plain", "joins": entry["joins"], "take_columns": ["weight"]}}
    spec = reading(others if label else {"entry": entry}, label=label)
    if label:
        spec["loss"] = {"type": "torch.nn:MSELoss" if name == "standard"
                        else "torch.nn:CrossEntropyLoss"}
        others["plain"]["take_columns"] = ["weight" if name == "class_index" else "since"]
        others["plain"]["transformer"] = {"type": "auto"}
    before, after = (planned(spec, things(7, garbage)) for garbage in (False, True))
    _same_state(before, after)
    fitted = before.shaped.fitted.extractors["label" if label else "entry"].columns
    assert fitted, "nothing was fitted"


def test_vocabularies_are_counted_on_training_rows() -> None:
    ids = {"type": "embedding", "joins": [{"frame": "things", "on": "thing"}],
           "take_columns": ["color"], "max_values": 2}
    before, after = (planned(reading({"ids": ids}), things(3, garbage))
                     for garbage in (False, True))
    _same_state(before, after)


def test_garbage_in_the_test_rows_reaches_their_features() -> None:
    entry = {"type": "plain", "joins": [{"frame": "things", "on": "thing"}],
             "take_columns": ["weight"], "transformer": {"type": "continuous"}}
    before, after = (encoded(planned(reading({"entry": entry}), things(7, garbage)), "entry")
                     for garbage in (False, True))
    assert (before[:28] == after[:28]).all()
    assert (before[28:] != after[28:]).any(axis=1).all()
