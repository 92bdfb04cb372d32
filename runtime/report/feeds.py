"""What flows into the network, drawn: extractors, and contexts with the frames made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import layout
from .layout import Box, Line
from .text import count, mapping, mean, percent, records, sequence, share, shorten

FRAME_LIMIT = 40
"""Frames that are drawn; more are counted."""

EDGE, FRAMES_WIDTH = 1, 300
"""Room for a hairline at the border, and where the frames end."""

GAP, INDENT, TRUNK = 10, 30, 14
"""Room between boxes, for what comes of a context, and from its box to the arrows."""


@dataclass
class Column:
    """Boxes one below the other; `frames` are those that the network reads."""

    boxes: list[Box] = field(default_factory=list)
    frames: list[Box] = field(default_factory=list)
    arrows: list[str] = field(default_factory=list)
    bottom: int = EDGE

    def add(self, lines: tuple[Line, ...], x: int = EDGE, share: float | None = None) -> Box:
        """Another box at the bottom."""
        y = self.bottom + GAP if self.boxes else EDGE
        box = Box(x, y, FRAMES_WIDTH - x + EDGE, lines, share=share)
        self.boxes.append(box)
        self.bottom = box.bottom
        return box

    def svg(self) -> str:
        """The arrows, and the boxes over them."""
        return "".join([*self.arrows, *(box.svg() for box in self.boxes)])


def draw(extractors: Sequence[Mapping[str, Any]],
         contexts: Sequence[Mapping[str, Any]]) -> Column:
    """The boxes of what flows in, up to `FRAME_LIMIT` frames."""
    column = Column()
    made = [entry for context in contexts for entry in records(context, "aggregations")]
    widest = max((entry["width"] for entry in (*extractors, *made)
                  if isinstance(entry.get("width"), int)), default=0)
    for entry in extractors[:FRAME_LIMIT]:
        lines = (_head(entry, "name"), Line(_origin(entry)))
        column.frames.append(column.add(lines, share=share(entry.get("width"), widest)))
    for context in contexts[:FRAME_LIMIT]:
        if len(column.frames) < FRAME_LIMIT:
            _context(column, context, widest)
    return column


def _context(column: Column, context: Mapping[str, Any], widest: int) -> None:
    """A context, and below it with an arrow each the frames made of its rows."""
    rows = mean(mapping(context, "rows_a_sample").get("mean"))
    above = column.add((Line((shorten(context.get("name", "?")),), f"{rows} rows a sample"),
                        Line(_seen(context))))
    end = above.bottom
    for entry in records(context, "aggregations")[:FRAME_LIMIT - len(column.frames)]:
        box = column.add((_head(entry, "frame"), Line((shorten(entry.get("type", "")),), _steps(
            entry))), EDGE + INDENT, share(entry.get("width"), widest))
        x = above.x + TRUNK
        column.arrows.append(layout.arrow((x, end), (x, box.middle), (box.x, box.middle)))
        # The next arrow goes on from here: two lines over each other look thicker than one.
        end = box.middle
        column.frames.append(box)


def _head(entry: Mapping[str, Any], key: str) -> Line:
    """A name, and how wide it is: numbers, ids, or both."""
    width, ids = entry.get("width"), entry.get("ids")
    told = f"{count(ids)} id{'' if ids == 1 else 's'}" if ids else ""
    if width or not ids:
        told = f"{count(width)} + {told}" if told else count(width)
    return Line((shorten(entry.get(key, "?")),), told)


def _steps(entry: Mapping[str, Any]) -> str:
    steps = entry.get("steps")
    return f"up to {count(steps)} steps" if steps else ""


def _origin(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the rows come from, and how many samples reach the end of the chain."""
    found = _chain(sequence(entry, "chain") or [entry.get("frame", "")])
    for coverage in records(entry, "coverage")[-1:]:
        reached = percent(share(coverage.get("matched"), coverage.get("samples")))
        found.append(f" · {reached} of samples")
    return tuple(found)


def _seen(context: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the rows of a context come from, and how many samples have any."""
    empty = share(context.get("empty"), context.get("samples"))
    reached = percent(None if empty is None else 1 - empty)
    return (*_chain([*sequence(context, "chain"), context.get("frame", "")]),
            f" · {reached} of samples")


def _chain(names: Sequence[Any]) -> list[str]:
    found: list[str] = []
    for step in names[:8]:
        found += [" → ", shorten(step)] if found else [shorten(step)]
    return found
