"""A plan as text that reads well on a screen and in a diff."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..data.matching import percent
from ..diagnostics.diagnostic import one_line
from .memory import show_bytes

Described = Mapping[str, Any]

_WIDEST_CELL = 60
_MOST_NAMED = 30
"""Columns of one dtype that are named; the JSON names all."""

_LINE = 100


def plan_text(plan: Described, measured: Described | None = None) -> str:
    """The plan of `describe` as lines: frames, extractors, joins, network, training, memory.

    Args:
        measured: `step_seconds`, `epoch_seconds` and `steps`, where steps were timed.
    """
    data = plan["data"]
    parts = [_head(plan), _frames(data), _extractors(data), _joins(data), _network(plan),
             _training(plan), _cost(plan, measured)]
    return "\n\n".join(text for part in parts if (text := "\n".join(part))) + "\n"


def _head(plan: Described) -> Iterator[str]:
    yield f"plan {plan['name']}: {plan['task']}, seed {plan['seed']}"


def _frames(data: Described) -> Iterator[str]:
    splits = ", ".join(f"{_name(name)} {rows:,}" for name, rows in data["splits"].items())
    yield f"data: {data['samples']:,} samples of frame {_name(data['index_frame'])} ({splits})"
    for frame in data["frames"]:
        columns = frame["columns"]
        yield (f"  {_name(frame['name'])}: {frame['rows']:,} rows, {len(columns)} of "
               f"{frame['columns_in_frame']} columns read")
        by_dtype: dict[str, list[str]] = {}
        for column in columns:
            uses = [use for use in column["read_as"] if use != "feature"]
            shown = _name(column["name"]) + (f" ({', '.join(uses)})" if uses else "")
            by_dtype.setdefault(column["dtype"], []).append(shown)
        for dtype, names in by_dtype.items():
            yield from _wrapped(f"{dtype}: {_listed(names)}", "    ")


def _extractors(data: Described) -> Iterator[str]:
    extractors = data["extractors"]
    yield f"extractors: {len(extractors)}"
    yield from _table(
        ("extractor", "frame", "rows", "columns", "positions", "bytes", "encoding"),
        [
            (
                _name(extractor["name"]),
                " > ".join(map(_name, extractor["chain"])) or _name(extractor["frame"]),
                f"{extractor['rows']:,}",
                f"{len(extractor['columns'])} -> {extractor['width']}",
                f"{extractor['positions']['dtype']} {show_bytes(extractor['positions']['bytes'])}",
                show_bytes(extractor["bytes"]),
                _name(extractor["encoding"]),
            )
            for extractor in extractors
        ],
    )
    reasons: dict[str, list[str]] = {}
    for extractor in extractors:
        reasons.setdefault(f"{_name(extractor['encoding'])}: {extractor['why']}", []).append(
            _name(extractor["name"]))
    for reason, names in reasons.items():
        yield f"  {', '.join(names)} {'is' if len(names) == 1 else 'are'} {reason}"
    for extractor in extractors:
        nulls = [f"{_name(column['name'])} {percent(column['nulls'] / data['samples'])}"
                 for column in extractor["columns"] if column["nulls"]]
        if nulls:
            yield from _wrapped(f"nulls in {_name(extractor['name'])}: {_listed(nulls)}", "  ")


def _joins(data: Described) -> Iterator[str]:
    joins = [(extractor, step) for extractor in data["extractors"]
             for step in extractor["coverage"]]
    if not joins:
        return
    yield f"joins: {len(joins)}, each key is unique in its frame, so none gives a sample two rows"
    yield from _table(
        ("extractor", "frame", "on", "matched", "missing", "null keys", "orphan rows", "such as"),
        [
            (
                _name(extractor["name"]),
                _name(step["frame"]),
                ", ".join(map(_name, step["columns"])),
                percent(step["matched"] / step["samples"]),
                _missing(step),
                f"{step['null_keys']:,}",
                f"{step['orphans']:,} of {step['rows']:,}",
                ", ".join(map(_name, step["missing_examples"])),
            )
            for extractor, step in joins
        ],
    )


def _missing(step: Described) -> str:
    budget = step["max_missing"]
    return f"{step['missing']:,}" + (f" (at most {percent(budget)})" if budget < 1 else "")


def _network(plan: Described) -> Iterator[str]:
    trained = sum(node["parameters"] for node in plan["network"]["nodes"] if node["trains"])
    share = "all of them" if trained == plan["parameters"] else f"{trained:,} of them"
    yield f"network: {plan['parameters']:,} parameters, {share} train"
    yield from _table(
        ("node", "type", "input", "output", "parameters", "trains"),
        [
            (
                "  " * node["depth"] + node["pointer"],
                node["type"],
                _name(node["input"]),
                node["output"],
                f"{node['parameters']:,}" if node["parameters"] else "-",
                ("yes" if node["trains"] else "no") if node["parameters"] else "-",
            )
            for node in plan["network"]["nodes"]
        ],
    )


def _training(plan: Described) -> Iterator[str]:
    training = plan["training"]
    yield (
        f"training: {training['epochs']} epochs of {training['steps_per_epoch']:,} steps, "
        f"{training['rows']:,} rows {training['order']} in batches of {training['batch_size']}, "
        f"{training['threads']} thread{'s' if training['threads'] > 1 else ''}"
    )
    yield f"  loss       {_constructor(plan['loss'])}"
    yield f"  optimizer  {_constructor(plan['optimizer'])}"
    if plan["scheduler"]:
        yield f"  scheduler  {_constructor(plan['scheduler'])}"
    for metric in plan["metrics"]:
        yield f"  metric     {_constructor(metric)}"
    yield (
        f"  evaluates  {', '.join(training['evaluate_on'])} "
        f"every {training['evaluate_every']} epoch{'s' if training['evaluate_every'] > 1 else ''}"
    )


def _constructor(node: Described) -> str:
    args = ", ".join(f"{key}={value!r}" for key, value in node.items() if key != "type")
    return f"{node['type']}({args})"


def _cost(plan: Described, measured: Described | None) -> Iterator[str]:
    memory = plan["memory"]
    parts = ", ".join(f"{name} {show_bytes(size)}" for name, size in memory.items())
    yield f"memory: {show_bytes(sum(memory.values()))} ({parts})"
    if measured is not None:
        yield (f"time: about {_duration(measured['step_seconds'])} a step, "
               f"{_duration(measured['epoch_seconds'])} an epoch, the median of "
               f"{measured['steps']} step{'s' if measured['steps'] > 1 else ''} here and now")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:,.0f} min"


def _name(text: str) -> str:
    """A name of the bundle or the spec on one line: line breaks and control signs are shown."""
    return one_line(text)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _LINE, initial_indent=indent, subsequent_indent=indent + "  ",
                         break_long_words=False, break_on_hyphens=False)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns padded to their widest cell; a long cell of frames is cut."""
    cut = [[_cut(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cut) for column in range(len(head))]
    for row in cut:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  " + "  ".join(padded).rstrip()


def _cut(cell: str, limit: int = _WIDEST_CELL) -> str:
    return cell if len(cell) <= limit else cell[: limit - 1] + "…"
