"""Diagnostics as workflow commands of GitHub Actions, which annotate the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics.diagnostic import Diagnostic, one_line
from ..stages import Source
from .places import Places, summary


def render_github(diagnostics: Sequence[Diagnostic], source: Source | None) -> str:
    """One annotation for each diagnostic in the order of the text, and a line that counts them.

    A finding about a file of the bundle names that file; an override names none.
    """
    places = Places(diagnostics, source)
    lines = [_annotation(diagnostic, source, places)
             for diagnostic in places.in_order(diagnostics)]
    name = one_line(source.name) if source else "spec"
    return "\n".join([*lines, summary(diagnostics) or f"{name}: no mistakes found"])


def github_of_fault(reason: str) -> str:
    """The annotation where specc itself failed."""
    return _command("error", {"title": "specc failed"}, reason)


def _annotation(diagnostic: Diagnostic, source: Source | None, places: Places) -> str:
    properties: dict[str, str | int] = {}
    place, given = places.of(diagnostic), places.override(diagnostic.pointer)
    file = source.name if source and (place or not diagnostic.file) else diagnostic.file
    if file is not None and given is None:
        properties["file"] = file
    if place is not None:
        properties |= {"line": place.first[0], "col": place.first[1],
                       "endLine": place.last[0], "endColumn": place.last[1]}
    title = f"{diagnostic.code} at {diagnostic.pointer}" if diagnostic.pointer else diagnostic.code
    lines = [f"{given}: {diagnostic.message}" if given else diagnostic.message]
    lines += [f"see: {entry.message}" for entry in diagnostic.related]
    if diagnostic.help is not None:
        lines.append(f"help: {diagnostic.help}")
    return _command(diagnostic.severity.value, {**properties, "title": one_line(title)},
                    "\n".join(map(one_line, lines)))


def _command(name: str, properties: dict[str, str | int], message: str) -> str:
    named = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items())
    return f"::{name} {named}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Text with the characters that end a command, or a property, as percent codes."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
