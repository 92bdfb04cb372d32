"""One row a sample from a sequence, without weights."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice
from ..shapes import BATCH, Value, sequence


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, length, width) -> (batch, width)"""
    return (BATCH, sequence(value)[1])


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.masked_pool import MaskedPool

    return MaskedPool(args["pool"])


MASKED_POOL = NetworkType(
    name="masked_pool",
    description="The mean, maximum or sum of the steps of a sequence, or its last or first; "
    "zeros for a sample without a step.",
    properties={
        "pool": choice("What is taken of the steps, number by number.",
                       ("mean", "max", "sum", "last", "first"), default="mean", example="max"),
    },
    examples=({}, {"pool": "max"}, {"pool": "last"}),
    shape=_shape,
    build=_build,
    per_step=False,
)
