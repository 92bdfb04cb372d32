"""Two towers: a network for each side of a pair, and the similarity of what they give.

Learning Deep Structured Semantic Models for Web Search using Clickthrough Data, Huang et al.
2013. The learned scale is that of Learning Transferable Visual Models From Natural Language
Supervision, Radford et al. 2021, kept as its logarithm; with cosines it starts at 1 / 0.07, as
there, with dot products at 1.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import boolean, choice, one_of
from ..shapes import (
    BATCH,
    UNKNOWN,
    Dim,
    ParameterShapes,
    Shape,
    ShapeError,
    Unknown,
    Value,
    flat,
    show,
)

_FIRST_SCALE = {"dot": 1.0, "cosine": 1 / 0.07}


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """what both towers read, mostly the batch of named frames -> (batch, 1)"""
    towers = [scope.visit(args[side], value) for side in ("left", "right")]
    if any(isinstance(tower, Unknown) for tower in towers):
        return UNKNOWN
    left, right = _width("left", towers[0]), _width("right", towers[1])
    if isinstance(left, int) and isinstance(right, int) and left != right:
        raise ShapeError(f"{show(towers[0])} on the left and {show(towers[1])} on the right",
                         "two outputs of one width",
                         help="end both towers in layers of the same width")
    return (BATCH, 1)


def _width(side: str, tower: Value) -> Dim:
    try:
        return flat(tower)
    except ShapeError as error:
        raise ShapeError(error.got, error.wanted, error.help, key=side) from None


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    scale: Shape = (1,)
    return {"log_scale": scale} if args["scale"] else {}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.two_tower import TwoTower

    similarity = args["similarity"]
    return TwoTower(scope.build(args["left"], value), scope.build(args["right"], value),
                    similarity, _FIRST_SCALE[similarity] if args["scale"] else None)


_LEFT = {"type": "fully_connected", "sizes": [64, 16], "input_frames": ["passengers"]}
_RIGHT = {"type": "fully_connected", "sizes": [64, 16], "input_frames": ["tickets"]}

TWO_TOWER = NetworkType(
    name="two_tower",
    description="Two networks, each mostly with `input_frames` of its own; gives one number, how "
    "alike their outputs are (Huang et al. 2013).",
    properties={
        "left": one_of("network", "The network of one side.", example=_LEFT),
        "right": one_of("network", "The network of the other side; as wide at its end.",
                        example=_RIGHT),
        "similarity": choice("The dot product of the two outputs, or of their directions.",
                             ("dot", "cosine"), default="dot", example="cosine"),
        "scale": boolean("Whether the similarity is multiplied with a learned number above 0; "
                         "cosines need it, or an `output` behind, to become logits.",
                         default=False),
    },
    required=("left", "right"),
    examples=(
        {"left": _LEFT, "right": _RIGHT},
        {"left": _LEFT, "right": _RIGHT, "similarity": "cosine", "scale": True},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    children=("left", "right"),
    per_step=False,
)
