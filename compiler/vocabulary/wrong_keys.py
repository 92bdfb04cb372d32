"""Keys and types that the vocabulary does not have, or that are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..diagnostics.codes import MISSING_KEY, UNKNOWN_KEY, UNKNOWN_TYPE, WRONG_KIND
from ..diagnostics.diagnostic import Diagnostic, Patch, Related
from ..diagnostics.hints import did_you_mean, known, replace_fix
from ..diagnostics.suggest import certain, nearest
from ..diagnostics.wording import kind_of, shorten
from ..text.pointer import pointer_of
from .engine import DISPATCH
from .misplaced import Home, Homes
from .schema_error import Finding, Judged, SchemaError
from .schema_walk import Path

VERSION_KEY = "specc"
MOST_MISPLACED = 50
"""Keys whose place is looked for: a spec with more of them was not written key by key."""

_MOST_HOMES = 3
"""Objects that a help line names for a key that may belong to several."""


_MOST_RELATED = 20
"""Objects that a finding points at for such a key."""


@dataclass(frozen=True)
class Meant:
    """What an unknown key was meant to be: another key of its object, or a key of another one.

    Args:
        key: the absent key of the same object, if its name is near.
        certain: whether the repair is.
        homes: the objects that the key may belong to.
    """

    key: str | None = None
    certain: bool = False
    homes: tuple[Home, ...] = ()


def what_was_meant(errors: Sequence[SchemaError], judged: Judged) -> dict[Path, Meant]:
    """For the path of every unknown key what it was meant to be; no two mean the same."""
    found: dict[Path, Meant] = {}
    homes: Homes | None = None
    searched = 0

    def settle(path: Path, value: Any) -> None:
        nonlocal homes, searched
        searched += 1
        if searched > MOST_MISPLACED:
            return
        homes = homes or Homes(judged)
        places = homes.of(path, value)
        if places:
            found[path] = Meant(None, len(places) == 1, tuple(places))

    for error in errors:
        if error.keyword == "additionalProperties":
            for key, meant in _near_keys(error).items():
                found[(*error.path, key)] = meant
            for key in _unknown(error):
                if not found.get((*error.path, key), Meant()).certain:
                    settle((*error.path, key), error.got[key])
        else:
            stray = _stray_entry(error, judged)
            if stray is not None and stray not in found:
                settle(stray, judged.at(stray))
    return found


def _near_keys(error: SchemaError) -> dict[str, Meant]:
    """Unknown key -> the absent key of the same object that it was meant to be, each once."""
    properties, required = error.schema.get("properties", {}), error.schema.get("required", ())
    absent = [key for key in required if key not in error.got]
    absent += [key for key in properties if key not in error.got and key not in absent]
    found: dict[str, Meant] = {}
    unknown = _unknown(error)
    for key in unknown:
        guess = nearest(key, absent)
        if guess is not None:
            # The only strange key of an object that lacks one that it needs leaves no doubt.
            sure = certain(key, absent) == guess or (guess in required and len(unknown) == 1)
            found[key] = Meant(guess, sure)
            absent.remove(guess)
    return found


def _unknown(error: SchemaError) -> list[str]:
    return [key for key in error.got if key not in error.schema.get("properties", {})]


def _stray_entry(error: SchemaError, judged: Judged) -> Path | None:
    """The place of something that is no entry of the object with free names around it."""
    path = error.path[:-1] if error.keyword == DISPATCH else error.path
    if error.keyword not in (DISPATCH, "type", "required") or len(path) < 2 or error.of_key:
        return None
    holder = judged.described(path[:-1], {})
    free = isinstance(path[-1], str) and isinstance(holder.get("additionalProperties"), Mapping)
    return path if free else None


def unknown_keys(error: SchemaError, judged: Judged,
                 meant: Mapping[Path, Meant]) -> Iterator[Finding]:
    """A finding for each key that the object does not have."""
    for key in _unknown(error):
        path = (*error.path, key)
        yield Finding(None, unknown_key(error, path, meant.get(path, Meant())))


def unknown_key(error: SchemaError, path: Path, meant: Meant,
                owner: str | None = None) -> Diagnostic:
    """The diagnostic of a key that does not belong where it stands."""
    key = str(path[-1])
    names = [name for name in error.schema.get("properties", {}) if name != "type"]
    fix: Patch | None = None
    related: list[Related] = []
    if meant.homes:
        places = [home.pointer or "the top level" for home in meant.homes]
        advice = "it belongs in " + " or ".join(places[:_MOST_HOMES])
        if meant.certain:
            fix = meant.homes[0].move(path)
        else:
            related = [Related("it may belong here", pointer=home.pointer)
                       for home in meant.homes[:_MOST_RELATED] if home.absent is None]
    elif meant.key is not None:
        if meant.certain:
            fix = _rename(path, meant.key)
        required = meant.key in error.schema.get("required", ())
        advice = (f"did you mean {meant.key!r}? (required)" if required
                  else did_you_mean(meant.key, names, "keys"))
    elif (given := nearest(key, names)) is not None:
        advice = f"did you mean {given!r}? it has a value already"
    else:
        advice = known(names, "keys")
    return UNKNOWN_KEY.at(pointer_of(path), target="key", key=shorten(key),
                          owner=owner or error.owner, help=advice, fix=fix, related=related)


def _rename(path: Path, key: str) -> Patch:
    return ({"op": "move", "from": pointer_of(path), "path": pointer_of((*path[:-1], key))},)


def unknown_type(error: SchemaError, judged: Judged) -> Iterator[Finding]:
    """A `type` that its family does not have."""
    if not isinstance(error.got, str):
        yield Finding(None, WRONG_KIND.at(error.pointer, name="type", wanted="a string",
                                          got=kind_of(error.got)))
        return
    guess = nearest(error.got, error.wanted)
    yield Finding(None, UNKNOWN_TYPE.at(
        error.pointer, family=error.schema.get("title", ""), name=shorten(error.got),
        help=did_you_mean(guess, error.wanted, "types"),
        fix=replace_fix(error.pointer, certain(error.got, error.wanted))))


def missing_keys(error: SchemaError, judged: Judged) -> Iterator[Finding]:
    """A finding for each key that an object needs and does not have."""
    types = error.schema.get("properties", {}).get("type", {}).get("enum")
    for key in error.wanted:
        if key in error.got:
            continue
        if key == VERSION_KEY and not error.path:
            yield Finding(key, _missing_version(error))
        elif key == "type" and types is not None:
            yield _missing_type(error, judged, types)
        else:
            examples = error.schema.get("properties", {}).get(key, {}).get("examples")
            example = json.dumps(examples[0], ensure_ascii=False) if examples else None
            yield Finding(key, MISSING_KEY.at(
                error.pointer, owner=error.owner, key=key,
                help=f'add it, such as "{key}": {example}' if example else None))


def _missing_version(error: SchemaError) -> Diagnostic:
    have = error.schema["properties"][VERSION_KEY]["const"]
    return MISSING_KEY.at(
        "", owner="the spec", key=VERSION_KEY,
        help=f'write "{VERSION_KEY}": {have}, the version of the vocabulary',
        fix=({"op": "add", "path": pointer_of([VERSION_KEY]), "value": have},),
    )


def _missing_type(error: SchemaError, judged: Judged, types: Sequence[str]) -> Finding:
    """A misspelt key `type`; else the type that takes the other keys, if there is one."""
    family = error.schema.get("title", "object")
    misspelt = _misspelt_type(error, judged, types)
    if misspelt is not None:
        return Finding(None, unknown_key(error, (*error.path, misspelt), Meant("type", True),
                                         f"this {family}"))
    fitting = [name for name in types if _may_be(error, judged, name)]
    default = judged.fragment(error.path).get("default")
    usual = default.get("type") if isinstance(default, dict) else None
    only = fitting[0] if len(fitting) == 1 else types[0] if len(types) == 1 else None
    if only is None and error.got and usual in fitting:
        only = usual
    fix: Patch | None = None
    if only is not None:
        fix = ({"op": "add", "path": pointer_of((*error.path, "type")), "value": only},)
        advice = f'write "type": "{only}"'
    else:
        fitting.sort(key=lambda name: name != usual)
        advice = known(fitting, "types with these keys") if fitting else known(types, "types")
    return Finding("type", MISSING_KEY.at(error.pointer, owner=f"this {family}", key="type",
                                          help=advice, fix=fix))


def _may_be(error: SchemaError, judged: Judged, name: str) -> bool:
    """Whether an object without a type has all that this type needs, and nothing else."""
    variant = judged.schema["$defs"].get(f"{error.schema['title']}.{name}", {})
    keys = {"type", *error.got}
    if not (set(variant.get("required", ())) <= keys <= set(variant.get("properties", ()))):
        return False
    return judged.accepts(variant, {**error.got, "type": name})


def _misspelt_type(error: SchemaError, judged: Judged, types: Sequence[str]) -> str | None:
    """The key that was meant to be `type`: by its name, or because a type is its value."""
    definitions = judged.schema.get("$defs", {})
    family = error.schema.get("title")
    others = {key for name in types
              for key in definitions.get(f"{family}.{name}", {}).get("properties", ())}
    for key, value in error.got.items():
        if key not in others and (certain(key, ["type"])
                                  or (isinstance(value, str) and value in types)):
            return str(key)
    return None
