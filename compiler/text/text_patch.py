"""JSON Patches (RFC 6902) on the text of a spec: all but the place at fault stays as it is.

A new member is written like its neighbours: the same line break, indentation and space.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..diagnostics.diagnostic import Patch
from .locate import Span, locate_all
from .patch import PatchError, apply_to_value, holder_of, value_at
from .pointer import join, parts

_SPACE = " \t\r\n"
_LEADING = ("specc", "type")
"""Keys that say what an object is: they are written in front of the others."""

_INLINE = 80
"""Columns up to which a new value stays on one line."""

_INDENT = re.compile(r"[\r\n]([ \t]+)\S")


@dataclass(frozen=True)
class Edit:
    """Writes `new` in place of the characters from `start` to `end`, in code points from 0."""

    start: int
    end: int
    new: str


def apply_to_text(text: str, patch: Patch) -> str:
    """The text after the operations, in order; what they do not name is kept byte for byte.

    Where an edit of the text does not give the patched value, as with keys that stand twice,
    the whole document is written anew with the indentation of the text.
    Raises PatchError as `apply_to_value`, and ValueError for text that is not JSON.
    """
    for operation in patch:
        value = _load(text)
        wanted = apply_to_value(value, (operation,))
        edited = _applied(text, value, operation)
        if edited is None or _load(edited) != wanted:
            edited = _rewritten(text, wanted)
        text = edited
    return text


def edits(text: str, patches: Sequence[Patch]) -> list[Edit | None]:
    """For each patch the one edit of the text that carries it out, or None.

    None stands for a patch of several operations, a move to another object, and a place that
    is not there. The text is walked once for all patches.
    Raises ValueError for text that is not JSON.
    """
    value = json.loads(text)
    spans = locate_all(text, {pointer for patch in patches if len(patch) == 1
                              for pointer in _pointers(value, patch[0])})
    return [_edit(_Text(text, value, spans), patch[0]) if len(patch) == 1 else None
            for patch in patches]


def with_edits(text: str, found: Iterable[Edit]) -> str:
    """The text with edits that do not overlap, each at its place in `text`."""
    pieces, at = [], 0
    for edit in sorted(found, key=lambda edit: (edit.start, edit.end)):
        pieces += [text[at:edit.start], edit.new]
        at = edit.end
    return "".join([*pieces, text[at:]])


@dataclass(frozen=True)
class _Text:
    text: str
    value: Any
    spans: Mapping[str, Span]


def _load(text: str) -> Any:
    # NaN is not equal to itself; a patched text is compared with the patched value.
    return json.loads(text, parse_constant=str)


def _applied(text: str, value: Any, operation: Mapping[str, Any]) -> str | None:
    spans = locate_all(text, _pointers(value, operation))
    edit = _edit(_Text(text, value, spans), operation)
    if edit is not None:
        return with_edits(text, (edit,))
    if operation["op"] != "move":
        return None
    if operation["from"] == operation["path"]:
        return text
    # To another object: take the value out, then add it.
    without = apply_to_text(text, ({"op": "remove", "path": operation["from"]},))
    moved = {"op": "add", "path": operation["path"], "value": value_at(value, operation["from"])}
    return apply_to_text(without, (moved,))


def _rewritten(text: str, value: Any) -> str:
    indent = _INDENT.search(text)
    end = text[len(text.rstrip(_SPACE)):]
    return json.dumps(value, indent=indent[1] if indent else None, ensure_ascii=False,
                      allow_nan=False) + end


def _pointers(value: Any, operation: Mapping[str, Any]) -> Iterator[str]:
    """The places that an operation needs: its own, its neighbours' and the one around it."""
    for pointer in (operation["path"], operation.get("from")):
        if pointer is None:
            continue
        yield pointer
        if pointer:
            parent = pointer.rpartition("/")[0]
            yield parent
            yield from _ends(value, parent, pointer)


def _ends(value: Any, parent: str, pointer: str) -> Iterator[str]:
    """The first, second and last member of an object or list, or the element at an index."""
    try:
        holder, key = holder_of(value, pointer)
    except PatchError:
        return
    if isinstance(holder, list):
        yield from (join(parent, index) for index in {0, 1, key, len(holder) - 1} if index >= 0)
    else:
        yield from (join(parent, name) for name in (*_first_two(holder), *_last(holder)))


def _first_two(holder: Mapping[str, Any]) -> list[str]:
    return [name for name, _ in zip(holder, range(2), strict=False)]


def _last(holder: dict[str, Any]) -> list[str]:
    return [next(reversed(holder))] if holder else []


def _edit(document: _Text, operation: Mapping[str, Any]) -> Edit | None:
    """The edit of one operation; None where it has none, or its place is not in the text."""
    name, path = operation["op"], operation["path"]
    try:
        if name == "move":
            return _renamed(document, operation["from"], path)
        if name == "remove":
            return _removed(document, path)
        if name == "replace" or (name == "add" and not path):
            value_at(document.value, path)
            return _written(document, path, operation["value"])
        if name == "add":
            return _added(document, path, operation["value"])
    except (PatchError, KeyError):
        pass
    return None


def _added(document: _Text, path: str, value: Any) -> Edit:
    holder, key = holder_of(document.value, path)
    if isinstance(holder, list) or key not in holder:
        return _inserted(document, path, holder, key, value)
    return _written(document, path, value)


def _written(document: _Text, path: str, value: Any) -> Edit:
    start, end = document.spans[path].value
    return Edit(start, end, _dumped(document.text, start, value))


def _renamed(document: _Text, source: str, path: str) -> Edit | None:
    """A move inside one object to a key that it has not: only the key is written anew."""
    holder, key = holder_of(document.value, path)
    place = document.spans[source].key
    if source.rpartition("/")[0] != path.rpartition("/")[0] or place is None or key in holder:
        return None
    return Edit(*place, json.dumps(parts(path)[-1], ensure_ascii=False))


def _removed(document: _Text, path: str) -> Edit:
    """Takes a member out with one comma and the space in front of its neighbour."""
    holder_of(document.value, path)
    text, span = document.text, document.spans[path]
    start = span.key[0] if span.key else span.value[0]
    before, after = _back(text, start), _ahead(text, span.value[1])
    if text[after] == ",":
        return Edit(start, _ahead(text, after + 1), "")
    if text[before - 1] == ",":
        return Edit(before - 1, span.value[1], "")
    return Edit(before, after, "")


def _inserted(document: _Text, path: str, holder: Any, key: Any, value: Any) -> Edit:
    """A new member: last in an object, unless it says what the object is; at its index in a
    list."""
    text, parent = document.text, path.rpartition("/")[0]
    start, end = document.spans[parent].value
    if not holder:
        return _first_member(text, start, end, None if isinstance(holder, list) else key, value)
    names = list(range(len(holder))[:2]) if isinstance(holder, list) else _first_two(holder)
    starts = [_start(document.spans[join(parent, name)]) for name in names]
    if isinstance(holder, list):
        label, place = "", key
    else:
        first = document.spans[join(parent, names[0])]
        assert first.key is not None
        colon = text[first.key[1]:first.value[0]]
        label = json.dumps(key, ensure_ascii=False) + (": " if "\n" in colon else colon)
        place = 0 if key in _LEADING else len(holder)
    first_gap = text[_back(text, starts[0]):starts[0]]
    second_gap = text[_back(text, starts[1]):starts[1]] if len(starts) > 1 else None
    between = (first_gap if _breaks(first_gap) or second_gap is None else second_gap)
    if second_gap is None and not _breaks(first_gap):
        between = "" if label.endswith(":") else " "
    if place < len(holder):
        at = _start(document.spans[join(parent, key)]) if place else starts[0]
        return Edit(at, at, f"{label}{_dumped(text, at, value)},{between}")
    last = key - 1 if isinstance(holder, list) else _last(holder)[0]
    span = document.spans[join(parent, last)]
    if len(holder) > 1:
        between = text[_back(text, _start(span)):_start(span)]
    at = span.value[1]
    return Edit(at, at, f",{between}{label}{_dumped(text, _start(span), value)}")


def _first_member(text: str, start: int, end: int, key: str | None, value: Any) -> Edit:
    """The only member of what was empty: on one line, unless the brackets stand on two."""
    label = "" if key is None else json.dumps(key, ensure_ascii=False) + ": "
    inner, line = text[start + 1:end - 1], _margin(text, start)
    front = _break(text) + line + _unit(text) if _breaks(inner) else ""
    member = front + label + _dumped(text, start, value)
    return Edit(start, end, text[start] + member + (inner if front else "") + text[end - 1])


def _start(span: Span) -> int:
    return span.key[0] if span.key else span.value[0]


def _dumped(text: str, at: int, value: Any) -> str:
    """A value as JSON, on one line while it is short, else indented like its line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) <= _INLINE or not isinstance(value, dict | list):
        return line
    indented = json.dumps(value, ensure_ascii=False, indent=_unit(text))
    return indented.replace("\n", _break(text) + _margin(text, at))


def _unit(text: str) -> str:
    indent = _INDENT.search(text)
    return indent[1] if indent else "  "


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _breaks(gap: str) -> bool:
    return "\n" in gap or "\r" in gap


def _margin(text: str, at: int) -> str:
    """The white space in front of the line that holds the offset."""
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    end = start
    while end < at and text[end] in " \t":
        end += 1
    return text[start:end]


def _back(text: str, at: int) -> int:
    """The offset behind the last character in front of `at` that is no white space."""
    while at and text[at - 1] in _SPACE:
        at -= 1
    return at


def _ahead(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
