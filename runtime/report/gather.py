"""A run folder -> what its page is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...compiler.diagnostics.diagnostic import Result
from ..finished.folder import DamagedRun, FinishedRun, open_finished
from ..finished.told import read_predictions, told
from ..metrics import directions_of
from .input import Judged, ReportInput
from .judged import judged
from .page import render

SPLITS = 8
"""Evaluated splits whose predictions are looked at."""


def report_of(folder: Path) -> Result[str]:
    """The page of a finished run, from its folder alone. Equal folders give equal pages.

    Reports: SC514, SC519, SC526.
    """
    run = open_finished(folder)
    if run.stage is None:
        return Result(None, run.diagnostics)
    try:
        return Result(render(report_input(run.stage)))
    except DamagedRun as error:
        return Result(None, (error.diagnostic,))


def report_input(run: FinishedRun) -> ReportInput:
    """Raises DamagedRun (SC526)."""
    return ReportInput(
        title=run.name,
        spec_text=run.spec_text,
        plan=run.plan,
        history=run.history,
        metrics=run.splits,
        directions={} if run.graph is None else directions_of(run.graph),
        environment=_flat(run.environment),
        warnings=list(_warnings(run)),
        intervals=run.metrics.get("intervals", {}),
        baselines=run.metrics.get("baselines", {}),
        judged=list(_judged(run)),
        importance=run.importance or {},
        timing=run.timing or {},
    )


def _judged(run: FinishedRun) -> Iterator[Judged]:
    table = read_predictions(run)
    if table is None:
        return
    for split in [name for name in run.splits if name != "train"][:SPLITS]:
        for head, what in told(run, table, split).items():
            yield judged(split, head, what)


def _warnings(run: FinishedRun) -> Iterator[str]:
    for found in (run.findings or {}).get("findings", ()):
        place = f" at {found['pointer']}" if found["pointer"] else ""
        yield f"{found['code']}{place}: {found['message']}"


def _flat(facts: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Nested facts as one level of `a.b` names."""
    flat: dict[str, str] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and depth < 8:
            flat |= _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            flat[prefix + name] = str(value)
    return flat
