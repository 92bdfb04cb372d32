"""The wide history as one group of series for each metric, and the order of the splits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .input import ReportInput
from .text import is_number, mapping

LOSS = "loss"
BOOKKEEPING = frozenset({"epoch", "rows", "seconds"})

DRAWABLE = 1e200
"""Beyond this an axis overflows: a diverged value is a gap in its curve."""


@dataclass(frozen=True)
class Curves:
    """The values of one metric.

    Args:
        metric: its name, or the whole column name where no split was recognised.
        series: split -> one value for each epoch, None for a gap.
    """

    metric: str
    series: dict[str, list[float | None]]


def splits(report: ReportInput) -> tuple[str, ...]:
    """Every split of the run: what was held out comes first, what was trained on last."""
    names = [*mapping(mapping(report.plan, "data"), "splits"), *report.metrics]
    for column in report.history:
        if column.startswith(LOSS + "_"):
            names.append(column.removeprefix(LOSS + "_"))
    rank = {"test": 0, "validation": 1, "display": 3, "train": 4}
    return tuple(sorted(dict.fromkeys(map(str, names)), key=lambda name: rank.get(name, 2)))


def epochs(report: ReportInput) -> list[float]:
    """The place of each row of the history on the axis: its epoch, or its number."""
    length = max((len(column) for column in report.history.values()), default=0)
    given = [finite(value) for value in report.history.get("epoch", ())]
    if len(given) == length and None not in given:
        return [value for value in given if value is not None]
    return [float(row + 1) for row in range(length)]


def curves(report: ReportInput) -> tuple[Curves, ...]:
    """One group for each metric: the loss first, then as the history has them.

    Columns without a single finite value are left out.
    """
    known = splits(report)
    finals = (name for metrics in report.metrics.values() for name in metrics)
    named = {LOSS, *report.directions, *finals}
    groups: dict[str, dict[str, list[float | None]]] = {LOSS: {}}
    for column, values in report.history.items():
        shown = [finite(value) for value in values]
        if column in BOOKKEEPING or all(value is None for value in shown):
            continue
        metric, split = _split_column(column, known, named)
        groups.setdefault(metric, {})[split] = shown
    return tuple(
        Curves(metric, {split: series[split] for split in (*known, "") if split in series})
        for metric, series in groups.items() if series
    )


def _split_column(column: str, known: Iterable[str], metrics: set[str]) -> tuple[str, str]:
    """`roc_auc_score_test` to its metric and its split; the split is empty where none fits.

    Names may hold `_`, so a known metric beats a longer split.
    """
    fitting = [
        (column.removesuffix("_" + split), split) for split in known if column.endswith("_" + split)
    ]
    if not fitting:
        return column, ""
    return max(fitting, key=lambda pair: (pair[0] in metrics, len(pair[1])))


def finite(value: object) -> float | None:
    """A value that can be drawn; None for a gap."""
    if not is_number(value):
        return None
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) and abs(number) < DRAWABLE else None
