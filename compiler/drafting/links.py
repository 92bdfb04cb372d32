"""Which frames can be joined: values of one column that are found in another frame's key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..data.dtypes import DATETIME, INTEGER, STRING
from ..data.joins import comparable, duplicates, match
from .facts import Columns, Facts, Rows
from .guesses import percent

LEAST_SHARE = 0.5
"""The share of values that must be found in a key."""

_MOST_LINKS = 4
"""Ways to join one frame that a draft takes up."""

_TRIED = 3
"""Columns that are tried for each column of a key of several."""

_APART = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, eq=False)
class Link:
    """A join that looks right.

    Args:
        left, columns: the frame that looks up, and its columns.
        frame, key: the frame that is joined, and its key columns.
        declared: whether the bundle names this key.
        rows: the row of `frame` for each row of `left`, -1 for none, `[rows of left]`.
    """

    left: str
    columns: tuple[str, ...]
    frame: str
    key: tuple[str, ...]
    declared: bool
    rows: Rows

    @property
    def share(self) -> float:
        """The share of rows that find one."""
        return float(np.mean(self.rows >= 0)) if len(self.rows) else 0.0

    @property
    def join(self) -> dict[str, object]:
        """The join as a spec writes it."""
        if not self.declared:
            return {"frame": self.frame, "on": dict(zip(self.columns, self.key, strict=True))}
        return {"frame": self.frame,
                "on": self.columns[0] if len(self.columns) == 1 else list(self.columns)}

    @property
    def reason(self) -> str:
        """How much was found."""
        which = "this pair is" if len(self.columns) == 2 else "these are" \
            if len(self.columns) > 2 else "its value is"
        return (f"in {percent(self.share)} of the rows of {self.left} {which} a key of "
                f"{self.frame}")


def is_key(columns: Columns, frame: str, key: Sequence[str]) -> bool:
    """Whether columns can be a key of a frame: no two rows share their values."""
    facts = [columns.of(frame, name) for name in key]
    if not facts or not all(entry.is_plain for entry in facts):
        return False
    return all(comparable(entry.type, entry.type) for entry in facts) \
        and not duplicates([entry.stored for entry in facts])[0]


def links(columns: Columns, left: str, frame: str) -> list[Link]:
    """The ways to look up rows of `frame` from rows of `left`, the best first."""
    declared = columns.bundle.key(frame)
    if not columns.bundle.rows(frame) or not columns.bundle.rows(left):
        return []
    if declared:
        found = list(_by_key(columns, left, frame, declared)) \
            if is_key(columns, frame, declared) else []
    else:
        found = [link for facts in columns.all(frame)
                 if facts.kind in (STRING, INTEGER) and not facts.nulls
                 and facts.distinct == len(facts.present) > 1
                 for link in _by_key(columns, left, frame, (facts.name,))
                 if _related(link.columns[0], facts.name, frame)]
    found.sort(key=lambda link: (-len(link.key), -link.share))
    return found[:_MOST_LINKS]


def _by_key(columns: Columns, left: str, frame: str, key: tuple[str, ...]) -> Iterator[Link]:
    keys = [columns.of(frame, name) for name in key]
    declared = columns.bundle.key(frame) == key
    candidates = [[facts for facts in columns.all(left) if _fits(facts, wanted, frame, len(key))]
                  for wanted in keys]
    if len(key) == 1:
        chosen: list[tuple[Facts, ...]] = [(facts,) for facts in candidates[0]]
    else:
        ranked = [sorted(some, key=lambda facts, name=name: (  # type: ignore[misc]
            facts.name != name, not _related(facts.name, name, frame)))[:_TRIED]
            for some, name in zip(candidates, key, strict=True)]
        chosen = [pick for pick in product(*ranked) if len({one.name for one in pick}) == len(key)]
    found = [
        Link(left, tuple(facts.name for facts in pick), frame, key, declared,
             match([facts.stored for facts in pick], [facts.stored for facts in keys]))
        for pick in chosen
    ]
    found = [link for link in found if link.share >= LEAST_SHARE or (
        len(key) == 1 and link.share > 0)]
    if len(key) > 1:
        found.sort(key=lambda link: (-_named_alike(link), -link.share))
        found = found[:1]
    yield from found


def _named_alike(link: Link) -> int:
    return sum(column == name for column, name in zip(link.columns, link.key, strict=True))


def _fits(facts: Facts, key: Facts, frame: str, columns: int) -> bool:
    """Whether values of a column are found in one column of a key.

    Text that is found there is no accident. A number is found in many a key by accident, so
    the names have to be related, or the column has to reach most of the key.
    """
    if not facts.is_plain or not comparable(facts.type, key.type) or not facts.distinct:
        return False
    hits = match([facts.values], [key.values])
    found = int(np.count_nonzero(hits >= 0))
    if found < LEAST_SHARE * facts.distinct:
        return False
    if _related(facts.name, key.name, frame):
        return True
    if facts.kind == STRING:
        return found > 1
    # Of several columns, a time or a place may well be called differently on both sides.
    by_reach = facts.kind in (INTEGER, DATETIME) and columns == 1
    return by_reach and found >= LEAST_SHARE * key.distinct and found > _MOST_LINKS


def _related(column: str, key: str, frame: str) -> bool:
    """Whether a column is called like a key, or like the frame: `shop_id` for `shops.id`."""
    here, there, of = (_APART.sub("", name.lower()) for name in (column, key, frame))
    if not here or not there:
        return column == key
    one_of = of.removesuffix("s")
    return (here == there or here.endswith(there) or there.endswith(here)
            or (len(one_of) > 2 and one_of in here))
