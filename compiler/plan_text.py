"""A plan as text that reads well on a screen and in a diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Described = Mapping[str, Any]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def plan_text(plan: Described) -> str:
    """The plan of `describe` as lines: data, network, training, memory."""
    return "\n".join([*_head(plan), "", *_data(plan["data"]), "", *_network(plan), "",
                      *_training(plan), "", *_memory(plan["memory"])]) + "\n"


def _head(plan: Described) -> Iterator[str]:
    yield f"plan {plan['name']}: {plan['task']}, seed {plan['seed']}"


def _data(data: Described) -> Iterator[str]:
    splits = ", ".join(f"{name} {rows:,}" for name, rows in data["splits"].items())
    yield f"data: {data['samples']:,} samples of frame {data['index_frame']} ({splits})"
    yield from _table(
        ("extractor", "frame", "rows", "columns", "matched", "encoding"),
        [
            (
                extractor["name"],
                " > ".join(extractor["chain"]) or extractor["frame"],
                f"{extractor['rows']:,}",
                f"{len(extractor['columns'])} -> {extractor['width']}",
                _matched(extractor),
                extractor["encoding"],
            )
            for extractor in data["extractors"]
        ],
    )
    reasons: dict[str, list[str]] = {}
    for extractor in data["extractors"]:
        reasons.setdefault(f"{extractor['encoding']}: {extractor['why']}", []).append(
            extractor["name"])
    for reason, names in reasons.items():
        yield f"  {', '.join(names)} {'is' if len(names) == 1 else 'are'} {reason}"


def _matched(extractor: Described) -> str:
    shares = [
        f"{step['matched'] / step['samples']:.1%}" for step in extractor["coverage"]
    ]
    return " > ".join(shares) or "all"


def _network(plan: Described) -> Iterator[str]:
    yield f"network: {plan['parameters']:,} parameters"
    yield from _table(
        ("node", "type", "input", "output", "parameters"),
        [
            (
                "  " * node["depth"] + node["pointer"],
                node["type"],
                node["input"],
                node["output"],
                f"{node['parameters']:,}" if node["parameters"] else "-",
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


def _memory(memory: Described) -> Iterator[str]:
    parts = ", ".join(f"{name} {_bytes(size)}" for name, size in memory.items())
    yield f"memory: {_bytes(sum(memory.values()))} ({parts})"


def _bytes(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns padded to their widest cell; a long cell of frames is cut."""
    cut = [[_cut(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cut) for column in range(len(head))]
    for row in cut:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  " + "  ".join(padded).rstrip()


def _cut(cell: str, limit: int = 60) -> str:
    return cell if len(cell) <= limit else cell[: limit - 1] + "…"
