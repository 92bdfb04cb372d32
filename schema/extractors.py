"""Extractors: which columns of which frame, for each sample."""

from __future__ import annotations

from .declaration import Fragment, Type
from .fields import (
    LONGEST_STRING,
    MOST_NAMES,
    NAME,
    array,
    choice,
    mapping,
    names,
    number,
    one_of,
    scalar,
    string,
)

DTYPES = ("boolean", "integer", "float", "number", "string", "datetime")

EXTRACTOR, TRANSFORMER = "extractor", "transformer"

MOST_JOINS = 32
"""Joins in one chain."""

MOST_KEY_COLUMNS = 32
"""Columns of one key."""


def _closed(description: str, properties: dict[str, Fragment], required: list[str]) -> Fragment:
    return {"title": description, "type": "object", "properties": properties,
            "required": required, "additionalProperties": False}


_ON: Fragment = {
    "description": "The columns to match with the key of the joined frame: one name, a list in "
    "the order of the key, or an object from columns here to columns there.",
    "type": ["string", "array", "object"],
    "minLength": 1,
    "maxLength": LONGEST_STRING,
    "minItems": 1,
    "maxItems": MOST_KEY_COLUMNS,
    "minProperties": 1,
    "maxProperties": MOST_KEY_COLUMNS,
    "items": NAME,
    "additionalProperties": NAME,
    "examples": ["tailnum"],
}

JOIN: Fragment = _closed(
    "join",
    {
        "frame": string("The frame to join.", example="planes"),
        "on": _ON,
        "max_missing": number("The share of samples that may find no row in this join; with more "
                              "the bundle is refused.", minimum=0.0, maximum=1.0, default=1.0,
                              example=0.01),
    },
    ["frame", "on"],
)

SELECTOR: Fragment = {
    "type": ["string", "object"],
    "minLength": 1,
    "maxLength": LONGEST_STRING,
    "properties": {
        "dtype": choice("Every column of this dtype; `number` means integer or float.", DTYPES,
                        example="float"),
    },
    "required": ["dtype"],
    "additionalProperties": False,
}

PLAIN = Type(
    name="plain",
    description="The columns of one row for each sample: of the index frame, of a frame aligned "
    "with it, or of the frame at the end of a chain of joins.",
    properties={
        "frame": string("The frame to start from, aligned with the index frame by its key; null "
                        "starts from the index frame.", default=None, example="features",
                        null=True),
        "joins": array("The chain of joins, walked in order; columns are taken from its end.",
                       JOIN, default=[], example=[{"frame": "planes", "on": "tailnum"}],
                       max_items=MOST_JOINS),
        "take_columns": array("The columns to take, by name, glob or dtype; keys, `split` and "
                              "`priority` are taken only by their exact name.", SELECTOR,
                              default=["*"], example=["age", "fare_*", {"dtype": "float"}],
                              min_items=1, max_items=MOST_NAMES),
        "drop_columns": array("The columns to leave out, by name, glob or dtype.", SELECTOR,
                              default=[], example=["comment"], max_items=MOST_NAMES),
        "missing_rows": choice("What to do with samples that have no row at the end of the joins: "
                               "`null` reads nulls, `error` refuses the bundle.",
                               ["null", "error"], default="null", example="error"),
        "nulls": choice("What to do with nulls before the transformer: `keep` leaves them to it, "
                        "`error` refuses them, `fill` puts `fill_value` in their place.",
                        ["keep", "error", "fill"], default="keep", example="fill"),
        "fill_value": scalar("The value for `nulls: fill`.", default=None, example=0),
        "transformer": one_of(TRANSFORMER, "How raw columns become numbers.",
                              default={"type": "identity"}, example={"type": "auto"}),
    },
    examples=(
        {"take_columns": ["Survived"]},
        {"joins": [{"frame": "passengers", "on": "Name"}], "transformer": {"type": "auto"}},
        {"joins": [{"frame": "weather", "on": {"origin": "origin", "hour": "hour"}}],
         "drop_columns": [{"dtype": "datetime"}], "transformer": {"type": "auto"}},
    ),
)

EXTRACTORS = (PLAIN,)

KEYS: Fragment = mapping(
    "The key columns of frames, where neither their pandas index nor bundle.json names them.",
    names("The key column, or the list of them.", example="tailnum"),
    default={}, example={"planes": "tailnum"},
)
