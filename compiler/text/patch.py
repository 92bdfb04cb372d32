"""JSON Patches (RFC 6902) on values: add, remove, replace, move."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from ..diagnostics.diagnostic import Patch
from .pointer import inside, parts


class PatchError(ValueError):
    """An operation that cannot be carried out on the value it was given."""


def apply_to_value(value: Any, patch: Patch) -> Any:
    """The value after the operations, in order; the value given is left as it was.

    Raises PatchError for a place that is not there, and for other operations.
    """
    return apply_in_place(copy.deepcopy(value), patch)


def apply_in_place(root: Any, patch: Patch) -> Any:
    """Carries the operations out on `root` itself, and gives the new root."""
    for operation in patch:
        name, path = operation["op"], operation["path"]
        if name == "move":
            source = operation["from"]
            if path == source:
                value_at(root, path)
                continue
            if inside(path, source):
                raise PatchError(f"cannot move {source!r} into itself")
            value = value_at(root, source)
            root = _removed(root, source)
            root = _added(root, path, value)
        elif name == "add":
            root = _added(root, path, copy.deepcopy(operation["value"]))
        elif name == "replace":
            root = _replaced(root, path, copy.deepcopy(operation["value"]))
        elif name == "remove":
            root = _removed(root, path)
        else:
            raise PatchError(f"not an operation of a fix: {name!r}")
    return root


def value_at(root: Any, pointer: str) -> Any:
    """The value at a pointer. Raises PatchError where there is none."""
    return _walked(root, pointer, _tokens(pointer))


def holder_of(root: Any, pointer: str) -> tuple[Any, Any]:
    """The object or list around a pointer, and the key or index in it.

    The key need not be there; an index is at most one past the end, which `-` stands for.
    Raises PatchError.
    """
    if not pointer:
        raise PatchError("nothing is around the whole document")
    *path, last = _tokens(pointer)
    holder = _walked(root, pointer, path)
    if isinstance(holder, dict):
        return holder, last
    if not isinstance(holder, list):
        raise PatchError(f"{pointer!r} is inside neither an object nor a list")
    index = len(holder) if last == "-" else _index(last, pointer)
    if index > len(holder):
        raise PatchError(f"the list around {pointer!r} has {len(holder)} elements")
    return holder, index


def _walked(value: Any, pointer: str, tokens: Iterable[str]) -> Any:
    for token in tokens:
        try:
            value = value[_index(token, pointer) if isinstance(value, list) else token]
        except (KeyError, IndexError, TypeError):
            raise PatchError(f"nothing is at {pointer!r}") from None
    return value


def _tokens(pointer: str) -> tuple[str, ...]:
    try:
        return parts(pointer)
    except ValueError as error:
        raise PatchError(str(error)) from None


def _index(token: str, pointer: str) -> int:
    if not (token.isascii() and token.isdigit()) or (token[0] == "0" and token != "0"):
        raise PatchError(f"{token!r} in {pointer!r} is no index of a list")
    return int(token)


def _added(root: Any, pointer: str, value: Any) -> Any:
    if not pointer:
        return value
    holder, key = holder_of(root, pointer)
    if isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder[key] = value
    return root


def _replaced(root: Any, pointer: str, value: Any) -> Any:
    value_at(root, pointer)
    if not pointer:
        return value
    holder, key = holder_of(root, pointer)
    holder[key] = value
    return root


def _removed(root: Any, pointer: str) -> Any:
    value_at(root, pointer)
    holder, key = holder_of(root, pointer)
    del holder[key]
    return root
