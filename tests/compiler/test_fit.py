"""The fit pass: training rows only, frequencies, null policies, the label.

What each transformer makes of a column is tested in test_transformers.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.bundle import BundleError
from specc.compiler.data.dtypes import classify
from specc.compiler.diagnostics import codes
from specc.compiler.diagnostics.diagnostic import Result
from specc.compiler.passes.fit import fit
from specc.compiler.stages import (
    UNKNOWN_LABEL,
    BoundExtractor,
    BoundGraph,
    Column,
    Extractor,
    FittedGraph,
    Node,
    Positions,
    Samples,
)
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema.assemble import assemble

DEFINITIONS = assemble()["$defs"]
LABEL = "label"


class FakeBundle:
    """Frames in memory that remember what was read."""

    def __init__(self, **frames: Mapping[str, Any]) -> None:
        self.tables = {name: pa.table(dict(columns)) for name, columns in frames.items()}
        self.reads: list[tuple[str, str]] = []

    def read(self, frame: str, columns: Iterable[str]) -> pa.Table:
        self.reads += ((frame, column) for column in columns)
        if frame == "damaged":
            raise BundleError([codes.UNREADABLE_FRAME.at(frame=frame, reason="damaged")])
        return self.tables[frame].select(list(columns))

    def rows(self, frame: str) -> int:
        return self.tables[frame].num_rows

    def schema(self, frame: str) -> pa.Schema:
        return self.tables[frame].schema


def take(name: str, frame: str, rows: list[int], columns: list[str], *,
         transformer: Mapping[str, Any] | None = None, nulls: str = "keep",
         fill_value: Any = None) -> tuple[str, str, list[int], list[str], Extractor]:
    """An extractor and where its rows are."""
    pointer = f"/extractors/{name}"
    value = with_defaults({"$ref": "#/$defs/transformer", "$defs": DEFINITIONS},
                          transformer or {"type": "identity"})
    args = {key: inner for key, inner in value.items() if key != "type"}
    extractor = Extractor(
        pointer=pointer, name=name, frame=None, joins=(), take=(), drop=(), missing_rows="null",
        nulls=nulls, fill_value=fill_value,
        transformer=Node(f"{pointer}/transformer", value["type"], args))
    return name, frame, rows, columns, extractor


def bind(bundle: FakeBundle, training: list[bool], *taken: Any) -> BoundGraph:
    extractors = {}
    for name, frame, rows, columns, extractor in taken:
        schema = bundle.schema(frame)
        extractors[name] = BoundExtractor(
            extractor, Positions(frame, np.array(rows, dtype=np.int64), ()),
            tuple(Column(column, classify(schema.field(column).type)) for column in columns))
    samples = Samples(
        rows=np.arange(len(training)), split=np.zeros(len(training), dtype=np.int16),
        names=("train", "test"), training=np.array(training), priority=None)
    graph = SimpleNamespace(label=SimpleNamespace(name=LABEL), heads=())
    return BoundGraph(cast(Any, graph), cast(Any, bundle), "index", samples, extractors)


def run(training: list[bool], frames: Mapping[str, Mapping[str, Any]], *taken: Any,
        label: list[Any] | None = None, label_type: str = "identity") -> Result[FittedGraph]:
    """Fit extractors beside a label of numbers."""
    label = [float(index) for index in range(len(training))] if label is None else label
    bundle = FakeBundle(index={"y": label}, **frames)
    own = take(LABEL, "index", list(range(len(training))), ["y"], transformer={"type": label_type})
    return fit(bind(bundle, training, own, *taken))


def found(result: Result[FittedGraph]) -> list[tuple[str, str | None]]:
    return [(diagnostic.code, diagnostic.pointer) for diagnostic in result.diagnostics]


def fitted(result: Result[FittedGraph]) -> FittedGraph:
    assert result.diagnostics == ()
    assert result.stage is not None
    return result.stage


def states(graph: FittedGraph) -> bytes:
    """All that was fitted, as bytes."""
    parts = []
    for entry in graph.extractors.values():
        for column in entry.columns:
            state, arrays = column.state()
            parts.append(json.dumps([column.column, column.names, state]))
            parts += (f"{name} {array.type} {array.to_pylist()!r}"
                      for name, array in arrays.items())
    return "\n".join(parts).encode()


AUTO = {"type": "auto"}


def test_rows_are_weighted_by_the_training_samples_that_reach_them() -> None:
    frames = {"f": {"x": [1.0, 4.0, 100.0, -7.0]}}
    result = run([True] * 4 + [False], frames, take("x", "f", [0, 0, 0, 1, 2], ["x"],
                                                    transformer=AUTO))
    (column,) = fitted(result).extractors["x"].columns
    assert column.describe()["center"] == 1.75


def test_the_fit_uses_all_training_rows_not_the_first_ones() -> None:
    values = [0.0] * 1000 + [1.0] * 1000
    result = run([True] * 2000, {"f": {"x": values}},
                 take("x", "f", list(range(2000)), ["x"], transformer=AUTO))
    (column,) = fitted(result).extractors["x"].columns
    assert column.describe()["center"] == 0.5


def test_samples_without_a_row_count_as_nulls() -> None:
    continuous = {"type": "continuous", "scaler": None,
                  "imputer": {"type": "sklearn.impute:SimpleImputer"}}
    for training, names in (([True, True], ("x", "x_missing")), ([True, False], ("x",))):
        result = run(training, {"f": {"x": [3.0]}},
                     take("x", "f", [0, -1], ["x"], transformer=continuous))
        entry = fitted(result).extractors["x"]
        assert entry.feature_names == names
        assert entry.positions.tolist() == [0, 1]


def test_only_reached_rows_are_kept_and_positions_follow() -> None:
    frames = {"f": {"x": [1.0, 2.0, 3.0, 4.0]}}
    entry = fitted(run([True] * 4, frames, take("x", "f", [3, 1, -1, 3], ["x"],
                                                transformer=AUTO))).extractors["x"]
    assert entry.rows is not None
    assert entry.rows.tolist() == [1, 3]
    assert (entry.reached, entry.positions.tolist()) == (2, [1, 0, 2, 1])
    assert entry.positions.dtype == np.int32


def test_all_rows_reached_needs_no_list_of_rows() -> None:
    frames = {"f": {"x": [1.0, 2.0]}}
    entry = fitted(run([True] * 3, frames, take("x", "f", [1, 0, -1], ["x"],
                                                transformer=AUTO))).extractors["x"]
    assert entry.rows is None
    assert (entry.reached, entry.positions.tolist()) == (2, [1, 0, 2])


def test_only_taken_columns_are_read_and_equal_extractors_are_fitted_once() -> None:
    bundle = FakeBundle(index={"y": [0.0, 1.0]}, f={"x": [1.0, 2.0], "unused": ["a", "b"]})
    first, second = (take(name, "f", [0, 1], ["x"], transformer=AUTO) for name in "ab")
    third = take("c", "f", [1, 0], ["x"], transformer=AUTO)
    graph = fitted(fit(bind(bundle, [True, True], take(LABEL, "index", [0, 1], ["y"]), first,
                            second, third)))
    assert graph.extractors["a"].columns is graph.extractors["b"].columns
    assert graph.extractors["a"].columns is not graph.extractors["c"].columns
    assert graph.extractors["b"].bound.extractor.name == "b"
    assert bundle.reads.count(("f", "x")) == 2
    assert ("f", "unused") not in bundle.reads


@pytest.mark.parametrize("change", [{"nulls": "fill", "fill_value": 0.0},
                                    {"transformer": {"type": "identity"}}])
def test_extractors_that_differ_are_not_shared(change: dict[str, Any]) -> None:
    frames = {"f": {"x": [1.0, 2.0]}}
    graph = fitted(run([True, True], frames, take("a", "f", [0, 1], ["x"], transformer=AUTO),
                       take("b", "f", [0, 1], ["x"], **{"transformer": AUTO, **change})))
    assert graph.extractors["a"].columns is not graph.extractors["b"].columns


# null policies


def test_null_policy_error_counts_reached_nulls() -> None:
    frames = {"f": {"x": [1.0, None, None, None, 2.0]}}
    result = run([True] * 4, frames, take("x", "f", [0, 1, 2, 1], ["x"], nulls="error",
                                          transformer=AUTO))
    assert found(result) == [("SC615", "/extractors/x/nulls")]
    assert "2 nulls" in result.diagnostics[0].message
    assert found(run([True] * 2, frames, take("x", "f", [0, 4], ["x"], nulls="error"))) == []


def test_null_policy_error_is_told_once_with_identity_and_does_not_hide_the_dtype() -> None:
    frames = {"f": {"x": [1.0, None], "s": ["a", None]}}
    result = run([True] * 2, frames, take("x", "f", [0, 1], ["x", "s"], nulls="error"))
    assert found(result) == [("SC615", "/extractors/x/nulls"), ("SC615", "/extractors/x/nulls"),
                             ("SC614", "/extractors/x/transformer")]


def test_null_policy_error_leaves_samples_without_a_row_alone() -> None:
    result = run([True] * 2, {"f": {"x": [1.0]}},
                 take("x", "f", [0, -1], ["x"], nulls="error", transformer=AUTO))
    assert fitted(result).extractors["x"].feature_names == ("x", "x_missing")


def test_null_policy_fill_puts_the_value_into_rows_and_missing_rows() -> None:
    result = run([True] * 3, {"f": {"x": [1.0, None]}},
                 take("x", "f", [0, 1, -1], ["x"], nulls="fill", fill_value=4, transformer=AUTO))
    (column,) = fitted(result).extractors["x"].columns
    assert (column.names, column.describe()["center"]) == (("x",), 3.0)


def test_a_fill_value_of_another_dtype_is_refused_for_each_column() -> None:
    frames = {"f": {"x": [1.0], "s": ["a"], "t": ["b"]}}
    result = run([True], frames, take("x", "f", [0], ["x", "s", "t"], nulls="fill", fill_value=4,
                                      transformer=AUTO))
    assert found(result) == [("SC704", "/extractors/x/fill_value")] * 2


# diagnostics


def test_independent_mistakes_of_all_extractors_are_reported_at_once() -> None:
    frames = {"f": {"x": [float("inf")] * 2, "s": ["a", "b"]}, "damaged": {"d": [1]}}
    result = run([True, False], frames,
                 take("a", "f", [0, 1], ["x", "s"], transformer={"type": "continuous"}),
                 take("b", "f", [0, 1], ["s"], transformer={"type": "class_index"}),
                 take("c", "damaged", [0, 0], ["d"]), label=[1.0, None])
    assert found(result) == [
        ("SC615", "/extractors/label"), ("SC703", "/extractors/a/transformer"),
        ("SC614", "/extractors/a/transformer"), ("SC702", "/extractors/b/transformer"),
        ("SC604", None),
    ]
    assert result.stage is not None
    assert not result.stage.extractors
    assert result.stage.label is UNKNOWN_LABEL


def test_one_mistake_in_the_transformer_is_reported_once_for_many_columns() -> None:
    robust = {"type": "sklearn.preprocessing:RobustScaler", "quantile_range": [75, 25]}
    result = run([True], {"f": {"x": [1.0], "z": [2.0]}},
                 take("x", "f", [0], ["x", "z"], transformer={"type": "continuous",
                                                              "scaler": robust}))
    assert found(result) == [("SC204", "/extractors/x/transformer/scaler/quantile_range")]


def test_a_warning_does_not_stop_the_fit() -> None:
    result = run([True, False], {"f": {"x": [None, 1.0]}}, take("x", "f", [0, 1], ["x"],
                                                               transformer=AUTO))
    assert found(result) == [("SC701", "/extractors/x/transformer/continuous")]
    assert result.stage is not None


# the label


def test_label_facts_of_numbers_are_over_all_samples() -> None:
    facts = fitted(run([True, False], {}, label=[1.0, 3.5])).label
    assert (facts.form, facts.columns, facts.classes) == ("number", 1, ())
    assert (facts.minimum, facts.maximum, facts.integral) == (1.0, 3.5, False)
    assert fitted(run([True, False], {}, label=[True, False])).label.integral


def test_label_facts_of_classes() -> None:
    facts = fitted(run([True] * 3, {}, label=["b", "a", "c"], label_type="class_index")).label
    assert (facts.form, facts.columns, facts.classes) == ("class_index", 1, ("a", "b", "c"))
    assert (facts.minimum, facts.maximum, facts.integral) == (0.0, 2.0, True)


@pytest.mark.parametrize("label_type", ["identity", "continuous", "class_index"])
def test_samples_without_a_label_are_counted_once(label_type: str) -> None:
    result = run([True] * 4, {}, label=[1.0, 2.0, None, float("nan")], label_type=label_type)
    assert found(result) == [("SC615", "/extractors/label")]
    assert "2 nulls" in result.diagnostics[0].message


def test_a_label_that_no_sample_row_has_is_a_null() -> None:
    bundle = FakeBundle(f={"y": [0.0, 1.0]})
    result = fit(bind(bundle, [True] * 4, take(LABEL, "f", [0, 1, -1, -1], ["y"])))
    assert found(result) == [("SC615", "/extractors/label")]
    assert "2 nulls" in result.diagnostics[0].message


def test_a_label_of_strings_is_repaired_with_class_index() -> None:
    result = run([True, True], {}, label=["a", "b"])
    assert found(result) == [("SC614", "/extractors/label/transformer")]
    assert result.diagnostics[0].fix == (
        {"op": "add", "path": "/extractors/label/transformer", "value": {"type": "class_index"}},)


def test_a_single_training_class_is_refused() -> None:
    result = run([True, True], {}, label=["a", "a"], label_type="class_index")
    assert found(result) == [("SC705", "/extractors/label/transformer")]


def test_class_numbers_of_two_columns_are_refused() -> None:
    bundle = FakeBundle(f={"y": ["a", "b"], "z": ["a", "b"]})
    result = fit(bind(bundle, [True] * 2, take(LABEL, "f", [0, 1], ["y", "z"],
                                               transformer={"type": "class_index"})))
    assert found(result) == [("SC204", "/extractors/label/transformer")]


# nothing but training rows shapes a fit

DTYPES: dict[str, tuple[pa.DataType, Any]] = {
    "f": (pa.float64(), st.integers(-10**6, 10**6).map(lambda number: number / 8)),
    "i": (pa.int64(), st.integers(-10**9, 10**9)),
    "s": (pa.string(), st.text("abcd", max_size=2)),
    "b": (pa.bool_(), st.booleans()),
    "t": (pa.timestamp("s"), st.integers(0, 4 * 10**9)),
}


@settings(deadline=None, max_examples=60)
@given(data=st.data(), rows=st.lists(st.integers(-1, 7), min_size=2, max_size=20))
def test_no_row_that_only_test_samples_reach_changes_any_state(data: Any, rows: list[int]) -> None:
    training = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    trained = {row for row, trains in zip(rows, training, strict=True) if trains}

    def frame(previous: Mapping[str, Any] | None) -> dict[str, Any]:
        columns = {}
        for name, (dtype, values) in DTYPES.items():
            drawn = data.draw(st.lists(st.one_of(st.none(), values), min_size=8, max_size=8))
            if previous is not None:
                kept = previous[name].to_pylist() if dtype != pa.timestamp("s") else \
                    previous[name].cast(pa.int64()).to_pylist()
                drawn = [kept[row] if row in trained else drawn[row] for row in range(8)]
            columns[name] = pa.array(drawn, dtype)
        return columns

    first = frame(None)
    quantile = {"type": "sklearn.preprocessing:QuantileTransformer", "n_quantiles": 5}
    transformers = (AUTO, {"type": "auto", "continuous": {"type": "continuous",
                                                          "scaler": quantile}})
    outcomes = []
    for columns in (first, frame(first)):
        taken = (take(str(place), "f", rows, list(DTYPES), transformer=transformer)
                 for place, transformer in enumerate(transformers))
        result = run(training, {"f": columns}, *taken)
        assert result.stage is not None
        outcomes.append((states(result.stage), found(result)))
    assert outcomes[0] == outcomes[1]
