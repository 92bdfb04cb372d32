"""Runs side by side as one HTML page that opens from disk and loads nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...compiler.comparing.difference import Change, Comparison
from ...compiler.comparing.difference_text import verdict as words
from ..report import curves, series
from ..report.input import ReportInput
from ..report.page import document
from ..report.scores import arrow, span, swatch
from ..report.text import attribute, count, is_number, name, number, table
from .differences import MetricDifference, direction
from .side_by_side import SideBySide, reasons, verdict

LIMIT = 300
"""Rows of a table."""

CURVES = 40

_MARKS = {"added": "+", "removed": "−", "changed": "~", "moved": "→"}  # noqa: RUF001


def render_comparison(found: SideBySide) -> str:
    """The whole page as HTML. Equal input gives equal text."""
    title = " · ".join(attribute(run.name) for run in found.runs)
    head = "".join(f"<div>{swatch(place)}<b>{name(run.name)}</b> {_facts(run.plan)}</div>"
                   for place, run in enumerate(found.runs))
    body = (f"<header><h1>{count(len(found.runs))} runs</h1>\n"
            f'<div class="facts">{head}</div></header>\n'
            f"{_metrics(found)}{_specs(found)}{_inputs(found)}{_curves(found)}")
    return document(title, body)


def _facts(plan: Mapping[str, Any]) -> str:
    parameters = plan.get("parameters")
    return f'<small>{count(parameters)} parameters</small>' if is_number(parameters) else ""


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{heading}</h2>\n{content}</section>\n" if content else ""


def _metrics(found: SideBySide) -> str:
    several = len(found.runs) > 2
    rows = []
    for each in found.metrics[:LIMIT]:
        mark = arrow(_directions(found), each.measure)
        first = found.runs[0].interval(each.split, each.measure)
        own = found.runs[each.run].interval(each.split, each.measure)
        run = (f"{swatch(each.run)}{name(found.runs[each.run].name)}",) if several else ()
        rows.append((
            *run, name(each.split), f"{name(each.measure)} {mark}", _verdict(each),
            f"{_signed(each.difference)}<br><small>{span({'low': each.low, 'high': each.high})}"
            "</small>",
            f"{number(each.first)}<br><small>{span(first)}</small>",
            f"<b>{number(each.value)}</b><br><small>{span(own)}</small>",
        ))
    if not rows:
        return _section("Metrics", '<p class="muted">No split with the same measures.</p>')
    more = len(found.metrics) - LIMIT
    rest = f'<p class="muted">and {count(more)} more</p>' if more > 0 else ""
    start = 1 if several else 0
    head = (*(("run",) if several else ()), "split", "measure", "", "difference", "first run",
            "this run" if several else "second run")
    text = ("Below a figure: its 95 % interval. <b>paired</b>: both runs drawn on the same rows; "
            "<b>unpaired</b>: from the interval of each run. <b>noise</b>: the interval of the "
            "difference holds 0. How much another seed would change is not in it.")
    return _section("Metrics", table(head, rows, {start + 3, start + 4, start + 5})
                    + rest + f'<p class="muted small">{text}</p>' + _why(found))


def _why(found: SideBySide) -> str:
    """Why some differences are not paired."""
    lines = dict.fromkeys(line for place in range(1, len(found.runs))
                          for line in reasons(found, place))
    shown = "".join(f"<li>{name(line, 300)}</li>" for line in list(lines)[:LIMIT])
    return f'<div class="muted small">Not paired:<ul>{shown}</ul></div>\n' if shown else ""


def _directions(found: SideBySide) -> ReportInput:
    measures = {each.measure for each in found.metrics}
    known: dict[str, Any] = {each: direction(found.runs, each) for each in measures}
    return ReportInput("", "", {}, {}, {}, directions=known)


def _signed(value: float | None) -> str:
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def _verdict(each: MetricDifference) -> str:
    said = verdict(each)
    kind = {"better": "good", "worse": "bad"}.get(said, "muted")
    how = f' <small class="muted">{each.how}</small>' if each.how else ""
    return f'<span class="{kind}">{said}</span>{how}'


def _specs(found: SideBySide) -> str:
    parts = []
    for place, spec in enumerate(found.specs, start=1):
        title = f"{swatch(place)}{name(found.runs[place].name)}"
        parts.append(f"<h3>{title}</h3>{_spec(spec)}")
    return _section("Specs, against that of the first run", "".join(parts))


def _spec(spec: Comparison) -> str:
    if not spec.changes:
        return '<p class="muted">The specs mean the same.</p>\n'
    rows = [(_MARKS[change.kind], name(change.pointer), _value(change, "old"),
             _value(change, "new"), name(", ".join(change.sections)))
            for change in spec.changes[:LIMIT]]
    more = len(spec.changes) - LIMIT
    rest = f'<p class="muted">and {count(more)} more</p>' if more > 0 else ""
    head = ("", "place", "first run", "this run", "changes")
    return f'<p class="muted small">{name(words(spec), 300)}</p>{table(head, rows)}{rest}'


def _value(change: Change, side: str) -> str:
    if change.kind == "moved":
        return name(change.before if side == "old" else change.after)
    if (change.kind, side) in (("added", "old"), ("removed", "new")):
        return ""
    return f"<code>{name(json.dumps(getattr(change, side), ensure_ascii=False))}</code>"


def _inputs(found: SideBySide) -> str:
    parts = []
    for place, lines in enumerate(found.inputs, start=1):
        if lines:
            shown = "".join(f"<li>{name(line, 200)}</li>" for line in lines)
            parts.append(f"<h3>{swatch(place)}{name(found.runs[place].name)}</h3>"
                         f'<div class="notes"><ul>{shown}</ul></div>\n')
    if not parts:
        return _section("Made from", '<p class="muted">The same bundle, versions and device.</p>')
    return _section("Made from, against the first run", "".join(parts))


def _curves(found: SideBySide) -> str:
    """One drawing for each column of the histories that two runs share, a line for each run."""
    columns = [column for column in found.runs[0].history
               if column not in series.BOOKKEEPING
               and any(column in run.history for run in found.runs[1:])]
    figures = []
    for index, column in enumerate(columns[:CURVES]):
        lines = [_finite(run.history.get(column, ())) for run in found.runs]
        drawn = {str(place): line for place, line in enumerate(lines)
                 if any(value is not None for value in line)}
        if not drawn:
            continue
        longest = max(map(len, drawn.values()))
        places = {key: int(key) for key in drawn}
        epochs = [float(row + 1) for row in range(longest)]
        drawing = curves.draw(series.Curves(column, drawn), epochs, places, f"curve-{index}")
        legend = "".join(f"<span>{swatch(places[key])}<b>{number(_last(line))}</b></span>"
                         for key, line in drawn.items())
        figures.append(f'<figure><figcaption>{name(column)}<div class="legend">{legend}</div>'
                       f"</figcaption>{drawing}</figure>\n")
    return _section("Training, by epoch",
                    f'<div class="curves">{"".join(figures)}</div>\n' if figures else "")


def _finite(values: Sequence[float | None]) -> list[float | None]:
    return [series.finite(value) for value in values]


def _last(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)
