"""Boxes, lines of text and arrows as SVG, in units of about a pixel on a wide page.

Every text that arrives here is raw: this module cuts it to its place and escapes it.
Colours and fonts are in `style`, by class, so that a drawing follows the theme of the page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from .text import attribute, shorten

WIDTH = 1000
"""The width of a drawing; its height follows from what it holds."""

LARGE, SMALL = 15, 13
"""Font sizes of a first line and of those below it; `style` sets the same."""

PAD, LINE, BAR = 12, 20, 3

MARKER = "plan-arrow"

TEXT_LIMIT = 400
"""Characters of one text that are looked at; no place has room for more."""


@dataclass(frozen=True)
class Line:
    """A line of a box: parts from the left, and one text that ends at the right edge.

    The parts are names and what stands between them.
    Each is an element of its own, so that a right-to-left name does not move the others.
    """

    left: tuple[str, ...]
    right: str = ""


@dataclass(frozen=True)
class Box:
    """A placed box: the first line is a heading with its right text small.

    `share`, within 0 and 1, is drawn as a thin bar along the lower edge; None draws no bar.
    """

    x: int
    y: int
    width: int
    lines: tuple[Line, ...]
    title: str = ""
    share: float | None = None

    @property
    def height(self) -> int:
        return LINE * len(self.lines) + 12 + (BAR + 3 if self.share is not None else 0)

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    def svg(self) -> str:
        shape = (f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}"'
                 f' rx="6" class="box"/>')
        lines = "".join(self._line(place, line) for place, line in enumerate(self.lines))
        title = f"<title>{attribute(self.title, TEXT_LIMIT)}</title>" if self.title else ""
        return f"<g>{title}{shape}{lines}{self._bar()}</g>\n"

    def _line(self, place: int, line: Line) -> str:
        room = self.width - 2 * PAD
        base = self.y + LINE * (place + 1)
        right = fit(line.right, room if not any(line.left) else room * 0.68, SMALL)
        if right:
            room -= round(measure(right, SMALL)) + PAD
        left = fit_parts(line.left, room, SMALL if place else LARGE)
        drawn = text(self.x + PAD, base, left, "" if place else "head") if any(left) else ""
        if right:
            drawn += text(self.right - PAD, base, (right,), "end")
        return drawn

    def _bar(self) -> str:
        if self.share is None:
            return ""
        y, full = self.bottom - BAR - 6, self.width - 2 * PAD
        return "".join(
            f'<rect x="{self.x + PAD}" y="{y}" width="{width:.1f}" height="{BAR}" rx="1"'
            f' class="{look}"/>' for look, width in (("track", full), ("part", full * self.share))
        )


def text(x: int, y: int, parts: Sequence[str], look: str = "") -> str:
    """One text with its baseline at `y`; `look` is its class."""
    spans = "".join(f"<tspan>{attribute(part, TEXT_LIMIT)}</tspan>" for part in parts if part)
    return f'<text x="{x}" y="{y}" class="{look}">{spans}</text>'


def line(*points: tuple[int, int]) -> str:
    """A line through the points."""
    return f'<path d="{_path(points)}" class="flow"/>\n'


def arrow(*points: tuple[int, int]) -> str:
    """A line through the points whose tip touches the last one."""
    return f'<path d="{_path(points)}" class="flow" marker-end="url(#{MARKER})"/>\n'


def picture(content: str, height: int, label: str) -> str:
    """The `svg` element; it shrinks to its column, and below a readable size it scrolls."""
    marker = (f'<defs><marker id="{MARKER}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
              ' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
              '<path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>')
    return (f'<div class="scroll"><svg class="plan" viewBox="0 0 {WIDTH} {height}" width="100%"'
            f' role="img" aria-label="{attribute(label)}">{marker}\n{content}</svg></div>\n')


def fit_parts(parts: Sequence[str], width: float, size: int) -> tuple[str, ...]:
    """As many of the parts as have room; the first that does not is cut and ends the line."""
    found: list[str] = []
    for place, part in enumerate(parts):
        rest = "…" if any(parts[place + 1:]) else ""
        cut = fit(part, width - measure(rest, size), size)
        if cut:
            found.append(cut)
        if cut != shorten(part, TEXT_LIMIT):
            break
        width -= measure(cut, size)
    return tuple(found)


def fit(value: str, width: float, size: int) -> str:
    """`value` on one line, cut to a width in units by an estimate that no font is needed for."""
    whole = shorten(value, TEXT_LIMIT)
    if measure(whole, size) <= width:
        return whole
    room, kept = width - measure("…", size), 0
    for character in whole:
        room -= measure(character, size)
        if room < 0:
            break
        kept += 1
    return whole[:kept].rstrip() + "…"


def measure(value: str, size: int) -> float:
    """About how wide a text is in a sans-serif font; rather more than less."""
    return size * sum(_em(character) for character in value)


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF" or character in "mwMW@%…→":
        return 1.0
    if character in "ijlftr.,:;'|!()[] ·":
        return 0.4
    return 0.72 if character.isupper() else 0.6


def _path(points: Sequence[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)
