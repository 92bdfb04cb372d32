"""Extractors that have another name in the other spec, and are the same in everything else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.heads import HEADS
from ..diagnostics.diagnostic import Patch
from ..text.patch import apply_to_value
from ..text.pointer import join, value_in
from .canonical import as_text

EXTRACTORS = "/extractors"
_READ_BY = ("frames", "input_frames")


def renamed(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, str]:
    """Name in the first -> name in the second, of extractors that one of the two alone has.

    Of several that are equal, the one that is read first is the one that is read first there.
    """
    before, after = _only(first, second), _only(second, first)
    return {
        old: new for text in before.keys() & after.keys()
        for old, new in zip(before[text], after[text], strict=False)
    }


def renaming(spec: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Patch, dict[str, Any]]:
    """What gives extractors other names, everywhere in a spec, and the spec with them."""
    moves = [{"op": "move", "from": join(EXTRACTORS, old), "path": join(EXTRACTORS, new)}
             for old, new in sorted(names.items())]
    replaced = []
    for pointer in mentions(spec):
        extractor, dot, aggregation = _split(value_in(spec, pointer), names)
        if extractor in names:
            replaced.append({"op": "replace", "path": pointer,
                             "value": names[extractor] + dot + aggregation})
    patch = (*moves, *replaced)
    return patch, apply_to_value(copy.deepcopy(dict(spec)), patch)


def _only(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, list[str]]:
    """Text of an extractor -> the names that it has in this spec alone, first read first."""
    extractors = spec["extractors"]
    alone = {name: "" for name in extractors if name not in other["extractors"]}
    if not alone:
        return {}
    read = [_split(value_in(spec, pointer), alone)[0] for pointer in mentions(spec)]
    ordered = dict.fromkeys([*(name for name in read if name in alone), *sorted(alone)])
    found: dict[str, list[str]] = {}
    for name in ordered:
        found.setdefault(as_text(extractors[name]), []).append(name)
    return found


def _split(read: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    """The extractor that a frame is of, and behind a dot its aggregation: the names of both may
    have dots of their own."""
    if read in names:
        return read, "", ""
    for name in names:
        if read.startswith(f"{name}."):
            return name, ".", read[len(name) + 1:]
    return read, "", ""


def mentions(spec: Mapping[str, Any]) -> Iterator[str]:
    """The pointer of every mention of an extractor."""
    if "label" in spec:
        yield "/label"
    yield from _mentions_in("/network", spec["network"])
    for name, head in (spec.get(HEADS) or {}).items():
        yield join("", HEADS, name, "label")
        yield from _mentions_in(join("", HEADS, name, "network"), head["network"])


def _mentions_in(pointer: str, value: Any) -> Iterator[str]:
    """The mentions in a network node and all below it."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from _mentions_in(join(pointer, index), element)
    elif isinstance(value, Mapping):
        for key, element in value.items():
            place = join(pointer, key)
            if key in _READ_BY and isinstance(element, list):
                yield from (join(place, index) for index in range(len(element)))
            else:
                yield from _mentions_in(place, element)
