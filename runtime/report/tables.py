"""The data plan as tables: splits, frames, joins, columns; and what the run costs in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .text import (
    bar,
    count,
    mapping,
    mean,
    name,
    percent,
    records,
    sequence,
    share,
    size_in_bytes,
    table,
)

FRAME_LIMIT, COLUMN_LIMIT = 200, 500
"""Rows of a table, and columns of one extractor; more are counted, not shown."""

OPEN_COLUMNS = 200
"""Longer lists of columns start folded."""


def data_tables(plan: Mapping[str, Any]) -> str:
    """Every table of the data plan that the plan has something for."""
    data = mapping(plan, "data")
    extractors, contexts = records(data, "extractors"), records(data, "contexts")
    taken = [*extractors, *(part for entry in contexts for part in records(entry, "extractors"))]
    return "".join((
        '<div class="totals">', _splits(mapping(data, "splits")), _memory(mapping(plan, "memory")),
        "</div>", _frames(extractors), _contexts(contexts), _aggregations(contexts),
        _joins([*extractors, *contexts, *taken[len(extractors):]]), _columns(taken),
    ))


def _splits(splits: Mapping[str, Any]) -> str:
    counts = [value for value in splits.values() if isinstance(value, int)]
    if not counts:
        return ""
    rows = [
        (name(split), count(value), bar(share(value, sum(counts))),
         percent(share(value, sum(counts))))
        for split, value in splits.items()
    ]
    return table(("split", "samples", "", ""), rows, {1, 3}, "Samples")


def _memory(memory: Mapping[str, Any]) -> str:
    amounts = [value for value in memory.values() if isinstance(value, int)]
    if not amounts:
        return ""
    rows = [
        (name(part), size_in_bytes(value), bar(share(value, sum(amounts))))
        for part, value in memory.items()
    ]
    rows.append(("total", f"<b>{size_in_bytes(sum(amounts))}</b>", ""))
    return table(("part", "size", ""), rows, {1}, "Memory")


def _frames(extractors: list[Mapping[str, Any]]) -> str:
    if not extractors:
        return ""
    rows = [
        (name(entry.get("name", "?")),
         " → ".join(name(step) for step in sequence(entry, "chain")[:20])
         or name(entry.get("frame", "")),
         count(entry.get("rows")), _width(entry), name(entry.get("encoding", "")),
         size_in_bytes(entry.get("bytes")))
        for entry in extractors[:FRAME_LIMIT]
    ]
    head = ("extractor", "rows taken from", "rows", "width", "encoding", "size")
    return "<h3>Frames</h3>" + table(head, rows, {2, 3, 5}) + _rest(extractors, FRAME_LIMIT)


def _width(entry: Mapping[str, Any]) -> str:
    """Numbers, and columns of ids where there are any."""
    width, ids = entry.get("width"), entry.get("ids")
    told = f"{count(ids)} of ids" if ids else ""
    return " + ".join(filter(None, (count(width) if width or not ids else "", told)))


def _contexts(contexts: list[Mapping[str, Any]]) -> str:
    if not contexts:
        return ""
    rows = []
    for entry in contexts[:FRAME_LIMIT]:
        seen = mapping(entry, "rows_a_sample")
        empty = share(entry.get("empty"), entry.get("samples"))
        rows.append((
            name(entry.get("name", "?")),
            " → ".join(name(step) for step in
                       (*sequence(entry, "chain")[:20], entry.get("frame", "?"))),
            ", ".join(name(column) for column in
                      sequence(mapping(entry, "on"), "columns")[:20]) or "every row",
            f"{count(entry.get('rows_seen'))} of {count(entry.get('rows'))}",
            mean(seen.get("mean")), mean(seen.get("median")), count(seen.get("max")),
            bar(empty), percent(empty),
        ))
    head = ("context", "rows taken from", "on", "rows seen", "mean", "median", "most",
            "samples without a row", "")
    return ("<h3>Contexts</h3>" + table(head, rows, {3, 4, 5, 6, 8})
            + _rest(contexts, FRAME_LIMIT))


def _aggregations(contexts: list[Mapping[str, Any]]) -> str:
    made = [entry for context in contexts for entry in records(context, "aggregations")]
    if not made:
        return ""
    rows = [
        (name(entry.get("frame", "?")), name(entry.get("type", "")), name(entry.get("shape", "")),
         size_in_bytes(entry.get("bytes")) if entry.get("kept") else "made for each batch")
        for entry in made[:FRAME_LIMIT]
    ]
    return (table(("made of the rows", "type", "shape", "kept"), rows, {3})
            + _rest(made, FRAME_LIMIT))


def _joins(extractors: list[Mapping[str, Any]]) -> str:
    joins = [(entry, step) for entry in extractors for step in records(entry, "coverage")]
    if not joins:
        return ""
    rows = []
    for entry, step in joins[:FRAME_LIMIT]:
        found = share(step.get("matched"), step.get("samples"))
        rows.append((
            name(entry.get("name", "?")), name(step.get("frame", "?")),
            ", ".join(name(column) for column in sequence(step, "columns")[:20]),
            f"{count(step.get('matched'))} of {count(step.get('samples'))}", bar(found),
            percent(found),
        ))
    head = ("extractor", "joined frame", "on", "with a row", "", "")
    return "<h3>Joins</h3>" + table(head, rows, {3, 5}) + _rest(joins, FRAME_LIMIT)


def _columns(extractors: list[Mapping[str, Any]]) -> str:
    """One row for each extractor: its columns, each with its transformer and its width."""
    total = sum(len(records(entry, "columns")) for entry in extractors)
    if not total:
        return ""
    rows = []
    for entry in extractors[:FRAME_LIMIT]:
        columns = records(entry, "columns")
        listing = " ".join(_column(column) for column in columns[:COLUMN_LIMIT])
        rows.append((name(entry.get("name", "?")), listing + _rest(columns, COLUMN_LIMIT)))
    shown = "" if total > OPEN_COLUMNS else " open"
    return (
        f"<h3>Columns</h3><details{shown}><summary>{count(total)} columns, each with its "
        f"transformer and the width of its encoding</summary>"
        f'<div class="columns">{table((), rows)}</div></details>\n'
    )


def _column(column: Mapping[str, Any]) -> str:
    return (
        f'<span><b>{name(column.get("name", "?"))}</b> <small class="muted">'
        f'{name(column.get("transformer", ""))} '
        f'{count(column.get("ids", column.get("width")))}</small></span>'
    )


def _rest(entries: list[Any], limit: int) -> str:
    more = len(entries) - limit
    return f'<p class="muted">and {count(more)} more</p>' if more > 0 else ""
