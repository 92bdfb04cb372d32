"""The page: headline, curves, plan, data, spec, environment, in this order."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from . import curves, graph, series, tables
from .input import ReportInput
from .style import CSS, SPLIT_COLOURS
from .text import (
    attribute,
    block,
    count,
    duration,
    is_number,
    mapping,
    name,
    number,
    table,
)

SPEC_LIMIT = 300_000
"""Characters of the spec that the page shows."""

LIST_LIMIT = 200
"""Warnings, metrics, splits and facts of the environment that the page shows."""

VALUE_LIMIT = 500

# Nothing is loaded and nothing runs, whatever a name on the page may hold.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(report: ReportInput) -> str:
    """The whole page as HTML. Equal input gives equal text."""
    title = attribute(report.title)
    sections = (
        _headline(report), _curves(report), _section("Plan", graph.draw(report.plan)),
        _section("Data", tables.data_tables(report.plan)), _spec(report.spec_text),
        _environment(report.environment), _warnings(report),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n"
        f"{''.join(sections)}</body>\n</html>\n"
    )


def _section(heading: str, content: str, id: str = "") -> str:
    if not content:
        return ""
    mark = f' id="{id}"' if id else ""
    return f"<section{mark}><h2>{heading}</h2>\n{content}</section>\n"


def _headline(report: ReportInput) -> str:
    cards = [
        _card(report, split, place)
        for place, split in enumerate(series.splits(report)) if report.metrics.get(split)
    ]
    finals = f'<div class="splits">{"".join(cards[:LIST_LIMIT])}</div>\n' if cards else ""
    return (
        f"<header><h1>{name(report.title)}</h1>\n"
        f'<p class="facts">{"".join(f"<span>{fact}</span>" for fact in _facts(report))}</p>\n'
        f"{finals}</header>\n"
    )


def _facts(report: ReportInput) -> list[str]:
    plan = report.plan
    facts = []
    if plan.get("task"):
        facts.append(f"<b>{name(plan['task'])}</b>")
    frame = mapping(plan, "data").get("index_frame")
    if frame:
        facts.append(f"samples of <b>{name(frame)}</b>")
    if is_number(plan.get("parameters")):
        facts.append(f"<b>{count(plan['parameters'])}</b> parameters")
    optimizer = mapping(plan, "optimizer").get("type")
    if optimizer:
        facts.append(f"<b>{name(str(optimizer).rpartition(':')[2])}</b>")
    trained = len(series.epochs(report))
    if trained:
        seconds = [value for value in report.history.get("seconds", ()) if value is not None]
        spent = f" in {duration(sum(seconds))}" if seconds else ""
        facts.append(f"<b>{count(trained)}</b> epoch{'s' if trained > 1 else ''}{spent}")
    if report.warnings:
        many = "warnings" if len(report.warnings) > 1 else "warning"
        facts.append(f'<a class="flag" href="#warnings">{len(report.warnings)} {many}</a>')
    return facts


def _card(report: ReportInput, split: str, place: int) -> str:
    samples = mapping(mapping(report.plan, "data"), "splits").get(split)
    size = f"<small>{count(samples)} samples</small>" if is_number(samples) else ""
    rows = [
        (f"{name(metric)} {_arrow(report, metric)}", number(value))
        for metric, value in list(report.metrics[split].items())[:LIST_LIMIT]
    ]
    lead = " lead" if split == "test" else ""
    body = table((), rows, {1}, f"{_swatch(place)}{name(split)} {size}")
    return f'<div class="split{lead}">{body}</div>'


def _arrow(report: ReportInput, metric: str) -> str:
    direction = report.directions.get(metric, "lower" if metric == series.LOSS else None)
    if direction not in ("higher", "lower"):
        return ""
    glyph = "↑" if direction == "higher" else "↓"
    return f'<abbr title="{direction} is better">{glyph}</abbr>'


def _swatch(place: int) -> str:
    return f'<span class="swatch" style="color:var(--split-{place % SPLIT_COLOURS})"></span>'


def _curves(report: ReportInput) -> str:
    epochs = series.epochs(report)
    places = {split: place for place, split in enumerate(series.splits(report))}
    figures = []
    for index, group in enumerate(series.curves(report)[:LIST_LIMIT]):
        legend = "".join(
            f"<span>{_swatch(places.get(split, 0))}{name(split)} "
            f"<b>{number(_last(values))}</b></span>"
            for split, values in group.series.items()
        )
        figures.append(
            f"<figure><figcaption>{name(group.metric)} {_arrow(report, group.metric)}"
            f'<div class="legend">{legend}</div></figcaption>'
            f"{curves.draw(group, epochs, places, f'curve-{index}')}</figure>\n"
        )
    if not figures:
        return ""
    return _section("Training, by epoch", f'<div class="curves">\n{"".join(figures)}</div>\n')


def _last(values: list[float | None]) -> float | None:
    return next(value for value in reversed(values) if value is not None)


def _spec(text: str) -> str:
    """The spec, folded. Text of one line is set out; other text is shown as it was written."""
    shown = text
    if "\n" not in text.strip():
        with contextlib.suppress(ValueError, RecursionError):
            shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    lines = block(shown.strip(), SPEC_LIMIT)
    return _section("Spec", f"<details><summary>as given</summary><pre>{lines}</pre></details>\n")


def _environment(environment: Mapping[str, Any]) -> str:
    rows = [
        (name(key), name(value, VALUE_LIMIT))
        for key, value in list(environment.items())[:LIST_LIMIT]
    ]
    return _section("Environment", f'<div class="pair">{table((), rows)}</div>\n' if rows else "")


def _warnings(report: ReportInput) -> str:
    shown = "".join(f"<li>{name(line, VALUE_LIMIT)}</li>" for line in report.warnings[:LIST_LIMIT])
    more = len(report.warnings) - LIST_LIMIT
    if more > 0:
        shown += f"<li>and {count(more)} more</li>"
    return _section("Warnings", shown and f'<div class="notes"><ul>{shown}</ul></div>\n',
                    "warnings")
