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
    for step in data.get("prepare", ()):
        yield from _wrapped(_step(step), "  ")
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


def _step(step: Described) -> str:
    frame = _name(step["frame"])
    if "operation" in step:
        return (f"derive {frame}.{_name(step['column'])} ({step['dtype']}): "
                f"{_name(_constructor(step['operation']))}")
    return (f"filter {frame} by {', '.join(map(_name, step['columns']))}: "
            f"{step['kept']:,} of {step['rows']:,} rows kept")


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
        f"training: {_steps(training)}, "
        f"{_rows(training)} {_name(training['order'])} in {_batches(training)}, "
        f"{training['threads']} thread{'s' if training['threads'] > 1 else ''}"
    )
    yield from _weights(training)
    yield f"  loss       {_constructor(plan['loss'])}"
    yield f"  optimizer  {_constructor(plan['optimizer'])}"
    if len(training["parameter_groups"]) > 1:
        for group in training["parameter_groups"]:
            decay = group["weight_decay"]
            yield (f"  group      {group['parameters']:,} parameters, learning rate "
                   f"{group['lr']:g}" + ("" if decay is None else f", weight decay {decay:g}"))
    if training["gradient_clipping"] is not None:
        yield f"  gradients  clipped to a norm of {training['gradient_clipping']:g}"
    if plan["scheduler"]:
        yield f"  scheduler  {_constructor(plan['scheduler'])}"
    for metric in plan["metrics"]:
        yield f"  metric     {_constructor(metric)}"
    yield (
        f"  evaluates  {', '.join(training['evaluate_on'])} "
        f"every {training['evaluate_every']} epoch{'s' if training['evaluate_every'] > 1 else ''}"
        + (", and before training" if training["evaluate_before_training"] else "")
    )
    if training["early_stopping"] is not None:
        yield _stops(training["early_stopping"])


def _steps(training: Described) -> str:
    epochs, per_epoch = training["epochs"], training["steps_per_epoch"]
    text = f"{epochs} epochs of {per_epoch:,} steps"
    if training["steps"] < epochs * per_epoch:
        text += f", at most {training['steps']:,} steps"
    if training["max_seconds"] is not None:
        text += f", at most {training['max_seconds']:g} s"
    return text


def _stops(stopping: Described) -> str:
    patience = stopping["patience"]
    kept = ", keeps the best weights" if stopping["restore_best"] else ""
    return (f"  stops      after {patience} evaluation{'s' if patience > 1 else ''} without a "
            f"better {stopping['metric']} of {_name(stopping['split'])}{kept}")


def _rows(training: Described) -> str:
    rows, total = training["epoch_rows"], training["rows"]
    return f"{rows:,} rows" if rows == total else f"{rows:,} rows of {total:,}"


def _batches(training: Described) -> str:
    batches = f"batches of {training['batch_size']}"
    if training["mini_batch_size"] is not None:
        batches += f" cut into {training['mini_batch_size']}"
    passes = training["mini_epochs"]
    if passes > 1:
        batches += f" with {passes} passes over each"
    if training["accumulate"] > 1:
        batches += f", {training['accumulate']} for a step"
    return batches


def _weights(training: Described) -> Iterator[str]:
    """What a sample counts in the loss, where samples do not count alike."""
    if training["sample_weight"] is not None:
        yield f"  weight     of samples: column {_name(training['sample_weight'])}"
    if training["class_weights"] is not None:
        weights = [f"{_name(name)} {weight:.4g}"
                   for name, weight in training["class_weights"].items()]
        yield from _wrapped(f"weight     of classes: {_listed(weights)}", "  ")


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
