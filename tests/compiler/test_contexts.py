"""Which rows a context may show of the frame that holds the label.

A sample never reads its own label, on no way; labels of other rows are features like others.
Not checked here: which rows are seen (test_windows.py, runtime/test_context_batches.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.data.windows import Window, lengths, positions, relate, sees

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from histories import AS_OF, Frames, context, planned, reading, visits_and_events

import specc

RECENT = {"recent": {"type": "group_by", "functions": ["mean"]}}


def _frames() -> Frames:
    """Visits with the parts of each, the next hour, and for some the visit itself."""
    frames = visits_and_events(0)
    index = frames["index"]
    itself = pd.array(index.index, dtype="Int64")
    itself[3:] = None
    frames["index"] = index.assign(
        next_step=index["step"] + 1, last_step=index["step"] - 1, itself=itself)
    frames["parts"] = pd.DataFrame({"visit": np.repeat(index.index.to_numpy(), 2), "pieces": 1.0})
    return frames


def _of_visits(take: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return context("index", RECENT, take or ["late"], **{"on": "person", **properties})


def _codes(extractors: dict[str, Any]) -> set[str]:
    found = specc.validate(reading(extractors), _frames())
    return {one.code for one in found.diagnostics if one.is_error}


ALLOWED: dict[str, dict[str, Any]] = {
    "earlier visits": _of_visits(as_of=AS_OF),
    "visits on both sides": _of_visits(at={"sample": "step", "row": "step"}, direction="around"),
    "hours before the last": _of_visits(at={"sample": "last_step", "row": "step"}),
    "rows that the label chooses": _of_visits(
        ["value"], as_of=AS_OF, where=[{"column": "late", "is": "equal", "value": 1}]),
    "the last visit": {
        "type": "plain", "take_columns": ["late"], "transformer": {"type": "auto"},
        "joins": [{"frame": "index", "on": {"person": "person"}, "as_of": AS_OF}]},
    "the last visit of each event": {
        **context("events", RECENT, []), "on": "person", "as_of": AS_OF,
        "extractor": {"type": "plain", "take_columns": ["late"], "transformer": {"type": "auto"},
                      "joins": [{"frame": "index", "on": {"person": "person"}, "as_of": AS_OF}]}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "all visits": _of_visits(),
    "the own row asked for": _of_visits(at={"sample": "step", "row": "step"}, include_self=True),
    "a later place than the own": _of_visits(at={"sample": "next_step", "row": "step"}),
    "an earlier place than the own": _of_visits(
        at={"sample": "last_step", "row": "step"}, direction="after"),
    "parts that lead back": {
        **context("parts", RECENT, []), "on": "visit",
        "extractor": {"type": "plain", "joins": [{"frame": "index", "on": "visit"}],
                      "take_columns": ["late"], "transformer": {"type": "auto"}}},
    "a join that finds some samples themselves": {
        "type": "plain", "take_columns": ["late"], "transformer": {"type": "auto"},
        "joins": [{"frame": "index", "on": {"itself": "visit"}}]},
    "rows that the label chooses": _of_visits(
        ["value"], where=[{"column": "late", "is": "equal", "value": 1}]),
    "rows that the label orders": _of_visits(["value"], order_by=["kind", "late"]),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_labels_of_other_samples_are_features(case: str) -> None:
    assert _codes({"past": ALLOWED[case]}) == set()


@pytest.mark.parametrize("case", REFUSED)
def test_the_own_label_is_never_read(case: str) -> None:
    assert _codes({"past": REFUSED[case]}) == {"SC622"}


def test_a_star_leaves_the_own_label_out_and_takes_that_of_earlier_rows() -> None:
    numbers = [{"dtype": "integer"}]
    plan = planned(reading({
        "all": _of_visits(numbers), "earlier": _of_visits(numbers, as_of=AS_OF)}), _frames())
    contexts = plan.shaped.fitted.contexts
    taken = {name: {column.name for column in contexts[name].bound.extractors[name].columns}
             for name in ("all", "earlier")}
    assert taken["earlier"] - taken["all"] == {"late"}
    assert taken["all"] - taken["earlier"] == set()


NUMBERS = st.sampled_from([0, 1, 2, None])


@given(data=st.data(), direction=st.sampled_from(["before", "after", "around"]),
       size=st.sampled_from([None, 1, 2]), own=st.booleans())
def test_sees_looks_at_every_row_of_every_sample(data: st.DataObject, direction: Any,
                                                 size: int | None, own: bool) -> None:
    def column(count: int) -> pa.Array:
        return pa.array(data.draw(st.lists(NUMBERS, min_size=count, max_size=count)), pa.int64())

    samples, rows = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 6))
    windows = relate([column(samples)], [column(rows)], column(samples), column(rows), (), None,
                     Window(direction, size, None, own))
    place = st.integers(-1, 3)
    targets = np.array(data.draw(st.lists(place, min_size=len(windows.rows),
                                          max_size=len(windows.rows))), dtype=np.int64)
    wanted = np.array(data.draw(st.lists(place, min_size=samples, max_size=samples)),
                      dtype=np.int64)
    places, offsets = positions(windows, np.arange(samples))
    assert (np.diff(offsets) == lengths(windows)).all()
    seen = np.split(targets[places], offsets[1:-1])
    expected = any(mine >= 0 and mine in led for mine, led in zip(wanted, seen, strict=False))
    assert sees(windows, targets, wanted) == expected
