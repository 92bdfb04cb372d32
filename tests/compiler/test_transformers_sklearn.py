"""A fit with frequencies equals scikit-learn's fit on the repeated rows.

Not checked: values whose spread is within rounding error of zero, where the two may differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from specc.compiler.stages import Node
from specc.compiler.transformers import ColumnRows, Continuous, fit_column
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema.assemble import assemble

DEFINITIONS = assemble()["$defs"]
STRATEGIES = ("mean", "median", "constant")

SCALERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "standard": (StandardScaler, {}),
    "standard, not centered": (StandardScaler, {"with_mean": False}),
    "standard, not scaled": (StandardScaler, {"with_std": False}),
    "min-max": (MinMaxScaler, {}),
    "min-max, clipped": (MinMaxScaler, {"feature_range": [-1, 3], "clip": True}),
    "robust": (RobustScaler, {}),
    "robust, wide": (RobustScaler, {"quantile_range": [10, 95]}),
    "robust, not centered": (RobustScaler, {"with_centering": False}),
    "robust, not scaled": (RobustScaler, {"with_scaling": False}),
    "quantile": (QuantileTransformer, {}),
    "quantile, few": (QuantileTransformer, {"n_quantiles": 4}),
    "quantile, normal": (QuantileTransformer, {"output_distribution": "normal"}),
}

values = st.one_of(st.none(), st.integers(-4, 4).map(float), st.integers(-8000, 8000).map(
    lambda number: number / 16))
tables = st.lists(st.tuples(values, st.integers(0, 5)), min_size=1, max_size=30)


def fit_ours(rows: list[tuple[float | None, int]], strategy: str, scaler: Any) -> Continuous:
    spec = {"type": "continuous", "scaler": scaler, "missing_indicator": "never",
            "imputer": {"type": "sklearn.impute:SimpleImputer", "strategy": strategy,
                        "fill_value": 2.5}}
    args = with_defaults({"$ref": "#/$defs/transformer", "$defs": DEFINITIONS}, spec)
    column = pa.array([value for value, _ in rows], pa.float64())
    counts = np.array([count for _, count in rows], dtype=np.int64)
    result = fit_column(Node("/t", "continuous", args), ColumnRows("f", "x", column, counts))
    assert result.diagnostics == ()
    assert isinstance(result.stage, Continuous)
    return result.stage


@pytest.mark.parametrize("case", SCALERS)
@settings(deadline=None, max_examples=60)
@given(rows=tables.filter(lambda rows: any(v is not None and count for v, count in rows)),
       strategy=st.sampled_from(STRATEGIES))
def test_equals_scikit_learn_on_the_repeated_rows(
    case: str, rows: list[tuple[float | None, int]], strategy: str
) -> None:
    scaler, arguments = SCALERS[case]
    ours = fit_ours(rows, strategy, {"type": f"sklearn.preprocessing:{scaler.__name__}",
                                     **arguments})
    column = np.array([[np.nan if value is None else value] for value, _ in rows])
    counts = [count for _, count in rows]
    joined = np.repeat(column, counts, axis=0)
    theirs = {key: tuple(value) if isinstance(value, list) else value
              for key, value in arguments.items()}
    if scaler is QuantileTransformer:
        theirs["subsample"] = None
        theirs["n_quantiles"] = min(theirs.get("n_quantiles", 1000), len(joined))
    reference = make_pipeline(SimpleImputer(strategy=strategy, fill_value=2.5), scaler(**theirs))
    wanted = reference.fit(joined).transform(column)
    encoded = ours.encode(pa.array(column[:, 0]))
    np.testing.assert_allclose(encoded, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", ["standard", "min-max", "robust", "quantile"])
def test_a_constant_column_is_divided_by_one(case: str) -> None:
    scaler = {"type": f"sklearn.preprocessing:{SCALERS[case][0].__name__}"}
    ours = fit_ours([(0.1, 3), (0.1, 4)], "mean", scaler)
    assert ours.encode(pa.array([0.1])).tolist() == [[0.0]]


def test_quantiles_agree_on_many_rows_with_ties() -> None:
    generator = np.random.default_rng(0)
    column = np.round(generator.gamma(2.0, 3.0, size=3000), 1)
    counts = generator.integers(0, 7, size=3000)
    rows = list(zip(column.tolist(), counts.tolist(), strict=True))
    for distribution in ("uniform", "normal"):
        arguments = {"n_quantiles": 500, "output_distribution": distribution}
        ours = fit_ours(rows, "mean", {"type": "sklearn.preprocessing:QuantileTransformer",
                                       **arguments})
        reference = QuantileTransformer(**arguments, subsample=None)
        wanted = reference.fit(np.repeat(column, counts)[:, None]).transform(column[:, None])
        np.testing.assert_allclose(ours.encode(pa.array(column)), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@pytest.mark.parametrize("shape", ["normal", "gamma", "skewed", "integers", "shifted"])
def test_powers_agree_on_the_repeated_rows(shape: str, method: str, standardize: bool) -> None:
    generator = np.random.default_rng(3)
    column = {
        "normal": generator.normal(3, 2, 400), "gamma": generator.gamma(2, 3, 400),
        "skewed": generator.exponential(1, 400) ** 3, "integers": generator.integers(-9, 40, 400),
        "shifted": generator.normal(-50, 9, 400),
    }[shape].astype(np.float64)
    if method == "box-cox":
        column = np.abs(column) + 0.1
    counts = generator.integers(0, 6, 400)
    rows = list(zip(column.tolist(), counts.tolist(), strict=True))
    arguments = {"method": method, "standardize": standardize}
    ours = fit_ours(rows, "mean", {"type": "sklearn.preprocessing:PowerTransformer", **arguments})
    reference = PowerTransformer(**arguments).fit(np.repeat(column, counts)[:, None])
    assert ours.scaler is not None and ours.scaler.describe()["power"] == pytest.approx(
        reference.lambdas_[0], abs=1e-6)
    wanted = reference.transform(column[:, None])[:, 0]
    np.testing.assert_allclose(ours.scaler(column), wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.encode(pa.array(column))[:, 0], wanted, rtol=1e-5, atol=1e-6)


def test_the_power_of_a_constant_column_is_one() -> None:
    ours = fit_ours([(0.1, 3), (0.1, 4)], "mean",
                    {"type": "sklearn.preprocessing:PowerTransformer"})
    assert ours.scaler is not None and ours.scaler.describe()["power"] == 1
    assert ours.encode(pa.array([0.1])).tolist() == [[0.0]]
