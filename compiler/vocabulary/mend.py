"""Makes a document valid after its mistakes are known, so that later passes can go on.

One mistake must not hide another. Each finding is repaired where the repair is certain,
dropped where nothing depends on it, and else replaced by something valid that is invented:
a *hole*. Later passes judge nothing that depends on a hole.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..text.patch import PatchError, apply_in_place
from ..text.pointer import parts, pointer_of
from .schema_walk import NOTHING, Fragment, Path, fragment_at, target


@dataclass
class Mended:
    """A document under repair.

    Args:
        value: the document so far.
        holes: pointers of values that were invented.
        assumed: pointers of values that were set to their default.
        moved: pointer now -> pointer in the text, for keys that were renamed.
    """

    value: Any
    holes: set[str] = field(default_factory=set)
    assumed: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)


def mend(schema: Fragment, mended: Mended, found: Iterable[Diagnostic]) -> None:
    """Repairs what `found` says of `mended.value`, in a copy."""
    mended.value = copy.deepcopy(mended.value)
    for diagnostic in found:
        # An earlier repair may have taken the place away.
        path = _existing(mended.value, diagnostic.pointer or "")
        if path is not None:
            _mend_one(schema, mended, diagnostic, path)


def _mend_one(schema: Fragment, mended: Mended, diagnostic: Diagnostic, path: Path) -> None:
    if diagnostic.fix is not None:
        # Another repair may have been there first.
        with suppress(PatchError):
            mended.value = apply_in_place(mended.value, diagnostic.fix)
        for operation in diagnostic.fix:
            if operation["op"] == "move":
                mended.moved[operation["path"]] = operation["from"]
            elif operation["op"] == "remove":
                if isinstance(path[-1], str):
                    mended.assumed.add(operation["path"])
                else:
                    mended.holes.add(pointer_of(path[:-1]))
        # The nearest number that is allowed says nothing of the one that was meant, nor does
        # the one element that is there of the others in its list.
        listed = isinstance(diagnostic.fix[0].get("value"), list)
        if diagnostic.code == codes.OUT_OF_RANGE.name or listed:
            mended.holes.add(pointer_of(path))
    elif diagnostic.target == "key":
        del _at(mended.value, path[:-1])[path[-1]]
        # The key may belong to any of these.
        mended.holes |= {place.pointer for place in diagnostic.related if place.pointer is not None}
        if diagnostic.code != codes.UNKNOWN_KEY.name:
            # A name of the user's own was wrong: others may refer to it.
            mended.holes.add(pointer_of(path[:-1]))
    elif diagnostic.code == codes.MISSING_KEY.name:
        _complete(schema, mended, path)
    elif diagnostic.code == codes.UNKNOWN_TYPE.name:
        _invent(schema, mended, path[:-1])
    else:
        _invent(schema, mended, path)


def _complete(schema: Fragment, mended: Mended, path: Path) -> None:
    """Gives an object the required keys that it lacks, from the examples of the schema."""
    holder = _at(mended.value, path)
    fragment = target(schema.get("$defs", NOTHING), fragment_at(schema, mended.value, path), holder)
    for key in fragment["required"]:
        if key in holder:
            continue
        example = None if key == "type" else _example(schema, fragment["properties"][key])
        if example is None:
            _invent(schema, mended, path)
            return
        holder[key] = copy.deepcopy(example)
        mended.holes.add(pointer_of((*path, key)))


def _invent(schema: Fragment, mended: Mended, path: Path) -> None:
    """Puts something valid at a place, or at the nearest place around it that allows it."""
    if not path:
        return
    fragment = fragment_at(schema, mended.value, path)
    example = _example(schema, fragment)
    if example is None and "default" not in fragment:
        _invent(schema, mended, path[:-1])
        return
    _at(mended.value, path[:-1])[path[-1]] = copy.deepcopy(example)
    harmless = "default" in fragment and not isinstance(example, dict | list)
    (mended.assumed if harmless else mended.holes).add(pointer_of(path))


def _example(schema: Fragment, fragment: Fragment) -> Any:
    """Something that a fragment accepts: its default, its example, or a type without needs;
    None where it has none of them."""
    for key in ("default", "const"):
        if key in fragment:
            return fragment[key]
    if fragment.get("examples"):
        return fragment["examples"][0]
    union = target(schema.get("$defs", NOTHING), fragment, {})
    if "allOf" not in union:
        return None
    for name in union["properties"]["type"]["enum"]:
        variant = schema["$defs"][f"{union['title']}.{name}"]
        if variant["required"] == ["type"]:
            return {"type": name}
    # Every type of the family needs something; the examples of the first give it.
    name = union["properties"]["type"]["enum"][0]
    variant = schema["$defs"][f"{union['title']}.{name}"]
    needs = [key for key in variant["required"] if key != "type"]
    return {"type": name, **{key: variant["properties"][key]["examples"][0] for key in needs}}


def _existing(value: Any, pointer: str) -> Path | None:
    """The path of a pointer in a value, or None where the value has no such place."""
    path: list[str | int] = []
    for token in parts(pointer):
        if isinstance(value, dict) and token in value:
            key: str | int = token
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            key = int(token)
        else:
            return None
        value = value[key]
        path.append(key)
    return tuple(path)


def _at(value: Any, path: Path) -> Any:
    for token in path:
        value = value[token]
    return value
