"""What the benchmark found, as records and as a Markdown page."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import Spread, ratio, spread

LIBRARIES = ("specc", "torch", "numpy", "pandas", "pyarrow", "scikit-learn")


@dataclass(frozen=True)
class Goal:
    """What the median of a ratio must be: at least `bound`, or at most `bound`."""

    bound: float
    at_least: bool

    def reached(self, median: float) -> bool:
        return median >= self.bound if self.at_least else median <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


@dataclass(frozen=True)
class Comparison:
    """A ratio of specc to another side, with its goal; None where there is no goal."""

    name: str
    ratio: Spread
    goal: Goal | None

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "reached" if self.goal.reached(self.ratio.median) else "missed"


@dataclass(frozen=True)
class Figure:
    """What one side took, for orientation: absolute figures belong to one machine."""

    side: str
    quantity: str
    figures: Spread


@dataclass(frozen=True)
class Section:
    """One of the questions of the benchmark, answered.

    Args:
        title: the question in a few words.
        comparisons: ratios; empty when specc was left out.
        figures: the sides one by one.
        notes: facts in words, one line each.
    """

    title: str
    comparisons: tuple[Comparison, ...]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def compare(
    name: str, ours: Sequence[float], theirs: Sequence[float], goal: Goal | None
) -> Comparison:
    """The per-round ratios of two sides as a comparison."""
    return Comparison(name, ratio(ours, theirs), goal)


def figure(side: str, quantity: str, readings: Sequence[float]) -> Figure:
    """The readings of one side as a figure."""
    return Figure(side, quantity, spread(readings))


def render(sections: Iterable[Section], machine: Sequence[str]) -> str:
    """The page: the machine, then for each section its ratios, sides and notes."""
    lines = ["# Benchmark results", "", "Written by `python benchmarks/run.py BUNDLE_DIR --write`."]
    lines += ["", *(f"- {fact}" for fact in machine)]
    for section in sections:
        lines += ["", f"## {section.title}"]
        if section.comparisons:
            lines += ["", "| ratio | minimum | median | maximum | goal | |"]
            lines += ["|---|---|---|---|---|---|"]
            lines += [_comparison_row(comparison) for comparison in section.comparisons]
        lines += ["", "| side | quantity | minimum | median | maximum |", "|---|---|---|---|---|"]
        lines += [_figure_row(figure) for figure in section.figures]
        lines += ["", *section.notes] if section.notes else []
    return "\n".join(lines) + "\n"


def _comparison_row(comparison: Comparison) -> str:
    goal = "" if comparison.goal is None else str(comparison.goal)
    cells = (comparison.name, _cells(comparison.ratio), goal, comparison.verdict)
    return f"| {' | '.join(cells)} |"


def _figure_row(figure: Figure) -> str:
    return f"| {figure.side} | {figure.quantity} | {_cells(figure.figures)} |"


def _cells(figures: Spread) -> str:
    return " | ".join(
        f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
        for number in (figures.minimum, figures.median, figures.maximum)
    )


def machine_facts() -> tuple[str, ...]:
    """The processor, memory, load and versions behind the figures."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{_processor()}, {os.cpu_count()} logical cores, {memory:.0f} GiB, {platform.system()}",
        f"load average before the first measurement (1, 5, 15 minutes): {load}",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
        "one torch thread for every side",
    )


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
