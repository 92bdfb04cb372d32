"""Mistakes in the vocabulary: keys, types, kinds of values, choices, bounds, places of keys."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from specc.compiler.text.pointer import pointer_of
from specc.compiler.vocabulary.schema_walk import Fragment, Path, fragment_at, objects, target
from specc.schema import load_schema

from .bases import Base
from .case import Case, replaced
from .typos import misspelt

SCHEMA = load_schema()
DEFINITIONS = SCHEMA["$defs"]

_SECTIONS = ("training", "optimizer", "loss", "bundle", "network", "scheduler")
"""Objects of every spec that a key of the others may be written into."""

_PLAUSIBLE: Mapping[str, Mapping[str, str | None]] = {
    "activation": {"swish": "silu", "ReLU": "relu", "linear": "identity", "logistic": "sigmoid",
                   "softmax": None, "prelu": None},
    "output_activation": {"linear": "identity", "logsoftmax": "log_softmax", "Sigmoid": "sigmoid",
                          "expit": "sigmoid", "logits": None, "SiLU": "silu", "Relu": "relu"},
    "normalization": {"batchnorm": "batch_norm", "LayerNorm": "layer_norm", "batch": "batch_norm",
                      "group_norm": None, "instance": None},
    "device": {"gpu": "cuda", "cuda:0": "cuda", "tpu": None, "CPU": "cpu"},
    "report": {"step": None, "Batch": "batch", "epochs": "epoch", "miniepoch": "mini_epoch"},
    "nulls": {"drop": None, "ignore": None, "impute": "fill", "Keep": "keep", "raise": "error"},
    "missing_rows": {"drop": None, "skip": None, "nan": "null", "raise": "error"},
    "on_unseen": {"ignore": "other", "unknown": "other", "raise": "error"},
    "strategy": {"most_frequent": None, "average": "mean", "Median": "median"},
    "missing_indicator": {"yes": "always", "off": "never", "if_needed": "auto"},
    "output_distribution": {"gaussian": "normal", "Normal": "normal"},
    "reduction": {"none": None, "average": "mean", "Sum": "sum"},
    "dtype": {"numeric": "number", "int": "integer", "float64": "float", "object": None},
    "parts": {"weekday": "day_of_week", "dayofweek": "day_of_week", "hours": "hour",
              "months": "month", "quarter": None},
    "average": {"Macro": "macro", "mean": None, "none": None, "Weighted": "weighted"},
    "multi_class": {"one_vs_rest": "ovr", "OVR": "ovr", "auto": None},
    "mode": {"minimum": "min", "lower": None},
}
"""Property -> words of other libraries that it does not take, and which choice they mean."""

_OTHERS = 0.7
"""Share of the strings that are not emptied: the range of a number is the usual one to miss."""

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
    """The value as a person might write it who takes the property for another kind; what is
    likelier stands there twice."""
    if isinstance(value, bool):
        return [*(_TRUE if value else _FALSE), None, [value]]
    if isinstance(value, int | float):
        others = [str(value), str(value), [value], None, dice.choice(_WORDS), True]
        return [*others, value + 0.5] if isinstance(value, int) else others
    if isinstance(value, str):
        return [[value], [value], dice.choice((3, 0.5)), None]
    if isinstance(value, list):
        if len(value) == 1 or isinstance(value[0], dict):
            return [value[0], value[0], None]
        return [", ".join(map(str, value)), None]
    if isinstance(value, dict) and "type" in value:
        return [value["type"], [value]]
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
    # A word for another choice would be a second mistake.
    words = [word for word, meant in _PLAUSIBLE.get(key, {}).items() if meant in (None, value)]
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
                beyond = list(_beyond(fragment_at(SCHEMA, base.spec, place), given))
                if isinstance(given, str) and dice.random() < _OTHERS:
                    continue
                for wrong in dice.sample(beyond, min(2, len(beyond))):
                    yield replaced(base, "out of range", pointer_of(place), wrong, given)


def _beyond(fragment: Fragment, value: Any) -> Iterator[Any]:
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
        yield (high + 1 if high <= 1000 else high * 10)
        if high == 1 and isinstance(value, float) and value * 100 > high:
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
