"""Frames of many rows for each sample, with times: what contexts are drafted for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.dtypes import DATETIME, INTEGER, STRING
from ..data.joins import comparable, match
from ..data.times import tick
from .columns import unfit
from .facts import Columns, Facts
from .guesses import percent
from .links import LEAST_SHARE

AGGREGATION = "recent"

_SIZE = 20
_MOST_COLUMNS = 20
_REPEATS = 2
"""Rows that each key has on average, at least."""


@dataclass(frozen=True)
class Events:
    """A context that looks right.

    Args:
        on: the column that samples and rows share.
        sample, row: the times that are compared.
        columns: what is taken of each row.
        share: of the samples whose value the frame has.
    """

    frame: str
    on: str
    sample: str
    row: str
    columns: tuple[str, ...]
    share: float

    @property
    def extractor(self) -> dict[str, Any]:
        """The context as a spec writes it."""
        return {
            "type": "context", "frame": self.frame, "on": self.on,
            "as_of": {"sample": self.sample, "row": self.row}, "size": _SIZE,
            "extractor": {"type": "plain", "take_columns": list(self.columns),
                          "transformer": {"type": "continuous"}},
            "aggregations": {AGGREGATION: {
                "type": "group_by", "functions": ["mean", "last", "count", "since_last"]}},
        }

    @property
    def reason(self) -> str:
        """Why it is a context."""
        return (f"{self.on!r} repeats in it, {percent(self.share)} of the samples have rows, and "
                f"only rows with {self.row!r} before {self.sample!r} are looked at")


def events(columns: Columns, index_frame: str, frame: str, time: Facts | None,
           used: Collection[str]) -> Events | str:
    """The context over a frame, or why there is none.

    Args:
        time: when a sample is.
        used: columns of the index frame that the draft takes as they are; the rows' columns of
            the same names would say the same again.
    """
    times = [facts for facts in columns.all(frame)
             if facts.kind == DATETIME and facts.distinct > 1]
    if not times:
        return "no column leads to its key, and it has no times"
    if time is None:
        return "its rows have times, and the samples have none to compare them with"
    times = [facts for facts in times if comparable(facts.type, time.type)]
    if not times:
        return "its times and those of the samples differ in their time zone"
    shared = [(facts, share) for facts in columns.all(frame)
              if (share := _share(columns, index_frame, facts)) >= LEAST_SHARE]
    if not shared:
        return "no column of the samples has the values of one of its own of the same name"
    # The most specific one: a plane rather than its airline.
    on, share = max(shared, key=lambda pair: pair[0].distinct)
    row = max(times, key=_latest)
    taken = [facts.name for facts in columns.features(frame)
             if facts.is_numeric and facts.name not in used and facts.name != on.name
             and unfit(facts) is None]
    if not taken:
        return "none of its columns is a number that says something new"
    return Events(frame, on.name, time.name, row.name, tuple(taken[:_MOST_COLUMNS]), share)


def _share(columns: Columns, index_frame: str, facts: Facts) -> float:
    """The share of samples whose value of the column of the same name is found; 0 where the
    column cannot lead to rows."""
    if facts.name not in columns.bundle.schema(index_frame).names \
            or facts.kind not in (STRING, INTEGER):
        return 0.0
    own = columns.of(index_frame, facts.name)
    repeats = facts.distinct * _REPEATS <= len(facts.present) - facts.nulls
    if not own.is_plain or not repeats or not comparable(own.type, facts.type) \
            or not len(own.present):
        return 0.0
    return float(np.mean(match([own.stored], [facts.values]) >= 0))


def _latest(facts: Facts) -> float:
    """The mean time: of several the last, so that no row is seen before it was whole."""
    return float(facts.numbers[facts.present].mean()) * tick(facts.type)
