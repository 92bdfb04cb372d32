"""bind: each mistake at its place, no cascades, and the positions of what is right."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.bundle import Bundle
from specc.compiler.passes.bind import bind
from specc.compiler.stages import (
    BoundGraph,
    BundleSettings,
    Extractor,
    Graph,
    Join,
    NetworkNode,
    Node,
    Selector,
    Source,
    Training,
)
from specc.schema.declaration import NetworkType

Joins = list[tuple[str, Any]]

FLIGHTS = pd.DataFrame({
    "tailnum": ["N1", "N2", "N1", None, "N9", "N2"],
    "carrier": ["UA", "AA", "UA", "AA", "UA", "AA"],
    "hour": [1.0, 2.0, None, 1.0, 2.0, 1.0],
    "late": [1, 0, 1, 0, 0, 1],
    "split": ["train", "train", "test", "train", "validation", None],
})
PLANES = pd.DataFrame({"maker": ["B", "A"], "seats": [100, 50]},
                      index=pd.Index(["N2", "N1"], name="tailnum"))
MAKERS = pd.DataFrame({"country": ["US", "EU"]}, index=pd.Index(["B", "A"], name="maker"))
WEATHER = pd.DataFrame({"carrier": ["UA", "AA", "UA"], "hour": [1, 2, 2], "wind": [1.0, 2.0, 3.0]}
                       ).set_index(["carrier", "hour"])
FRAMES = {"flights": FLIGHTS, "planes": PLANES, "makers": MAKERS, "weather": WEATHER,
          "loose": pd.DataFrame({"id": [1, 2], "v": [3, 4]})}


def _bundle(**frames: pd.DataFrame) -> Bundle:
    return Bundle.from_frames({**FRAMES, **frames}, index_frame="flights")


def _extractor(name: str, take: list[str] | None = None, *, joins: Joins | None = None,
               frame: str | None = None, drop: list[str] | None = None,
               missing_rows: str = "null") -> tuple[Extractor, dict[str, Any]]:
    """An extractor and its object in the spec."""
    pointer = f"/extractors/{name}"
    steps = []
    for index, (target, on) in enumerate(joins or []):
        columns = (on,) if isinstance(on, str) else tuple(on)
        key = tuple(on.values()) if isinstance(on, dict) else None
        steps.append(Join(f"{pointer}/joins/{index}", target, columns, key))

    def selectors(side: str, values: list[str]) -> tuple[Selector, ...]:
        return tuple(Selector(f"{pointer}/{side}_columns/{index}", value, None)
                     for index, value in enumerate(values))

    extractor = Extractor(
        pointer=pointer, name=name, frame=frame, joins=tuple(steps),
        take=selectors("take", take or ["*"]), drop=selectors("drop", drop or []),
        missing_rows=missing_rows, nulls="keep", fill_value=None,
        transformer=Node(f"{pointer}/transformer", "identity", {}),
    )
    return extractor, {"joins": [{"frame": target, "on": on} for target, on in joins or []]}


LABEL = _extractor("label", ["late"])


def _sampler(name: str) -> Node:
    return Node("/training/sampler", name, {})


def _graph(*extractors: tuple[Extractor, dict[str, Any]], index_frame: str | None = None,
           keys: dict[str, Any] | None = None, prepare: tuple[Node, ...] = (),
           label: tuple[Extractor, dict[str, Any]] = LABEL, **training: Any) -> Graph:
    given = (label, *extractors)
    named = {name: (key,) if isinstance(key, str) else tuple(key)
             for name, key in (keys or {}).items()}
    node = Node("/loss", "torch.nn:MSELoss", {})
    return Graph(
        source=Source("spec.json", "{}"),
        resolved={"extractors": {extractor.name: value for extractor, value in given},
                  "bundle": {"keys": keys or {}}},
        name="spec", description="", seed=0,
        bundle=BundleSettings(index_frame, named, prepare),
        extractors=tuple(extractor for extractor, _ in given), label=label[0],
        network=NetworkNode("/network", "empty", {}, NetworkType("empty", "Does nothing.")),
        loss=node, optimizer=node, scheduler=None, metrics=(),
        training=replace(
            Training(epochs=1, batch_size=2, mini_batch_size=None, mini_epochs=1, accumulate=1,
                     gradient_clipping=None, max_steps=None, max_seconds=None, max_epoch_steps=None,
                     max_epoch_seconds=None, report="epoch",
                     train_on=("train", "display"), evaluate_on=None, evaluate_every=1,
                     evaluate_before_training=False, early_stopping=None, evaluation_limits=None,
                     sampler=_sampler("auto"), sample_weight=None, class_weight=None,
                     no_decay=(), parameter_groups=(), precision="float32",
                     weight_average=None, compile=False, device="cpu", threads=None,
                     checkpoint=None, delay=0.0, quiet_hours=(), scheduler_interval="auto",
                     warmup=None),
            **training,
        ),
    )


def _found(graph: Graph, bundle: Bundle | None = None) -> list[tuple[str, str | None]]:
    result = bind(graph, bundle or _bundle())
    assert not result.ok
    return [(found.code, found.pointer) for found in result.diagnostics]


def _bound(graph: Graph, bundle: Bundle | None = None) -> BoundGraph:
    result = bind(graph, bundle or _bundle())
    assert result.stage is not None, result.diagnostics
    return result.stage


def _columns(bound: BoundGraph, name: str) -> list[str]:
    return [column.name for column in bound.extractors[name].columns]


def test_samples_are_the_rows_with_a_split_in_use() -> None:
    samples = _bound(_graph()).samples
    assert samples.rows.tolist() == [0, 1, 2, 3, 4]
    assert samples.names == ("train", "test", "validation")
    assert [samples.names[code] for code in samples.split] == [
        "train", "train", "test", "train", "validation",
    ]
    assert samples.training.tolist() == [True, True, False, True, False]
    assert samples.priority is None
    assert len(samples) == 5


def test_splits_that_the_spec_names() -> None:
    bound = _bound(_graph(train_on=("validation",), evaluate_on=("test", "validation")))
    assert bound.samples.names == ("validation", "test")
    assert bound.samples.rows.tolist() == [2, 4]


def test_train_is_not_evaluated_where_display_is() -> None:
    flights = FLIGHTS.assign(split=["train", "display", "test", "train", "display", "test"])
    samples = _bound(_graph(), _bundle(flights=flights)).samples
    assert samples.names == ("train", "display", "test")
    assert samples.training.tolist() == [True, True, False, True, True, False]


def test_a_chain_of_joins() -> None:
    plane = _extractor("plane", joins=[("planes", "tailnum"), ("makers", ["maker"])])
    bound = _bound(_graph(plane))
    positions = bound.extractors["plane"].positions
    assert positions.frame == "makers"
    assert positions.rows.tolist() == [1, 0, 1, -1, -1]
    assert positions.rows.dtype == np.int32
    first, second = positions.coverage
    assert (first.pointer, first.frame, first.columns) == (
        "/extractors/plane/joins/0", "planes", ("tailnum",))
    assert (first.samples, first.matched, first.missing_examples) == (5, 3, ("null", "'N9'"))
    assert (second.matched, second.missing_examples) == (3, ())
    assert _columns(bound, "plane") == ["country"]
    assert list(bound.extractors) == ["label", "plane"]
    assert bound.extractors["label"].positions.rows.tolist() == [0, 1, 2, 3, 4]


def test_joins_on_several_columns_and_on_columns_that_are_no_key() -> None:
    weather = _extractor("weather", joins=[("weather", ["carrier", "hour"])])
    named = _extractor("named", joins=[("weather", {"hour": "hour", "carrier": "carrier"})])
    seats = _extractor("seats", joins=[("planes", {"hour": "seats"})])
    bound = _bound(_graph(weather, named, seats))
    assert bound.extractors["weather"].positions.rows.tolist() == [0, 1, -1, -1, 2]
    assert bound.extractors["named"].positions.rows.tolist() == [0, 1, -1, -1, 2]
    assert bound.extractors["seats"].positions.rows.tolist() == [-1] * 5


def test_what_is_taken_by_default() -> None:
    bound = _bound(_graph(_extractor("rest"), _extractor("some", ["carrier", "split"])),
                   _bundle(flights=FLIGHTS.assign(priority=1.0)))
    assert _columns(bound, "rest") == ["tailnum", "carrier", "hour"]
    assert _columns(bound, "some") == ["carrier", "split"]
    assert [column.dtype for column in bound.extractors["rest"].columns] == [
        "string", "string", "float",
    ]


def test_index_frame() -> None:
    bundle = Bundle.from_frames(FRAMES)
    assert _found(_graph(), bundle) == [("SC616", "/bundle/index_frame")]
    assert _bound(_graph(index_frame="flights"), bundle).index_frame == "flights"
    plane = _extractor("plane", joins=[("plans", "tailnum")])
    # What does not depend on the index frame is still judged.
    assert _found(_graph(plane, index_frame="flight")) == [
        ("SC606", "/bundle/index_frame"), ("SC606", "/extractors/plane/joins/0/frame"),
    ]


def test_keys_of_the_spec() -> None:
    loose = _extractor("loose", joins=[("loose", "late")])
    bound = _bound(_graph(loose, keys={"loose": "id"}, label=_extractor("label", ["hour"])))
    assert bound.bundle.key("loose") == ("id",)
    assert bound.extractors["loose"].positions.rows.tolist() == [0, -1, 0, -1, -1]
    # A wrong key is reported once, not again at the joins that need it.
    assert _found(_graph(loose, keys={"loose": "idd", "gone": "x"})) == [
        ("SC607", "/bundle/keys/loose"), ("SC606", "/bundle/keys/gone"),
    ]
    assert _found(_graph(keys={"loose": ["id", "no"]})) == [("SC607", "/bundle/keys/loose/1")]


@pytest.mark.parametrize("joins, code, place", [
    ([("plans", "tailnum")], "SC606", "joins/0/frame"),
    ([("planes", "tail")], "SC607", "joins/0/on"),
    ([("weather", ["carrier", "hours"])], "SC607", "joins/0/on/1"),
    ([("planes", {"tailnum": "tail"})], "SC607", "joins/0/on/tailnum"),
    ([("planes", {"tail/num": "tailnum"})], "SC607", "joins/0/on/tail~1num"),
    ([("planes", "tailnum"), ("makers", "make")], "SC607", "joins/1/on"),
    ([("loose", "hour")], "SC609", "joins/0/on"),
    ([("weather", "carrier")], "SC610", "joins/0/on"),
    ([("planes", "hour")], "SC611", "joins/0/on"),
    ([("weather", ["hour", "carrier"])], "SC611", "joins/0/on/0"),
])
def test_joins_that_cannot_be(joins: Joins, code: str, place: str) -> None:
    # The columns of a broken chain are not judged.
    found = _found(_graph(_extractor("x", ["nowhere"], joins=joins)))
    assert found[0] == (code, f"/extractors/x/{place}")
    assert {entry[0] for entry in found} == {code}


def test_all_broken_joins_of_a_chain_are_reported() -> None:
    joins = [("plans", "tailnum"), ("makers", "maker"), ("weathr", "x")]
    assert _found(_graph(_extractor("x", joins=joins), _extractor("y", ["nowhere"]))) == [
        ("SC606", "/extractors/x/joins/0/frame"), ("SC606", "/extractors/x/joins/2/frame"),
        ("SC607", "/extractors/y/take_columns/0"),
    ]


@pytest.mark.parametrize(("frame", "on", "meant"), [
    ("data", "tailnum", "planes"), ("data", ["carrier", "hour"], "weather"),
    ("data", {"x": "maker"}, "makers"), ("data", "hour", None), ("planse", "maker", "planes"),
])
def test_the_frame_with_such_a_key_was_meant(frame: str, on: Any, meant: str | None) -> None:
    (diagnostic,) = (one for one in bind(_graph(_extractor("x", joins=[(frame, on)])),
                                         _bundle()).diagnostics if one.code == "SC606")
    assert (None if diagnostic.fix is None else diagnostic.fix[0]["value"]) == meant


def test_nearest_names_and_sides() -> None:
    result = bind(_graph(_extractor("x", joins=[("plans", "tailnum")]),
                         _extractor("y", joins=[("planes", {"tailnm": "tailnum"})]),
                         _extractor("z", joins=[("loose", "late")])), _bundle())
    frame, column, key = result.diagnostics
    assert frame.help is not None
    assert frame.help.startswith("did you mean 'planes'?")
    assert column.target == "key"
    assert (column.help or "").startswith("did you mean 'tailnum'?")
    assert key.help is not None and '"on"' in key.help


def test_duplicate_keys_are_reported_once() -> None:
    planes = pd.concat([PLANES, PLANES, PLANES.rename(index={"N1": "N3"})])
    graph = _graph(_extractor("x", joins=[("planes", "tailnum")]),
                   _extractor("y", joins=[("planes", "tailnum")]))
    result = bind(graph, _bundle(planes=planes))
    (found,) = result.diagnostics
    assert (found.code, found.pointer) == ("SC612", "/extractors/x/joins/0")
    assert "3 rows" in found.message and "'N2', 'N1'" in found.message


def test_missing_rows() -> None:
    plane = _extractor("plane", joins=[("planes", "tailnum"), ("makers", "maker")],
                       missing_rows="error")
    result = bind(_graph(plane), _bundle())
    (found,) = result.diagnostics
    assert (found.code, found.pointer) == ("SC613", "/extractors/plane/joins/0")
    assert "2 of 5 samples" in found.message and "null, 'N9'" in found.message
    makers = _bundle(makers=MAKERS.drop("A"))
    assert _found(_graph(plane), makers) == [
        ("SC613", "/extractors/plane/joins/0"), ("SC613", "/extractors/plane/joins/1"),
    ]
    # Rows that are no samples need no row.
    assert _bound(_graph(plane, train_on=("train",), evaluate_on=("test",)),
                  _bundle(flights=FLIGHTS.assign(tailnum="N1")))


def test_aligned_frames() -> None:
    extra = pd.DataFrame({"e": range(6)})
    aligned = _extractor("extra", frame="extra")
    bound = _bound(_graph(aligned), _bundle(extra=extra))
    assert bound.extractors["extra"].positions.rows.tolist() == [0, 1, 2, 3, 4]
    place = ("SC621", "/extractors/extra/frame")
    assert _found(_graph(aligned), _bundle(extra=extra[:5])) == [place]
    assert _found(_graph(aligned)) == [("SC606", "/extractors/extra/frame")]
    keyed = FLIGHTS.set_index(pd.Index(range(6), name="id"))
    extra_keyed = extra.set_index(pd.Index([5, 4, 3, 2, 1, 0], name="other"))
    bound = _bound(_graph(aligned), _bundle(flights=keyed, extra=extra_keyed))
    assert bound.extractors["extra"].positions.rows.tolist() == [5, 4, 3, 2, 1]
    assert bound.extractors["extra"].positions.coverage == ()
    assert _found(_graph(aligned), _bundle(flights=keyed, extra=extra)) == [place]
    assert _found(_graph(aligned), _bundle(extra=extra_keyed)) == [place]
    assert _found(_graph(aligned), _bundle(flights=keyed, extra=extra_keyed[2:])) == [place]
    two = extra_keyed.set_index("e", append=True).assign(v=1)
    assert _found(_graph(aligned), _bundle(flights=keyed, extra=two)) == [place]
    named = extra_keyed.set_index(pd.Index(list("abcdef"), name="other"))
    assert _found(_graph(aligned), _bundle(flights=keyed, extra=named)) == [
        ("SC611", "/extractors/extra/frame")]
    twice = extra_keyed.set_index(pd.Index([0] * 6, name="other"))
    assert _found(_graph(aligned), _bundle(flights=keyed, extra=twice)) == [
        ("SC612", "/extractors/extra/frame")]
    shifted = extra_keyed.set_index(pd.Index(range(1, 7), name="other"))
    assert _found(_graph(aligned), _bundle(flights=keyed, extra=shifted)) == [place]
    chained = _extractor("extra", frame="extra", joins=[("loose", {"e": "id"})])
    bound = _bound(_graph(chained), _bundle(flights=keyed, extra=extra_keyed))
    assert bound.extractors["extra"].positions.rows.tolist() == [-1, -1, -1, 1, 0]


def test_columns() -> None:
    assert _found(_graph(_extractor("x", ["carier"]))) == [
        ("SC607", "/extractors/x/take_columns/0")]
    assert _found(_graph(_extractor("x", drop=["gone"]))) == [
        ("SC607", "/extractors/x/drop_columns/0")]
    assert _found(_graph(_extractor("x", drop=["*"]))) == [("SC608", "/extractors/x/drop_columns")]
    assert _found(_graph(_extractor("x", ["carrier", "late"]))) == [
        ("SC622", "/extractors/x/take_columns/1")]


def test_the_label_is_hidden_wherever_its_rows_are() -> None:
    flights = FLIGHTS.assign(id=range(6), previous=[None, 0, 1, 2, 3, 4]).set_index("id")
    bundle = _bundle(flights=flights)
    itself = [("flights", {"id": "id"})]
    assert _found(_graph(_extractor("x", ["late"], joins=itself)), bundle) == [
        ("SC622", "/extractors/x/take_columns/0")]
    # The label of an earlier row is a feature like any other.
    earlier = _bound(_graph(_extractor("x", ["late"], joins=[("flights", "previous")])), bundle)
    assert earlier.extractors["x"].positions.rows.tolist() == [-1, 0, 1, 2, 3]
    label = _extractor("label", ["seats"], joins=[("planes", "tailnum")])
    bound = _bound(_graph(_extractor("x", joins=[("planes", "tailnum")]), label=label))
    assert _columns(bound, "x") == ["maker"]


def test_split_column() -> None:
    assert _found(_graph(), _bundle(flights=FLIGHTS.drop(columns="split"))) == [("SC617", None)]
    assert _found(_graph(), _bundle(flights=FLIGHTS.assign(split=1))) == [("SC614", None)]
    categories = FLIGHTS.assign(split=FLIGHTS["split"].astype("category"))
    assert len(_bound(_graph(), _bundle(flights=categories)).samples) == 5
    assert _found(_graph(), _bundle(flights=FLIGHTS.assign(split="test"))) == [
        ("SC401", "/training/train_on")]
    nulls = FLIGHTS.assign(split=pd.Series([None] * 6, dtype="str"))
    assert _found(_graph(), _bundle(flights=nulls)) == [("SC401", "/training/train_on")]
    assert _found(_graph(train_on=("train", "tset"), evaluate_on=("tets",))) == [
        ("SC618", "/training/train_on/1"), ("SC618", "/training/evaluate_on/0")]
    result = bind(_graph(evaluate_on=("tets",)), _bundle())
    assert (result.diagnostics[0].help or "").startswith("did you mean 'test'?")
    many = FLIGHTS.loc[np.arange(1200) % 6].assign(split=[f"s{i}" for i in range(1199)] + ["train"])
    assert _found(_graph(), _bundle(flights=many)) == [("SC625", "/training/evaluate_on")]
    assert _found(_graph(), _bundle(flights=FLIGHTS[:0])) == [("SC620", None)]


def _step(type: str, index: int = 0, **args: Any) -> Node:
    return Node(f"/bundle/prepare/{index}", type, args)


def test_prepared_splits_and_priorities() -> None:
    split = _step("random_split", parts={"train": 0.5, "test": 0.5}, only_where_not_null=None)
    priority = _step("priority", 1, column="late", magnitude=1.0)
    flights = _bundle(flights=FLIGHTS.drop(columns="split"))
    bound = _bound(_graph(prepare=(priority, split)), flights)
    samples = bound.samples
    assert samples.names == ("train", "test")
    assert np.bincount(samples.split).tolist() == [3, 3]
    assert samples.priority is not None
    assert samples.priority[~samples.training].tolist() == [0.0] * 3
    assert samples.priority[samples.training].sum() == pytest.approx(3.0)
    assert _bound(_graph(prepare=(split, priority), sampler=_sampler("shuffled")),
                  flights).samples.priority is None
    result = bind(_graph(prepare=(split,)), _bundle())
    assert result.ok
    assert [(found.code, found.pointer) for found in result.diagnostics] == [
        ("SC623", "/bundle/prepare/0")]
    again = _step("random_split", 2, parts={"train": 1.0}, only_where_not_null=None)
    assert ("SC624", "/bundle/prepare/2") in _found(_graph(prepare=(split, priority, again)),
                                                    flights)
    # A wrong split does not hide a wrong priority.
    wrong = _step("random_split", parts={"train": 0.5}, only_where_not_null=None)
    lost = _step("priority", 1, column="gone", magnitude=1.0)
    assert _found(_graph(prepare=(wrong, lost)), flights) == [
        ("SC624", "/bundle/prepare/0/parts"), ("SC607", "/bundle/prepare/1/column")]


def test_stored_priorities() -> None:
    def with_priority(values: Any) -> Bundle:
        return _bundle(flights=FLIGHTS.assign(priority=values))

    good = with_priority([1, 2, -5, 0, None, None])
    samples = _bound(_graph(), good).samples
    assert samples.priority is not None
    assert samples.priority.tolist() == [1.0, 2.0, 0.0, 0.0, 0.0]
    assert _bound(_graph(sampler=_sampler("sequential")), good).samples.priority is None
    assert _bound(_graph(), with_priority([True] * 6)).samples.priority is not None
    for bad in ([1, 2, 3, None, 1, 1], [1, -2, 3, 4, 5, 6], [0, 0, 5, 0, 5, 5],
                [np.inf, 1, 1, 1, 1, 1], [1e308] * 6, list("abcdef")):
        assert _found(_graph(), with_priority(bad)) == [("SC619", None)]
    assert _found(_graph(sampler=_sampler("priority"))) == [("SC619", "/training/sampler/type")]


def test_damage_found_while_reading_is_a_diagnostic(tmp_path: Path) -> None:
    for name, frame in FRAMES.items():
        if name == "planes":
            frame = pd.DataFrame({"seats": 1}, index=pd.Index([f"N{i}" for i in range(5000)],
                                                              name="tailnum"))
        frame.to_parquet(tmp_path / f"{name}.parquet")
    path = tmp_path / "planes.parquet"
    data = bytearray(path.read_bytes())
    data[4:3000] = b"\xff" * 2996
    path.write_bytes(data)
    graph = _graph(_extractor("x", joins=[("planes", "tailnum")]),
                   _extractor("y", joins=[("planes", "tailnum")]), index_frame="flights")
    result = bind(graph, Bundle.open(tmp_path))
    assert [(found.code, found.file) for found in result.diagnostics] == [("SC604", str(path))]


def test_equal_rows_are_different_samples() -> None:
    twice = pd.concat([FLIGHTS, FLIGHTS], ignore_index=True)
    assert len(_bound(_graph(), _bundle(flights=twice)).samples) == 10


PROGRAM = """
import json
import sys
from specc.compiler.bundle import Bundle
from specc.compiler.passes.bind import bind
from specc.compiler.pipeline import read, resolve_document
from specc.compiler.stages import Source

spec = {
    "specc": 1,
    "bundle": {"index_frame": "flights", "prepare": [
        {"type": "stratified_split", "column": "carrier", "parts": {"train": 0.5, "test": 0.5}},
        {"type": "priority", "column": "late"},
    ]},
    "extractors": {
        "label": {"type": "plain", "take_columns": ["late"]},
        "plane": {"type": "plain", "take_columns": ["country"], "joins": [
            {"frame": "planes", "on": "tailnum"}, {"frame": "makers", "on": "maker"}]},
        "weather": {"type": "plain", "take_columns": ["wind"], "joins": [
            {"frame": "weather", "on": ["carrier", "hour"]}]},
    },
    "network": {"type": "fully_connected", "sizes": [1], "input_frames": ["plane", "weather"]},
    "loss": {"type": "torch.nn:MSELoss"},
}
graph = resolve_document(read(Source("spec", json.dumps(spec))).stage).stage
result = bind(graph, Bundle.open(sys.argv[1]))
assert result.ok, result.diagnostics
loaded = {"pandas", "torch", "sklearn"} & set(sys.modules)
assert not loaded, loaded
"""


def test_bind_imports_neither_pandas_nor_torch(tmp_path: Path) -> None:
    for name, frame in FRAMES.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=True, timeout=60)
