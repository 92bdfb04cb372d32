"""The lines of a plan as text: lists cut short, tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Described = Mapping[str, Any]

_WIDEST_CELL = 60
_MOST_NAMED = 30
"""Columns of one dtype that are named; the JSON names all."""

_LINE = 100


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown


def wrapped(text: str, indent: str) -> list[str]:
    """The text in lines of a readable length."""
    return textwrap.wrap(text, _LINE, initial_indent=indent, subsequent_indent=indent + "  ",
                         break_long_words=False, break_on_hyphens=False)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns padded to their widest cell; a long cell of frames is cut."""
    cut = [[_cut(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cut) for column in range(len(head))]
    for row in cut:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  " + "  ".join(padded).rstrip()


def _cut(cell: str, limit: int = _WIDEST_CELL) -> str:
    return cell if len(cell) <= limit else cell[: limit - 1] + "…"


def constructor(node: Described) -> str:
    """A typed object as a call."""
    args = ", ".join(f"{key}={value!r}" for key, value in node.items() if key != "type")
    return f"{node['type']}({args})"
