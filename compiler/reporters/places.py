"""Where diagnostics stand in the text of a spec, and in which order they are told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..diagnostics.diagnostic import Diagnostic, Severity, Target, one_line
from ..stages import Source
from ..text.locate import Span, line_starts, locate_all, position_in

_TOKEN = re.compile(r'"(?:[^"\\\r\n]++|\\.)*+"?|[\w.+-]++')


class Place(NamedTuple):
    """A stretch of the spec's text, in code points; lines and columns from 1."""

    start: int
    end: int
    first: tuple[int, int]
    last: tuple[int, int]


class Places:
    """Where diagnostics stand in a spec. All pointers are looked up in one walk."""

    def __init__(self, diagnostics: Sequence[Diagnostic], source: Source | None) -> None:
        self._source = source
        self._starts = line_starts(source.text) if source else []
        pointers = {diagnostic.pointer for diagnostic in diagnostics}
        pointers |= {related.pointer for diagnostic in diagnostics
                     for related in diagnostic.related}
        self._spans = _spans(source.text, pointers) if source else {}

    def of(self, finding: Diagnostic) -> Place | None:
        """The place of a finding; None where it is not about the text."""
        if self._source is not None and finding.offset is not None:
            token = _TOKEN.match(self._source.text, finding.offset)
            return self.between(finding.offset, token.end() if token else finding.offset + 1)
        return self.of_pointer(finding.pointer, finding.target)

    def of_pointer(self, pointer: str | None, target: Target = "value") -> Place | None:
        """The key or value at a pointer; where the text lacks it, the nearest thing around."""
        if pointer is None or pointer not in self._spans or self.override(pointer) is not None:
            return None
        span = self._spans[pointer]
        return self.between(*(span.key if target == "key" and span.key else span.value))

    def between(self, start: int, end: int) -> Place:
        """The place between two offsets."""
        return Place(start, end, position_in(self._starts, start), position_in(self._starts, end))

    def override(self, pointer: str | None) -> str | None:
        """`--set` with the pointer of the override that gave the value at `pointer`."""
        if pointer is None or self._source is None:
            return None
        for given in self._source.overridden:
            if pointer == given or pointer.startswith(f"{given}/"):
                return f"--set {one_line(given)}"
        return None

    def line(self, number: int) -> tuple[int, int]:
        """The offsets of a line, its break left out."""
        assert self._source is not None
        text, start = self._source.text, self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(text)
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def in_order(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """About the whole spec, then by position in the text, then overrides, then files."""

        def order(diagnostic: Diagnostic) -> tuple[Any, ...]:
            place = self.of(diagnostic)
            group = (1 if place else 2 if self.override(diagnostic.pointer) else
                     3 if diagnostic.file else 0)
            return (group, place.start if place else 0, diagnostic.file or "",
                    diagnostic.pointer or "", diagnostic.code, diagnostic.message)

        return sorted(diagnostics, key=order)


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


def counts(diagnostics: Iterable[Diagnostic]) -> dict[str, int]:
    """Severity -> how many findings have it."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    return {severity.value: severities.count(severity) for severity in Severity}


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """The counts in words; empty without findings."""
    return ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}"
                     for name, count in counts(diagnostics).items() if count)
