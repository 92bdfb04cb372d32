"""Values given beside the text of a spec, as by `--set /training/epochs=3`."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..diagnostics.codes import BAD_OVERRIDE
from ..diagnostics.diagnostic import Diagnostic, Result
from ..passes.parse import MAX_DEPTH, first_too_deep, parse
from ..stages import Document, Source
from .pointer import parts, pointer_of

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_APPEND = "-"


class _Refusal(Exception):
    """Why an override cannot be carried out; never leaves this module."""


def apply_overrides(document: Document, overrides: Sequence[str]) -> Result[Document]:
    """The document with each `pointer=value` carried out, in order. Reports SC009.

    A value that is not JSON is a string. Missing objects on the way are made; an index of a
    list must exist, or be `-` for a new element. The document given is left as it was; the
    pointers of the new values stand in `source.overridden` of the result.
    """
    value = copy.deepcopy(document.value)
    pointers, found = set(document.source.overridden), []
    for override in overrides:
        pointer, equals, text = override.partition("=")
        try:
            if not equals:
                raise _Refusal("there is no = and no value")
            pointers.add(_set(value, _tokens(pointer), text))
        except _Refusal as refusal:
            found.append(_refused(pointer, str(refusal)))
    if found:
        return Result(None, tuple(found))
    source = replace(document.source, overridden=frozenset(pointers))
    return Result(Document(source, value, document.holes))


def _refused(pointer: str, reason: str) -> Diagnostic:
    return BAD_OVERRIDE.at(place=pointer or "the whole spec", reason=reason)


def _tokens(pointer: str) -> tuple[str, ...]:
    if not pointer:
        raise _Refusal("it is replaced by another file, not by an override")
    try:
        tokens = parts(pointer)
    except ValueError:
        raise _Refusal("a JSON Pointer starts with / and has ~ only in ~0 and ~1") from None
    if len(tokens) > MAX_DEPTH:
        raise _Refusal(f"nested deeper than {MAX_DEPTH} levels")
    if not pointer.isascii() and re.search("[\ud800-\udfff]", pointer):
        raise _Refusal("the pointer is not valid text")
    return tokens


def _json_or_string(text: str, levels: int) -> Any:
    """The value of JSON text with at most so many levels, or other text as a string."""
    result = parse(Source("--set", text))
    if result.diagnostics or result.stage is None:
        (first, *_) = result.diagnostics
        if first.code != "SC003":
            raise _Refusal(first.message)
        if re.search("[\ud800-\udfff]", text):
            raise _Refusal("the value is not valid text")
        return text
    if first_too_deep(text, levels) is not None:
        raise _Refusal(f"nested deeper than {MAX_DEPTH} levels")
    return result.stage.value


def _set(root: Any, tokens: tuple[str, ...], text: str) -> str:
    """Puts the value into its place, and gives the pointer of that place."""
    value = _json_or_string(text, MAX_DEPTH - len(tokens))
    holder, path = root, list[str | int]()
    for depth, token in enumerate(tokens):
        last = depth == len(tokens) - 1
        key = _key(holder, token, pointer_of(path))
        path.append(key)
        if isinstance(holder, list) and key == len(holder):
            holder.append(value if last else {})
        elif last:
            holder[key] = value
        elif isinstance(holder, dict):
            holder.setdefault(key, {})
        holder = holder[key]
    return pointer_of(path)


def _key(holder: Any, token: str, place: str) -> Any:
    """What `token` is in an object or list: a key, or an index that may stand one past the end."""
    if isinstance(holder, dict):
        return token
    if not isinstance(holder, list):
        raise _Refusal(f"{place or 'the spec'} is neither an object nor a list")
    if token == _APPEND:
        return len(holder)
    if not _INDEX.fullmatch(token) or int(token) >= len(holder):
        raise _Refusal(f"{place or 'the spec'} has {len(holder)} elements; "
                       f"count from 0, or add one with {_APPEND}")
    return int(token)
