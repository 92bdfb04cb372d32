"""What differs in two specs, as changes for people and as a patch for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..diagnostics.diagnostic import Patch
from ..text.patch import value_at
from ..text.pointer import join
from .alignment import aligned
from .canonical import as_text
from .renames import EXTRACTORS, renamed, renaming
from .sections import DATA, NAMES, SECTIONS, draws_data, reads_label, sections_of

Kind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class Change:
    """One place where two specs mean different things.

    Args:
        before: its pointer in the first spec; None for what was added.
        after: its pointer in the second spec; None for what was removed.
        old: the value there in the first spec, with its defaults; None for what was added or
            moved.
        new: that in the second spec; None for what was removed or moved.
        sections: what changes with it, of `data`, `network`, `training`, or `names` alone.
    """

    kind: Kind
    before: str | None
    after: str | None
    old: Any = None
    new: Any = None
    sections: tuple[str, ...] = ()

    @property
    def pointer(self) -> str:
        """The place in the second spec, of what was removed in the first."""
        place = self.before if self.after is None else self.after
        assert place is not None
        return place


@dataclass(frozen=True)
class Comparison:
    """Two specs in their canonical forms, and what differs.

    Args:
        first: with defaults written out; see `canonical`.
        second: the same.
        changes: those of the data first, then network, training and names; in each in the order
            of the spec.
        patch: what makes `second` of `first` (RFC 6902).
    """

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    changes: tuple[Change, ...]
    patch: Patch = ()

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections that change, in the order of the work."""
        found = {section for change in self.changes for section in change.sections}
        return tuple(section for section in SECTIONS if section in found)


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> Comparison:
    """What differs in two canonical specs.

    An extractor that has another name, and is the same in everything else, is `moved`; the
    places that read it are no changes of their own. Objects of different `type` are one change;
    elements of lists are paired as `aligned` says.
    """
    names = renamed(first, second)
    patch, like_second = renaming(first, names)
    by_name = reads_label(first) or reads_label(second)
    walk = _Walk(draws_data(first) or draws_data(second))
    # The folds of the label are drawn by the name of its extractor.
    walk.changes += [
        Change("moved", join(EXTRACTORS, old), join(EXTRACTORS, new),
               sections=(DATA,) if by_name and old in _labels(first) else (NAMES,))
        for old, new in names.items()
    ]
    walk.compare(like_second, second, "", "")
    ordered = sorted(walk.changes, key=lambda change: SECTIONS.index(change.sections[0]))
    return Comparison(first, second, tuple(_as_it_was(change, first) for change in ordered),
                      (*patch, *walk.patch))


def _as_it_was(change: Change, first: Mapping[str, Any]) -> Change:
    """A change with its old value by the names of the first spec."""
    if change.before is None or change.kind == "moved":
        return change
    return replace(change, old=value_at(first, change.before))


def _labels(spec: Mapping[str, Any]) -> set[str]:
    heads = (spec.get("heads") or {}).values()
    return {spec["label"]} if "label" in spec else {head["label"] for head in heads}


@dataclass
class _Walk:
    """Goes through two values side by side.

    Operations on what stands inside of an element come before those that shift it, so that
    pointers of the first spec hold throughout.
    """

    draws: bool
    changes: list[Change] = field(default_factory=list)
    patch: list[Mapping[str, Any]] = field(default_factory=list)

    def compare(self, old: Any, new: Any, before: str, after: str) -> None:
        if as_text(old) == as_text(new):
            return
        if isinstance(old, dict) and isinstance(new, dict) and not _other_type(old, new):
            self._objects(old, new, before, after)
        elif isinstance(old, list) and isinstance(new, list):
            self._lists(old, new, before, after)
        else:
            self._note("changed", before, after, new)
            self.patch.append({"op": "replace", "path": before, "value": new})

    def _objects(self, old: Mapping[str, Any], new: Mapping[str, Any], before: str,
                 after: str) -> None:
        for key in {**old, **new}:
            here, there = join(before, key), join(after, key)
            if key not in new:
                self._note("removed", here, None)
                self.patch.append({"op": "remove", "path": here})
            elif key not in old:
                self._note("added", None, there, new=new[key])
                self.patch.append({"op": "add", "path": here, "value": new[key]})
            else:
                self.compare(old[key], new[key], here, there)

    def _lists(self, old: list[Any], new: list[Any], before: str, after: str) -> None:
        removed: list[Mapping[str, Any]] = []
        added: list[Mapping[str, Any]] = []
        for place, other in aligned(old, new):
            if place is not None and other is not None:
                self.compare(old[place], new[other], join(before, place), join(after, other))
            elif place is not None:
                self._note("removed", join(before, place), None)
                removed.insert(0, {"op": "remove", "path": join(before, place)})
            elif other is not None:
                self._note("added", None, join(after, other), new=new[other])
                added.append({"op": "add", "path": join(before, other), "value": new[other]})
        self.patch += [*removed, *added]

    def _note(self, kind: Kind, before: str | None, after: str | None,
              new: Any = None) -> None:
        found = {section for place in (before, after) if place is not None
                 for section in sections_of(place, self.draws)}
        sections = tuple(section for section in SECTIONS if section in found)
        self.changes.append(Change(kind, before, after, new=new, sections=sections))


def _other_type(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two objects have types that differ; a free name may be `type` too."""
    kinds = old.get("type"), new.get("type")
    return all(isinstance(kind, str) for kind in kinds) and kinds[0] != kinds[1]
