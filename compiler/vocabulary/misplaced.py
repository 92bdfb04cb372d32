"""Where a key belongs that stands in the wrong object of a spec."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .diagnostic import Patch
from .pointer import pointer_of
from .schema_error import Judged
from .schema_walk import Fragment, Path, objects, target

_FREE_TEXT = ("name", "description")
"""Keys that people write anywhere, to say what an object is for."""


@dataclass(frozen=True)
class Home:
    """An object that a key may belong to.

    Args:
        path: of the object.
        absent: what to write there first, where the object is not in the document.
        rank: how likely it is, the smallest first.
    """

    path: Path
    absent: Mapping[str, Any] | None
    rank: tuple[bool, int, bool]

    @property
    def pointer(self) -> str:
        return pointer_of(self.path)

    def move(self, source: Path) -> Patch:
        """The patch that moves a key here."""
        there = {"op": "move", "from": pointer_of(source),
                 "path": pointer_of((*self.path, source[-1]))}
        if self.absent is None:
            return (there,)
        return {"op": "add", "path": self.pointer, "value": dict(self.absent)}, there


def homes(judged: Judged, path: Path, value: Any,
          taken: Collection[tuple[Path, str]] = ()) -> list[Home]:
    """The likeliest objects that the key at `path` belongs to; several when none is likelier.

    An object qualifies that has the key in its vocabulary, does not have it yet, and takes the
    value. One that needs the key comes first, then the nearest, then one that is there.

    Args:
        taken: places that other keys were found to belong to, each with its key.
    """
    key = path[-1]
    assert isinstance(key, str)
    if key == "type" or (key in _FREE_TEXT and _is_typed(judged, path[:-1])):
        return []
    found = [home for home in _homes(judged, path, key, value) if (home.path, key) not in taken]
    if not found:
        return []
    best = min(home.rank for home in found)
    return [home for home in found if home.rank == best]


def _is_typed(judged: Judged, path: Path) -> bool:
    return "type" in judged.described(path, {}).get("properties", ())


def _homes(judged: Judged, path: Path, key: str, value: Any) -> Iterator[Home]:
    for place, fragment, holder in objects(judged.schema, judged.value):
        if place[:len(path)] == path:
            continue
        if place != path[:-1] and _takes(judged, fragment, holder, key, value):
            needed = key in fragment.get("required", ())
            yield Home(place, None, (not needed, _distance(path[:-1], place), False))
        for name, inner in fragment.get("properties", {}).items():
            default = inner.get("default")
            if name in holder or not isinstance(default, dict):
                continue
            section = target(judged.schema["$defs"], inner, default)
            if _takes(judged, section, default, key, value):
                there = (*place, name)
                yield Home(there, default, (True, _distance(path[:-1], there), True))


def _takes(judged: Judged, fragment: Fragment, holder: Mapping[str, Any], key: str,
           value: Any) -> bool:
    inner = fragment.get("properties", {}).get(key)
    return inner is not None and key not in holder and judged.accepts(inner, value)


def _distance(left: Path, right: Path) -> int:
    """Steps up and down between two objects; a list and its elements are one step."""
    shared = 0
    while shared < min(len(left), len(right)) and left[shared] == right[shared]:
        shared += 1
    steps = sum(isinstance(token, str) for token in (*left[shared:], *right[shared:]))
    siblings = shared < min(len(left), len(right)) and isinstance(left[shared], int)
    return steps + 2 * siblings
