"""Transformers of columns of lists."""

from __future__ import annotations

from ..declaration import Type
from ..fields import boolean, choice, integer
from .nulls import MISSING_INDICATOR, on_null

VECTOR = Type(
    name="vector",
    description="Lists of numbers, all of one length: one column for each place. A null within a "
    "list counts as the mean of its place, or as 0 where nothing is standardised.",
    properties={
        "length": integer("The length of the lists; null takes the one that the training rows "
                          "have.", minimum=1, maximum=100_000, default=None, example=384,
                          null=True),
        "standardize": boolean("Subtract the mean of each place and divide by its standard "
                               "deviation.", default=True, example=False),
        "on_null": on_null("zero", "error"),
        "missing_indicator": MISSING_INDICATOR,
    },
    examples=({}, {"length": 384, "standardize": False}),
)

MULTI_HOT = Type(
    name="multi_hot",
    description="Lists of values: one column for each of the most frequent training values, 1 "
    "where the list holds it. As a label, each value is a class of its own.",
    properties={
        "max_values": integer("How many values get a column of their own, the ones that most "
                              "training rows hold.", minimum=1, maximum=100_000, default=100,
                              example=1000),
        "on_unseen": choice("What to do with a value without a column: `other` sets the column "
                            "`OTHER`, `ignore` leaves it out, `error` leaves it out and refuses a "
                            "bundle with values that no training row has.",
                            ["other", "ignore", "error"], default="other", example="error"),
        "on_null": on_null("zero", "error"),
        "missing_indicator": MISSING_INDICATOR,
    },
    examples=({}, {"max_values": 1000, "on_unseen": "ignore"}),
)
