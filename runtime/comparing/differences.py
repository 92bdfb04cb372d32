"""The metrics of runs against those of the first, each difference with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from ...compiler.network.early_stopping import LOSS
from ...compiler.seeds import derive_seed
from ..assessment.resampling import Measured, percentile_interval
from ..finished.folder import FinishedRun
from ..finished.told import Told, of_split, read_predictions, told
from ..metrics import directions_of
from .pairing import metric_nodes, paired_figure, same_rows
from .sameness import incomparable

How = Literal["paired", "unpaired"]


@dataclass(frozen=True)
class MetricDifference:
    """What one measure of one split is in a run, less what it is in the first run.

    Args:
        run: the place of the run among those compared.
        value, first: those of the run and of the first; None where one is not defined.
        difference: `value - first`; None without both.
        low, high: its interval; None where neither way gives one.
        how: `paired`: both runs drawn on the same rows; `unpaired`: from the interval of each.
        noise: whether the interval holds 0; None without one.
        better: whether the run is better than the first; None where they are equal or nothing
            tells which way is better.
        why: why it is not paired, or why the two are not the same thing: then there is neither
            an interval nor a better one.
    """

    run: int
    split: str
    measure: str
    first: float | None
    value: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    how: How | None = None
    noise: bool | None = None
    better: bool | None = None
    why: str | None = None


@dataclass(frozen=True, eq=False)
class _Predictions:
    """What is read of the predictions of a run, split by split."""

    run: FinishedRun
    table: pa.Table | None

    def of(self, split: str) -> Mapping[str, Told]:
        return {} if self.table is None else told(self.run, self.table, split)

    def rows(self, split: str) -> pa.Table | None:
        return None if self.table is None else of_split(self.table, split)


def differences(runs: Sequence[FinishedRun]) -> tuple[MetricDifference, ...]:
    """Each measure that the first run and another one have on a split of one name.

    Raises DamagedRun (SC526).
    """
    tables = [_Predictions(run, read_predictions(run)) for run in runs]
    found: list[MetricDifference] = []
    for place in range(1, len(runs)):
        found += _against(place, tables[0], tables[place])
    return tuple(found)


def direction(runs: Sequence[FinishedRun], measure: str) -> str | None:
    """`higher` or `lower`, whichever is better; None where no run tells."""
    if measure == LOSS:
        return "lower"
    known: dict[str, Any] = {}
    for run in reversed(runs):
        if run.graph is not None:
            known |= directions_of(run.graph)
    return known.get(measure)


def _against(place: int, first: _Predictions, other: _Predictions) -> Iterator[MetricDifference]:
    for split, measures in first.run.splits.items():
        theirs = other.run.splits.get(split)
        if theirs is None:
            continue
        said, reason = _said(first, other, split)
        for measure, old in measures.items():
            if measure in theirs:
                yield _one(place, first.run, other.run, split, measure, said, reason,
                           old, theirs[measure])


def _said(first: _Predictions, other: _Predictions, split: str) -> tuple[
        tuple[Mapping[str, Told], Mapping[str, Told]] | None, str | None]:
    """What both runs say of the same rows, in one order; else why they cannot be paired."""
    ours, theirs = first.rows(split), other.rows(split)
    if ours is None or theirs is None:
        return None, "a run has no predictions"
    same, reason = same_rows(ours, theirs)
    if reason is not None or same is None:
        return None, reason
    there = other.of(split)
    return (first.of(split), {
        head: Told(each.task, each.said.at(same), each.classes, each.scored)
        for head, each in there.items()}), None


def _one(place: int, first: FinishedRun, other: FinishedRun, split: str, measure: str,
         said: tuple[Mapping[str, Told], Mapping[str, Told]] | None, reason: str | None,
         old: float | None, new: float | None) -> MetricDifference:
    if old is None or new is None:
        return MetricDifference(place, split, measure, old, new, None)
    other_thing = incomparable(first, other, measure)
    if other_thing is not None:
        return MetricDifference(place, split, measure, old, new, new - old, why=other_thing)
    interval, how = None, None
    if said is not None:
        interval, reason = _paired(first, other, split, measure, said, old, new)
        how = None if interval is None else "paired"
    if interval is None:
        interval = _unpaired(first, other, split, measure, new - old)
        how = None if interval is None else "unpaired"
    better = None
    way = direction((first, other), measure)
    if way is not None and old != new:
        better = (new > old) == (way == "higher")
    if interval is None:
        return MetricDifference(place, split, measure, old, new, new - old, better=better,
                                why=reason)
    low, high = interval
    return MetricDifference(
        place, split, measure, old, new, new - old, low, high,
        "paired" if how == "paired" else "unpaired", low <= 0 <= high, better,
        reason if how == "unpaired" else None)


def _paired(first: FinishedRun, other: FinishedRun, split: str, measure: str,
            said: tuple[Mapping[str, Told], Mapping[str, Told]], old: float, new: float) -> tuple[
                tuple[float, float] | None, str | None]:
    place = metric_nodes(first).get(measure)
    if place is None:
        return None, "the loss is not in the predictions" if measure.endswith(LOSS) \
            else "this version does not read the spec of a run"
    head, node = place
    if "query" in node.args:
        return None, "queries are not in the predictions"
    ours, theirs = said[0].get(head), said[1].get(head)
    if ours is None or theirs is None:
        return None, "the predictions cannot be read for this metric"
    seed = derive_seed(0, "/metrics", f"{measure} of {split} in pairs")
    figure = paired_figure(node, ours.said, theirs.said, old, new, seed)
    if figure is None:
        return None, "the predictions do not give the metric again"
    interval = percentile_interval(Measured(figure, new - old, len(ours.said.true)), seed)
    return (None, "the metric has no interval") if interval is None else \
        ((interval.low, interval.high), None)


def _unpaired(first: FinishedRun, other: FinishedRun, split: str, measure: str,
              difference: float) -> tuple[float, float] | None:
    """The difference of two figures of independent rows: their distances to the ends of their
    intervals add up as roots of sums of squares."""
    sides = [run.interval(split, measure) for run in (first, other)]
    if sides[0] is None or sides[1] is None:
        return None
    old, new = first.splits[split][measure], other.splits[split][measure]
    assert old is not None and new is not None
    down = math.hypot(new - sides[1]["low"], sides[0]["high"] - old)
    up = math.hypot(sides[1]["high"] - new, old - sides[0]["low"])
    return difference - down, difference + up
