"""Diagnostics to text for people and to JSON for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .diagnostic import Diagnostic, Related, Severity, Target, one_line
from .locate import Span, line_starts, locate_all, position_in
from .stages import Source

FORMAT_VERSION = "1.0"
"""Of the JSON report; the first number changes when a reader must change."""

_WIDTH = 100
"""Columns of a line of code with its margin; longer lines are cut around the caret."""
_TAB = "    "
_CUT = "..."
_CONTEXT = 40
"""Columns of a cut line that stay in front of the caret."""
_TOKEN = re.compile(r'"(?:[^"\\\r\n]++|\\.)*+"?|[\w.+-]++')


class _Place(NamedTuple):
    """A stretch of the spec's text, in code points; lines and columns from 1."""

    start: int
    end: int
    first: tuple[int, int]
    last: tuple[int, int]


class _Places:
    """Where diagnostics stand in a spec. All pointers are looked up in one walk."""

    def __init__(self, diagnostics: Sequence[Diagnostic], source: Source | None) -> None:
        self._source = source
        self._starts = line_starts(source.text) if source else []
        pointers = {diagnostic.pointer for diagnostic in diagnostics}
        pointers |= {related.pointer for diagnostic in diagnostics
                     for related in diagnostic.related}
        self._spans = _spans(source.text, pointers) if source else {}

    def of(self, finding: Diagnostic) -> _Place | None:
        if self._source is not None and finding.offset is not None:
            token = _TOKEN.match(self._source.text, finding.offset)
            return self._place(finding.offset, token.end() if token else finding.offset + 1)
        return self.of_pointer(finding.pointer, finding.target)

    def of_pointer(self, pointer: str | None, target: Target = "value") -> _Place | None:
        if pointer is None or pointer not in self._spans or self.override(pointer) is not None:
            return None
        span = self._spans[pointer]
        return self._place(*(span.key if target == "key" and span.key else span.value))

    def override(self, pointer: str | None) -> str | None:
        """`--set` with the pointer of the override that gave the value at `pointer`."""
        if pointer is None or self._source is None:
            return None
        for given in self._source.overridden:
            if pointer == given or pointer.startswith(f"{given}/"):
                return f"--set {one_line(given)}"
        return None

    def code(self, place: _Place) -> tuple[str, str]:
        """The first line of a place, ready to print, and the carets below it."""
        assert self._source is not None
        line = place.first[0]
        start = self._starts[line - 1]
        text = self._source.text
        end = self._starts[line] if line < len(self._starts) else len(text)
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        return _code(text, start, end, place, len(_margin(line)))

    def _place(self, start: int, end: int) -> _Place:
        return _Place(start, end, position_in(self._starts, start), position_in(self._starts, end))


def _spans(text: str, pointers: Iterable[str | None]) -> dict[str, Span]:
    """The span of each pointer; where the text lacks it, that of its nearest parent."""
    spans: dict[str, Span] = {}
    nearest = {pointer: pointer for pointer in pointers if pointer is not None}
    while nearest:
        found = locate_all(text, nearest.values())
        spans.update({pointer: found[place] for pointer, place in nearest.items()
                      if place in found})
        nearest = {pointer: place.rpartition("/")[0] for pointer, place in nearest.items()
                   if place not in found and place}
    return spans


# Text


def render_text(diagnostics: Sequence[Diagnostic], source: Source | None, color: bool) -> str:
    """A code frame for each diagnostic in the order of the text, and a line that counts them.

    Empty without diagnostics; no line break at the end.
    """
    if not diagnostics:
        return ""
    places = _Places(diagnostics, source)
    paint = _paint if color else _plain
    blocks = ["\n".join(_block(diagnostic, source, places, paint))
              for diagnostic in _in_order(diagnostics, places)]
    return "\n\n".join([*blocks, _count(diagnostics)])


def _in_order(diagnostics: Iterable[Diagnostic], places: _Places) -> list[Diagnostic]:
    """About the whole spec, then by position in the text, then overrides, then files."""

    def order(diagnostic: Diagnostic) -> tuple[Any, ...]:
        place = places.of(diagnostic)
        group = (1 if place else 2 if places.override(diagnostic.pointer) else
                 3 if diagnostic.file else 0)
        return (group, place.start if place else 0, diagnostic.file or "",
                diagnostic.pointer or "", diagnostic.code, diagnostic.message)

    return sorted(diagnostics, key=order)


def _block(diagnostic: Diagnostic, source: Source | None, places: _Places,
           paint: Any) -> Iterable[str]:
    place = places.of(diagnostic)
    style = diagnostic.severity.value
    title = paint(style, f"{style}[{diagnostic.code}]")
    where = _where(diagnostic, source, place, places)
    yield f"{where}: {title}: {paint('strong', one_line(diagnostic.message))}"
    at = f" at {one_line(diagnostic.pointer)}" if diagnostic.pointer else ""
    if place is not None:
        code, carets = places.code(place)
        indent, marks = carets[:-len(carets.lstrip())], carets.lstrip()
        margin = _margin(place.first[0])
        yield f"{paint('dim', margin)}{code}".rstrip()
        yield f"{paint('dim', _blank(margin))}{indent}{paint(style, marks)}{at}"
    elif at and not places.override(diagnostic.pointer):
        yield f" {at}"
    if diagnostic.file is not None and where != one_line(diagnostic.file):
        yield f"  {paint('dim', 'file:')} {one_line(diagnostic.file)}"
    for related in diagnostic.related:
        spot = _where(related, source, places.of_pointer(related.pointer), places)
        yield f"  {paint('dim', 'see:')} {spot}: {one_line(related.message)}"
    if diagnostic.help is not None:
        yield f"  {paint('help', 'help:')} {one_line(diagnostic.help)}"


def _where(finding: Diagnostic | Related, source: Source | None, place: _Place | None,
           places: _Places) -> str:
    name = one_line(source.name) if source else "spec"
    if place is not None:
        return f"{name}:{place.first[0]}:{place.first[1]}"
    return places.override(finding.pointer) or (one_line(finding.file) if finding.file else name)


def _count(diagnostics: Iterable[Diagnostic]) -> str:
    counts = _counts(diagnostics)
    return ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}"
                     for name, count in counts.items() if count)


def _counts(diagnostics: Iterable[Diagnostic]) -> dict[str, int]:
    severities = [diagnostic.severity for diagnostic in diagnostics]
    return {severity.value: severities.count(severity) for severity in Severity}


def _margin(line: int) -> str:
    return f"  {line} | "


def _blank(margin: str) -> str:
    return " " * (len(margin) - 2) + "| "


def _code(text: str, start: int, end: int, place: _Place, margin: int) -> tuple[str, str]:
    """A line of the text within the width, with carets under the part that is in `place`."""
    room = _WIDTH - margin
    # No character is narrower than nothing, so cells further off could only show if all
    # between were combining marks; a line of megabytes is not taken apart for them.
    low, high = max(start, place.start - room), min(end, place.start + room)
    cells = [_cell(character) for character in text[low:high]]
    caret = place.start - low
    before = cells[:caret]
    width = sum(columns for _, columns in cells)
    head = _CUT if low > start else ""
    if head or width > room:
        kept = _fitting(reversed(before), _CONTEXT if width > room else room - len(_CUT))
        head = _CUT if head or kept < len(before) else ""
        before = before[len(before) - kept:]
    used = len(head) + sum(columns for _, columns in before)
    behind = cells[caret:]
    tail = ""
    if high < end or sum(columns for _, columns in behind) > room - used:
        behind = behind[:_fitting(behind, room - used - len(_CUT))]
        tail = _CUT
    marked = sum(columns for _, columns in behind[:max(0, place.end - place.start)])
    line = head + "".join(shown for shown, _ in before + behind) + tail
    return line, " " * used + "^" * max(1, marked)


def _fitting(cells: Iterable[tuple[str, int]], room: int) -> int:
    """How many cells from the first fit into so many columns."""
    count = 0
    for _, columns in cells:
        room -= columns
        if room < 0:
            break
        count += 1
    return count


def _cell(character: str) -> tuple[str, int]:
    """A character as it is printed, and the columns that it takes on a terminal."""
    if character.isascii() and character.isprintable():
        return character, 1
    if character == "\t":
        return _TAB, len(_TAB)
    if not character.isprintable():
        shown = one_line(character)
        return shown, len(shown)
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


_STYLES = {"error": "1;31", "warning": "1;33", "help": "36", "dim": "34", "strong": "1"}


def _paint(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _plain(style: str, text: str) -> str:
    return text


# JSON


def render_json(diagnostics: Sequence[Diagnostic], source: Source | None) -> str:
    """One JSON object: `valid`, counts, and the diagnostics in the order of the text.

    `range` is null for what does not stand in the text; lines and columns count from 1, in
    code points, and the end is one past the last character. `file` is null for the spec.
    """
    places = _Places(diagnostics, source)
    counts = _counts(diagnostics)
    report = {
        "format_version": FORMAT_VERSION,
        "spec": source.name if source else None,
        "valid": counts["error"] == 0,
        "error_count": counts["error"],
        "warning_count": counts["warning"],
        "diagnostics": [_record(diagnostic, places)
                        for diagnostic in _in_order(diagnostics, places)],
    }
    return json.dumps(report, indent=2)


def _record(diagnostic: Diagnostic, places: _Places) -> Mapping[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "pointer": diagnostic.pointer,
        "range": _range(places.of(diagnostic)),
        "file": diagnostic.file,
        "related": [{"message": related.message, "pointer": related.pointer,
                     "range": _range(places.of_pointer(related.pointer)), "file": related.file}
                    for related in diagnostic.related],
        "help": diagnostic.help,
        "fix": None if diagnostic.fix is None else [dict(step) for step in diagnostic.fix],
    }


def _range(place: _Place | None) -> Mapping[str, Any] | None:
    if place is None:
        return None
    return {name: {"line": line, "column": column}
            for name, (line, column) in (("start", place.first), ("end", place.last))}
