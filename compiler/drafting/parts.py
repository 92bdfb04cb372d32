"""The extractors of a draft: the samples' own columns, joined frames, contexts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..data.dtypes import INTEGER
from ..data.joins import compose
from ..data.preparation import PRIORITY, SPLIT
from ..text.pointer import join as below
from .columns import copies, telling, unfit
from .events import AGGREGATION, Events, events
from .facts import Columns, Facts, Rows
from .guesses import Guess, plain_name
from .labels import Label
from .links import Link, is_key, links
from .splits import sample_time

MOST_HOPS = 2
"""Joins in one chain."""

LABEL = "label"


@dataclass(frozen=True)
class Part:
    """One extractor that the network reads.

    Args:
        reads: its name, or that of an aggregation of it, in `input_frames`.
        frame: whose columns it takes.
        taken: those that it takes as they are; none for a context.
    """

    name: str
    extractor: Mapping[str, Any]
    reads: str
    guesses: tuple[Guess, ...]
    frame: str
    taken: tuple[str, ...] = ()

    def without(self, columns: Mapping[str, str]) -> Part | None:
        """The part without some of its columns, each with its reason; None where none is left."""
        left = tuple(name for name in self.taken if name not in columns)
        if not left or not columns:
            return None
        dropped = [*self.extractor.get("drop_columns", ()), *columns]
        extractor = {key: value for key, value in self.extractor.items() if key != "transformer"}
        return replace(
            self, taken=left,
            extractor={**extractor, "drop_columns": dropped,
                       "transformer": self.extractor["transformer"]},
            guesses=(*self.guesses, *_left_out(
                below("/extractors", self.name), self.frame, columns,
                len(dropped) - len(columns))))


def _left_out(place: str, frame: str, columns: Mapping[str, str], first: int = 0) -> list[Guess]:
    return [Guess(f"{place}/drop_columns/{number}", f"leave out {frame}.{column}", reason)
            for number, (column, reason) in enumerate(columns.items(), first)]


@dataclass
class Parts:
    """The extractors so far, and what was guessed about frames that give none."""

    columns: Columns
    index_frame: str
    label: Label
    parts: list[Part] = field(default_factory=list)
    unused: list[Guess] = field(default_factory=list)

    def find(self) -> None:
        """Raises BundleError for damaged pages."""
        index_frame = self.index_frame
        every = np.arange(self.columns.bundle.rows(index_frame))
        chains = self._chains()
        looked_up = {link.columns[0] for chain in chains for link in chain
                     if link.left == index_frame and len(link.columns) == 1
                     and self.columns.of(index_frame, link.columns[0]).kind == INTEGER}
        hidden = {SPLIT, PRIORITY, self.label.facts.name}
        own = self._plain(index_frame, (), every, hidden, looked_up)
        joined = {link.frame for chain in chains for link in chain}
        for chain in chains:
            rows = every
            for link in chain:
                rows = compose(rows, link.rows)
            self._plain(chain[-1].frame, chain, rows, set(), set())
        time = sample_time(self.columns, index_frame)
        for frame in self.columns.bundle.frames:
            if frame != index_frame and frame not in joined:
                self._context(frame, time, own)

    def _chains(self) -> list[tuple[Link, ...]]:
        """The chains of joins: every way in one step, and the best way in two to the others."""
        others = [frame for frame in self.columns.bundle.frames if frame != self.index_frame]
        found: list[tuple[Link, ...]] = []
        ends: list[tuple[Link, ...]] = [()]
        for hop in range(MOST_HOPS):
            new: list[tuple[Link, ...]] = []
            reached = {link.frame for chain in found for link in chain}
            for frame in others:
                ways = [(*chain, link) for chain in ends if frame not in reached
                        for link in links(self.columns, chain[-1].frame if chain
                                          else self.index_frame, frame)]
                # In two steps one way is enough: more would say nearly the same again.
                new += ways if hop == 0 else sorted(ways, key=lambda way: -way[-1].share)[:1]
            found += new
            ends = new
        return found

    def _plain(self, frame: str, chain: Sequence[Link], rows: Rows, hidden: set[str],
               looked_up: set[str]) -> set[str]:
        """The extractor over one frame; the columns that it takes."""
        facts = [entry for entry in self.columns.features(frame) if entry.name not in hidden]
        dropped = dict(self._dropped(facts, rows, looked_up))
        taken = {entry.name for entry in facts} - set(dropped)
        by = ", ".join(chain[0].columns) if chain else ""
        if not taken:
            every = "; ".join(f"{name}: {reason}" for name, reason in list(dropped.items())[:3])
            self.unused.append(Guess("", f"take no column of {frame}",
                                     f"none of its columns is left ({every})" if dropped
                                     else "it has no columns but those that are used otherwise"))
            return taken
        twins = sum(part.name == plain_name(frame, ()) for part in self.parts)
        name = self._name(f"{frame} by {by}" if twins else frame)
        place = below("/extractors", name)
        extractor: dict[str, Any] = {"type": "plain"}
        guesses = []
        if chain:
            extractor["joins"] = [link.join for link in chain]
            way = " > ".join(f"{link.frame} by {', '.join(link.columns)}" for link in chain)
            guesses.append(Guess(place, f"join {way}",
                                 "; ".join(link.reason for link in chain)))
        else:
            guesses.append(Guess(place, f"take {len(taken)} columns of {frame}",
                                 "they stand in the rows of the samples"))
        if dropped:
            extractor["drop_columns"] = list(dropped)
            guesses += _left_out(place, frame, dropped)
        extractor["transformer"] = {"type": "auto"}
        self.parts.append(Part(name, extractor, name, tuple(guesses), frame,
                               tuple(entry.name for entry in facts if entry.name in taken)))
        return taken

    def _dropped(self, facts: Sequence[Facts], rows: Rows,
                 looked_up: set[str]) -> Iterator[tuple[str, str]]:
        """Columns to leave out and why, in the order of the frame."""
        label = self.label
        every = np.arange(len(label.facts.present))
        kept: list[Facts] = []
        why: dict[str, str] = {}
        for entry in facts:
            reason = unfit(entry)
            if reason is None and entry.name in looked_up:
                reason = "it is a number that names a row of another frame"
            if reason is None:
                reason = telling(entry, rows, label.facts, every, label.task != "regression")
            if reason is None:
                kept.append(entry)
            else:
                why[entry.name] = reason
        why.update(copies(kept))
        yield from ((entry.name, why[entry.name]) for entry in facts if entry.name in why)

    def _context(self, frame: str, time: Facts | None, own: set[str]) -> None:
        key = self.columns.bundle.key(frame)
        found: Events | str
        if not self.columns.bundle.rows(frame):
            found = "it has no rows"
        elif key and is_key(self.columns, frame, key):
            found = "no column has values of its key"
        else:
            found = events(self.columns, self.index_frame, frame, time, own)
        if isinstance(found, str):
            self.unused.append(Guess("", f"leave out the frame {frame}", found))
            return
        name = self._name(f"{frame} recent")
        self.parts.append(Part(name, found.extractor, f"{name}.{AGGREGATION}", (
            Guess(below("/extractors", name), f"look back into {frame} by {found.on}",
                  found.reason),), frame))

    def _name(self, text: str) -> str:
        return plain_name(text, {LABEL, *(part.name for part in self.parts)})
