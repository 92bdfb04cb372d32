"""Transformers: how the raw values of one column become numbers; scalers and imputers."""

from __future__ import annotations

from .declaration import Fragment, Type
from .fields import array, boolean, choice, integer, number, one_of

TRANSFORMER, SCALER, IMPUTER = "transformer", "scaler", "imputer"

PARTS = ("year", "month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute",
         "second", "elapsed")
"""The columns that `datetime` can make of one column of times."""

_MEAN = {"type": "sklearn.impute:SimpleImputer"}
_STANDARD = {"type": "sklearn.preprocessing:StandardScaler"}
_ZERO_OR_ONE = {
    "type": "continuous",
    "scaler": None,
    "imputer": {**_MEAN, "strategy": "constant", "fill_value": 0},
}

_MISSING_INDICATOR = choice(
    "Whether a column `<column>_missing` says where the value was null: `auto` adds it when a "
    "training row is null.", ["auto", "always", "never"], default="auto", example="always",
)

AUTO = Type(
    name="auto",
    description="Chooses a transformer for each column by its dtype.",
    properties={
        "continuous": one_of(TRANSFORMER, "For integer and float columns.",
                             default={"type": "continuous"},
                             example={"type": "continuous",
                                      "scaler": {"type": "sklearn.preprocessing:MinMaxScaler"}}),
        "categorical": one_of(TRANSFORMER, "For string columns.", default={"type": "categorical"},
                              example={"type": "categorical", "max_values": 10}),
        "datetime": one_of(TRANSFORMER, "For dates and times.", default={"type": "datetime"},
                           example={"type": "datetime", "parts": ["month", "hour"]}),
        "boolean": one_of(TRANSFORMER, "For boolean columns; by default 0 and 1, null as 0.",
                          default=_ZERO_OR_ONE, example={"type": "categorical"}),
    },
    examples=({}, {"categorical": {"type": "categorical", "max_values": 10}}),
)

CONTINUOUS = Type(
    name="continuous",
    description="One number: nulls are imputed, then the column is scaled.",
    properties={
        "scaler": one_of(SCALER, "Brings the column to a common scale; null leaves it as it is.",
                         default=_STANDARD, example={"type": "sklearn.preprocessing:RobustScaler"},
                         null=True),
        "imputer": one_of(IMPUTER, "Gives the number in place of a null, before the scaler.",
                          default=_MEAN, example={**_MEAN, "strategy": "median"}),
        "missing_indicator": _MISSING_INDICATOR,
    },
    examples=({}, {"scaler": None, "missing_indicator": "never"}),
)

CATEGORICAL = Type(
    name="categorical",
    description="One column for each of the most frequent training values, then one for every "
    "other value (`OTHER`) and one for nulls (`NULL`).",
    properties={
        "max_values": integer("How many values get a column of their own, the most frequent "
                              "ones.", minimum=1, maximum=100_000, default=25, example=100),
        "on_unseen": choice("What to do with a value that no training row has: `other` puts it "
                            "into the column `OTHER`, `error` refuses the bundle.",
                            ["other", "error"], default="other", example="error"),
    },
    examples=({}, {"max_values": 10, "on_unseen": "error"}),
)

DATETIME = Type(
    name="datetime",
    description="Calendar parts of a date or time, in its own time zone; a null is 0 in each.",
    properties={
        "parts": array("The parts to take: `year` in standardised years, `elapsed` the "
                       "standardised time itself, the others as fractions from 0 to below 1.",
                       {"enum": list(PARTS)},
                       default=["year", "month", "day_of_month", "day_of_week", "hour"],
                       example=["month", "hour", "elapsed"], min_items=1, max_items=len(PARTS)),
        "missing_indicator": _MISSING_INDICATOR,
    },
    examples=({}, {"parts": ["elapsed"]}),
)

IDENTITY = Type(
    name="identity",
    description="Numbers and booleans as they are; refuses nulls.",
)

CLASS_INDEX = Type(
    name="class_index",
    description="The place of the value among the sorted training values, from 0: the label of a "
    "classifier.",
)

TRANSFORMERS: tuple[Type, ...] = (AUTO, CONTINUOUS, CATEGORICAL, DATETIME, IDENTITY, CLASS_INDEX)


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

SCALERS: tuple[Type, ...] = (STANDARD_SCALER, MIN_MAX_SCALER, ROBUST_SCALER, QUANTILE_TRANSFORMER)

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
