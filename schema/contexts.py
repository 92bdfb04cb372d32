"""Contexts: the many rows of another frame that belong to one sample, and what is made of them."""

from __future__ import annotations

from . import durations
from .conditions import conditions
from .declaration import Fragment, Type
from .extractors import AS_OF, INNER_EXTRACTOR, JOINS, ON
from .fields import LARGEST_SCALAR, array, boolean, choice, integer, mapping, names, one_of, string
from .transformers import SCALER

AGGREGATION = "aggregation"

FUNCTIONS = ("mean", "min", "max", "sum", "count", "std", "median", "first", "last", "nunique",
             "decayed_mean", "since_last")
"""What `group_by` can make of the rows of a sample."""

OF_THE_SAMPLE = ("count", "since_last")
"""The functions that give one number a sample; the others give one for each column."""

OF_TIMES = ("decayed_mean", "since_last")
"""The functions that need the time of rows and samples."""

MOST_ROWS = 10_000
"""Rows of a context that keep their order; a `group_by` may see more."""

DIRECTIONS = ("before", "after", "around")

_STANDARD = {"type": "sklearn.preprocessing:StandardScaler"}

_DURATION = {"type": "string", "pattern": durations.PATTERN, "maxLength": 100}

_PLACE: Fragment = {
    "description": "The place of the sample among the ordered rows: a number or a time of the "
    "sample, and that of the rows. Null takes all rows of the key, however they stand.",
    "type": ["object", "null"],
    "properties": {
        "sample": string("The place of the sample: a column of the index frame.",
                         example="word_number"),
        "row": string("The place of a row: a column of the frame of the context.",
                      example="word_number"),
    },
    "required": ["sample", "row"],
    "additionalProperties": False,
    "default": None,
    "examples": [{"sample": "word_number", "row": "word_number"}],
}

_WITHIN: Fragment = {
    "description": "The longest distance between row and sample: an ISO 8601 duration where "
    "places are times, else a number; null sets none.",
    "type": ["string", "number", "null"],
    "pattern": durations.PATTERN,
    "maxLength": 100,
    "minimum": 0,
    "maximum": LARGEST_SCALAR,
    "default": None,
    "examples": ["PT12H"],
}

_ROWS = integer("The most rows of one sample, the nearest to it; null keeps the `size` of the "
                "context.", minimum=1, maximum=MOST_ROWS, default=None, example=20, null=True)

GROUP_BY = Type(
    name="group_by",
    description="Numbers over the rows of a sample, column by column; a sample without rows gets "
    "zeros, and `present` tells.",
    properties={
        "functions": array("What to compute; `count`, `since_last` (seconds) and `present` give "
                           "one number a sample, the others one for each column.",
                           {"enum": list(FUNCTIONS)}, default=["mean", "count"],
                           example=["mean", "last", "count"], min_items=1,
                           max_items=len(FUNCTIONS)),
        "sizes": array("Windows over the nearest rows alone, each with all functions; null takes "
                       "all rows of the context.", {"type": "integer", "minimum": 1,
                                                    "maximum": MOST_ROWS},
                       default=None, example=[1, 3, 10], min_items=1, max_items=100, null=True),
        "spans": array("Windows over the rows within a time of the sample, beside `sizes`.",
                       _DURATION, default=None, example=["P1D", "P7D"], min_items=1, max_items=100,
                       null=True),
        "half_life": {**string("The age at which a row counts half in `decayed_mean`, as an ISO "
                               "8601 duration.", default="P1D", example="PT3H",
                               pattern=durations.PATTERN), "maxLength": 100},
        "scaler": one_of(SCALER, "Brings the results to a common scale, fitted on the training "
                         "samples that have rows; null leaves them as they are.",
                         default=_STANDARD, null=True,
                         example={"type": "sklearn.preprocessing:RobustScaler"}),
        "presence": boolean("Whether a column `present` says if the sample has any row.",
                            default=True, example=False),
    },
    examples=({}, {"functions": ["mean", "max", "count"], "sizes": [1, 5]}),
)

PIVOT = Type(
    name="pivot",
    description="The columns of each row side by side, the nearest row first: of a context "
    "`around` the row at the sample's own place, then those before, then those after. Missing rows "
    "are zeros, and `present` tells.",
    properties={
        "size": _ROWS,
        "presence": boolean("Whether a column for each row says if it is there.", default=True,
                            example=False),
    },
    examples=({}, {"size": 3}),
)

SEQUENCE = Type(
    name="sequence",
    description="The rows as steps of a sequence, with a mask, for `lstm`, attention and the like.",
    properties={
        "size": _ROWS,
        "reversed": boolean("Whether the last row comes first.", default=False),
        "folded": boolean("Whether step k holds the k-th row before the sample beside the k-th "
                          "after it; for contexts `around`.", default=False),
    },
    examples=({}, {"size": 10, "reversed": True}),
)

AGGREGATIONS = (GROUP_BY, PIVOT, SEQUENCE)

CONTEXT = Type(
    name="context",
    description="Many rows of another frame for each sample, such as its earlier orders; each "
    "aggregation of them is a frame of the batch, `<extractor>.<aggregation>`.",
    properties={
        "frame": string("The frame whose rows are looked at.", example="landings"),
        "joins": {**JOINS, "description": "The chain of joins from the sample to the row whose "
                  "columns stand in `on`; without one it is the row of the index frame."},
        "on": {**ON, "description": "The columns to match with columns of the frame: one name "
               "for both, a list of such names, or an object from columns here to columns there. "
               "Null looks at the rows of every key.", "default": None},
        "as_of": AS_OF,
        "at": _PLACE,
        "order_by": names("What orders rows of one time, or place: columns of the frame, "
                          "ascending.", default=[], example=["position"], min_items=0),
        "direction": choice("Which rows: those before the sample's place, those after it, or "
                            "both.", DIRECTIONS, default="before", example="around"),
        "size": integer("The most rows, the nearest to the sample; `around` takes so many on each "
                        "side. Null sets no limit.", minimum=1, maximum=MOST_ROWS, default=None,
                        example=5, null=True),
        "within": _WITHIN,
        "include_self": boolean("Whether rows at the very place of the sample belong to it; never "
                                "with `as_of`. Of several, a `pivot` or `sequence` `around` the "
                                "sample takes the first.", default=False),
        "where": conditions("Which rows may belong to a sample at all; all conditions must hold, "
                            "of a list inside the list one must.", default=[],
                            example=[{"column": "cancelled", "is": "equal", "value": False}]),
        "extractor": one_of(INNER_EXTRACTOR, "What is taken of each row; it may join further "
                            "frames. Columns of `on`, `as_of`, `at` and `order_by` are taken only "
                            "by their exact name.", default={"type": "plain"},
                            example={"type": "plain", "take_columns": ["arr_delay"]}),
        "aggregations": {
            **mapping("What is made of the rows, by name.", {"$ref": f"#/$defs/{AGGREGATION}"},
                      min_properties=1, example={"recent": {"type": "group_by"}}),
            "propertyNames": {"minLength": 1, "maxLength": 200},
        },
    },
    required=("frame", "aggregations"),
    examples=(
        {"frame": "words", "on": "sentence", "order_by": "position", "size": 4,
         "extractor": {"type": "plain", "take_columns": ["word"],
                       "transformer": {"type": "categorical"}},
         "aggregations": {"words": {"type": "sequence"}}},
        {"frame": "landings", "on": "tailnum", "size": 5,
         "as_of": {"sample": "scheduled_departure", "row": "landed_at"},
         "extractor": {"type": "plain", "take_columns": ["arr_delay"]},
         "aggregations": {"recent": {"type": "group_by", "functions": ["mean", "count"]}}},
    ),
)
