"""Document to Spec: jsonschema judges, and each of its errors becomes one diagnostic."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..codes import (
    MISSING_KEY,
    NOT_ALLOWED,
    OUT_OF_RANGE,
    UNKNOWN_KEY,
    UNKNOWN_TYPE,
    UNSUPPORTED_VERSION,
    WRONG_KIND,
)
from ..diagnostic import Diagnostic, Patch, Result, Target, distinct, placed
from ..engine import DISPATCH, schema_errors
from ..hints import did_you_mean, known, replace_fix
from ..mend import Mended, mend
from ..pointer import inside, pointer_of
from ..stages import Document, Spec
from ..suggest import certain, nearest
from ..wording import count, kind_of, name_of, shorten, show

_VERSION_KEY = "specc"
_KINDS = {"integer": "an integer", "number": "a number", "string": "a string",
          "boolean": "true or false", "array": "a list", "object": "an object", "null": "null"}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?P<real>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)")
_MOST_LISTED = 12
"""Allowed values that a help line lists."""


ROUNDS = 8
"""How often a document is mended and judged again; a mend shows what a mistake has hidden."""


def validate(document: Document, schema: Mapping[str, Any]) -> Result[Spec]:
    """Document to Spec. Reports SC101 to SC107.

    All mistakes are reported, also those that stand behind another one: what is found is
    mended and the document judged again. A spec of another version gives that error alone,
    because this vocabulary cannot tell what is wrong in it. Whole floats stay floats.
    """
    alone = _not_ours(document.value, schema["properties"])
    if alone is not None:
        return Result(None, (alone,))
    mended = Mended(document.value, holes=set(document.holes))
    found: list[Diagnostic] = []
    for _ in range(ROUNDS):
        errors = [_Error.of(error) for error in schema_errors(schema, mended.value)]
        if not errors:
            return Result(
                Spec(document.source, mended.value, frozenset(mended.holes),
                     frozenset(mended.assumed), mended.moved),
                distinct(found),
            )
        fresh, before = _diagnose(errors), mended.value
        for diagnostic in fresh:
            if not any(inside(diagnostic.pointer or "", hole) for hole in mended.holes):
                found.append(placed(diagnostic, mended.moved))
        mend(schema, mended, fresh)
        if mended.value == before:
            break
    return Result(None, distinct(found))


def _not_ours(value: Any, known_keys: Mapping[str, Any]) -> Diagnostic | None:
    """Why a document cannot be judged at all: no object, or another version."""
    if not isinstance(value, dict):
        return WRONG_KIND.at("", name="the spec", wanted="an object", got=kind_of(value))
    have, got = known_keys[_VERSION_KEY]["const"], value.get(_VERSION_KEY)
    if isinstance(got, bool) or not isinstance(got, int | float) or got == have:
        return None
    return UNSUPPORTED_VERSION.at(pointer_of([_VERSION_KEY]), got=show(got), have=have)


class _Error(NamedTuple):
    """An error of jsonschema: where, the keyword that fails, and the schema that holds it."""

    path: tuple[str | int, ...]
    keyword: str
    wanted: Any
    got: Any
    schema: Mapping[str, Any]
    of_key: bool

    @classmethod
    def of(cls, error: Any) -> _Error:
        path, schema_path = tuple(error.absolute_path), tuple(error.absolute_schema_path)
        of_key = schema_path[-2:-1] == ("propertyNames",)
        return cls((*path, error.instance) if of_key else path, str(error.validator),
                   error.validator_value, error.instance, error.schema, of_key)

    @property
    def pointer(self) -> str:
        return pointer_of(self.path)

    @property
    def target(self) -> Target:
        return "key" if self.of_key else "value"

    @property
    def owner(self) -> str:
        """The object at fault in words: by its type, or by its place."""
        name = self.got.get("type") if isinstance(self.got, dict) else None
        return shorten(name) if isinstance(name, str) and self.path else name_of(self.path)


Finding = tuple[str | None, Diagnostic]
"""A diagnostic, with the key that it is about when it stands at the object around it."""


def _diagnose(errors: Sequence[_Error]) -> tuple[Diagnostic, ...]:
    """The diagnostics of the errors: one for each place and mistake, the most telling kept."""
    # A misspelt required key is unknown and missing at once; the two are one mistake.
    misspelt = {(error.path, meant) for error in errors if error.keyword == "additionalProperties"
                for meant, _ in _meant(error).values()}
    kept: dict[tuple[Any, ...], tuple[int, Diagnostic]] = {}
    for error in errors:
        rank = _RANKS.index(error.keyword) if error.keyword in _RANKS else len(_RANKS)
        for key, diagnostic in _EXPLAIN.get(error.keyword, _other)(error):
            if key is not None and (error.path, key) in misspelt:
                continue
            place = diagnostic.pointer, diagnostic.target, key
            if place not in kept or rank < kept[place][0]:
                kept[place] = rank, diagnostic
    return tuple(diagnostic for _, diagnostic in kept.values())


def _unknown_type(error: _Error) -> Iterator[Finding]:
    if not isinstance(error.got, str):
        yield None, WRONG_KIND.at(error.pointer, name="type", wanted="a string",
                                  got=kind_of(error.got))
        return
    family = error.schema.get("title", "")
    guess = nearest(error.got, error.wanted)
    yield None, UNKNOWN_TYPE.at(
        error.pointer, family=family, name=shorten(error.got),
        help=did_you_mean(guess, error.wanted, "types"),
        fix=replace_fix(error.pointer, certain(error.got, error.wanted)))


def _missing_keys(error: _Error) -> Iterator[Finding]:
    types = error.schema.get("properties", {}).get("type", {}).get("enum")
    for key in error.wanted:
        if key in error.got:
            continue
        if key == _VERSION_KEY and not error.path:
            yield key, _missing_version(error)
            continue
        if key != "type" or types is None:
            yield key, MISSING_KEY.at(error.pointer, owner=error.owner, key=key)
            continue
        owner = f"this {error.schema.get('title', 'object')}"
        misspelt = _misspelt("type", error.got, {})
        if misspelt is not None:
            yield None, _unknown_key(error.path, misspelt, owner, "type", required=True)
        else:
            yield key, MISSING_KEY.at(error.pointer, owner=owner, key=key,
                                      help=known(types, "types"))


def _missing_version(error: _Error) -> Diagnostic:
    have = error.schema["properties"][_VERSION_KEY]["const"]
    return MISSING_KEY.at(
        "", owner="the spec", key=_VERSION_KEY,
        help=f'write "{_VERSION_KEY}": {have}, the version of the vocabulary',
        fix=({"op": "add", "path": pointer_of([_VERSION_KEY]), "value": have},),
    )


def _unknown_keys(error: _Error) -> Iterator[Finding]:
    meant = _meant(error)
    names = [key for key in error.schema.get("properties", {}) if key != "type"]
    for key in error.got:
        if key in error.schema.get("properties", {}):
            continue
        guess, sure = meant.get(key, (None, False))
        required = guess in error.schema.get("required", ())
        yield None, _unknown_key(error.path, key, error.owner, guess, required=required,
                                 sure=sure, names=names)


def _unknown_key(path: Sequence[str | int], key: str, owner: str, guess: str | None, *,
                 required: bool, sure: bool = True, names: Sequence[str] = ()) -> Diagnostic:
    pointer = pointer_of([*path, key])
    move: Patch | None = None
    if guess is not None and sure:
        move = ({"op": "move", "from": pointer, "path": pointer_of([*path, guess])},)
    advice = (did_you_mean(guess, names, "keys") if guess is None or not required
              else f"did you mean {guess!r}? (required)")
    if guess is None and (given := nearest(key, names)) is not None:
        advice = f"did you mean {given!r}? it has a value already"
    return UNKNOWN_KEY.at(pointer, target="key", key=shorten(key), owner=owner, help=advice,
                          fix=move)


def _meant(error: _Error) -> dict[str, tuple[str, bool]]:
    """Unknown key -> the absent key it was meant to be, each once, and whether that is sure."""
    properties, required = error.schema.get("properties", {}), error.schema.get("required", ())
    absent = [key for key in required if key not in error.got]
    absent += [key for key in properties if key not in error.got and key not in absent]
    found: dict[str, tuple[str, bool]] = {}
    for key in error.got:
        guess = None if key in properties else nearest(key, absent)
        if guess is not None:
            found[key] = guess, certain(key, absent) == guess
            absent.remove(guess)
    return found


def _misspelt(key: str, value: Mapping[str, Any], known_keys: Mapping[str, Any]) -> str | None:
    """The unknown key of an object that was meant to be `key`."""
    return next((name for name in value if name not in known_keys and certain(name, [key])), None)


def _wrong_kind(error: _Error) -> Iterator[Finding]:
    kinds = [error.wanted] if isinstance(error.wanted, str) else list(error.wanted)
    types = error.schema.get("properties", {}).get("type", {}).get("enum", ())
    value, fix, advice = _unquoted(error.got, kinds), None, None
    if value is not None:
        fix, advice = _replace(error.pointer, value), f"remove the quotes: {show(value)}"
    elif isinstance(error.got, str) and error.got in types:
        value = {"type": error.got}
        fix, advice = _replace(error.pointer, value), f"write {json.dumps(value)}"
    elif "array" in kinds and not isinstance(error.got, dict | None):
        advice = f"write a list: [{show(error.got)}]"
    wanted = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    yield None, WRONG_KIND.at(error.pointer, name=name_of(error.path), wanted=wanted,
                              got=kind_of(error.got), help=advice, fix=fix)


def _unquoted(got: Any, kinds: Sequence[str]) -> Any:
    """The number or truth value that a string holds, when that is what is wanted."""
    if not isinstance(got, str):
        return None
    if "boolean" in kinds and got in ("true", "false"):
        return got == "true"
    number = _NUMBER.fullmatch(got)
    if number is None or (number["real"] and "number" not in kinds):
        return None
    if "number" not in kinds and "integer" not in kinds:
        return None
    return json.loads(got)


def _not_allowed(error: _Error) -> Iterator[Finding]:
    values = error.wanted if error.keyword == "enum" else [error.wanted]
    listing = ", ".join(map(show, values[:_MOST_LISTED]))
    if len(values) > _MOST_LISTED:
        listing += f" and {len(values) - _MOST_LISTED} more"
    advice, fix = f"one of: {listing}" if len(values) > 1 else f"write {listing}", None
    words = [value for value in values if isinstance(value, str)]
    guess = nearest(error.got, words) if isinstance(error.got, str) else None
    if guess is not None:
        advice = f"did you mean {show(guess)}? {advice}"
        fix = replace_fix(error.pointer, certain(str(error.got), words))
    yield None, NOT_ALLOWED.at(error.pointer, name=name_of(error.path), got=show(error.got),
                               help=advice, fix=fix)


def _out_of_range(error: _Error) -> Iterator[Finding]:
    noun = _COUNTED.get(error.keyword)
    if noun is None:
        got, wanted = show(error.got), _BOUNDS[error.keyword].format(show(error.wanted))
    else:
        size = len(error.got)
        got = "empty" if size == 0 else f"{count(size, noun)} long"
        bound = "at least" if error.keyword.startswith("min") else "at most"
        wanted = f"must have {bound} {count(error.wanted, noun)}"
    name = f"the key {show(error.got)}" if error.of_key else name_of(error.path)
    yield None, OUT_OF_RANGE.at(error.pointer, target=error.target, name=name, got=got,
                                wanted=wanted)


def _other(error: _Error) -> Iterator[Finding]:
    """An error of a keyword that the vocabulary does not use: said plainly, never dropped."""
    yield None, NOT_ALLOWED.at(error.pointer, target=error.target, name=name_of(error.path),
                               got=show(error.got), help=f"the schema says: {error.keyword}")


_BOUNDS = {
    "minimum": "must be at least {}", "maximum": "must be at most {}",
    "exclusiveMinimum": "must be above {}", "exclusiveMaximum": "must be below {}",
    "multipleOf": "must be a multiple of {}", "pattern": "must match {}",
}
_COUNTED = {
    "minItems": "element", "maxItems": "element", "minLength": "character",
    "maxLength": "character", "minProperties": "key", "maxProperties": "key",
}
_EXPLAIN: Mapping[str, Callable[[_Error], Iterator[Finding]]] = {
    "additionalProperties": _unknown_keys, DISPATCH: _unknown_type, "required": _missing_keys,
    "type": _wrong_kind, "enum": _not_allowed, "const": _not_allowed,
    **dict.fromkeys((*_BOUNDS, *_COUNTED), _out_of_range),
}
_RANKS = tuple(_EXPLAIN)
"""Keywords in the order of what they tell: of two errors at one place the earlier is kept."""


def _replace(pointer: str, value: Any) -> Patch:
    return ({"op": "replace", "path": pointer, "value": value},)
