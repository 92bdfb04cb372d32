"""Mistakes in the vocabulary: keys, types, kinds of values, choices, bounds, places of keys."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from specc.compiler.pointer import pointer_of
from specc.compiler.schema_walk import Fragment, Path, fragment_at, objects, target
from specc.schema import load_schema

from .bases import Base
from .case import Case, replaced
from .typos import misspelt

SCHEMA = load_schema()
DEFINITIONS = SCHEMA["$defs"]

_SECTIONS = ("training", "optimizer", "loss", "bundle", "network", "scheduler")
"""Objects of every spec that a key of the others may be written into."""

_PLAUSIBLE: Mapping[str, tuple[str, ...]] = {
    "activation": ("swish", "ReLU", "linear", "logistic", "softmax"),
    "output_activation": ("logits", "linear", "logsoftmax", "Sigmoid", "expit"),
    "normalization": ("batchnorm", "LayerNorm", "batch", "group_norm", "None"),
    "device": ("gpu", "cuda:0", "tpu", "CPU"),
    "sampling": ("random", "shuffle", "weighted", "ordered"),
    "nulls": ("drop", "ignore", "impute", "Keep"),
    "missing_rows": ("drop", "skip", "nan", "raise"),
    "on_unseen": ("ignore", "unknown", "raise"),
    "strategy": ("most_frequent", "average", "Mean"),
    "missing_indicator": ("yes", "on", "if_needed"),
    "output_distribution": ("gaussian", "Normal"),
    "reduction": ("none", "average", "Sum"),
    "dtype": ("int", "float64", "numeric", "str", "object"),
    "parts": ("weekday", "dayofweek", "hours", "quarter"),
    "average": ("Macro", "mean", "none"),
    "multi_class": ("one_vs_rest", "OVR"),
    "mode": ("minimum", "lower"),
}
"""Property -> words of other libraries that it does not take."""

_WORDS = ("auto", "many", "default", "high")
_TRUE, _FALSE = ("true", "yes", 1), ("false", "no", 0)


def described(base: Base) -> Iterator[tuple[Path, Fragment, Mapping[str, Any]]]:
    """The objects whose keys are the vocabulary's, not names of the user's own."""
    for path, fragment, value in objects(SCHEMA, base.spec):
        if ("properties" in fragment and "type" not in fragment.get("properties", {})) \
                or fragment.get("properties", {}).get("type", {}).get("const"):
            yield path, fragment, value


def misspelt_keys(base: Base, dice: random.Random) -> Iterator[Case]:
    """A key with one or two typing mistakes."""
    for path, fragment, value in described(base):
        for key in value:
            for distance in (1, 2):
                wrong = misspelt(key, distance, dice, fragment["properties"])
                if key not in fragment["properties"] or key == "$schema" or wrong is None:
                    continue
                old, new = pointer_of((*path, key)), pointer_of((*path, wrong))
                move = {"op": "move", "from": old, "path": new}
                yield Case(base, "typo in key", (move,), new, key, distance)


def misspelt_types(base: Base, dice: random.Random) -> Iterator[Case]:
    """A type with one or two typing mistakes, or with its module left out or written with dots."""
    for path, fragment, value in described(base):
        if "type" not in fragment["properties"]:
            continue
        name, pointer = value["type"], pointer_of((*path, "type"))
        union = target(DEFINITIONS, fragment_at(SCHEMA, base.spec, path), {})
        types = union["properties"]["type"]["enum"]
        for distance in (1, 2):
            wrong = misspelt(name, distance, dice, types)
            if wrong is not None:
                yield replaced(base, "typo in type", pointer, wrong, name, distance)
        module, colon, own = name.rpartition(":")
        if colon:
            wrong = dice.choice((own, own.lower(), f"{module}.{own}", f"other:{own}"))
            if wrong not in types:
                yield replaced(base, "typo in type", pointer, wrong, name)


def wrong_kinds(base: Base, dice: random.Random) -> Iterator[Case]:
    """A value of another JSON type than the property takes."""
    for path, fragment, value in described(base):
        for key, inner in value.items():
            if key in ("type", "$schema", "specc") or key not in fragment["properties"]:
                continue
            yield from _wrong_kinds(base, (*path, key), inner, dice)


def _wrong_kinds(base: Base, path: Path, value: Any, dice: random.Random) -> Iterator[Case]:
    fragment = fragment_at(SCHEMA, base.spec, path)
    if isinstance(value, list) and value and dice.random() < 0.5:
        place = dice.randrange(len(value))
        yield from _wrong_kinds(base, (*path, place), value[place], dice)
        return
    kinds = fragment.get("type", "object" if "$ref" in fragment else ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    allowed = kinds | ({"integer"} if "number" in kinds else set())
    if "enum" in fragment:
        allowed = {kind_of(choice) for choice in fragment["enum"]}
    others = [other for other in _other_kinds(value, dice) if kind_of(other) not in allowed]
    for other in dice.sample(others, min(2, len(others))):
        yield replaced(base, "wrong scalar type", pointer_of(path), other, value)


def kind_of(value: Any) -> str:
    """The JSON type of a value, whole numbers told apart."""
    if value is None:
        return "null"
    for kind, types in (("boolean", bool), ("integer", int), ("number", float),
                        ("string", str), ("array", list)):
        if isinstance(value, types):
            return kind
    return "object"


def _other_kinds(value: Any, dice: random.Random) -> list[Any]:
    """The value as a person might write it who takes the property for another kind."""
    if isinstance(value, bool):
        return [*(_TRUE if value else _FALSE), None, [value]]
    if isinstance(value, int | float):
        others = [str(value), str(value), [value], None, dice.choice(_WORDS), True]
        return [*others, value + 0.5] if isinstance(value, int) else others
    if isinstance(value, str):
        return [[value], dice.choice((3, 0.5)), None, True, {"name": value}]
    if isinstance(value, list):
        return [None, {"0": value[0]} if value else {}, *(value[:1] or [3]), *value[:1]]
    if isinstance(value, dict):
        named = [value["type"]] if "type" in value else []
        return [*named, *named, None, [value], True]
    return []


def wrong_choices(base: Base, dice: random.Random) -> Iterator[Case]:
    """A word that a closed list has not: a typo, or a word of another library."""
    for path, fragment, value in described(base):
        for key, inner in value.items():
            places = [(*path, key)] if not isinstance(inner, list) else [
                (*path, key, index) for index in range(len(inner))]
            for place in places:
                if key in fragment["properties"]:
                    yield from _wrong_choices(base, place, dice)


def _wrong_choices(base: Base, path: Path, dice: random.Random) -> Iterator[Case]:
    choices = fragment_at(SCHEMA, base.spec, path).get("enum")
    value = at(base.spec, path)
    if choices is None or not isinstance(value, str):
        return
    key = next(token for token in reversed(path) if isinstance(token, str))
    for distance in (1, 2):
        wrong = misspelt(value, distance, dice, choices)
        if wrong is not None:
            yield replaced(base, "wrong enum", pointer_of(path), wrong, value, distance)
    words = [word for word in _PLAUSIBLE.get(key, ()) if word not in choices]
    for wrong in dice.sample(words, min(2, len(words))):
        yield replaced(base, "wrong enum", pointer_of(path), wrong, value)


def missing_keys(base: Base, dice: random.Random) -> Iterator[Case]:
    """A key without a default that is not there."""
    for path, fragment, value in described(base):
        for key in fragment.get("required", ()):
            pointer = pointer_of((*path, key))
            yield Case(base, "missing required", ({"op": "remove", "path": pointer},),
                       pointer_of(path), value[key])


def out_of_range(base: Base, dice: random.Random) -> Iterator[Case]:
    """A number beyond its bounds, a list or a string that is empty."""
    for path, fragment, value in described(base):
        for key, inner in value.items():
            if key not in fragment["properties"] or key in ("$schema", "specc", "type"):
                continue
            places = [(*path, key)]
            if isinstance(inner, list) and inner and not isinstance(inner[0], dict):
                places.append((*path, key, dice.randrange(len(inner))))
            for place in places:
                given = at(base.spec, place)
                beyond = list(_beyond(fragment_at(SCHEMA, base.spec, place), given, dice))
                for wrong in dice.sample(beyond, min(2, len(beyond))):
                    yield replaced(base, "out of range", pointer_of(place), wrong, given)


def _beyond(fragment: Fragment, value: Any, dice: random.Random) -> Iterator[Any]:
    if isinstance(value, list):
        if fragment.get("minItems"):
            yield []
        return
    if isinstance(value, str):
        if fragment.get("minLength") and "enum" not in fragment:
            yield ""
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low = fragment.get("minimum", fragment.get("exclusiveMinimum"))
    high = fragment.get("maximum", fragment.get("exclusiveMaximum"))
    if low is not None:
        yield from (wrong for wrong in (0, -1, -value) if wrong < low)
        if "exclusiveMinimum" in fragment:
            yield low
    if high is not None:
        near = high <= 1000
        yield (high + 1 if near else high * 10)
        if high == 1 and isinstance(value, float):
            yield round(value * 100, 6)


def misplaced_keys(base: Base, dice: random.Random) -> Iterator[Case]:
    """A key one level too high or too low, or in another section."""
    holders = {path: (fragment, value) for path, fragment, value in described(base)}
    mappings = {("extractors",): base.spec["extractors"]}
    for path, (fragment, value) in holders.items():
        for key in value:
            if key in ("type", "$schema", "specc") or key not in fragment["properties"]:
                continue
            for place in _other_places(path, {**holders, **mappings}):
                inner = {} if place in mappings else holders[place][0]["properties"]
                if key in inner or key in at(base.spec, place) or place[:len(path) + 1] == (
                        *path, key):
                    continue
                new = pointer_of((*place, key))
                move = {"op": "move", "from": pointer_of((*path, key)), "path": new}
                yield Case(base, "misplaced key", (move,), new, pointer_of((*path, key)))


def _other_places(path: Path, holders: Mapping[Path, Any]) -> Iterator[Path]:
    """The objects around and inside of an object, and other sections for one of those."""
    above = [place for place in holders if len(place) < len(path) and path[:len(place)] == place]
    if above:
        yield max(above, key=len)
    below = [place for place in holders if len(place) > len(path) and place[:len(path)] == path]
    yield from (place for place in below
                if not any(len(other) < len(place) and place[:len(other)] == other
                           for other in below))
    if len(path) == 1:
        yield from ((name,) for name in _SECTIONS if (name,) in holders and (name,) != path)


def at(value: Any, path: Path) -> Any:
    """The value at a path."""
    for token in path:
        value = value[token]
    return value


VOCABULARY: Mapping[str, Callable[[Base, random.Random], Iterator[Case]]] = {
    "typo in key": misspelt_keys,
    "typo in type": misspelt_types,
    "wrong scalar type": wrong_kinds,
    "wrong enum": wrong_choices,
    "missing required": missing_keys,
    "out of range": out_of_range,
    "misplaced key": misplaced_keys,
}
