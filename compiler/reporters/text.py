"""Diagnostics as text for people: a code frame for each, and a line that counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..diagnostics.diagnostic import Diagnostic, Related, one_line
from ..stages import Source
from .places import Place, Places, summary

MAX_SHOWN = 100
"""Findings that are printed; nobody reads more at once. Errors go before warnings."""

_WIDTH = 100
"""Columns of a line of code with its margin; longer lines are cut around the caret."""
_TAB = "    "
_CUT = "..."
_CONTEXT = 40
"""Columns of a cut line that stay in front of the caret."""

Paint = Callable[[str, str], str]
"""Style and text to painted text."""


def render_text(diagnostics: Sequence[Diagnostic], source: Source | None, color: bool) -> str:
    """A code frame for each diagnostic in the order of the text, and a line that counts them.

    At most 100 findings are shown, errors first; the counts are of all.
    Empty without diagnostics; no line break at the end.
    """
    if not diagnostics:
        return ""
    places = Places(diagnostics, source)
    paint = painter(color)
    ordered = places.in_order(diagnostics)
    shown = _most_severe(ordered) if len(ordered) > MAX_SHOWN else ordered
    blocks = ["\n".join(_block(diagnostic, source, places, paint)) for diagnostic in shown]
    if len(shown) < len(ordered):
        blocks.append(f"and {len(ordered) - len(shown):,} more; --format json tells all")
    return "\n\n".join([*blocks, summary(diagnostics)])


def _most_severe(ordered: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The first errors, and where there are few of them the first warnings, in their order."""
    ranked = sorted(range(len(ordered)), key=lambda place: not ordered[place].is_error)
    return [ordered[place] for place in sorted(ranked[:MAX_SHOWN])]


def _block(diagnostic: Diagnostic, source: Source | None, places: Places,
           paint: Paint) -> Iterable[str]:
    place = places.of(diagnostic)
    style = diagnostic.severity.value
    title = paint(style, f"{style}[{diagnostic.code}]")
    where = _where(diagnostic, source, place, places)
    yield f"{where}: {title}: {paint('strong', one_line(diagnostic.message))}"
    at = f" at {one_line(diagnostic.pointer)}" if diagnostic.pointer else ""
    if place is not None and source is not None:
        margin = _margin(place.first[0])
        code, carets = _code(source.text, *places.line(place.first[0]), place, len(margin))
        indent, marks = carets[:-len(carets.lstrip())], carets.lstrip()
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


def _where(finding: Diagnostic | Related, source: Source | None, place: Place | None,
           places: Places) -> str:
    name = one_line(source.name) if source else "spec"
    if place is not None:
        return f"{name}:{place.first[0]}:{place.first[1]}"
    return places.override(finding.pointer) or (one_line(finding.file) if finding.file else name)


def _margin(line: int) -> str:
    return f"  {line} | "


def _blank(margin: str) -> str:
    return " " * (len(margin) - 2) + "| "


def _code(text: str, start: int, end: int, place: Place, margin: int) -> tuple[str, str]:
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


_STYLES = {"error": "1;31", "warning": "1;33", "help": "36", "dim": "34", "strong": "1",
           "removed": "31", "added": "32"}


def painter(color: bool) -> Paint:
    """Paints text in a style with the control sequences of terminals, or leaves it plain."""
    return _paint if color else _plain


def _paint(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _plain(style: str, text: str) -> str:
    return text
