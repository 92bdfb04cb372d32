"""Drawings of what predictions show: calibration, residuals."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .drawing import MUTED, axes_in, split_colour, svg
from .input import Bin, Residuals
from .series import DRAWABLE

TALL = 250
"""Height of a drawing of two parts."""


def reliability(bins: Sequence[Bin], place: int, key: str) -> str:
    """The share that came true over the chance that was said, and below how many samples.

    Args:
        place: of the split among those of the run, which gives its colour.
        key: unique on the page.
    """
    def paint(figure: Figure) -> None:
        axes = axes_in(figure, (0.135, 0.36, 0.845, 0.6))
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.plot([each.said for each in bins], [each.came for each in bins],
                  color=split_colour(place), linewidth=1.6, marker="o", markersize=4.5,
                  markeredgewidth=0, clip_on=False, zorder=3)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_xticklabels([])
        below = axes_in(figure, (0.135, 0.1, 0.845, 0.2))
        below.bar([each.said for each in bins], [each.count for each in bins], width=0.05,
                  color=split_colour(place), linewidth=0, alpha=0.7)
        below.set(xlim=(0, 1))
        below.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))

    return svg(key, paint, TALL)


def scatter(found: Residuals, place: int, key: str) -> str:
    """What was said over what is true; on the dashed line both are equal."""
    def paint(figure: Figure) -> None:
        axes = axes_in(figure, (0.135, 0.13, 0.845, 0.81))
        ends = [min(found.true), max(found.true)]
        axes.plot(ends, ends, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.plot(found.true, found.said, linestyle="", marker="o", markersize=3,
                  markeredgewidth=0, alpha=0.6, color=split_colour(place), zorder=3)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))

    return svg(key, paint)


def histogram(found: Residuals, place: int, key: str) -> str:
    """How many samples lie how far off; 0 is right."""
    def paint(figure: Figure) -> None:
        axes = axes_in(figure, (0.135, 0.13, 0.845, 0.81))
        axes.stairs(found.counts, found.edges, fill=True, color=split_colour(place), alpha=0.7,
                    linewidth=0)
        axes.axvline(0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))

    return svg(key, paint)


def drawable(found: Residuals) -> bool:
    """Whether the numbers fit on an axis."""
    return all(abs(value) < DRAWABLE
               for values in (found.true, found.said, found.edges) for value in values)
