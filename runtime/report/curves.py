"""Curves over epochs as inline SVG, drawn by matplotlib without pyplot and without a display.

Matplotlib writes only ticks and lines. Names of metrics and splits stand in the HTML around
the drawing, so no stranger's text is ever read as mathtext, and none needs a font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .series import Curves
from .style import SPLIT_COLOURS

WIDTH, HEIGHT, FONT_SIZE = 330, 190, 10.5
"""Of one drawing, in units of its view box; a desktop shows it at about this size."""

# A colour of matplotlib must be fixed, one of the page follows the theme: each role is drawn
# in a colour of its own and renamed to a CSS variable afterwards.
_ROLE = "#fe01{:02x}"
_MUTED, _RULE, _FIRST_SPLIT = 0, 1, 2
_VARIABLES = ["--muted", "--rule", *(f"--split-{place}" for place in range(SPLIT_COLOURS))]


def draw(curves: Curves, epochs: Sequence[float], places: Mapping[str, int], key: str) -> str:
    """One metric over all splits as an `svg` element.

    Args:
        curves: what to draw; gaps stay gaps.
        epochs: the horizontal place of each value.
        places: split -> place among the splits of the run, which gives its colour.
        key: unique on the page; every id of the drawing starts with it.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({
            "svg.fonttype": "none", "svg.hashsalt": key, "font.sans-serif": ["DejaVu Sans"],
            "axes.formatter.use_mathtext": False, "axes.unicode_minus": True,
        })
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        axes = figure.add_axes((0.135, 0.13, 0.845, 0.81))
        _style(axes)
        for split, values in curves.series.items():
            _line(axes, epochs, values, places.get(split, 0))
        _limits(axes, epochs)
        text = io.StringIO()
        figure.savefig(text, format="svg",
                       metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(text.getvalue(), key)


def _style(axes: Axes) -> None:
    muted, rule = _ROLE.format(_MUTED), _ROLE.format(_RULE)
    axes.patch.set_visible(False)
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set(color=rule, linewidth=1)
    axes.grid(axis="y", color=rule, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=FONT_SIZE, labelcolor=muted, pad=4)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.get_offset_text().set(color=muted, fontsize=FONT_SIZE)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def _line(axes: Axes, epochs: Sequence[float], values: Sequence[float | None], place: int) -> None:
    """A line with a dot at its end and at each value between two gaps, which no line reaches."""
    last = max(row for row, value in enumerate(values) if value is not None)
    alone = [
        row for row, value in enumerate(values)
        if value is not None and (row == last or (_gap(values, row - 1) and _gap(values, row + 1)))
    ]
    colour = _ROLE.format(_FIRST_SPLIT + place % SPLIT_COLOURS)
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


def _inline(svg: str, key: str) -> str:
    """A file of matplotlib's as an element: no prologue, no style of its own, unique ids."""
    body = svg[svg.index("<g "):svg.rindex("</svg>")]
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = body.replace('xlink:href="#', f'href="#{key}-').replace("url(#", f"url(#{key}-")
    body = re.sub(r"#fe01([0-9a-f]{2})",
                  lambda found: f"var({_VARIABLES[int(found[1], 16)]})", body)
    body = re.sub(r"\n\s*", " ", body)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{body}</svg>'
