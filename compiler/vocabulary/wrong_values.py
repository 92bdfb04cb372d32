"""Values of the wrong kind, outside of a closed list, or beyond their bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..diagnostics.codes import NOT_ALLOWED, OUT_OF_RANGE, WRONG_KIND
from ..diagnostics.diagnostic import Patch
from ..diagnostics.hints import replace_fix
from ..diagnostics.suggest import certain, nearest
from ..diagnostics.wording import count, kind_of, name_of, shorten, show
from .schema_error import Finding, Judged, SchemaError

_KINDS = {"integer": "an integer", "number": "a number", "string": "a string",
          "boolean": "true or false", "array": "a list", "object": "an object", "null": "null"}
_TRUTH = {"true": True, "yes": True, "on": True, "1": True,
          "false": False, "no": False, "off": False, "0": False}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_NOTHING = (None, "auto", "default")
"""How people write that a value is left to the program."""

_MOST_LISTED = 12
"""Allowed values that a help line lists."""

BOUNDS: Mapping[str, str] = {
    "minimum": "must be at least {}", "maximum": "must be at most {}",
    "exclusiveMinimum": "must be above {}", "exclusiveMaximum": "must be below {}",
    "multipleOf": "must be a multiple of {}", "pattern": "must match {}",
}
COUNTED: Mapping[str, str] = {
    "minItems": "element", "maxItems": "element", "minLength": "character",
    "maxLength": "character", "minProperties": "key", "maxProperties": "key",
}


def wrong_kind(error: SchemaError, judged: Judged) -> Iterator[Finding]:
    """A value of another JSON type, with the repair where another way to write it fits."""
    kinds = [error.wanted] if isinstance(error.wanted, str) else list(error.wanted)
    fix, advice = None, None
    for value, how in _rewritings(error, judged, kinds):
        if judged.accepts(judged.fragment(error.path), value):
            fix, advice = _replace(error.pointer, value), how
            break
    if fix is None and error.got in _NOTHING:
        fix, advice = _left_out(error, judged)
    wanted = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    yield Finding(None, WRONG_KIND.at(
        error.pointer, name=name_of(error.path), wanted=wanted, got=kind_of(error.got),
        help=advice or _without(error, judged), fix=fix))


def _rewritings(error: SchemaError, judged: Judged,
                kinds: Sequence[str]) -> Iterator[tuple[Any, str]]:
    """What a person may have meant by a value of the wrong kind, and how to say so."""
    got = error.got
    if "boolean" in kinds and isinstance(got, str | int):
        truth = _TRUTH.get(str(got).casefold())
        if truth is not None:
            quotes = got in ("true", "false")
            yield truth, f"remove the quotes: {show(truth)}" if quotes else f"write {show(truth)}"
    if isinstance(got, str) and _NUMBER.fullmatch(got):
        number = json.loads(got)
        yield number, f"remove the quotes: {show(number)}"
    union = judged.described(error.path, {})
    types = union.get("properties", {}).get("type", {}).get("enum", ())
    name = certain(got, types) if isinstance(got, str) else None
    if name is not None:
        yield {"type": name}, f"write {json.dumps({'type': name})}"
    if "array" in kinds and isinstance(got, str) and "," in got:
        parts = [part.strip() for part in got.split(",")]
        for listed in ([json.loads(part) for part in parts if _NUMBER.fullmatch(part)], parts):
            if len(listed) == len(parts):
                yield listed, f"write a list: {json.dumps(listed, ensure_ascii=False)}"
    if "array" in kinds and got is not None:
        yield [got], "write a list: " + (f"[{show(got)}]" if not isinstance(got, dict)
                                         else "[{...}]")
    if isinstance(got, list) and len(got) == 1:
        yield got[0], f"write it without the list: {show(got[0])}"


def _without(error: SchemaError, judged: Judged) -> str | None:
    """The advice to leave a value out, where its property has a default, else an example."""
    if judged.is_optional(error.path):
        default = json.dumps(judged.fragment(error.path)["default"], ensure_ascii=False)
        return f"leave it out for the default, {shorten(default)}"
    example = judged.example(error.path)
    return None if example is None else f"such as {json.dumps(example, ensure_ascii=False)}"


def _left_out(error: SchemaError, judged: Judged) -> tuple[Patch | None, str | None]:
    """The patch that leaves out a value that says nothing, such as null, and the advice to.

    There is no patch where the default is a section, or names: more may have been meant to
    stand there. An empty name is removed from a list that has others.
    """
    patch: Patch = ({"op": "remove", "path": error.pointer},)
    advice = _without(error, judged)
    if not judged.is_optional(error.path):
        spare = error.got in (None, "") and judged.is_spare(error.path)
        return (patch, "remove it") if spare else (None, advice)
    default = judged.fragment(error.path)["default"]
    numbers = isinstance(default, list) and default != [] and all(
        isinstance(element, int | float) for element in default)
    return (patch if numbers or not isinstance(default, list | dict) else None), advice


def not_allowed(error: SchemaError, judged: Judged) -> Iterator[Finding]:
    """A value outside of a closed list."""
    values = error.wanted if error.keyword == "enum" else [error.wanted]
    listing = ", ".join(map(show, values[:_MOST_LISTED]))
    if len(values) > _MOST_LISTED:
        listing += f" and {len(values) - _MOST_LISTED} more"
    advice, fix = f"one of: {listing}" if len(values) > 1 else f"write {listing}", None
    others = judged.beside(error.path)
    words = [value for value in values if isinstance(value, str) and value not in others]
    guess = nearest(error.got, words) if isinstance(error.got, str) else None
    if guess is not None:
        advice = f"did you mean {show(guess)}? {advice}"
        fix = replace_fix(error.pointer, certain(str(error.got), words))
    elif isinstance(error.got, list) and len(error.got) == 1 and error.got[0] in values:
        fix = _replace(error.pointer, error.got[0])
        advice = f"write it without the list: {show(error.got[0])}"
    elif error.got is None and judged.is_optional(error.path):
        fix, without = _left_out(error, judged)
        advice = f"{without}; {advice}"
    yield Finding(None, NOT_ALLOWED.at(error.pointer, name=name_of(error.path),
                                       got=show(error.got), help=advice, fix=fix))


def out_of_range(error: SchemaError, judged: Judged) -> Iterator[Finding]:
    """A number beyond its bounds, or too few or too many elements, characters or keys."""
    noun = COUNTED.get(error.keyword)
    if noun is None:
        got, wanted = show(error.got), BOUNDS[error.keyword].format(show(error.wanted))
    else:
        size = len(error.got)
        got = "empty" if size == 0 else f"{count(size, noun)} long"
        bound = "at least" if error.keyword.startswith("min") else "at most"
        wanted = f"must have {bound} {count(error.wanted, noun)}"
    name = f"the key {show(error.got)}" if error.of_key else name_of(error.path)
    fix, advice = None, None
    if not error.of_key:
        value = _in_range(error, judged)
        if value is not None:
            fix, advice = _replace(error.pointer, value), f"write {show(value)}"
        else:
            advice = _without(error, judged)
            if error.got in ("", []):
                fix, advice = _left_out(error, judged)
    yield Finding(None, OUT_OF_RANGE.at(error.pointer, target=error.target, name=name, got=got,
                                        wanted=wanted, help=advice, fix=fix))


def _in_range(error: SchemaError, judged: Judged) -> int | float | None:
    """The number that was meant: without its sign, as a share in place of percent, or else the
    bound itself, where that is allowed."""
    if error.keyword not in BOUNDS or isinstance(error.got, str):
        return None
    fragment, got = judged.fragment(error.path), error.got
    candidates = [-got] if got < 0 else []
    if fragment.get("maximum", fragment.get("exclusiveMaximum")) == 1 and 2 <= got <= 100:
        candidates.append(got / 100)
    if error.keyword in ("minimum", "maximum"):
        candidates.append(error.wanted)
    return next((number for number in candidates if judged.accepts(fragment, number)), None)


def other_error(error: SchemaError, judged: Judged) -> Iterator[Finding]:
    """An error of a keyword that the vocabulary does not use: said plainly, never dropped."""
    yield Finding(None, NOT_ALLOWED.at(
        error.pointer, target=error.target, name=name_of(error.path), got=show(error.got),
        help=f"the schema says: {error.keyword}"))


def _replace(pointer: str, value: Any) -> Patch:
    return ({"op": "replace", "path": pointer, "value": value},)
