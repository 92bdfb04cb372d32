"""What the frames that a spec names say of its columns: conditions for editors and validators.

Definitions, `<frame>` by its place:
    chain.<joins>.<frame>  an extractor that stands in a frame after so many joins
    rows.<frame>           an extractor over the rows of a frame, or the parts of a `combined`
    rows                   an extractor, as far as the frames say that it names itself
    context.<frame>        a context whose rows are those of a frame
    samples.<frame>        a spec with this index frame
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .contexts import CONTEXT
from .declaration import Fragment
from .extractors import COMBINED, EMBEDDING, PLAIN
from .narrow_forms import ALL, GLOB, ref
from .preparation import DERIVE, FILTER, PREPARATIONS
from .samplers import EVEN

LONGEST_CHAIN = 3
"""Joins up to which the columns follow the frames; the rules grow with frames times joins."""

_NO_STRING: Fragment = {"not": {"type": "string"}}
_ON_TYPES: Fragment = {"type": ["string", "array", "object", "null"]}
"""The types again, from which an editor tells what to write behind a key."""

_TAKES = (PLAIN.name, EMBEDDING.name)


def following(frames: Sequence[str], index_frame: str | None
              ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rules for the root of a narrowed schema, and the definitions that they refer to.

    Args:
        index_frame: the frame whose rows are the samples, unless the spec names another.
    """
    places = list(enumerate(frames))
    rules = [
        _extractors(ref("rows")),
        _bundle({"keys": {"properties": {
            name: {"type": ["string", "array"], **_column(place), "items": ref("columns", place)}
            for place, name in places}}}),
        _bundle({"prepare": {"items": {"allOf": [
            _filter(place, {"properties": {"frame": {"const": name}}, "required": ["frame"]})
            for place, name in places]}}}),
        *(_when({"bundle": {"type": "object", "properties": {"index_frame": {"const": name}},
                            "required": ["index_frame"]}}, ref("samples", place))
          for place, name in places),
    ]
    if index_frame in frames:
        unnamed = {"bundle": {"type": "object", "properties": {"index_frame": {"type": "null"}}}}
        place = frames.index(index_frame)
        rules.append({"if": {"properties": unnamed}, "then": ref("samples", place)})
    definitions: dict[str, Any] = {"rows": _rows(places), f"chain.{ALL}": _beyond()}
    for place, _ in places:
        definitions |= {f"chain.{joins}.{place}": _chain(joins, place)
                        for joins in range(LONGEST_CHAIN + 1)}
        definitions[f"rows.{place}"] = _rows_of(place)
        definitions[f"context.{place}"] = _context(place)
        definitions[f"samples.{place}"] = _samples(place)
    return rules, definitions


# Columns


def _column(place: object) -> dict[str, Any]:
    """A column, where the vocabulary says already that it is a string: one mistake is to be
    told once, and editors complete no names from `if` and `then`."""
    return {"anyOf": [ref("columns", place), _NO_STRING]}


def _columns(place: object) -> dict[str, Any]:
    """One column, or a list of them."""
    column = _column(place)
    return {"type": ["string", "array"], **column, "items": column}


def _taken(place: object, *keys: str) -> dict[str, Any]:
    """Lists of columns or globs, where the vocabulary says what else may stand there."""
    selectors = {"items": {"anyOf": [ref("columns", place), GLOB, _NO_STRING]}}
    return {"properties": dict.fromkeys(keys, selectors)}


def _on(place: object) -> dict[str, Any]:
    """The columns here of a join; those there are judged beside the joined frame."""
    column = _column(place)
    return {**_ON_TYPES, **column, "items": column, "propertyNames": ref("columns", place)}


def _there(place: object) -> dict[str, Any]:
    """The columns there of a join that names them, which are called so here too unless it says
    otherwise. A name that no frame has is told once, by the columns here."""
    column = {"anyOf": [ref("columns", place), _NO_STRING, {"not": ref("columns", ALL)}]}
    return {**_ON_TYPES, **column, "items": column}


def _times(side: str, place: object) -> dict[str, Any]:
    """The column of one side of `as_of` and `at`."""
    return {"type": ["object", "null"], "properties": {side: _column(place)}}


def _conditions(place: object) -> dict[str, Any]:
    about = {"properties": {"column": _column(place)}}
    return {"items": {**about, "items": about}}


# Forms of rules


def _when(properties: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": properties, "required": list(properties)}, "then": then}


def _of(types: Sequence[str], then: dict[str, Any]) -> dict[str, Any]:
    """For extractors of some types alone: an editor offers what a rule names to each."""
    return _when({"type": {"enum": list(types)}}, then)


def _extractors(rules: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"extractors": {"type": "object", "additionalProperties": rules}}}


def _bundle(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": {"bundle": {"type": "object", "properties": properties}}}


def _each_join(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": {"joins": {"items": {"properties": properties}}}}


def _frame_at(join: int, frame: str) -> dict[str, Any]:
    """A list whose join number `join`, from 0, joins a frame."""
    joined = {"type": "object", "properties": {"frame": {"const": frame}}, "required": ["frame"]}
    return {"type": "array", "minItems": join + 1, "prefixItems": [*([{}] * join), joined]}


def _filter(place: object, condition: Fragment) -> dict[str, Any]:
    """What a frame says of the conditions of a filter for which `condition` holds."""
    # One in the other: an editor offers what the outer one names to steps of every type.
    return {"if": {"properties": {"type": {"const": FILTER.name}}, "required": ["type"]},
            "then": {"if": condition, "then": {"properties": {"where": _conditions(place)}}}}


# Extractors


def _rows(places: list[tuple[int, str]]) -> dict[str, Any]:
    """What the frames that an extractor names itself say of its columns."""
    joined = {"properties": {"joins": {"items": {"allOf": [
        _when({"frame": {"const": name}}, _joined(place)) for place, name in places]}}}}
    ends = [
        *(_when({"joins": _frame_at(join, name)}, ref("chain", join + 1, place))
          for join in range(LONGEST_CHAIN) for place, name in places),
        _when({"joins": {"type": "array", "minItems": LONGEST_CHAIN + 1}}, ref("chain", ALL)),
    ]
    starts = [_when({"frame": {"const": name}}, ref("chain", 0, place)) for place, name in places]
    vectors = {"allOf": [_when({"frame": {"const": name}}, _taken(place, "columns"))
                         for place, name in places]}
    parts = {"additionalProperties": ref("rows")}
    return {"allOf": [
        _of(_TAKES, {"allOf": [joined, *starts, *ends]}),
        _of([EMBEDDING.name], {"properties": {"vectors": vectors}}),
        _of([COMBINED.name], {"properties": {"extractors": parts}}),
        _of([CONTEXT.name], {"allOf": [
            joined, *ends, {"properties": {"extractor": ref("rows")}},
            *(_when({"frame": {"const": name}}, ref("context", place)) for place, name in places),
        ]}),
    ]}


def _joined(place: object) -> dict[str, Any]:
    """What a joined frame says of its join."""
    return {
        "properties": {"on": {**_ON_TYPES, "additionalProperties": _column(place)},
                       "as_of": _times("row", place)},
        # Such a join needs no key, so it names the columns of both frames.
        **_when({"as_of": {"type": "object"}}, {"properties": {"on": _there(place)}}),
    }


def _chain(joins: int, place: object) -> dict[str, Any]:
    """An extractor that stands in a frame after so many joins: it goes on, or ends there."""
    at_end = {"if": {"properties": {"joins": {"maxItems": joins}}}, "then": _end(place)}
    if joins == LONGEST_CHAIN:
        return at_end
    return {"properties": {"joins": {"prefixItems": [
        *([{}] * joins), {"properties": {"on": _on(place)}}]}}, **at_end}


def _end(place: object) -> dict[str, Any]:
    """Extractors take the columns at the end of a chain, contexts match them."""
    return {"allOf": [_of(_TAKES, _taken(place, "take_columns", "drop_columns")),
                      _of([CONTEXT.name], {"properties": {"on": _on(place)}})]}


def _beyond() -> dict[str, Any]:
    """A chain whose end is too far to be told."""
    further = {"prefixItems": [{}] * LONGEST_CHAIN, "items": {"properties": {"on": _on(ALL)}}}
    return {"properties": {"joins": further}, **_end(ALL)}


def _rows_of(place: object) -> dict[str, Any]:
    """An extractor that takes values for the rows of a frame; its times are those of the rows."""
    times = _each_join({"as_of": _times("sample", place)})
    start = {"if": {"properties": {"frame": {"type": "null"}}}, "then": ref("chain", 0, place)}
    parts = {"additionalProperties": ref("rows", place)}
    own = {"as_of": _times("sample", place), "at": _times("sample", place)}
    return {"allOf": [
        _of(_TAKES, {**times, **start}),
        _of([COMBINED.name], {"properties": {"extractors": parts}}),
        _of([CONTEXT.name], {"allOf": [times, {"properties": own}, ref("chain", 0, place)]}),
    ]}


def _context(place: object) -> dict[str, Any]:
    """What the frame of a context says of the columns of its rows."""
    on = {**_there(place), "additionalProperties": _column(place)}
    return {"properties": {
        "on": on, "as_of": _times("row", place), "at": _times("row", place),
        "order_by": _columns(place), "where": _conditions(place), "extractor": ref("rows", place),
    }}


# The rest of a spec


def _samples(place: object) -> dict[str, Any]:
    """What the index frame says of extractors, preparation and training."""
    even = _when({"type": {"const": EVEN.name}}, {"properties": {"column": _column(place)}})
    weight = {"type": ["string", "null"], **_column(place)}
    return {"properties": {
        **_extractors(ref("rows", place))["properties"],
        "bundle": {"type": "object",
                   "properties": {"prepare": {"items": {"allOf": _steps(place)}}}},
        "training": {"type": "object", "properties": {"sample_weight": weight, "sampler": even}},
    }}


def _steps(place: object) -> list[dict[str, Any]]:
    """What the index frame says of the columns of each preparation step."""
    forms: dict[str, Fragment] = {
        "column": {"type": "string", **_column(place)},
        "columns": _columns(place),
        "only_where_not_null": {"type": ["string", "null"], **_column(place)},
    }
    return [
        *(_when({"type": {"const": step.name}},
                {"properties": {key: form for key, form in forms.items()
                                if key in step.properties}})
          for step in PREPARATIONS if step is not DERIVE),
        _filter(place, {"properties": {"frame": {"type": "null"}}}),
    ]
