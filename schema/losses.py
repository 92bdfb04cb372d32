"""The losses: those of torch, and our own."""

from __future__ import annotations

from .constructors import load
from .declaration import Fragment, Type
from .fields import array, choice

_LEVEL: Fragment = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}

QUANTILE = "quantile"
"""The name of the loss of several quantiles; its outputs are label columns times quantiles."""

_QUANTILE = Type(
    name=QUANTILE,
    description="Pinball loss: the network gives several quantiles of each label column, and "
    "an error above a quantile weighs as much as the quantile, one below as what is left to 1.",
    properties={
        "quantiles": array("The quantiles to predict, the smallest first, each once. Metrics "
                           "read the one nearest to 0.5; those with an `alpha`, the one nearest "
                           "to that.", _LEVEL, default=[0.1, 0.5, 0.9],
                           example=[0.05, 0.25, 0.5, 0.75, 0.95], min_items=1, max_items=100),
        "reduction": choice("How the losses of a batch, one for each sample, column and "
                            "quantile, become one number.", ["mean", "sum"], default="mean",
                            example="sum"),
    },
    examples=({}, {"quantiles": [0.25, 0.5, 0.75]}),
)

LOSSES: tuple[Type, ...] = (*load().losses, _QUANTILE)
