"""Curves over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .drawing import axes_in, split_colour, svg
from .series import Curves
from .style import SPLIT_COLOURS


def draw(curves: Curves, epochs: Sequence[float], places: Mapping[str, int], key: str) -> str:
    """One metric over all splits as an `svg` element.

    Args:
        curves: what to draw; gaps stay gaps.
        epochs: the horizontal place of each value.
        places: split -> place among the splits of the run, which gives its colour.
        key: unique on the page; every id of the drawing starts with it.
    """
    def paint(figure: Figure) -> None:
        axes = axes_in(figure, (0.135, 0.13, 0.845, 0.81))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        for split, values in curves.series.items():
            _line(axes, epochs, values, places.get(split, 0))
        _limits(axes, epochs)

    return svg(key, paint)


def _line(axes: Axes, epochs: Sequence[float], values: Sequence[float | None], place: int) -> None:
    """A line with a dot at its end and at each value between two gaps, which no line reaches."""
    last = max(row for row, value in enumerate(values) if value is not None)
    alone = [
        row for row, value in enumerate(values)
        if value is not None and (row == last or (_gap(values, row - 1) and _gap(values, row + 1)))
    ]
    colour = split_colour(place)
    axes.plot(
        epochs[:len(values)], [float("nan") if value is None else value for value in values],
        color=colour, linewidth=1.6, solid_capstyle="round",
        linestyle="-" if place < SPLIT_COLOURS else "--",
        marker="o", markersize=3.6, markeredgewidth=0, markevery=alone, clip_on=False,
        zorder=3 + 1 / (1 + place),
    )


def _gap(values: Sequence[float | None], row: int) -> bool:
    return not 0 <= row < len(values) or values[row] is None


def _limits(axes: Axes, epochs: Sequence[float]) -> None:
    """Room around a single epoch, none beside a line."""
    first, last = min(epochs), max(epochs)
    if first == last:
        axes.set_xticks([first])
        first, last = first - 1, last + 1
    axes.set_xlim(first, last)
