"""Diagnostics in the forms in which they are read: text, JSON, SARIF, GitHub annotations."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics.diagnostic import Diagnostic
from ..stages import Source
from .github import github_of_fault, render_github
from .json import json_of_fault, render_json
from .text import Paint, painter, render_text

__all__ = ["FORMATS", "Paint", "painter", "render", "render_fault", "render_json", "render_text"]

FORMATS = ("text", "json", "sarif", "github")


def render(diagnostics: Sequence[Diagnostic], source: Source | None, form: str, *,
           color: bool, version: str) -> str:
    """The findings in one of FORMATS, without a line break at the end.

    Args:
        color: whether text is painted.
        version: that of specc, which SARIF names.
    """
    if form == "json":
        return render_json(diagnostics, source)
    if form == "github":
        return render_github(diagnostics, source)
    if form == "sarif":
        from .sarif import render_sarif

        return render_sarif(diagnostics, source, version)
    return render_text(diagnostics, source, color)


def render_fault(reason: str, form: str, *, version: str) -> str:
    """What is said in `form` where specc itself failed."""
    if form == "json":
        return json_of_fault(reason)
    if form == "github":
        return github_of_fault(reason)
    if form == "sarif":
        from .sarif import sarif_of_fault

        return sarif_of_fault(reason, version)
    return f"specc failed: {reason}"
