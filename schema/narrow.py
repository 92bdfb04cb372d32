"""The vocabulary narrowed to one bundle: its frames and columns in place of any name.

Two forms. For editors and validators the columns follow the frames: `if`/`then` looks at
where an extractor starts and at its last join. For language models, whose schemas know no
conditions, every place takes the columns of all frames.

Neither form refuses a spec that specc accepts with the bundle: what the schema cannot tell,
such as the end of a longer chain, it leaves open to the columns of all frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .declaration import Fragment
from .extractors import EXTRACTOR, PLAIN
from .preparation import PREPARATIONS
from .subschemas import rewritten

LONGEST_CHAIN = 3
"""Joins up to which the columns follow the frames; the rules grow with frames times joins."""

_NO_STRING: Fragment = {"not": {"type": "string"}}
_GLOB: Fragment = {"type": "string", "pattern": "[*?\\[]",
                   "description": "A glob, such as `fare_*`."}
_ALL = "all"
_ON_TYPES: Fragment = {"type": ["string", "array", "object"]}
"""The types again, from which an editor tells what to write behind a key."""


@dataclass(frozen=True)
class BundleNames:
    """The names that a bundle gives to specs.

    Args:
        columns: frame -> column -> what an editor says of it, such as its dtype. Keys are
            columns too.
        index_frame: the frame whose rows are the samples, unless the spec names another.
    """

    columns: Mapping[str, Mapping[str, str]]
    index_frame: str | None

    @property
    def frames(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def all_columns(self) -> dict[str, str]:
        """Column -> what to say of it in each frame that has it."""
        told: dict[str, str] = {}
        for frame, columns in self.columns.items():
            for name, text in columns.items():
                told[name] = "; ".join(filter(None, (told.get(name), f"{frame}: {text}")))
        return told


def narrowed(schema: Fragment, names: BundleNames, *, conditions: bool = True) -> dict[str, Any]:
    """The schema for specs on one bundle.

    Args:
        schema: the vocabulary, `load_schema()`; it is not changed.
        conditions: whether columns follow the frames; without, no `if` is added.
    """
    result: dict[str, Any] = rewritten(schema, lambda fragment: fragment)
    steps = (f"preparation.{step.name}" for step in PREPARATIONS)
    for name in (f"{EXTRACTOR}.{PLAIN.name}", *steps):
        result["$defs"][name] = _without_examples(result["$defs"][name])
    for name in ("bundle", "extractors"):
        result["properties"][name] = _without_examples(result["properties"][name])
    _name_frames(result, names)
    result["$defs"] |= _definitions(names)
    if conditions:
        _follow_frames(result, names)
    else:
        _take_all(result)
    return result


def _without_examples(fragment: Fragment) -> dict[str, Any]:
    """Examples name frames of other bundles, and editors would offer them."""

    def change(inner: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in inner.items() if key != "examples"}

    result: dict[str, Any] = rewritten(fragment, change)
    return result


def _ref(name: str, *place: object) -> dict[str, Any]:
    # Frames stand by their place: a name of one may hold what a pointer must not.
    return {"$ref": f"#/$defs/{'.'.join(map(str, (name, *place)))}"}


def _one_of_names(texts: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in texts if name]
    if not names:
        return {"not": {}}
    return {"enum": names, "enumDescriptions": [texts[name] for name in names]}


def _definitions(names: BundleNames) -> dict[str, Any]:
    """The columns of each frame, and of all."""
    told: dict[str, Mapping[str, str]] = {
        str(place): columns for place, columns in enumerate(names.columns.values())
    }
    return {f"columns.{place}": _one_of_names(columns)
            for place, columns in {**told, _ALL: names.all_columns()}.items()}


def _one_or_several(column: Fragment) -> list[Fragment]:
    return [column, {"type": "array", "items": column}]


def _column(place: object) -> dict[str, Any]:
    """A column, where the vocabulary says already that it is a string: one mistake is to be
    told once, and editors complete no names from `if` and `then`."""
    return {"anyOf": [_ref("columns", place), _NO_STRING]}


def _selector(place: object) -> dict[str, Any]:
    """A column or a glob, where the vocabulary says what else may stand there."""
    return {"anyOf": [_ref("columns", place), _GLOB, _NO_STRING]}


def _on(place: object) -> dict[str, Any]:
    """The columns here of a join; those there are judged beside the joined frame."""
    column = _column(place)
    return {**_ON_TYPES, **column, "items": column, "propertyNames": _ref("columns", place)}


def _name_frames(schema: dict[str, Any], names: BundleNames) -> None:
    """Puts the frames where a property names one, and their columns into `keys`."""
    frames = list(names.frames)
    kept = ("description", "default")

    def frame(fragment: Fragment, *more: None) -> dict[str, Any]:
        return {**{key: fragment[key] for key in kept if key in fragment},
                "enum": [*frames, *more]}

    bundle = schema["properties"]["bundle"]["properties"]
    bundle["index_frame"] = frame(bundle["index_frame"], None)
    keys = bundle["keys"]
    keys["properties"] = {
        name: {"description": f"The key of {name}: a column, or a list of them.",
               "type": ["string", "array"], "minItems": 1, **_column(place),
               "items": _ref("columns", place)}
        for place, name in enumerate(frames)
    }
    keys["additionalProperties"] = False
    plain = _plain(schema)
    plain["frame"] = frame(plain["frame"], None)
    join = plain["joins"]["items"]["properties"]
    join["frame"] = frame(join["frame"])


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = schema["$defs"][f"{EXTRACTOR}.{PLAIN.name}"]["properties"]
    return properties


def _take_all(schema: dict[str, Any]) -> None:
    """Every place that names columns takes those of all frames."""
    keys = schema["properties"]["bundle"]["properties"]["keys"]["properties"]
    for place, name in enumerate(keys):
        keys[name] = {"description": keys[name]["description"],
                      "anyOf": _one_or_several(_ref("columns", place))}
    column = _ref("columns", _ALL)
    plain = _plain(schema)
    for key in ("take_columns", "drop_columns"):
        by_dtype = {**plain[key]["items"], "type": "object"}
        plain[key]["items"] = {"anyOf": [column, _GLOB, by_dtype]}
    join = plain["joins"]["items"]["properties"]
    join["on"] = {
        "description": join["on"]["description"],
        "anyOf": [*_one_or_several(column), {"type": "object", "additionalProperties": column}],
    }
    forms: dict[str, Fragment] = {
        "column": column, "columns": {"anyOf": _one_or_several(column)},
        "only_where_not_null": {"anyOf": [column, {"type": "null"}]},
    }
    for step in PREPARATIONS:
        properties = schema["$defs"][f"preparation.{step.name}"]["properties"]
        for key in forms.keys() & properties.keys():
            properties[key] = {"description": properties[key]["description"], **forms[key]}


def _follow_frames(schema: dict[str, Any], names: BundleNames) -> None:
    """Adds the conditions: all at the root, where editors weigh them after the vocabulary."""
    places = list(enumerate(names.frames))
    schema["$defs"] |= _chains(names)
    schema["allOf"] = [
        _of_extractors(_rules(places)),
        *(_when({"bundle": {"type": "object", "properties": {"index_frame": {"const": name}},
                            "required": ["index_frame"]}}, _ref("samples", place))
          for place, name in places),
    ]
    if names.index_frame in names.frames:
        unnamed = {"bundle": {"type": "object", "properties": {"index_frame": {"type": "null"}}}}
        place = names.frames.index(names.index_frame)
        schema["allOf"].append({"if": {"properties": unnamed}, "then": _ref("samples", place)})


def _rules(places: list[tuple[int, str]]) -> dict[str, Any]:
    """What the frames that an extractor names say of its columns."""
    joined = [
        _when({"frame": {"const": name}},
              {"properties": {"on": {**_ON_TYPES, "additionalProperties": _column(place)}}})
        for place, name in places
    ]
    return {
        "properties": {"joins": {"items": {"allOf": joined}}},
        "allOf": [
            *(_when({"frame": {"const": name}}, _ref("chain", 0, place))
              for place, name in places),
            *(_when({"joins": _frame_at(join, name)}, _ref("chain", join + 1, place))
              for join in range(LONGEST_CHAIN) for place, name in places),
            _when({"joins": {"type": "array", "minItems": LONGEST_CHAIN + 1}},
                  _ref("chain", _ALL)),
        ],
    }


def _of_extractors(rules: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Rules for the extractors of a spec that are plain and have these properties."""
    of = {"properties": {"type": {"const": PLAIN.name}, **properties}, "required": ["type"]}
    return {"properties": {"extractors": {
        "type": "object", "additionalProperties": {"if": of, "then": rules}}}}


def _when(properties: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": properties, "required": list(properties)}, "then": then}


def _frame_at(join: int, frame: str) -> dict[str, Any]:
    """A list whose join number `join`, from 0, joins a frame."""
    joined = {"type": "object", "properties": {"frame": {"const": frame}}, "required": ["frame"]}
    return {"type": "array", "minItems": join + 1, "prefixItems": [*([{}] * join), joined]}


def _chains(names: BundleNames) -> dict[str, Any]:
    """`chain.<joins>.<frame>`: what holds for an extractor that stands in a frame after so
    many joins; `samples.<frame>`: what holds for a spec with this index frame."""
    found: dict[str, Any] = {}
    for place in range(len(names.frames)):
        found[f"taken.{place}"] = _taken(place)
        for joins in range(LONGEST_CHAIN + 1):
            ends = {"if": {"properties": {"joins": {"maxItems": joins}}},
                    "then": _ref("taken", place)}
            goes_on = {"properties": {"joins": {"prefixItems": [
                *([{}] * joins), {"properties": {"on": _on(place)}}]}}}
            found[f"chain.{joins}.{place}"] = ends if joins == LONGEST_CHAIN else goes_on | ends
        samples = _of_extractors(_ref("chain", 0, place), frame={"type": "null"})
        samples["properties"]["bundle"] = {
            "type": "object", "properties": {"prepare": {"items": {"allOf": _steps(place)}}}}
        found[f"samples.{place}"] = samples
    beyond = {"joins": {"prefixItems": [{}] * LONGEST_CHAIN,
                        "items": {"properties": {"on": _on(_ALL)}}}}
    found[f"chain.{_ALL}"] = {"properties": {**_taken(_ALL)["properties"], **beyond}}
    return found


def _steps(place: object) -> list[dict[str, Any]]:
    """What the index frame says of the columns of each preparation step."""
    column = _column(place)
    forms: dict[str, Fragment] = {
        "column": {"type": "string", **column},
        "columns": {"type": ["string", "array"], **column, "items": column},
        "only_where_not_null": {"type": ["string", "null"], **column},
    }
    return [
        {"if": {"properties": {"type": {"const": step.name}}, "required": ["type"]},
         "then": {"properties": {key: form for key, form in forms.items()
                                 if key in step.properties}}}
        for step in PREPARATIONS
    ]


def _taken(place: object) -> dict[str, Any]:
    selectors = {"items": _selector(place)}
    return {"properties": {"take_columns": selectors, "drop_columns": selectors}}
