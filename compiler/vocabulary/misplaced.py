"""Where a key belongs that stands in the wrong object of a spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..diagnostics.diagnostic import Patch
from ..text.pointer import pointer_of
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
    """

    path: Path
    absent: Mapping[str, Any] | None

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


class Homes:
    """The objects of a document by the keys that they may have and do not."""

    def __init__(self, judged: Judged) -> None:
        self._judged = judged
        self._taken: set[tuple[Path, str]] = set()
        self._lacking: dict[str, list[_Place]] = {}
        for place in _places(judged):
            for key in place.described.get("properties", {}):
                if key not in place.holder:
                    self._lacking.setdefault(key, []).append(place)

    def of(self, path: Path, value: Any) -> list[Home]:
        """The likeliest objects that the key at `path` belongs to; several when none is likelier.

        An object qualifies that takes the value, and that no other key was found to belong to.
        One that needs the key comes first, then the nearest, then one that is there.
        """
        key = path[-1]
        assert isinstance(key, str)
        if key == "type" or (key in _FREE_TEXT and self._is_typed(path[:-1])):
            return []
        places = [place for place in self._lacking.get(key, ())
                  if (place.path, key) not in self._taken and place.path[:len(path)] != path
                  and place.path != path[:-1]]
        takes = {id(inner): self._judged.accepts(inner, value)
                 for inner in {id(place.inner(key)): place.inner(key) for place in places}.values()}
        ranked = [(_rank(place, key, path[:-1]), place) for place in places
                  if takes[id(place.inner(key))]]
        if not ranked:
            return []
        best = min(rank for rank, _ in ranked)
        found = [Home(place.path, place.absent) for rank, place in ranked if rank == best]
        self._taken.add((found[0].path, key))
        return found

    def _is_typed(self, path: Path) -> bool:
        return "type" in self._judged.described(path, {}).get("properties", ())


@dataclass(frozen=True)
class _Place:
    """An object, what the schema says of it, and, if it is not there, its default."""

    path: Path
    described: Fragment
    holder: Mapping[str, Any]
    absent: Mapping[str, Any] | None = None

    def inner(self, key: str) -> Fragment:
        inner: Fragment = self.described["properties"][key]
        return inner


def _places(judged: Judged) -> Iterator[_Place]:
    for path, described, holder in objects(judged.schema, judged.value):
        yield _Place(path, described, holder)
        for name, inner in described.get("properties", {}).items():
            default = inner.get("default")
            if name not in holder and isinstance(default, dict):
                section = target(judged.schema["$defs"], inner, default)
                yield _Place((*path, name), section, default, default)


def _rank(place: _Place, key: str, around: Path) -> tuple[bool, int, bool]:
    """How likely a place is, the smallest first."""
    absent = place.absent is not None
    needed = not absent and key in place.described.get("required", ())
    return not needed, _distance(around, place.path), absent


def _distance(left: Path, right: Path) -> int:
    """Steps up and down between two objects; a list and its elements are one step."""
    shared = 0
    while shared < min(len(left), len(right)) and left[shared] == right[shared]:
        shared += 1
    steps = sum(isinstance(token, str) for token in (*left[shared:], *right[shared:]))
    siblings = shared < min(len(left), len(right)) and isinstance(left[shared], int)
    return steps + 2 * siblings
