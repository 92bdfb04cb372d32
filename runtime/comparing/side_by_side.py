"""Runs side by side, as data, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...compiler.comparing.difference import Comparison
from ...compiler.comparing.difference_text import difference_json, difference_text
from ...compiler.diagnostics.diagnostic import one_line
from ...compiler.reporters import Paint
from ..finished.folder import FinishedRun
from .differences import MetricDifference, differences, direction
from .inputs import input_differences

FORMAT = 1
"""The version of the JSON."""

_VERDICTS = {True: "better", False: "worse"}


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Finished runs and what they differ in; the first is what the others are compared with.

    Args:
        specs: of each run but the first, what its spec means otherwise than the first.
        inputs: of each run but the first, what else it was made from.
        metrics: the differences of all measures, run by run.
    """

    runs: Sequence[FinishedRun]
    specs: Sequence[Comparison]
    inputs: Sequence[Sequence[str]]
    metrics: Sequence[MetricDifference]


def side_by_side(runs: Sequence[FinishedRun], specs: Sequence[Comparison]) -> SideBySide:
    """Raises DamagedRun (SC526)."""
    return SideBySide(runs, specs, [input_differences(runs[0], run) for run in runs[1:]],
                      differences(runs))


def verdict(found: MetricDifference) -> str:
    """`better`, `worse`, `noise` or `equal`; `differs` where no interval, or no direction, says
    more."""
    if not found.difference:
        return "undefined" if found.difference is None else "equal"
    if found.noise:
        return "noise"
    if found.noise is None or found.better is None:
        return "differs"
    return _VERDICTS[found.better]


def as_json(found: SideBySide) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "format": FORMAT,
        "runs": [{
            "name": run.name, "folder": str(run.folder), "epoch": run.metrics.get("epoch"),
            "splits": run.splits, "intervals": run.metrics.get("intervals", {}),
        } for run in found.runs],
        "specs": [difference_json(spec) for spec in found.specs],
        "inputs": [list(lines) for lines in found.inputs],
        "metrics": [{**asdict(each), "direction": direction(found.runs, each.measure),
                     "verdict": verdict(each)} for each in found.metrics],
    }


def as_text(found: SideBySide, paint: Paint) -> Iterator[str]:
    """The lines for people: a table of the metrics, then what the specs differ in."""
    first, *others = (one_line(run.name) for run in found.runs)
    for place, name in enumerate(others, start=1):
        if place > 1:
            yield ""
        yield paint("strong", f"{first} -> {name}")
        rows = [_row(each) for each in found.metrics if each.run == place]
        if rows:
            yield from _table([("split", "measure", "first", "this", "difference", "95 %", "",
                                ""), *rows], paint)
        else:
            yield "  no split with the same measures"
        why = list(reasons(found, place))
        if why:
            yield "  not paired:"
            yield from (f"    {line}" for line in why)
        lines = found.inputs[place - 1]
        if lines:
            yield "  made from:"
            yield from (f"    {line}" for line in lines)
        yield ""
        yield from difference_text(found.specs[place - 1], first, name, paint)


def _row(each: MetricDifference) -> tuple[str, ...]:
    interval = "" if each.low is None else f"{_number(each.low)} to {_number(each.high)}"
    return (one_line(each.split), one_line(each.measure), _number(each.first), _number(each.value),
            _number(each.difference, sign=True), interval, each.how or "", verdict(each))


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "undefined"
    size = abs(value)
    form = ".3e" if size and (size < 1e-3 or size >= 1e6) else ".4f" if size < 10 else ".2f"
    return format(value, f"+{form}" if sign else form)


def _table(rows: Sequence[Sequence[str]], paint: Paint) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    styles = {"better": "added", "worse": "removed", "differs": "warning"}
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if column in (0, 1, 6, 7) else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths, strict=True))]
        if number and row[-1] in styles:
            cells[-1] = paint(styles[row[-1]], row[-1])
        yield "  " + "  ".join(cells).rstrip()


def reasons(found: SideBySide, place: int) -> Iterator[str]:
    """Why differences of a run are not paired, or none at all, each reason once."""
    told: dict[str, list[str]] = {}
    for each in found.metrics:
        if each.run == place and each.why:
            told.setdefault(each.why, []).append(one_line(f"{each.split} {each.measure}"))
    for reason, names in told.items():
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield f"{reason}: {shown}"
