"""Applies the certain fixes of diagnostics to the text of a spec."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..diagnostics.diagnostic import Diagnostic, Patch
from .patch import PatchError, apply_in_place
from .text_patch import Edit, apply_to_text, edits, with_edits

MAX_ROUNDS = 10
"""A repair can show a mistake that it hid; a chain longer than this goes in circles."""


def repair(text: str, find: Callable[[str], Iterable[Diagnostic]]) -> str:
    """The text after rounds of all fixes of its findings, until none is left.

    Text that is not JSON, or has a key twice, has no certain places and stays as it is.
    """
    for _ in range(MAX_ROUNDS):
        patches = [diagnostic.fix for diagnostic in find(text) if diagnostic.fix is not None]
        repaired = apply_all(text, patches)
        if repaired == text:
            break
        text = repaired
    return text


def apply_all(text: str, patches: Sequence[Patch]) -> str:
    """The text after all patches that do not touch one another; each is meant for `text`.

    Where none can be written beside another, the first that can be carried out is alone.
    """
    if not patches or not _is_certain(text):
        return text
    chosen = _apart(zip(patches, edits(text, patches), strict=True))
    if chosen:
        together = with_edits(text, (edit for _, edit in chosen))
        # From the end on, an index in a list still means the element that it meant.
        value = json.loads(text)
        for patch, _ in reversed(chosen):
            value = apply_in_place(value, patch)
        if _is(together, value):
            return together
    for patch in patches:
        try:
            return apply_to_text(text, patch)
        except PatchError:
            continue
    return text


def _is_certain(text: str) -> bool:
    """Whether each pointer means one place: the text is JSON, and no key stands twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            raise ValueError
        return members

    try:
        json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return False
    return True


def _is(text: str, value: object) -> bool:
    try:
        return bool(json.loads(text) == value)
    except ValueError:
        return False


def _apart(planned: Iterable[tuple[Patch, Edit | None]]) -> list[tuple[Patch, Edit]]:
    """The patches, in the order of the text, that touch neither a place nor text of another."""
    at, above = set[str](), set[str]()
    chosen = list[tuple[Patch, Edit]]()
    end = 0
    possible = [(patch, edit) for patch, edit in planned if edit is not None]
    for patch, edit in sorted(possible, key=lambda entry: (entry[1].start, entry[1].end)):
        places = {operation[key] for operation in patch for key in ("path", "from")
                  if key in operation}
        around = {parent for place in places for parent in _parents(place)}
        if edit.start >= end and not (places & at or places & above or around & at):
            chosen.append((patch, edit))
            at |= places
            above |= around
            end = edit.end
    return chosen


def _parents(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer
