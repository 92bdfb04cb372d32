"""Drawings as inline SVG, made by matplotlib without pyplot and without a display.

Matplotlib writes only ticks and lines. Names of metrics and splits stand in the HTML around
the drawing, so no stranger's text is ever read as mathtext, and none needs a font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import SPLIT_COLOURS

WIDTH, HEIGHT, FONT_SIZE = 330, 190, 10.5
"""Of one drawing, in units of its view box; a desktop shows it at about this size."""

# A colour of matplotlib must be fixed, one of the page follows the theme: each role is drawn
# in a colour of its own and renamed to a CSS variable afterwards.
_ROLE = "#fe01{:02x}"
_VARIABLES = ["--muted", "--rule", *(f"--split-{place}" for place in range(SPLIT_COLOURS))]

MUTED, RULE = _ROLE.format(0), _ROLE.format(1)


def split_colour(place: int) -> str:
    """That of a split, by its place among the splits of the run."""
    return _ROLE.format(2 + place % SPLIT_COLOURS)


def svg(key: str, paint: Callable[[Figure], None], height: int = HEIGHT) -> str:
    """A drawing as an `svg` element.

    Args:
        key: unique on the page; every id of the drawing starts with it.
        paint: adds axes to the figure and draws in them.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({
            "svg.fonttype": "none", "svg.hashsalt": key, "font.sans-serif": ["DejaVu Sans"],
            "axes.formatter.use_mathtext": False, "axes.unicode_minus": True,
        })
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        paint(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg",
                       metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(text.getvalue(), key, height)


def axes_in(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Axes in the look of the page: a line below, a faint grid across."""
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set(color=RULE, linewidth=1)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=FONT_SIZE, labelcolor=MUTED, pad=4)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(color=MUTED, fontsize=FONT_SIZE)
    return axes


def _inline(svg: str, key: str, height: int) -> str:
    """A file of matplotlib's as an element: no prologue, no style of its own, unique ids."""
    body = svg[svg.index("<g "):svg.rindex("</svg>")]
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = body.replace('xlink:href="#', f'href="#{key}-').replace("url(#", f"url(#{key}-")
    body = re.sub(r"#fe01([0-9a-f]{2})",
                  lambda found: f"var({_VARIABLES[int(found[1], 16)]})", body)
    body = re.sub(r"\n\s*", " ", body)
    return f'<svg viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{body}</svg>'
