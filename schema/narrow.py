"""The vocabulary narrowed to one bundle: its frames and columns in place of any name.

Two forms. For editors and validators the columns follow the frames: `if`/`then` looks at
where an extractor starts and at its last join. For language models, whose schemas know no
conditions, every place takes the columns of all frames.

Neither form refuses a spec that specc accepts with the bundle: what the schema cannot tell,
such as the end of a longer chain, it leaves open to the columns of all frames. A schema cannot
tell how a spec calls the columns that it derives either. So the first form judges the columns
of a spec without a step `derive` alone; in the second a derived column starts with `derived_`,
and specs that call one otherwise are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .declaration import Fragment
from .extractors import EXTRACTOR, PLAIN
from .narrow_flat import take_all
from .narrow_forms import ALL, GLOB, properties_of, ref
from .operations import OPERATION, OPERATIONS
from .preparation import DERIVE, FILTER, PREPARATIONS
from .samplers import EVEN
from .subschemas import rewritten

LONGEST_CHAIN = 3
"""Joins up to which the columns follow the frames; the rules grow with frames times joins."""

_NO_STRING: Fragment = {"not": {"type": "string"}}
_WITHOUT_DERIVED: Fragment = {"not": {
    "properties": {"bundle": {
        "type": "object",
        "properties": {"prepare": {"type": "array", "contains": {
            "type": "object", "properties": {"type": {"const": DERIVE.name}},
            "required": ["type"]}}},
        "required": ["prepare"],
    }},
    "required": ["bundle"],
}}
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
    operations = (f"{OPERATION}.{operation.name}" for operation in OPERATIONS)
    for name in (f"{EXTRACTOR}.{PLAIN.name}", f"sampler.{EVEN.name}", *steps, *operations):
        result["$defs"][name] = _without_examples(result["$defs"][name])
    for name in ("bundle", "extractors", "training"):
        result["properties"][name] = _without_examples(result["properties"][name])
    _name_frames(result, names)
    result["$defs"] |= _definitions(names)
    if conditions:
        _follow_frames(result, names)
    else:
        take_all(result)
    return result


def _without_examples(fragment: Fragment) -> dict[str, Any]:
    """Examples name frames of other bundles, and editors would offer them."""

    def change(inner: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in inner.items() if key != "examples"}

    result: dict[str, Any] = rewritten(fragment, change)
    return result


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
            for place, columns in {**told, ALL: names.all_columns()}.items()}


def _column(place: object) -> dict[str, Any]:
    """A column, where the vocabulary says already that it is a string: one mistake is to be
    told once, and editors complete no names from `if` and `then`."""
    return {"anyOf": [ref("columns", place), _NO_STRING]}


def _selector(place: object) -> dict[str, Any]:
    """A column or a glob, where the vocabulary says what else may stand there."""
    return {"anyOf": [ref("columns", place), GLOB, _NO_STRING]}


def _on(place: object) -> dict[str, Any]:
    """The columns here of a join; those there are judged beside the joined frame."""
    column = _column(place)
    return {**_ON_TYPES, **column, "items": column, "propertyNames": ref("columns", place)}


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
               "type": ["string", "array"], "minItems": 1, "items": {"type": "string"}}
        for name in frames
    }
    keys["additionalProperties"] = False
    for step in (FILTER, DERIVE):
        properties = properties_of(schema, "preparation", step)
        properties["frame"] = frame(properties["frame"], None)
    plain = properties_of(schema, EXTRACTOR, PLAIN)
    plain["frame"] = frame(plain["frame"], None)
    join = plain["joins"]["items"]["properties"]
    join["frame"] = frame(join["frame"])


def _follow_frames(schema: dict[str, Any], names: BundleNames) -> None:
    """Adds the conditions: all at the root, where editors weigh them after the vocabulary."""
    places = list(enumerate(names.frames))
    schema["$defs"] |= _chains(names)
    rules = [
        _of_extractors(_rules(places)),
        _of_bundle({"keys": {"properties": {
            name: {"type": ["string", "array"], **_column(place), "items": ref("columns", place)}
            for place, name in places}}}),
        _of_bundle({"prepare": {"items": {"allOf": [
            _filter(place, {"properties": {"frame": {"const": name}}, "required": ["frame"]})
            for place, name in places]}}}),
        *(_when({"bundle": {"type": "object", "properties": {"index_frame": {"const": name}},
                            "required": ["index_frame"]}}, ref("samples", place))
          for place, name in places),
    ]
    if names.index_frame in names.frames:
        unnamed = {"bundle": {"type": "object", "properties": {"index_frame": {"type": "null"}}}}
        place = names.frames.index(names.index_frame)
        rules.append({"if": {"properties": unnamed}, "then": ref("samples", place)})
    schema["allOf"] = [{"if": _WITHOUT_DERIVED, "then": {"allOf": rules}}]


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
            *(_when({"frame": {"const": name}}, ref("chain", 0, place))
              for place, name in places),
            *(_when({"joins": _frame_at(join, name)}, ref("chain", join + 1, place))
              for join in range(LONGEST_CHAIN) for place, name in places),
            _when({"joins": {"type": "array", "minItems": LONGEST_CHAIN + 1}},
                  ref("chain", ALL)),
        ],
    }


def _of_extractors(rules: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Rules for the extractors of a spec that are plain and have these properties."""
    of = {"properties": {"type": {"const": PLAIN.name}, **properties}, "required": ["type"]}
    return {"properties": {"extractors": {
        "type": "object", "additionalProperties": {"if": of, "then": rules}}}}


def _of_bundle(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": {"bundle": {"type": "object", "properties": properties}}}


def _filter(place: object, condition: Fragment) -> dict[str, Any]:
    """What a frame says of the conditions of a filter for which `condition` holds."""
    about = {"properties": {"column": _column(place)}}
    where = {"properties": {"where": {"items": {**about, "items": about}}}}
    # One in the other: an editor offers what the outer one names to steps of every type.
    return {"if": {"properties": {"type": {"const": FILTER.name}}, "required": ["type"]},
            "then": {"if": condition, "then": where}}


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
                    "then": ref("taken", place)}
            goes_on = {"properties": {"joins": {"prefixItems": [
                *([{}] * joins), {"properties": {"on": _on(place)}}]}}}
            found[f"chain.{joins}.{place}"] = ends if joins == LONGEST_CHAIN else goes_on | ends
        samples = _of_extractors(ref("chain", 0, place), frame={"type": "null"})
        samples["properties"]["bundle"] = {
            "type": "object", "properties": {"prepare": {"items": {"allOf": _steps(place)}}}}
        samples["properties"]["training"] = _training(place)
        found[f"samples.{place}"] = samples
    beyond = {"joins": {"prefixItems": [{}] * LONGEST_CHAIN,
                        "items": {"properties": {"on": _on(ALL)}}}}
    found[f"chain.{ALL}"] = {"properties": {**_taken(ALL)["properties"], **beyond}}
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
        *({"if": {"properties": {"type": {"const": step.name}}, "required": ["type"]},
           "then": {"properties": {key: form for key, form in forms.items()
                                   if key in step.properties}}}
          for step in PREPARATIONS if step is not DERIVE),
        _filter(place, {"properties": {"frame": {"type": "null"}}}),
    ]


def _training(place: object) -> dict[str, Any]:
    """What the index frame says of the columns that training reads."""
    column = _column(place)
    sampler = {"if": {"properties": {"type": {"const": EVEN.name}}, "required": ["type"]},
               "then": {"properties": {"column": {"type": "string", **column}}}}
    return {"type": "object", "properties": {
        "sampler": sampler, "sample_weight": {"type": ["string", "null"], **column}}}


def _taken(place: object) -> dict[str, Any]:
    selectors = {"items": _selector(place)}
    return {"properties": {"take_columns": selectors, "drop_columns": selectors}}
