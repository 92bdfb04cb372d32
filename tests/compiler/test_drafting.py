"""`specc.draft`: drafts are accepted as they are, and what they guess follows from the values.

Not checked here: the command line (test_init.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

import specc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strategies import DrawnBundle, bundles

Frames = dict[str, pd.DataFrame]
Spec = dict[str, Any]

ROWS = 400


def drafted(frames: Frames | specc.Bundle, label: str) -> tuple[Spec, str]:
    """The draft, which has to be accepted, and its guesses as lines."""
    draft = specc.draft(frames, label)
    assert draft.spec is not None, draft
    found = specc.validate(draft.spec, frames)
    assert found.ok, found
    for guess in draft.guesses:
        assert guess.choice and guess.reason
        value: Any = draft.spec
        for token in guess.pointer.split("/")[1:]:
            value = value[int(token) if isinstance(value, list) else token]
    return dict(draft.spec), "\n".join(map(str, draft.guesses))


def refused(frames: Frames | specc.Bundle, label: str) -> str:
    draft = specc.draft(frames, label)
    assert draft.spec is None and not draft.ok
    (found,) = draft.diagnostics
    assert found.help and found.file
    return found.code


@pytest.fixture
def flights() -> Frames:
    """Flights with planes, their makers, weather by two columns, and landings by time."""
    rng = np.random.default_rng(0)
    planes = [f"N{number}" for number in range(40)]
    makers = [f"maker {number}" for number in range(6)]
    hours = pd.date_range("2013-01-01", periods=200, freq="1h", tz="UTC")
    hour = hours[rng.integers(0, 200, ROWS)]
    delay = rng.normal(5, 30, ROWS).round(1)
    origin = rng.choice(["EWR", "JFK"], ROWS)
    plane = rng.choice(planes, ROWS)
    return {
        "index": pd.DataFrame({
            "flight_id": np.arange(1000, 1000 + ROWS), "tailnum": plane, "origin": origin,
            "hour": hour, "scheduled": hour + pd.to_timedelta(rng.integers(0, 60, ROWS), "min"),
            "distance": rng.normal(900, 100, ROWS), "kilometres": 0.0, "zone": "EST",
            "speed": np.where(np.arange(ROWS) < 5, 1.0, np.nan), "arr_delay": delay,
            "late": (delay > 15).astype("int8"), "was_late": np.where(delay > 15, "yes", "no"),
        }).assign(kilometres=lambda frame: frame["distance"]),
        "planes": pd.DataFrame({"tailnum": planes[:36], "seats": rng.integers(50, 300, 36),
                                "maker": rng.choice(makers, 36)}).set_index("tailnum"),
        "makers": pd.DataFrame({"maker": makers, "country": ["US", "FR"] * 3}).set_index("maker"),
        "weather": pd.DataFrame({
            "origin": ["EWR"] * 200 + ["JFK"] * 200, "hour": [*hours, *hours],
            "wind": rng.normal(size=400)}).set_index(["origin", "hour"]),
        "landings": pd.DataFrame({"tailnum": plane, "landed": hour + pd.Timedelta("2h"),
                                  "left": hour, "arr_delay": delay}),
        "words": pd.DataFrame({"text": ["a", "b"]}),
    }


def test_joins_chains_and_contexts_are_guessed(flights: Frames) -> None:
    spec, said = drafted(flights, "late")
    found = spec["extractors"]
    assert found["planes"]["joins"] == [{"frame": "planes", "on": "tailnum"}]
    assert found["makers"]["joins"] == [{"frame": "planes", "on": "tailnum"},
                                        {"frame": "makers", "on": "maker"}]
    assert found["weather"]["joins"] == [{"frame": "weather", "on": ["origin", "hour"]}]
    context = found["landings_recent"]
    assert (context["on"], context["as_of"]) == ("tailnum", {"sample": "scheduled",
                                                             "row": "landed"})
    assert context["extractor"]["take_columns"] == ["arr_delay"]
    assert set(spec["network"]["input_frames"]) == {
        "index", "planes", "makers", "weather", "landings_recent.recent"}
    assert "leave out the frame words: " in said
    assert "join planes by tailnum: in 9" in said


def test_columns_are_left_out_with_a_reason(flights: Frames) -> None:
    spec, said = drafted(flights, "late")
    dropped = spec["extractors"]["index"]["drop_columns"]
    assert dropped == ["flight_id", "kilometres", "zone", "speed", "arr_delay", "was_late"]
    for line in ("flight_id: it numbers the rows", "kilometres: it has the values of 'distance'",
                 "zone: it has one value in all rows", "speed: it is null in 98.8% of the rows",
                 "arr_delay: a threshold on it tells the label",
                 "was_late: each of its values goes with one value of the label"):
        assert f"leave out index.{line}" in said


def test_a_time_splits_by_time(flights: Frames) -> None:
    spec, said = drafted(flights, "late")
    (step,) = spec["bundle"]["prepare"]
    assert (step["type"], step["column"]) == ("time_split", "scheduled")
    assert "split by time, scheduled" in said


def test_a_draft_of_flights_trains(flights: Frames, tmp_path: Path) -> None:
    spec, _ = drafted(flights, "late")
    result = specc.run(spec, flights, out=tmp_path, overrides=["/training/epochs=1"])
    assert result.ok and set(result.metrics) == {"train", "validation", "test"}


def table(**columns: Any) -> Frames:
    rng = np.random.default_rng(1)
    rows = len(next(iter(columns.values())))
    return {"index": pd.DataFrame({"x": rng.normal(size=rows), **columns})}


@pytest.mark.parametrize(("values", "task", "loss", "transformer"), [
    ([0, 1] * 20, "binary", "BCEWithLogitsLoss", None),
    ([True, False] * 20, "binary", "BCEWithLogitsLoss", None),
    (["no", "yes"] * 20, "binary", "BCEWithLogitsLoss", "class_index"),
    ([1, 2] * 20, "binary", "BCEWithLogitsLoss", "class_index"),
    (["a", "b", "c", "d"] * 10, "multiclass", "CrossEntropyLoss", "class_index"),
    ([3, 4, 5, 6] * 10, "multiclass", "CrossEntropyLoss", "class_index"),
    (list(range(40)), "regression", "MSELoss", "standard"),
    ([0.5, 1.5] * 20, "regression", "MSELoss", "standard"),
])
def test_the_task_follows_from_the_values(values: list[Any], task: str, loss: str,
                                          transformer: str | None) -> None:
    spec, said = drafted(table(y=values), "y")
    assert f"learn y, {task}" in said
    assert spec["loss"]["type"] == f"torch.nn:{loss}"
    assert spec["extractors"]["label"].get("transformer", {}).get("type") == transformer
    assert spec["network"]["factories"][-1] == {"type": "output"}


def test_rows_without_a_label_and_rare_classes_are_left_out() -> None:
    values = [None, "a", "b", "c"] * 15 + ["once"]
    spec, said = drafted(table(y=values), "y")
    assert spec["bundle"]["prepare"][0] == {
        "type": "filter", "where": [{"column": "y", "is": "not_in", "value": ["once"]}]}
    assert spec["bundle"]["prepare"][1]["type"] == "stratified_split"
    assert "leave out 15 rows: y is null there" in said


@pytest.mark.parametrize(("split", "wanted"), [
    (["train", "test"], {}), (["display", "check"], {}),
    (["Training", "test"], {"train_on": ["Training"]}),
])
def test_a_split_of_the_bundle_is_used(split: list[str], wanted: Spec) -> None:
    spec, _ = drafted(table(y=[0, 1, 1, 0] * 10, split=split * 20), "y")
    assert "bundle" not in spec
    assert spec["training"].items() >= wanted.items()


def test_a_class_that_only_tests_is_left_out() -> None:
    frames = table(y=["a", "b", "c", "a"] * 10, split=["train", "train", "test", "test"] * 10)
    spec, said = drafted(frames, "y")
    assert spec["bundle"]["prepare"][0]["where"][0]["value"] == ["c"]
    assert "without enough rows to train on" in said


def test_a_split_that_says_nothing_is_replaced() -> None:
    spec, said = drafted(table(y=[0, 1] * 20, split=["left", "right"] * 20), "y")
    assert spec["bundle"]["prepare"][0]["type"] == "stratified_split"
    assert "nothing in the column 'split' says which rows train" in said


def test_rows_of_one_key_stay_together() -> None:
    frames = table(y=[0, 1, 1, 0] * 15, who=list("abcdefghij") * 6)
    frames["index"] = frames["index"].set_index("who")
    spec, _ = drafted(frames, "y")
    assert spec["bundle"]["prepare"][0]["columns"] == ["who"]


def test_what_the_compiler_refuses_is_left_out() -> None:
    # Scaled by what trains, the rows that test are beyond what a network can read.
    frames = table(y=[0, 1] * 30, big=[0.5, 1.5, 2.5] * 15 + [1e30] * 15,
                   split=["train"] * 45 + ["test"] * 15)
    spec, said = drafted(frames, "y")
    assert spec["extractors"]["index"]["drop_columns"] == ["big"]
    assert "leave out index.big: " in said


def test_numbers_join_only_under_related_names() -> None:
    shops = pd.DataFrame({"id": range(1, 13), "area": range(100, 112)}).set_index("id")
    months = [1 + number % 12 for number in range(48)]
    by_accident = {**table(y=[0, 1] * 24, month=months[:24] + [1] * 24), "others": shops}
    related = {**table(y=[0, 1] * 24, shop_id=months), "shops": shops}
    spec, _ = drafted(by_accident, "y")
    assert spec["network"]["input_frames"] in (["index"], ["index", "others"])
    spec, said = drafted(related, "y")
    assert spec["extractors"]["shops"]["joins"] == [{"frame": "shops", "on": "shop_id"}]
    assert "leave out index.shop_id: it is a number that names a row" in said


def test_labels_that_cannot_be_drafted() -> None:
    days = pd.date_range("2024-01-01", periods=30)
    text = [f"text {number}" for number in range(30)]
    frames = table(day=days, one=[1] * 30, text=text, gone=[None] * 30, split=["train"] * 30,
                   huge=[1e300, 1.0] * 15, points=[[1.0]] * 30)
    for label in ("day", "one", "text", "gone", "split", "huge", "points"):
        assert refused(frames, label) == "SC649", label
    assert refused(frames, "txt") == "SC607"
    assert refused({"index": frames["index"].head(0)}, "x") == "SC620"
    assert refused({"index": frames["index"][["x"]]}, "x") == "SC650"


def test_the_index_frame_is_the_one_with_the_label() -> None:
    left = pd.DataFrame({"y": [0, 1] * 20, "x": [0.5, 1.5, 2.5, 3.5] * 10, "z": [0.5, 1.5] * 20})
    right = pd.DataFrame({"z": [1, 2] * 20})
    bundle = specc.Bundle.from_frames({"left": left, "right": right})
    spec, said = drafted(bundle, "y")
    assert spec["bundle"]["index_frame"] == "left"
    assert "take left as the index frame" in said
    assert refused(bundle, "z") == "SC648"
    assert refused(bundle, "w") == "SC616"


def test_equal_bundles_give_equal_drafts(flights: Frames) -> None:
    assert specc.draft(flights, "late").text == specc.draft(flights, "late").text


def test_without_a_draft_there_is_no_text() -> None:
    with pytest.raises(RuntimeError):
        _ = specc.draft({"index": pd.DataFrame({"y": [1]})}, "y").text


@hypothesis.settings(max_examples=40, deadline=None,
                     suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(bundles(), st.data())
def test_every_draft_of_a_drawn_bundle_is_accepted(
        tmp_path_factory: pytest.TempPathFactory, bundle: DrawnBundle,
        data: st.DataObject) -> None:
    stored = bundle.store(tmp_path_factory.mktemp("drawn") / "bundle")
    columns = bundle.columns(bundle.index_frame)
    label = data.draw(st.one_of(st.just(bundle.label[0]), st.sampled_from(columns)))
    draft = specc.draft(stored, label)
    str(draft)
    if draft.spec is None:
        assert not draft.ok
    else:
        checked = specc.validate(draft.spec, stored)
        assert checked.ok, str(checked)
