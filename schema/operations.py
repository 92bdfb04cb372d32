"""Operations of the step `derive`: each makes one column of a frame from other columns of it."""

from __future__ import annotations

from .conditions import COMPARISONS, conditions
from .declaration import Fragment, Type
from .fields import LARGEST_SCALAR, LONGEST_STRING, array, choice, string

OPERATION = "operation"

DATE_PARTS = ("year", "month", "day_of_month", "day_of_week", "hour", "minute", "date")

UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
"""Unit of a difference of times -> its seconds."""

MOST_OPERANDS = 100
"""Operands of one operation."""

_OPERAND: Fragment = {
    "type": ["string", "number"],
    "minLength": 1,
    "maxLength": LONGEST_STRING,
    "minimum": -LARGEST_SCALAR,
    "maximum": LARGEST_SCALAR,
}


def _operands(description: str, example: list[str | float], most: int = MOST_OPERANDS) -> Fragment:
    return array(description, _OPERAND, example=example, min_items=2, max_items=most)


ADD = Type(
    name="add",
    description="The sum of numbers; booleans count as 0 and 1. A null gives null. Whole numbers "
    "stay whole, and null where 64 bits do not hold them.",
    properties={"operands": _operands("What to add: columns and numbers.",
                                      ["dep_delay", "arr_delay"])},
    required=("operands",),
    examples=({"operands": ["SibSp", "Parch", 1]},),
)

SUBTRACT = Type(
    name="subtract",
    description="The first number minus the second; otherwise as `add`.",
    properties={"operands": _operands("Two of columns and numbers.", ["arr_delay", "dep_delay"],
                                      most=2)},
    required=("operands",),
    examples=({"operands": ["arr_delay", "dep_delay"]},),
)

MULTIPLY = Type(
    name="multiply",
    description="The product of numbers; otherwise as `add`.",
    properties={"operands": _operands("What to multiply: columns and numbers.",
                                      ["price", "quantity"])},
    required=("operands",),
    examples=({"operands": ["price", "quantity"]}, {"operands": ["distance", 1.609]}),
)

DIVIDE = Type(
    name="divide",
    description="The first number divided by the second, as a float. A null gives null, and so "
    "does a division by zero.",
    properties={"operands": _operands("Two of columns and numbers.", ["distance", "air_time"],
                                      most=2)},
    required=("operands",),
    examples=({"operands": ["distance", "air_time"]},),
)

ABSOLUTE = Type(
    name="absolute",
    description="A number without its sign; null stays null.",
    properties={"column": string("The column of numbers.", example="arr_delay")},
    required=("column",),
    examples=({"column": "arr_delay"},),
)

COMPARE = Type(
    name="compare",
    description="Whether a comparison of two columns, or of a column with a number, holds; null "
    "where one of them is null. Strings and booleans are only `equal` or `not_equal`.",
    properties={
        "left": string("The column on the left.", example="dep_time"),
        "is": choice("What holds of the left.", COMPARISONS, example="above"),
        "right": {
            "description": "The column, or the number, on the right.",
            **_OPERAND,
            "examples": ["sched_dep_time"],
        },
    },
    required=("left", "is", "right"),
    examples=({"left": "dep_time", "is": "above", "right": "sched_dep_time"},
              {"left": "origin", "is": "equal", "right": "dest"}),
)

HOLDS = Type(
    name="holds",
    description="Whether conditions hold; null where a column that they compare is null.",
    properties={
        "where": conditions("The conditions; all must hold. Of a list inside the list one must.",
                            example=[{"column": "arr_delay", "is": "above", "value": 15}],
                            min_items=1),
    },
    required=("where",),
    examples=(
        {"where": [{"column": "arr_delay", "is": "above", "value": 15}]},
        {"where": [[{"column": "Sex", "is": "equal", "value": "female"},
                    {"column": "Age", "is": "below", "value": 10}]]},
    ),
)

COALESCE = Type(
    name="coalesce",
    description="The first of several values that is not null; null where all are.",
    properties={"operands": _operands("Columns of one kind, the preferred first, and a number at "
                                      "the end for numbers.", ["actual", "planned"])},
    required=("operands",),
    examples=({"operands": ["actual", "planned"]}, {"operands": ["delay", 0]}),
)

DATE_PART = Type(
    name="date_part",
    description="A part of a date or time, in the time zone of the column; null stays null.",
    properties={
        "column": string("The column of dates or times.", example="time_hour"),
        "part": choice("The part: a whole number, `day_of_week` from 0 for Monday, or `date`, the "
                       "time without its time of day.", DATE_PARTS, example="hour"),
    },
    required=("column", "part"),
    examples=({"column": "time_hour", "part": "hour"}, {"column": "placed", "part": "date"}),
)

TIME_DIFFERENCE = Type(
    name="time_difference",
    description="The time from one time to another as a float, negative where the second is the "
    "earlier; null where one is null.",
    properties={
        "from": string("The column of the first time.", example="ordered"),
        "to": string("The column of the second time.", example="delivered"),
        "unit": choice("The unit of the result.", list(UNITS), default="seconds",
                       example="days"),
    },
    required=("from", "to"),
    examples=({"from": "ordered", "to": "delivered", "unit": "days"},),
)

OPERATIONS: tuple[Type, ...] = (
    ADD, SUBTRACT, MULTIPLY, DIVIDE, ABSOLUTE, COMPARE, HOLDS, COALESCE, DATE_PART,
    TIME_DIFFERENCE,
)
