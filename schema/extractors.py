"""Extractors: which columns of which frame, for each sample."""

from __future__ import annotations

from .declaration import Fragment, Type
from .fields import (
    LONGEST_STRING,
    MOST_NAMES,
    NAME,
    array,
    boolean,
    choice,
    integer,
    mapping,
    names,
    number,
    one_of,
    scalar,
    string,
)

DTYPES = ("boolean", "integer", "float", "number", "string", "datetime")

EXTRACTOR, INNER_EXTRACTOR, TRANSFORMER = "extractor", "inner_extractor", "transformer"

MOST_JOINS = 32
"""Joins in one chain."""

MOST_KEY_COLUMNS = 32
"""Columns of one key."""


def closed(description: str, properties: dict[str, Fragment], required: list[str]) -> Fragment:
    """An object with these properties and no others."""
    return {"title": description, "type": "object", "properties": properties,
            "required": required, "additionalProperties": False}


ON: Fragment = {
    "description": "The columns to match with the key of the joined frame: one name, a list in "
    "the order of the key, or an object from columns here to columns there. Null, with `as_of`, "
    "takes the rows of every key.",
    "type": ["string", "array", "object", "null"],
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

AS_OF: Fragment = {
    "description": "The times to compare: a row is seen only where its time is before that of "
    "the sample. Rows at the very time of the sample are not.",
    "type": ["object", "null"],
    "properties": {
        "sample": string("The time of the sample: a column of the index frame; inside a context, "
                         "of the frame of the context.", example="scheduled_departure"),
        "row": string("The time from which the row is known: a column of the frame here.",
                      example="landed_at"),
    },
    "required": ["sample", "row"],
    "additionalProperties": False,
    "default": None,
    "examples": [{"sample": "scheduled_departure", "row": "landed_at"}],
}

JOIN: Fragment = closed(
    "join",
    {
        "frame": string("The frame to join.", example="planes"),
        "on": ON,
        "as_of": {**AS_OF, "description": "Takes the last row before the time of the sample, "
                  "among those that match; `on` then names columns of both frames, and needs no "
                  "key. Null wants a key that does not repeat. "
                  + str(AS_OF["description"])},
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

_FRAME = string("The frame to start from, aligned with the index frame by its key; null starts "
                "from the index frame.", default=None, example="features", null=True)

JOINS = array("The chain of joins, walked in order; columns are taken from its end.", JOIN,
              default=[], example=[{"frame": "planes", "on": "tailnum"}], max_items=MOST_JOINS)

_TAKEN: dict[str, Fragment] = {
    "frame": _FRAME,
    "joins": JOINS,
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
    "fit": choice("Where the fit comes from: `training` fits on the training samples, `frozen` "
                  "takes it from the run that `--fits` names, as it is.", ["training", "frozen"],
                  default="training", example="frozen"),
}
"""Which values of which row: what `plain` and `embedding` have in common."""

PLAIN = Type(
    name="plain",
    description="The columns of one row for each sample: of the index frame, of a frame aligned "
    "with it, or of the frame at the end of a chain of joins.",
    properties={
        **_TAKEN,
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

_VECTORS: Fragment = {
    "description": "A frame of given vectors, one for each value of its key; null learns the "
    "vectors.",
    "type": ["object", "null"],
    "properties": {
        "frame": string("The frame; its key, one column, holds the values.",
                        example="word_vectors"),
        "columns": array("The columns that hold the numbers of a vector, by name, glob or dtype.",
                         SELECTOR, default=[{"dtype": "number"}], example=["x*"], min_items=1,
                         max_items=MOST_NAMES),
        "trained": boolean("Whether training changes the vectors.", default=False),
    },
    "required": ["frame"],
    "additionalProperties": False,
    "default": None,
    "examples": [{"frame": "word_vectors", "trained": True}],
}

EMBEDDING = Type(
    name="embedding",
    description="The ids of values, for a table of vectors in the network: one id column for "
    "each column taken. Padding, null and values that are not known have ids of their own.",
    properties={
        **_TAKEN,
        "max_values": integer("How many values get an id of their own, the most frequent ones.",
                              minimum=1, maximum=10_000_000, default=100_000, example=1000),
        "min_count": integer("How many training samples must have a value that gets an id of its "
                             "own.", minimum=1, default=1, example=5),
        "on_unseen": choice("What to do with a value that has no id: `unknown` gives it the one "
                            "for values that are not known, `error` refuses the bundle.",
                            ["unknown", "error"], default="unknown", example="error"),
        "vectors": _VECTORS,
    },
    examples=(
        {"take_columns": ["carrier", "dest"]},
        {"take_columns": ["word"], "min_count": 2, "vectors": {"frame": "word_vectors"}},
    ),
)

COMBINED = Type(
    name="combined",
    description="Several extractors side by side as one frame; columns are named "
    "`<part>.<column>`.",
    properties={
        "extractors": {
            **mapping("The parts by name, in order.", {"$ref": f"#/$defs/{INNER_EXTRACTOR}"},
                      min_properties=1, example={"own": {"type": "plain"}}),
            "propertyNames": {"minLength": 1, "maxLength": 200},
        },
    },
    required=("extractors",),
    examples=(
        {"extractors": {"own": {"type": "plain", "take_columns": ["age"]},
                        "ticket": {"type": "plain", "joins": [{"frame": "tickets",
                                                               "on": "Ticket"}]}}},
    ),
)

INNER_EXTRACTORS = (PLAIN, EMBEDDING, COMBINED)
"""What may stand inside another extractor."""

KEYS: Fragment = mapping(
    "The key columns of frames, where neither their pandas index nor bundle.json names them.",
    names("The key column, or the list of them.", example="tailnum"),
    default={}, example={"planes": "tailnum"},
)
