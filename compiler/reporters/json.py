"""Diagnostics as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..diagnostics.diagnostic import Diagnostic
from ..stages import Source
from .places import Place, Places, counts

FORMAT_VERSION = "1.0"
"""Of the report; the first number changes when a reader must change."""


def render_json(diagnostics: Sequence[Diagnostic], source: Source | None) -> str:
    """One JSON object: `valid`, counts, and the diagnostics in the order of the text.

    `range` is null for what does not stand in the text; lines and columns count from 1, in
    code points, and the end is one past the last character. `file` is null for the spec.
    """
    places = Places(diagnostics, source)
    found = [_record(diagnostic, places) for diagnostic in places.in_order(diagnostics)]
    number = counts(diagnostics)
    return _report(source.name if source else None, number, found, number["error"] == 0)


def json_of_fault(reason: str) -> str:
    """The report where specc itself failed: nothing is known of the spec.

    It has `fault`, which says what happened, and `valid` is null.
    """
    return _report(None, counts(()), [], None, fault=reason)


def _report(spec: str | None, number: Mapping[str, int], found: Sequence[Mapping[str, Any]],
            valid: bool | None, **more: str) -> str:
    report = {
        "format_version": FORMAT_VERSION,
        "spec": spec,
        "valid": valid,
        "error_count": number["error"],
        "warning_count": number["warning"],
        "diagnostics": found,
        **more,
    }
    return json.dumps(report, indent=2)


def _record(diagnostic: Diagnostic, places: Places) -> Mapping[str, Any]:
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


def _range(place: Place | None) -> Mapping[str, Any] | None:
    if place is None:
        return None
    return {name: {"line": line, "column": column}
            for name, (line, column) in (("start", place.first), ("end", place.last))}
