"""Transformers of columns of numbers."""

from __future__ import annotations

from ..declaration import Type
from ..fields import integer, many_of, one_of
from .nulls import MISSING_INDICATOR, on_null
from .scalers import IMPUTER, MEAN, SCALER
from .steps import STEP

CONTINUOUS = Type(
    name="continuous",
    description="One number: it goes through the steps, nulls are imputed, then it is scaled.",
    properties={
        "steps": many_of(STEP, "What is done to the number first, in order; nulls stay null.",
                         default=[], example=[{"type": "log1p"},
                                              {"type": "clip", "high_quantile": 0.99}]),
        "scaler": one_of(SCALER, "Brings the column to a common scale; null leaves it as it is.",
                         default={"type": "sklearn.preprocessing:StandardScaler"},
                         example={"type": "sklearn.preprocessing:RobustScaler"}, null=True),
        "imputer": one_of(IMPUTER, "Gives the number in place of a null, after the steps and "
                          "before the scaler.", default=MEAN,
                          example={**MEAN, "strategy": "median"}),
        "on_null": on_null("impute", "error"),
        "missing_indicator": MISSING_INDICATOR,
    },
    examples=(
        {}, {"scaler": None, "missing_indicator": "never"},
        {"steps": [{"type": "log1p"},
                   {"type": "clip", "low_quantile": 0.01, "high_quantile": 0.99}]},
    ),
)

PIECEWISE_LINEAR = Type(
    name="piecewise_linear",
    description="One column for each bin between quantiles of the training rows: 1 for bins "
    "below the number, 0 for bins above it, and the place within its own bin (Gorishniy, Rubachev "
    "and Babenko, 2022).",
    properties={
        "bins": integer("How many bins; quantiles that are equal bound one bin together.",
                        minimum=1, maximum=10_000, default=48, example=16),
        "on_null": on_null("zero", "error"),
        "missing_indicator": MISSING_INDICATOR,
    },
    examples=({}, {"bins": 16, "missing_indicator": "always"}),
)

IDENTITY = Type(
    name="identity",
    description="Numbers and booleans as they are.",
    properties={"on_null": on_null("error", "zero")},
    examples=({}, {"on_null": "zero"}),
)

STANDARD = Type(
    name="standard",
    description="Subtracts the mean and divides by the standard deviation: the label of a "
    "regression. The loss reads the result; metrics and predictions are on the column's own "
    "scale.",
    properties={"on_null": on_null("error")},
)
