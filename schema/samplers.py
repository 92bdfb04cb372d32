"""Samplers: which training rows an epoch takes, and in which order."""

from __future__ import annotations

from .declaration import Fragment, Type
from .fields import boolean, number, string

_SIZE = number("Rows of an epoch as a multiple of the training rows.", above=0.0, maximum=1000.0,
               default=1.0, example=0.5)

_REPLACEMENT = boolean("Whether a row may be drawn several times in one epoch.", default=True,
                       example=False)

_MAGNITUDE = number("0 draws every row alike, 1 every value alike; above 1 rare values come more "
                    "often than common ones.", minimum=0.0, maximum=10.0, default=1.0,
                    example=0.5)

_DRAWS: dict[str, Fragment] = {"replacement": _REPLACEMENT, "size": _SIZE}

AUTO = Type(
    name="auto",
    description="Draws by `priority` where the index frame has that column, else shuffles.",
)

SHUFFLED = Type(
    name="shuffled",
    description="Every training row once, in an order shuffled anew each epoch.",
)

SEQUENTIAL = Type(
    name="sequential",
    description="Every training row once, in the order of the index frame.",
)

PRIORITY = Type(
    name="priority",
    description="Draws training rows with a chance proportional to the column `priority` of the "
    "index frame, stored or prepared.",
    properties=_DRAWS,
    examples=({}, {"replacement": False, "size": 0.5}),
)

EVEN = Type(
    name="even",
    description="Draws training rows so that the values of a column come equally often.",
    properties={
        "column": string("The column of the index frame whose values are evened out; null counts "
                         "as a value.", example="carrier"),
        "magnitude": _MAGNITUDE,
        **_DRAWS,
    },
    required=("column",),
    examples=({"column": "carrier"},
              {"column": "late", "magnitude": 0.5, "replacement": False, "size": 0.25}),
)

SAMPLERS: tuple[Type, ...] = (AUTO, SHUFFLED, SEQUENTIAL, PRIORITY, EVEN)
