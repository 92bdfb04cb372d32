"""The page: headline, curves, what predictions show, importance, plan, data, times, spec,
environment and warnings, in this order."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from . import curves, graph, judgement, series, tables
from .input import ReportInput
from .scores import arrow, score_tables, swatch
from .style import CSS
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
        _headline(report), _curves(report),
        _section("Predictions", judgement.predictions(report)),
        _section("Importance of the inputs", judgement.importance(report)),
        _section("Plan", graph.draw(report.plan)),
        _section("Data", tables.data_tables(report.plan)),
        _section("Slowest parts", judgement.timing(report)), _spec(report.spec_text),
        _environment(report.environment), _warnings(report),
    )
    return document(title, "".join(sections))


def document(title: str, body: str) -> str:
    """A whole page that loads nothing.

    Args:
        title: escaped already, as `body` is.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n"
        f"{body}</body>\n</html>\n"
    )


def _section(heading: str, content: str, id: str = "") -> str:
    if not content:
        return ""
    mark = f' id="{id}"' if id else ""
    return f"<section{mark}><h2>{heading}</h2>\n{content}</section>\n"


def _headline(report: ReportInput) -> str:
    return (
        f"<header><h1>{name(report.title)}</h1>\n"
        f'<p class="facts">{"".join(f"<span>{fact}</span>" for fact in _facts(report))}</p>\n'
        f"{score_tables(report)}</header>\n"
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


def _curves(report: ReportInput) -> str:
    epochs = series.epochs(report)
    places = {split: place for place, split in enumerate(series.splits(report))}
    figures = []
    for index, group in enumerate(series.curves(report)[:LIST_LIMIT]):
        legend = "".join(
            f"<span>{swatch(places.get(split, 0))}{name(split)} "
            f"<b>{number(_last(values))}</b></span>"
            for split, values in group.series.items()
        )
        figures.append(
            f"<figure><figcaption>{name(group.metric)} {arrow(report, group.metric)}"
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
