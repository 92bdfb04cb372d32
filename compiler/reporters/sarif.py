"""Diagnostics as SARIF 2.1.0, the form that code scanners exchange (an OASIS standard)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..diagnostics.diagnostic import Code, Diagnostic, Patch, Related
from ..diagnostics.rules import RULES, shown
from ..stages import Source
from ..text.text_patch import Edit, edits
from .places import Place, Places

Json = dict[str, Any]


def render_sarif(diagnostics: Sequence[Diagnostic], source: Source | None, version: str) -> str:
    """One SARIF log with one run; `version` is that of specc.

    The rules are the codes that were found. Lines and columns count from 1, in code points.
    A finding about a file of the bundle, or about an override, has no region.
    """
    places = Places(diagnostics, source)
    ordered = places.in_order(diagnostics)
    rules = sorted({diagnostic.code for diagnostic in ordered})
    repairs = _repairs(ordered, source)
    results = []
    for number, diagnostic in enumerate(ordered):
        result = _result(diagnostic, source, places, rules)
        if number in repairs and source is not None:
            result["fixes"] = [_fix(repairs[number], diagnostic, source, places)]
        results.append(result)
    return _log(version, [_rule(RULES[name]) for name in rules], results, {
        "executionSuccessful": True})


def sarif_of_fault(reason: str, version: str) -> str:
    """The log where specc itself failed: a notification in place of results."""
    return _log(version, [], [], {
        "executionSuccessful": False,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": reason}}],
    })


def _log(version: str, rules: list[Json], results: list[Json], invocation: Json) -> str:
    run = {
        "tool": {"driver": {"name": "specc", "version": version, "rules": rules}},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "results": results,
    }
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: Code) -> Json:
    advice = [] if code.help is None else [f"Help: {shown(code.help)}"]
    return {
        "id": code.name,
        "shortDescription": {"text": shown(code.message)},
        "fullDescription": {"text": code.doc},
        "help": {"text": "\n".join([code.doc, *advice])},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _result(diagnostic: Diagnostic, source: Source | None, places: Places,
            rules: Sequence[str]) -> Json:
    message = diagnostic.message
    if diagnostic.help is not None:
        message += f"\nhelp: {diagnostic.help}"
    location = _location(diagnostic, source, places.of(diagnostic))
    result: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": rules.index(diagnostic.code),
        "level": diagnostic.severity.value,
        "message": {"text": message},
        "locations": [location] if location else [],
        "partialFingerprints": {"codeAndPlace/v1": _fingerprint(diagnostic)},
    }
    related = list(_related(diagnostic, source, places))
    if related:
        result["relatedLocations"] = related
    return result


def _related(diagnostic: Diagnostic, source: Source | None, places: Places) -> Iterator[Json]:
    for number, entry in enumerate(diagnostic.related, start=1):
        location = _location(entry, source, places.of_pointer(entry.pointer))
        yield {"id": number, **location, "message": {"text": entry.message}}


def _location(finding: Diagnostic | Related, source: Source | None, place: Place | None) -> Json:
    """The file and region, and the pointer as a logical place; empty where neither is known."""
    location: Json = {}
    name = source.name if source is not None and (place or not finding.file) else finding.file
    if name is not None:
        location["physicalLocation"] = {"artifactLocation": {"uri": uri(name)}}
    if place is not None:
        location["physicalLocation"]["region"] = _region(place)
    if finding.pointer is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.pointer}]
    return location


def _region(place: Place) -> Json:
    (line, column), (end_line, end_column) = place.first, place.last
    return {"startLine": line, "startColumn": column, "endLine": end_line,
            "endColumn": end_column, "charOffset": place.start,
            "charLength": place.end - place.start}


def uri(name: str) -> str:
    """A file as a URI, relative to the working folder where it stands below it."""
    path = Path(name)
    if path.is_absolute():
        if not path.is_relative_to(Path.cwd()):
            return path.as_uri()
        path = path.relative_to(Path.cwd())
    return quote(path.as_posix())


def _fingerprint(diagnostic: Diagnostic) -> str:
    """The same for the same mistake after other lines of the spec were edited."""
    place = diagnostic.pointer if diagnostic.pointer is not None else diagnostic.file or ""
    return hashlib.sha256(f"{diagnostic.code}\n{place}".encode()).hexdigest()[:32]


def _repairs(ordered: Sequence[Diagnostic], source: Source | None) -> Mapping[int, Edit]:
    """Place in the order -> the edit of a finding whose fix is one edit of the text."""
    if source is None:
        return {}
    fixes: dict[int, Patch] = {
        number: diagnostic.fix for number, diagnostic in enumerate(ordered)
        if diagnostic.fix is not None}
    try:
        found = edits(source.text, list(fixes.values()))
    except ValueError:
        return {}
    return {number: edit for number, edit in zip(fixes, found, strict=True) if edit is not None}


def _fix(edit: Edit, diagnostic: Diagnostic, source: Source, places: Places) -> Json:
    return {
        "description": {"text": diagnostic.help or "apply the fix"},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(source.name)},
            "replacements": [{
                "deletedRegion": _region(places.between(edit.start, edit.end)),
                "insertedContent": {"text": edit.new},
            }],
        }],
    }
