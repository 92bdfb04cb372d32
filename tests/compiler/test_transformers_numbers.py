"""Steps, power transforms, `piecewise_linear`, `standard` and cycles of time, by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from specc.compiler.diagnostics.diagnostic import Result
from specc.compiler.stages import Node
from specc.compiler.transformers import ColumnRows, FittedColumn, fit_column
from specc.compiler.transformers.rows import canonical
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema.assemble import assemble

DEFINITIONS = assemble()["$defs"]
POINTER = "/extractors/x/transformer"
POWER = "sklearn.preprocessing:PowerTransformer"


def attempt(spec: dict[str, Any], values: Any, counts: list[int] | None = None
            ) -> Result[FittedColumn]:
    args = with_defaults({"$ref": "#/$defs/transformer", "$defs": DEFINITIONS}, spec)
    column = canonical(values if isinstance(values, pa.Array) else pa.array(values))
    training = np.array([1] * len(column) if counts is None else counts, dtype=np.int64)
    return fit_column(Node(POINTER, args.pop("type"), args),
                      ColumnRows("f", "x", column, training))


def encoded(spec: dict[str, Any], values: Any, new: Any, counts: list[int] | None = None
            ) -> np.ndarray:
    result = attempt(spec, values, counts)
    assert result.diagnostics == () and result.stage is not None
    return result.stage.encode(pa.array(new))


def stepped(*steps: dict[str, Any], **args: Any) -> dict[str, Any]:
    return {"type": "continuous", "steps": list(steps), "scaler": None, **args}


def found(result: Result[FittedColumn]) -> list[tuple[str, str | None]]:
    return [(diagnostic.code, diagnostic.pointer) for diagnostic in result.diagnostics]


# steps


def test_log1p_and_its_signed_form() -> None:
    values = [0.0, np.e - 1, 3.0]
    np.testing.assert_allclose(encoded(stepped({"type": "log1p"}), values, values)[:, 0],
                               [0, 1, np.log(4)], rtol=1e-6)
    signed = encoded(stepped({"type": "log1p", "signed": True}), values, [-3.0, 3.0])
    np.testing.assert_allclose(signed[:, 0], [-np.log(4), np.log(4)], rtol=1e-6)


def test_clip_at_numbers_and_at_quantiles_of_training_rows() -> None:
    numbers = encoded(stepped({"type": "clip", "low": 0, "high": 2}), [1.0], [-5.0, 1.0, 7.0])
    assert numbers[:, 0].tolist() == [0, 1, 2]
    values, counts = [0.0, 10.0, 20.0, 1e6], [1, 3, 1, 0]
    half = {"type": "clip", "low_quantile": 0.25, "high_quantile": 0.5}
    assert encoded(stepped(half), values, values, counts)[:, 0].tolist() == [10, 10, 10, 10]
    one_sided = encoded(stepped({"type": "clip", "high_quantile": 1}), values, [-9.0, 1e9], counts)
    assert one_sided[:, 0].tolist() == [-9, 20]


def test_steps_come_in_order_and_before_imputer_and_scaler() -> None:
    spec = {"type": "continuous", "steps": [{"type": "clip", "high": 3}, {"type": "log1p"}],
            "scaler": {"type": "sklearn.preprocessing:MinMaxScaler"}}
    result = encoded(spec, [0.0, 99.0, None], [0.0, 50.0, None])
    np.testing.assert_allclose(result, [[0, 0], [1, 0], [0.5, 1]], rtol=1e-6)


def test_log1p_refuses_numbers_up_to_minus_one_wherever_they_are() -> None:
    for counts in ([1, 1, 1], [1, 0, 0]):
        result = attempt(stepped({"type": "log1p"}), [2.0, -1.0, -4.0], counts)
        assert found(result) == [("SC708", f"{POINTER}/steps/0")]
        assert "2 values" in result.diagnostics[0].message
    only = attempt(stepped({"type": "clip", "low": -9}, {"type": "log1p"}), [-1.0])
    assert found(only) == [("SC708", f"{POINTER}/steps/1")]


@pytest.mark.parametrize(("clip", "key"), [
    ({}, ""), ({"low": 3, "high": 3}, "/low"), ({"low": 1, "low_quantile": 0.1}, "/low"),
    ({"low_quantile": 0.9, "high_quantile": 0.1}, "/low_quantile"),
    ({"high": 1, "high_quantile": 0.1}, "/high"),
])
def test_bounds_that_contradict_each_other_are_refused(clip: dict[str, Any], key: str) -> None:
    result = attempt(stepped({"type": "clip", **clip}), [1.0, 2.0])
    assert found(result) == [("SC204", f"{POINTER}/steps/0{key}")]


# power transforms


def test_box_cox_takes_positive_numbers_alone() -> None:
    spec = {"type": "continuous", "scaler": {"type": POWER, "method": "box-cox"}}
    for counts in ([1, 1, 1, 1], [1, 1, 1, 0]):
        result = attempt(spec, [1.0, 2.0, 5.0, 0.0], counts)
        assert found(result) == [("SC708", f"{POINTER}/scaler")]
    zero = {"type": "sklearn.impute:SimpleImputer", "strategy": "constant", "fill_value": 0}
    assert found(attempt({**spec, "imputer": zero}, [1.0, 2.0, None])) == [
        ("SC708", f"{POINTER}/scaler")]


def test_box_cox_of_powers_is_their_logarithm() -> None:
    spec = {"type": "continuous", "scaler": {"type": POWER, "method": "box-cox"}}
    values = np.exp(np.random.default_rng(0).normal(size=4000))
    result = attempt(spec, values).stage
    assert result is not None
    assert abs(result.describe()["power"]) < 0.02


@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@pytest.mark.parametrize("values", [[2.0, 2.0], [1e-300, 2e-300], [1e30, 1.0], [1e-30]])
def test_odd_columns_have_a_power_too(method: str, values: list[float]) -> None:
    spec = {"type": "continuous", "scaler": {"type": POWER, "method": method}}
    assert np.isfinite(encoded(spec, values, values)).all()


# piecewise_linear


def test_bins_fill_from_below_and_the_ends_go_on() -> None:
    spec = {"type": "piecewise_linear", "bins": 2, "missing_indicator": "always"}
    values = [0.0, 1.0, 5.0]  # edges at 0, 1 and 5
    result = attempt(spec, values).stage
    assert result is not None and result.names == ("x_bin_0", "x_bin_1", "x_missing")
    wanted = [[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 0.5, 0], [1, 2, 0], [-1, 0, 0], [0, 0, 1]]
    new = pa.array([0.0, 0.5, 1.0, 3.0, 9.0, -1.0, None])
    np.testing.assert_allclose(result.encode(new), wanted, rtol=1e-6)


def test_equal_quantiles_are_one_edge_and_rows_count() -> None:
    spec = {"type": "piecewise_linear", "bins": 4}
    result = attempt(spec, [0.0, 3.0, 7.0], [8, 1, 1]).stage
    assert result is not None
    assert result.state()[1]["edges"].to_pylist() == [0, 7]
    even = attempt(spec, [0.0, 4.0, 8.0], [2, 1, 2]).stage
    assert even is not None and even.state()[1]["edges"].to_pylist() == [0, 4, 8]


def test_a_constant_column_has_one_bin() -> None:
    assert encoded({"type": "piecewise_linear"}, [5.0, 5.0], [5.0, 6.0, 4.0]).tolist() == [
        [0], [1], [-1]]


def test_piecewise_linear_equals_the_formula_on_the_repeated_rows() -> None:
    generator = np.random.default_rng(1)
    values, counts = generator.gamma(2, 3, 300), generator.integers(1, 5, 300)
    edges = np.quantile(np.repeat(values, counts), np.linspace(0, 1, 49))
    new = np.concatenate([generator.gamma(2, 3, 50), [-1.0, 100.0]])
    wanted = (new[:, None] - edges[:-1]) / np.diff(edges)
    wanted[:, 1:] = np.maximum(wanted[:, 1:], 0)
    wanted[:, :-1] = np.minimum(wanted[:, :-1], 1)
    spec = {"type": "piecewise_linear"}
    np.testing.assert_allclose(encoded(spec, values, new, counts.tolist()), wanted, rtol=1e-5,
                               atol=1e-5)


# standard


def test_standard_and_its_inverse() -> None:
    result = attempt({"type": "standard"}, [10.0, 20.0, 1e9], [3, 1, 0]).stage
    assert result is not None
    out = result.encode(pa.array([10.0, 20.0]))
    np.testing.assert_allclose(out[:, 0], [-(3**-0.5), 3**0.5], rtol=1e-6)
    assert result.inverse(out).dtype == np.float64
    np.testing.assert_allclose(result.inverse(out)[:, 0], [10, 20], rtol=1e-6)


def test_what_has_no_scale_is_left_by_inverse() -> None:
    column = attempt({"type": "identity"}, [1.0]).stage
    assert column is not None
    values = np.ones((2, 1), dtype=np.float32)
    assert column.inverse(values) is values


def test_standard_refuses_what_is_no_number() -> None:
    assert found(attempt({"type": "standard"}, ["a"])) == [("SC614", POINTER)]
    assert found(attempt({"type": "standard"}, [1.0, float("inf")])) == [("SC703", POINTER)]


# datetime


def test_cyclic_parts_stand_on_a_circle() -> None:
    spec = {"type": "datetime", "parts": ["hour", "elapsed", "month"], "cyclic": True}
    times = [dt.datetime(2024, 1, 1, 0), dt.datetime(2024, 4, 1, 6), None]
    column = attempt(spec, times).stage
    assert column is not None
    assert column.names == ("x_hour_sin", "x_hour_cos", "x_elapsed", "x_month_sin",
                            "x_month_cos", "x_missing")
    rows = column.encode(pa.array(times))
    np.testing.assert_allclose(rows[0, [0, 1, 3, 4, 5]], [0, 1, 0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(rows[1, [0, 1, 3, 4, 5]], [1, 0, 1, 0, 0], atol=1e-6)
    assert rows[2].tolist() == [0, 0, 0, 0, 0, 1]
