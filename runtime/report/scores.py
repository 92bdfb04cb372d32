"""The metrics of each split as a table: value, interval, baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import series
from .input import ReportInput
from .style import SPLIT_COLOURS
from .text import MISSING, count, is_number, mapping, name, number, table

LIMIT = 200
"""Splits, and measures of one, that the page shows."""

BASELINES = ("constant", "linear")


def score_tables(report: ReportInput) -> str:
    """One table for each evaluated split, and what the columns mean."""
    cards = [_card(report, split, place)
             for place, split in enumerate(series.splits(report)) if report.metrics.get(split)]
    if not cards:
        return ""
    return f'<div class="splits">{"".join(cards[:LIMIT])}</div>\n{_legend(report)}'


def arrow(report: ReportInput, metric: str) -> str:
    """Which way a measure gets better, as a mark; nothing where that is not known."""
    direction = direction_of(report.directions, metric)
    if direction not in ("higher", "lower"):
        return ""
    glyph = "↑" if direction == "higher" else "↓"
    return f'<abbr title="{direction} is better">{glyph}</abbr>'


def direction_of(directions: Mapping[str, Any], metric: str) -> str | None:
    """`higher` or `lower`; every loss is better when it is lower."""
    found: str | None = directions.get(metric, "lower" if metric == series.LOSS else None)
    return found


def swatch(place: int) -> str:
    """The colour of a split."""
    return f'<span class="swatch" style="color:var(--split-{place % SPLIT_COLOURS})"></span>'


def span(interval: Any) -> str:
    """An interval as text; a dash where there is none."""
    low, high = (interval.get(end) if isinstance(interval, Mapping) else None
                 for end in ("low", "high"))
    return f"{number(low)} to {number(high)}" if is_number(low) and is_number(high) else MISSING


def _card(report: ReportInput, split: str, place: int) -> str:
    samples = mapping(mapping(report.plan, "data"), "splits").get(split)
    size = f"<small>{count(samples)} samples</small>" if is_number(samples) else ""
    shown = [each for each in BASELINES if mapping(mapping(
        report.baselines, each), "splits").get(split)]
    intervals = mapping(report.intervals, split)
    head = ("", "", *shown)
    rows = []
    for metric, value in list(report.metrics[split].items())[:LIMIT]:
        sure = f"<br><small>{span(intervals.get(metric))}</small>" if intervals else ""
        rows.append((f"{name(metric)} {arrow(report, metric)}", f"<b>{number(value)}</b>{sure}",
                     *(_beside(report, each, split, metric, value) for each in shown)))
    lead = " lead" if split == "test" else ""
    body = table(head if len(head) > 2 else (), rows, set(range(1, len(head))),
                 f"{swatch(place)}{name(split)} {size}")
    return f'<div class="split{lead}">{body}</div>'


def _beside(report: ReportInput, baseline: str, split: str, metric: str, value: Any) -> str:
    """What a baseline gets; marked where the network is no better."""
    own = mapping(mapping(mapping(report.baselines, baseline), "splits"), split).get(metric)
    direction = direction_of(report.directions, metric)
    if not is_number(own) or not is_number(value) or direction is None:
        return number(own)
    ahead = own >= value if direction == "higher" else own <= value
    if not ahead:
        return number(own)
    return f'<span class="flag" title="the network is no better">{number(own)} !</span>'


def _legend(report: ReportInput) -> str:
    told = []
    if report.intervals:
        told.append("Below a value: within what 95 % of the values lie that it takes when samples "
                    "are drawn again.")
    if mapping(mapping(report.baselines, "constant"), "splits"):
        told.append("Constant: the mean, or the frequencies, of the training labels.")
    linear = mapping(report.baselines, "linear")
    if mapping(linear, "splits"):
        told.append("Linear: a logistic or ridge regression on the encoded columns.")
    if isinstance(linear.get("reason"), str):
        told.append(f"Linear baseline: {name(linear['reason'], 300)}.")
    return f'<p class="muted small">{" ".join(told)}</p>\n' if told else ""
