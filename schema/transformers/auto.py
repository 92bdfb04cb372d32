"""`auto`: a transformer for each dtype."""

from __future__ import annotations

from ..declaration import Type
from ..fields import one_of

TRANSFORMER = "transformer"

_ZERO_OR_ONE = {
    "type": "continuous",
    "scaler": None,
    "imputer": {"type": "sklearn.impute:SimpleImputer", "strategy": "constant", "fill_value": 0},
}

AUTO = Type(
    name="auto",
    description="Chooses a transformer for each column by its dtype; that one says what becomes "
    "of nulls. Refuses lists.",
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
