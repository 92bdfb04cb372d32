"""Scalers and imputers of `continuous`."""

from __future__ import annotations

from ..declaration import Fragment, Type
from ..fields import array, boolean, choice, integer, number

SCALER, IMPUTER = "scaler", "imputer"

MEAN = {"type": "sklearn.impute:SimpleImputer"}


def _interval(description: str, minimum: float, maximum: float, default: list[float],
              example: list[float]) -> Fragment:
    bound = {"type": "number", "minimum": minimum, "maximum": maximum}
    return array(description, bound, default=default, example=example, min_items=2, max_items=2)


STANDARD_SCALER = Type(
    name="sklearn.preprocessing:StandardScaler",
    description="Subtracts the mean and divides by the standard deviation.",
    properties={
        "with_mean": boolean("Subtract the mean.", default=True, example=False),
        "with_std": boolean("Divide by the standard deviation.", default=True, example=False),
    },
    examples=({}, {"with_mean": False}),
)

MIN_MAX_SCALER = Type(
    name="sklearn.preprocessing:MinMaxScaler",
    description="Maps the smallest and the largest training value to the ends of an interval.",
    properties={
        "feature_range": _interval("The interval, low end first.", -1e9, 1e9, [0, 1], [-1, 1]),
        "clip": boolean("Keep values beyond the training values inside the interval.",
                        default=False),
    },
    examples=({}, {"feature_range": [-1, 1], "clip": True}),
)

ROBUST_SCALER = Type(
    name="sklearn.preprocessing:RobustScaler",
    description="Subtracts the median and divides by the distance of two quantiles.",
    properties={
        "with_centering": boolean("Subtract the median.", default=True, example=False),
        "with_scaling": boolean("Divide by the distance of the quantiles.", default=True,
                                example=False),
        "quantile_range": _interval("The two quantiles in percent, low one first.", 0, 100,
                                    [25, 75], [10, 90]),
    },
    examples=({}, {"quantile_range": [10, 90]}),
)

QUANTILE_TRANSFORMER = Type(
    name="sklearn.preprocessing:QuantileTransformer",
    description="Maps each value to its quantile among all training rows, without subsampling.",
    properties={
        "n_quantiles": integer("How many quantiles to keep; at most one for each training row.",
                               minimum=2, maximum=100_000, default=1000, example=100),
        "output_distribution": choice("The distribution of the result.", ["uniform", "normal"],
                                      default="uniform", example="normal"),
    },
    examples=({}, {"n_quantiles": 100, "output_distribution": "normal"}),
)

POWER_TRANSFORMER = Type(
    name="sklearn.preprocessing:PowerTransformer",
    description="Raises values to the power that makes the training rows most like a normal "
    "distribution.",
    properties={
        "method": choice("The family of powers; `box-cox` takes numbers above 0 alone.",
                         ["yeo-johnson", "box-cox"], default="yeo-johnson", example="box-cox"),
        "standardize": boolean("Subtract the mean afterwards, and divide by the standard "
                               "deviation.", default=True, example=False),
    },
    examples=({}, {"method": "box-cox"}),
)

SCALERS: tuple[Type, ...] = (
    STANDARD_SCALER, MIN_MAX_SCALER, ROBUST_SCALER, QUANTILE_TRANSFORMER, POWER_TRANSFORMER,
)

SIMPLE_IMPUTER = Type(
    name="sklearn.impute:SimpleImputer",
    description="One number for every null of a column.",
    properties={
        "strategy": choice("Where the number comes from: the training rows, or `fill_value`.",
                           ["mean", "median", "constant"], default="mean", example="median"),
        "fill_value": number("The number for the strategy `constant`.", minimum=-1e30,
                             maximum=1e30, default=0, example=-1),
    },
    examples=({}, {"strategy": "constant", "fill_value": -1}),
)

IMPUTERS: tuple[Type, ...] = (SIMPLE_IMPUTER,)
