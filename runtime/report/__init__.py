"""The report of a run: one HTML page that opens from disk and loads nothing."""

from __future__ import annotations

from .input import ReportInput
from .page import render

__all__ = ["ReportInput", "write_report"]


def write_report(report: ReportInput) -> str:
    """The whole page as HTML text; the caller writes it. Equal input gives equal text."""
    return render(report)
