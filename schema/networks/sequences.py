"""What the sequence types share: the property `pool`, and the shape that it leaves."""

from __future__ import annotations

from ..declaration import Fragment
from ..fields import choice
from ..shapes import BATCH, Dim, Length, Shape

POOLS = ("last", "mean", "max", "none")


def pool_property(default: str) -> Fragment:
    """How the outputs of the steps become one row a sample; `none` gives a sequence of them."""
    return choice("What becomes of the steps: the last one, their mean or maximum as one row a "
                  "sample, all zeros for a sample without a step; none gives all of them, as a "
                  "sequence.", POOLS, default=default, example="mean")


def pooled_shape(length: Length, width: Dim, pool: str) -> Shape:
    """`(batch, width)`, or with `none` `(batch, length, width)`."""
    return (BATCH, length, width) if pool == "none" else (BATCH, width)
