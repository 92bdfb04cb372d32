"""The sections on what predictions show, what the inputs are worth and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import charts, series
from .input import Confusion, Judged, ReportInput
from .scores import swatch
from .text import (
    bar,
    count,
    is_number,
    mapping,
    milliseconds,
    name,
    number,
    percent,
    records,
    share,
    table,
)

SHOWN = 12
"""Splits and heads whose predictions are drawn."""

OPEN, LIMIT = 15, 500
"""Rows of a table that are shown, and those that are kept folded."""


def predictions(report: ReportInput) -> str:
    """Confusion or residuals, and calibration, of each evaluated split."""
    places = {split: place for place, split in enumerate(series.splits(report))}
    ordered = sorted(report.judged, key=lambda each: places.get(each.split, len(places)))
    parts = [_judged(each, places.get(each.split, 0), f"judged-{index}")
             for index, each in enumerate(ordered[:SHOWN])]
    return "".join(part for part in parts if part)


def _judged(found: Judged, place: int, key: str) -> str:
    title = f"{swatch(place)}{name(found.split)}"
    if found.head:
        title += f" · {name(found.head)}"
    if found.column:
        title += f" · label column {name(found.column)}"
    figures = []
    if found.confusion is not None:
        figures.append(_figure("Confusion", "rows are true, columns are said",
                               _confusion(found.confusion)))
    if found.calibration:
        figures.append(_figure("Calibration", "share that came true over the chance said; below, "
                               "samples", charts.reliability(found.calibration, place, key)
                               + _bins(found)))
    if found.residuals is not None and charts.drawable(found.residuals):
        figures.append(_figure("Said over true", "dashed: equal",
                               charts.scatter(found.residuals, place, f"{key}-scatter")))
        figures.append(_figure("Residuals", "said less true; samples",
                               charts.histogram(found.residuals, place, f"{key}-bars")))
    if found.coverage:
        rows = [(f"{level:g}", percent(covered)) for level, covered in found.coverage.items()]
        figures.append(_figure("Quantiles", "share of samples below",
                               table(("quantile", "below"), rows, {0, 1})))
    return f'<h3>{title}</h3><div class="curves">{"".join(figures)}</div>\n' if figures else ""


def _figure(title: str, legend: str, content: str) -> str:
    return (f'<figure><figcaption>{title}<div class="legend"><span>{legend}</span></div>'
            f"</figcaption>{content}</figure>\n")


def _confusion(found: Confusion) -> str:
    rows = []
    for label, counts in zip(found.classes, found.counts, strict=True):
        total = sum(counts)
        cells = (f'<span class="cell" style="--share:{share(value, total) or 0:.3f}">'
                 f"{count(value)}</span>" for value in counts)
        rows.append((f"<b>{name(label, 24)}</b>", *cells))
    head = ("", *(name(each, 24) for each in found.classes))
    return f'<div class="confusion">{table(head, rows, set(range(1, len(head))))}</div>'


def _bins(found: Judged) -> str:
    rows = [(number(each.said), number(each.came), count(each.count))
            for each in found.calibration]
    shown = table(("chance said", "came true", "samples"), rows, {0, 1, 2})
    return f"<details><summary>numbers</summary>{shown}</details>"


def importance(report: ReportInput) -> str:
    """What each frame and column is worth to the network."""
    found = report.importance
    shares = [entry for entry in records(found, "shares") if is_number(entry.get("worse"))]
    if not shares:
        return ""
    most = max((float(entry["worse"]) for entry in shares), default=0.0)
    measure = name(found.get("measure", "?"))
    frames = [entry for entry in shares if entry.get("column") is None]
    columns = [entry for entry in shares if entry.get("column") is not None]
    spread = any(is_number(entry.get("spread")) for entry in shares)
    text = (f"How much worse {measure} gets ({number(found.get('value'))} on "
            f"{count(found.get('rows'))} samples of {name(found.get('split', '?'))}) when the "
            "encoded values of one frame, or of one column, are shuffled among the samples. "
            "Columns that say the same hide each other.")
    if isinstance(found.get("reason"), str):
        text += f" {name(found['reason'], 300)}."
    return (
        f'<p class="muted small">{text}</p><div class="totals">'
        f"<div>{_shares('Frames', frames, most, spread)}</div>"
        f"<div>{_shares('Columns', columns, most, spread)}</div></div>\n"
    )


def _shares(title: str, entries: Sequence[Mapping[str, Any]], most: float, spread: bool) -> str:
    if not entries:
        return ""
    rows = []
    for entry in entries[:LIMIT]:
        label = name(entry.get("frame", "?"))
        if entry.get("column") is not None:
            label = f'{name(entry["column"])} <small class="muted">{label}</small>'
        wide = f"± {number(entry.get('spread'))}" if spread else ""
        rows.append((label, bar(share(entry["worse"], most)), number(entry["worse"]),
                     f"<small>{wide}</small>"))
    return _folded(title, rows, {2, 3})


def _folded(title: str, rows: Sequence[Sequence[str]], numeric: set[int]) -> str:
    shown = table((), rows[:OPEN], numeric, title)
    if len(rows) <= OPEN:
        return shown
    rest = table((), rows[OPEN:], numeric)
    return f"{shown}<details><summary>{count(len(rows) - OPEN)} more</summary>{rest}</details>"


def timing(report: ReportInput) -> str:
    """Where a batch spends its time."""
    found = report.timing
    nodes = {pointer: float(seconds) for pointer, seconds in mapping(found, "nodes").items()
             if is_number(seconds) and seconds >= 0}
    gather, forward = (found.get(part, 0.0) for part in ("gather", "forward"))
    if not nodes or not is_number(gather) or not is_number(forward):
        return ""
    types = {str(entry.get("pointer")): entry.get("type", "")
             for entry in records(mapping(report.plan, "network"), "nodes")}
    whole = max(float(gather) + float(forward), 1e-12)
    parts = sorted(nodes.items(), key=lambda each: -each[1])
    named = [("gathering the batch", float(gather)), *(
        (f'{name(types.get(pointer, ""))} <small class="muted">{name(pointer)}</small>', seconds)
        for pointer, seconds in parts[:LIMIT])]
    rows = [(label, bar(share(seconds, whole)), milliseconds(seconds)) for label, seconds in named]
    text = (f"One evaluation batch of {count(found.get('rows'))} samples: "
            f"{milliseconds(whole)}. Nodes that hold others are not timed themselves.")
    return f'<p class="muted small">{text}</p>{_folded("", rows, {2})}'
