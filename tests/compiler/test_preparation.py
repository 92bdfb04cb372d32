"""Prepared splits and priorities: exact shares, whole groups, seeds, and refused steps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.bundle import Bundle
from specc.compiler.data.preparation import Splits, prepare_priority, prepare_split
from specc.compiler.data.prepared import STEPS
from specc.compiler.data.splitting import apportion
from specc.compiler.diagnostics.diagnostic import Severity
from specc.compiler.stages import Node
from specc.schema.preparation import PREPARATIONS

POINTER = "/bundle/prepare/0"
PARTS = {"display": 0.1, "test": 0.2, "train": 0.7}


def _node(type: str, **args: Any) -> Node:
    if type != "priority":
        args.setdefault("only_where_not_null", None)
    return Node(POINTER, type, args)


def _split(frame: pd.DataFrame, node: Node, seed: int = 0) -> Splits:
    result = prepare_split(node, Bundle.from_frames({"index": frame}), "index", seed)
    assert result.stage is not None, result.diagnostics
    return result.stage


def _refused(frame: pd.DataFrame, node: Node) -> list[tuple[str, str | None]]:
    bundle = Bundle.from_frames({"index": frame})
    if node.type == "priority":
        result: Any = prepare_priority(node, bundle, "index", np.ones(len(frame), bool))
    else:
        result = prepare_split(node, bundle, "index", 0)
    assert result.stage is None
    return [(found.code, found.pointer) for found in result.diagnostics]


def _named(splits: Splits) -> list[str | None]:
    return [splits.names[code] if code >= 0 else None for code in splits.codes]


@given(count=st.integers(0, 500),
       weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_apportion(count: int, weights: list[float]) -> None:
    fractions = [weight / sum(weights) for weight in weights]
    sizes = apportion(count, fractions)
    assert sum(sizes) == count
    assert all(abs(size - count * share) < 1 for size, share in zip(sizes, fractions, strict=True))


def test_apportion_gives_what_is_left_to_the_largest_remainder() -> None:
    assert apportion(10, [0.7, 0.1, 0.2]) == [7, 1, 2]
    assert apportion(100, [0.29, 0.71]) == [29, 71]
    assert apportion(5, [0.5, 0.5]) == [3, 2]
    assert apportion(1, [0.2, 0.5, 0.3]) == [0, 1, 0]


def test_random_split_has_exact_sizes_and_follows_the_seed() -> None:
    frame = pd.DataFrame({"x": range(1000)})
    node = _node("random_split", parts=PARTS)
    splits = _split(frame, node)
    assert splits.names == ("display", "test", "train")
    assert np.bincount(splits.codes).tolist() == [100, 200, 700]
    assert (splits.codes == _split(frame, node).codes).all()
    assert (splits.codes != _split(frame, node, seed=1).codes).any()
    other = Node("/bundle/prepare/1", node.type, node.args)
    assert (splits.codes != _split(frame, other).codes).any()


def test_rows_where_a_column_is_null_get_no_split() -> None:
    frame = pd.DataFrame({"y": [1.0, None, 2.0, 3.0, None, 4.0]})
    node = _node("random_split", parts={"train": 0.5, "test": 0.5}, only_where_not_null="y")
    splits = _split(frame, node)
    assert (splits.codes == -1).tolist() == [False, True, False, False, True, False]
    assert np.bincount(splits.codes[splits.codes >= 0]).tolist() == [2, 2]


CLASSES = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=40, max_size=80)


@settings(deadline=None, max_examples=40)
@given(classes=CLASSES, seed=st.integers(0, 3))
def test_stratified_split_shares_out_every_class(classes: list[str | None], seed: int) -> None:
    frame = pd.DataFrame({"y": pd.Series(classes, dtype=object), "n": range(len(classes))})
    node = _node("stratified_split", column="y", parts=PARTS)
    splits = _split(frame, node, seed)
    assert (splits.codes == _split(frame, node, seed).codes).all()
    assert (splits.codes >= 0).all()
    for value in set(classes):
        members = np.array([entry == value for entry in classes])
        counts = np.bincount(splits.codes[members], minlength=3)
        assert (np.abs(counts - members.sum() * np.array(list(PARTS.values()))) < 1).all()


def test_small_classes_reach_every_part() -> None:
    frame = pd.DataFrame({"y": np.repeat(np.arange(100), 2)})
    splits = _split(frame, _node("stratified_split", column="y", parts={"train": 0.8, "test": 0.2}))
    assert np.bincount(splits.codes).tolist() == [40, 160]


@settings(deadline=None, max_examples=40)
@given(groups=st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["x", "y", None])),
                       min_size=30, max_size=60),
       seed=st.integers(0, 3))
def test_grouped_split_keeps_groups_whole(groups: list[tuple[int, str | None]], seed: int) -> None:
    # Two groups of one row each keep every part from being empty.
    groups = [*groups, (98, "x"), (99, "x")]
    frame = pd.DataFrame({"a": [group[0] for group in groups],
                          "b": pd.Series([group[1] for group in groups], dtype=object)})
    node = _node("grouped_split", columns=["a", "b"], parts={"train": 0.5, "test": 0.5})
    result = prepare_split(node, Bundle.from_frames({"index": frame}), "index", seed)
    assert result.stage is not None
    sides: dict[tuple[int, str | None], set[int]] = {}
    for group, code in zip(groups, result.stage.codes.tolist(), strict=True):
        sides.setdefault(group, set()).add(code)
    assert all(len(side) == 1 for side in sides.values())
    again = prepare_split(node, Bundle.from_frames({"index": frame}), "index", seed)
    assert again.stage is not None
    assert (again.stage.codes == result.stage.codes).all()


def test_equal_groups_meet_the_shares_exactly() -> None:
    frame = pd.DataFrame({"g": np.repeat(np.arange(20), 5)})
    node = _node("grouped_split", columns="g", parts={"train": 0.8, "test": 0.2})
    splits = _split(frame, node)
    assert np.bincount(splits.codes).tolist() == [20, 80]
    assert (splits.codes != _split(frame, node, seed=1).codes).any()


TIMES = pd.Series(pd.to_datetime(["2013-01-05", "2013-01-01", "2013-01-03", None, "2013-01-02",
                                  "2013-01-04"]))
HALVES = [{"split": "train", "fraction": 0.6, "before": None},
          {"split": "test", "fraction": 0.4, "before": None}]


def _before(*times: str | None) -> list[dict[str, Any]]:
    names = ["train", "test", "rest"]
    return [{"split": name, "fraction": None, "before": time}
            for name, time in zip(names, times, strict=False)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_time_split_puts_the_oldest_first(unit: str) -> None:
    frame = pd.DataFrame({"t": TIMES.astype(f"datetime64[{unit}]")})
    wanted = ["test", "train", "train", None, "train", "test"]
    assert _named(_split(frame, _node("time_split", column="t", parts=HALVES))) == wanted
    node = _node("time_split", column="t", parts=_before("2013-01-04", None))
    assert _named(_split(frame, node)) == wanted
    node = _node("time_split", column="t", parts=_before("2013-01-03T12:00:00", "2013-01-05"))
    assert _named(_split(frame, node)) == [None, "train", "train", None, "train", "test"]


def test_time_split_of_dates_zones_and_numbers() -> None:
    dates = pd.DataFrame({"t": [dt.date(2013, 1, 2), dt.date(2013, 1, 1)]})
    late = _node("time_split", column="t", parts=_before("2013-01-01T00:00:01", None))
    assert _named(_split(dates, late)) == ["test", "train"]
    zoned = pd.DataFrame({"t": TIMES.dt.tz_localize("Europe/Berlin")})
    node = _node("time_split", column="t", parts=_before("2013-01-02T00:00:00+01:00", None))
    assert _named(_split(zoned, node))[:3] == ["test", "train", "test"]
    node = _node("time_split", column="t", parts=_before("2013-01-01T23:00:00", None))
    assert _named(_split(zoned, node))[:3] == ["test", "train", "test"]
    years = pd.DataFrame({"t": [2004, 2001, 2003, 2002]})
    parts = [{"split": "a", "fraction": 0.5}, {"split": "b", "fraction": 0.5}]
    assert _named(_split(years, _node("time_split", column="t", parts=parts))) == [
        "b", "a", "b", "a",
    ]


@settings(deadline=None, max_examples=40)
@given(times=st.lists(st.integers(0, 6), min_size=10, max_size=60), share=st.floats(0.2, 0.8))
def test_time_split_never_tears_ties(times: list[int], share: float) -> None:
    frame = pd.DataFrame({"t": times})
    parts = [{"split": "train", "fraction": share, "before": None},
             {"split": "test", "fraction": 1 - share, "before": None}]
    result = prepare_split(_node("time_split", column="t", parts=parts),
                           Bundle.from_frames({"index": frame}), "index", 0)
    if result.stage is None:
        assert [found.code for found in result.diagnostics] == ["SC624"]
        return
    old, new = (np.array(times)[result.stage.codes == code] for code in (0, 1))
    assert old.max() < new.min()


def test_refused_steps() -> None:
    frame = pd.DataFrame({"t": TIMES, "y": list("aabbab"), "b": [[1]] * 6})
    place = POINTER + "/parts"

    def split(type: str, parts: Any, **args: Any) -> list[tuple[str, str | None]]:
        return _refused(frame, _node(type, parts=parts, **args))

    assert split("random_split", {"train": 0.8, "test": 0.3}) == [("SC624", place)]
    assert split("random_split", {"train": 0.999, "test": 0.001}) == [("SC624", place)]
    assert split("random_split", {"train": 1.0}, only_where_not_null="z") == [
        ("SC607", POINTER + "/only_where_not_null")]
    assert split("stratified_split", {"train": 1.0}, column="z") == [("SC607", POINTER + "/column")]
    assert split("stratified_split", {"train": 1.0}, column="b") == [("SC614", POINTER + "/column")]
    assert split("grouped_split", {"train": 1.0}, columns=["y", "z"]) == [
        ("SC607", POINTER + "/columns/1")]
    assert split("grouped_split", {"train": 1.0}, columns="b") == [("SC614", POINTER + "/columns")]
    assert split("grouped_split", {"a": 0.4, "b": 0.3, "c": 0.3}, columns="y") == [
        ("SC624", place)]

    def by_time(parts: Any, column: str = "t") -> list[tuple[str, str | None]]:
        return split("time_split", parts, column=column)

    assert by_time(HALVES, column="y") == [("SC614", POINTER + "/column")]
    assert by_time([HALVES[0]]) == [("SC624", place)]
    assert by_time([HALVES[0], HALVES[0]]) == [("SC624", place)]
    assert by_time([HALVES[0], {"split": "x", "before": None}]) == [("SC624", place)]
    assert by_time([{**HALVES[0], "before": "2013-01-02"}, HALVES[1]]) == [("SC624", place)]
    assert by_time(_before(None, "2013-01-02")) == [("SC624", place + "/0")]
    assert by_time(_before("soon", None)) == [("SC624", place + "/0/before")]
    assert by_time(_before("2013-01-02", "2013-01-02")) == [("SC624", place + "/1/before")]
    assert by_time(_before("2013-01-02T00:00:00Z", None)) == [("SC624", place + "/0/before")]
    assert by_time(_before("2012-01-01", None)) == [("SC624", place)]
    numbers = pd.DataFrame({"t": [1, 2]})
    step = _node("time_split", column="t", parts=_before("2013-01-01", None))
    assert _refused(numbers, step) == [("SC624", POINTER + "/column")]
    assert _refused(frame, _node("priority", column="z", magnitude=1.0)) == [
        ("SC607", POINTER + "/column")]
    assert _refused(frame, _node("priority", column="b", magnitude=1.0)) == [
        ("SC614", POINTER + "/column")]


def test_a_step_replaces_a_column_with_a_warning() -> None:
    frame = pd.DataFrame({"split": ["x"] * 4, "priority": [1.0] * 4, "y": list("aabb")})
    bundle = Bundle.from_frames({"index": frame})
    split = prepare_split(_node("random_split", parts={"train": 1.0}), bundle, "index", 0)
    priority = prepare_priority(_node("priority", column="y", magnitude=1.0), bundle, "index",
                                np.ones(4, bool))
    for result in (split, priority):
        assert result.stage is not None
        (found,) = result.diagnostics
        assert (found.code, found.pointer, found.severity) == ("SC623", POINTER, Severity.WARNING)


def test_priority_draws_values_equally_often() -> None:
    frame = pd.DataFrame({"y": pd.Series(["a"] * 6 + ["b"] * 2 + [None] + ["a", "new"],
                                         dtype=object)})
    training = np.array([True] * 9 + [False] * 2)
    bundle = Bundle.from_frames({"index": frame})

    def weights(magnitude: float) -> np.ndarray:
        result = prepare_priority(_node("priority", column="y", magnitude=magnitude), bundle,
                                  "index", training)
        assert result.stage is not None
        return result.stage

    even = weights(1.0)
    assert even[:6].sum() == pytest.approx(even[6:8].sum()) == pytest.approx(even[8])
    assert even[:9].mean() == pytest.approx(1.0)
    assert even[9:].tolist() == [0.0, 0.0]
    assert weights(0.0)[:9].tolist() == [1.0] * 9
    assert weights(0.5)[:9] == pytest.approx(np.sqrt(even[:9]))


def test_every_split_and_priority_has_valid_examples() -> None:
    """Those of `filter` and `derive` name frames of other bundles; see test_filter."""
    frame = pd.DataFrame({
        "Survived": [0, 1] * 20, "arr_delay": range(40), "patient": np.arange(40) // 2,
        "origin": ["JFK", "EWR"] * 20, "day": np.arange(40) // 5,
        "time_hour": pd.date_range("2013-08-20", periods=40, freq="2D"),
    })
    bundle = Bundle.from_frames({"index": frame})
    for entry in (entry for entry in PREPARATIONS if entry.name not in STEPS):
        for example in entry.examples:
            defaults = {name: field["default"] for name, field in entry.properties.items()
                        if "default" in field}
            node = Node(POINTER, entry.name, {**defaults, **example})
            result: Any = (
                prepare_priority(node, bundle, "index", np.ones(40, bool))
                if entry.name == "priority" else prepare_split(node, bundle, "index", 0)
            )
            assert result.ok, (entry.name, example, result.diagnostics)
