"""Transformers of columns of categories."""

from __future__ import annotations

from ..declaration import Type
from ..fields import choice, integer, number
from .nulls import on_null

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
        "on_null": on_null("column", "error"),
    },
    examples=({}, {"max_values": 10, "on_unseen": "error"}),
)

HASH = Type(
    name="hash",
    description="One column for each bucket, then one for nulls (`NULL`): the bucket follows from "
    "the text of the value alone, so nothing is fitted and no value is unseen. Different values "
    "may share a bucket.",
    properties={
        "buckets": integer("How many buckets.", minimum=1, maximum=100_000, default=256,
                           example=1000),
        "seed": integer("Another seed puts the values into other buckets.", minimum=0,
                        maximum=2**63 - 1, default=0, example=1),
        "on_null": on_null("column", "error"),
    },
    examples=({}, {"buckets": 1000, "seed": 1}),
)

FOLDS = 5
"""Parts of the training samples; each is encoded by the labels of the others."""

TARGET_ENCODING = Type(
    name="target_encoding",
    description="The mean label of the training samples with the same value, drawn towards the "
    "mean of all where there are few. A training sample reads a mean over other folds than its "
    "own, so it never sees its own label. With class numbers one column for each class.",
    properties={
        "smoothing": number("How many samples with the mean of all stand beside those of each "
                            "value.", minimum=0.0, maximum=1e9, default=10.0, example=20.0),
        "on_unseen": choice("What to do with a value that no training row has: `prior` gives it "
                            "the mean of all, `error` refuses the bundle.", ["prior", "error"],
                            default="prior", example="error"),
        "on_null": on_null("category", "error"),
    },
    examples=({}, {"smoothing": 20.0}),
)

CLASS_INDEX = Type(
    name="class_index",
    description="The place of the value among the sorted training values, from 0: the label of a "
    "classifier.",
    properties={
        "on_unseen": choice("What to do with a value that no training row has: `error` refuses "
                            "the bundle.", ["error"], default="error", example="error"),
        "on_null": on_null("error"),
    },
)
