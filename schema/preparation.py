"""Steps of `bundle.prepare`: they choose rows and make columns, `split` and `priority` too.

All steps run on the loaded bundle, in the order of the list, before anything is extracted.
"""

from __future__ import annotations

from .conditions import conditions
from .declaration import Fragment, Type
from .fields import array, mapping, names, number, one_of, string
from .operations import OPERATION

_FRACTION = number("The share of the rows.", above=0.0, maximum=1.0, example=0.8)

_PARTS = mapping("Split -> its share of the rows; the shares sum to 1.", _FRACTION,
                 min_properties=1, example={"train": 0.8, "test": 0.2})

_NOT_NULL = string("Rows where this column is null get no split, so they are no samples.",
                   default=None, null=True, example="arr_delay")

_TIME_PART: Fragment = {
    "description": "One split: a share of the rows, or all rows before a time.",
    "type": "object",
    "properties": {
        "split": string("The split.", example="train"),
        "fraction": number("The share of the rows; null where `before` is used.", above=0.0,
                           maximum=1.0, default=None, null=True, example=0.8),
        "before": string("An ISO 8601 date or date-time; rows from this time on go to the next "
                         "part. Null in the last part takes all that is left.", default=None,
                         null=True, example="2013-10-01"),
    },
    "required": ["split"],
    "additionalProperties": False,
}

RANDOM_SPLIT = Type(
    name="random_split",
    description="Gives every row of the index frame a split at random.",
    properties={"parts": _PARTS, "only_where_not_null": _NOT_NULL},
    required=("parts",),
    examples=(
        {"parts": {"train": 0.8, "test": 0.2}},
        {"parts": {"train": 0.7, "display": 0.1, "test": 0.2}, "only_where_not_null": "arr_delay"},
    ),
)

STRATIFIED_SPLIT = Type(
    name="stratified_split",
    description="A random split that gives every value of a column its share of each part.",
    properties={
        "column": string("The column whose values are shared out; null counts as a value.",
                         example="Survived"),
        "parts": _PARTS,
        "only_where_not_null": _NOT_NULL,
    },
    required=("column", "parts"),
    examples=({"column": "Survived", "parts": {"train": 0.8, "test": 0.2}},),
)

GROUPED_SPLIT = Type(
    name="grouped_split",
    description="A random split that keeps rows with equal values together in one part.",
    properties={
        "columns": names("The columns whose values make a group; null counts as a value.",
                         example="patient"),
        "parts": _PARTS,
        "only_where_not_null": _NOT_NULL,
    },
    required=("columns", "parts"),
    examples=(
        {"columns": "patient", "parts": {"train": 0.8, "test": 0.2}},
        {"columns": ["origin", "day"], "parts": {"train": 0.5, "test": 0.5}},
    ),
)

TIME_SPLIT = Type(
    name="time_split",
    description="Splits by time, the oldest rows first; rows of one time stay together, and rows "
    "without a time get no split.",
    properties={
        "column": string("The column to order by: a time, or a number.", example="time_hour"),
        "parts": array("The parts from the oldest to the newest.", _TIME_PART, min_items=1,
                       example=[{"split": "train", "fraction": 0.8},
                                {"split": "test", "fraction": 0.2}]),
        "only_where_not_null": _NOT_NULL,
    },
    required=("column", "parts"),
    examples=(
        {"column": "time_hour", "parts": [{"split": "train", "fraction": 0.8},
                                          {"split": "test", "fraction": 0.2}]},
        {"column": "time_hour", "parts": [{"split": "train", "before": "2013-10-01"},
                                          {"split": "test", "before": None}]},
    ),
)

PRIORITY = Type(
    name="priority",
    description="Gives training rows priorities under which the values of a column are drawn "
    "equally often.",
    properties={
        "column": string("The column whose values are evened out; null counts as a value.",
                         example="Survived"),
        "magnitude": number("0 draws every row alike, 1 every value alike; above 1 rare values "
                            "come more often than common ones.", minimum=0.0, maximum=10.0,
                            default=1.0, example=0.5),
    },
    required=("column",),
    examples=({"column": "Survived"}, {"column": "Survived", "magnitude": 0.5}),
)

FILTER = Type(
    name="filter",
    description="Keeps the rows for which conditions hold. Rows of the index frame that fail are "
    "no samples; rows of another frame are not there for anything that comes after.",
    properties={
        "frame": string("The frame to filter; null is the index frame.", default=None,
                        example="weather", null=True),
        "where": conditions("The conditions; all must hold. Of a list inside the list one must.",
                            example=[{"column": "air_time", "is": "above", "value": 0}],
                            min_items=1),
    },
    required=("where",),
    examples=(
        {"where": [{"column": "arr_delay", "is": "not_null"}]},
        {"frame": "planes", "where": [
            {"column": "year", "is": "at_least", "value": 1980},
            [{"column": "engines", "is": "above", "value": 1},
             {"column": "seats", "is": "null"}]]},
    ),
)

DERIVE = Type(
    name="derive",
    description="Adds a column to a frame, computed from columns of the same row; steps after it, "
    "keys, joins and extractors may use it like any other.",
    properties={
        "frame": string("The frame that gets the column; null is the index frame.", default=None,
                        example="planes", null=True),
        "column": string("The name of the new column.", example="speed"),
        "operation": one_of(OPERATION, "How its values are computed.",
                            example={"type": "divide", "operands": ["distance", "air_time"]}),
    },
    required=("column", "operation"),
    examples=(
        {"column": "speed",
         "operation": {"type": "divide", "operands": ["distance", "air_time"]}},
        {"frame": "planes", "column": "age",
         "operation": {"type": "subtract", "operands": [2013, "year"]}},
    ),
)

PREPARATIONS: tuple[Type, ...] = (
    RANDOM_SPLIT, STRATIFIED_SPLIT, GROUPED_SPLIT, TIME_SPLIT, PRIORITY, FILTER, DERIVE,
)
