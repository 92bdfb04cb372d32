"""The contexts of a plan as text: which rows a sample sees, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..data.matching import percent
from ..diagnostics.diagnostic import one_line
from ..diagnostics.wording import count
from .data_text import column_lines, columns_text
from .memory import show_bytes
from .text_lines import Described, listed, table, wrapped

_SIDES = {"before": "the last", "after": "the first"}
"""Direction -> the rows of a key that stay where nothing says where the sample stands."""


def contexts_text(data: Described) -> Iterator[str]:
    """Each context, what is taken of its rows, and the frames that come of it."""
    contexts = data["contexts"]
    if not contexts:
        return
    yield f"contexts: {len(contexts)}"
    yield from table(
        ("context", "frame", "on", "rows seen", "mean", "median", "most", "samples without a row"),
        [_row(context) for context in contexts])
    for context in contexts:
        yield from wrapped(f"{one_line(context['name'])}: {window_text(context)}", "  ")
    yield from table(
        ("of each row", "frame", "columns", "bytes"),
        [
            (one_line(part["name"]),
             " > ".join(map(one_line, part["chain"])) or one_line(part["frame"]),
             columns_text(part), show_bytes(part["bytes"]))
            for context in contexts for part in context["extractors"]
        ])
    for context in contexts:
        for part in context["extractors"]:
            yield from column_lines(part, context["rows_seen"])
    made = [entry for context in contexts for entry in context["aggregations"]]
    yield from table(
        ("made of them", "type", "shape", "stored"),
        [(one_line(entry["frame"]), entry["type"], one_line(entry["shape"]), _stored(entry))
         for entry in made])
    for entry in made:
        told = _told(entry["args"])
        if told:
            yield from wrapped(f"{one_line(entry['frame'])}: {told}", "  ")


def _row(context: Described) -> tuple[str, ...]:
    rows = context["rows_a_sample"]
    empty = percent(context["empty"] / max(1, context["samples"]))
    return (
        one_line(context["name"]),
        " > ".join(map(one_line, (*context["chain"], context["frame"]))),
        _matched(context["on"]) or "every row",
        f"{context['rows_seen']:,} of {context['rows']:,}",
        f"{rows['mean']:,.1f}",
        f"{rows['median']:,g}",
        f"{rows['max']:,}",
        f"{context['empty']:,} ({empty})" if context["empty"] else "0",
    )


def _matched(on: Described) -> str:
    pairs = zip(on["columns"], on["key_columns"], strict=True)
    return ", ".join(one_line(here if here == there else f"{here} = {there}")
                     for here, there in pairs)


def window_text(context: Described) -> str:
    """Which rows of the key belong to a sample, in words."""
    size, at = context["size"], context["as_of"] or context["at"]
    most = "all rows" if size is None else count(size, "row")
    if at is None:
        side = _SIDES.get(context["direction"]) if size is not None else None
        parts = [f"{side} {most}" if side else most]
    else:
        nearest = most if size is None else f"the nearest {most}"
        if size is not None and context["direction"] == "around":
            nearest += " on each side"
        parts = [f"{nearest} with {one_line(at['row'])} {context['direction']} "
                 f"{one_line(at['sample'])}"]
    if context["within"] is not None:
        parts.append(f"within {context['within']}")
    if context["include_self"]:
        parts.append("those of its own place included")
    if context["order_by"]:
        parts.append(f"ordered by {', '.join(map(one_line, context['order_by']))}")
    if context["where"]:
        parts.append(f"where {_conditions(context['where'], ' and ')}")
    return ", ".join(parts)


def _conditions(conditions: Sequence[Any], word: str) -> str:
    return word.join(
        f"({_conditions(entry, ' or ')})" if isinstance(entry, (list, tuple)) else
        _condition(entry) for entry in conditions)


def _condition(condition: Described) -> str:
    value = "" if condition["value"] is None else f" {condition['value']!r}"
    word = condition["is"].replace("_", " ")
    return one_line(f"{condition['column']} is {word}{value}")


def _stored(entry: Described) -> str:
    return f"kept, {show_bytes(entry['bytes'])}" if entry["kept"] else "made for each batch"


def _told(args: Described) -> str:
    """What an aggregation does beside its type: functions and windows, in the words of the
    spec."""
    parts = []
    if "functions" in args:
        parts.append(listed(args["functions"]))
    if args.get("sizes") is not None:
        parts.append(f"over the nearest {', '.join(map(str, args['sizes']))} rows")
    if args.get("spans") is not None:
        parts.append(f"over {', '.join(args['spans'])}")
    if "decayed_mean" in args.get("functions", ()):
        parts.append(f"half-life {args['half_life']}")
    parts += [key for key in ("reversed", "folded") if args.get(key)]
    return ", ".join(parts)
