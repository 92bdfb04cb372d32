"""A part whose input is added to what it gives."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice, one_of
from ..shapes import UNKNOWN, ParameterShapes, Shape, ShapeError, Unknown, Value, show, tensor

PROJECTIONS = ("auto", "none")


def _shapes(value: Value, args: Args, scope: Scope) -> tuple[Shape, Shape] | None:
    """What is read and what the network inside gives; None while the latter is not known."""
    shape = tensor(value)
    inner = scope.visit(args["network"], value)
    return None if isinstance(inner, Unknown) else (shape, tensor(inner))


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*same, in) -> (*same, width of the network inside)"""
    if isinstance(value, Unknown):
        return UNKNOWN
    shapes = _shapes(value, args, scope)
    if shapes is None:
        return UNKNOWN
    shape, inner = shapes
    both = f"{show(shape)} plus {show(inner)}"
    if len(shape) != len(inner) or not all(
            dim == other or None in (dim, other)
            for dim, other in zip(shape[:-1], inner[:-1], strict=True)):
        raise ShapeError(both, "a network that keeps all axes but the width",
                         help="put what changes the axes in front of the `residual`, or behind")
    if args["projection"] == "none" and _projects(shape, inner):
        raise ShapeError(both, "a network that keeps the width",
                         help='end it in a layer as wide as its input, or use "projection": "auto"')
    width = inner[-1] if inner[-1] is not None or args["projection"] == "auto" else shape[-1]
    return (*shape[:-1], width)


def _projects(shape: Shape, inner: Shape) -> bool:
    return shape[-1] != inner[-1] and None not in (shape[-1], inner[-1])


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    shapes = None if isinstance(value, Unknown) else _shapes(value, args, scope)
    if shapes is None or not _projects(*shapes):
        return {}
    return {"projection.weight": (shapes[1][-1], shapes[0][-1])}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    from .modules.residual import Residual

    network = scope.build(args["network"], value)
    projection = None
    for width_out, width_in in _parameters(value, args, scope).values():
        assert isinstance(width_in, int) and isinstance(width_out, int)
        projection = nn.Linear(width_in, width_out, bias=False)
    return Residual(network, projection)


RESIDUAL = NetworkType(
    name="residual",
    description="Adds what it reads to what the network inside gives, so that the network learns "
    "the difference.",
    properties={
        "network": one_of("network", "What is added to; it reads what this node reads.",
                          example={"type": "fully_connected", "sizes": [32, 16]}),
        "projection": choice("Where the widths differ: `auto` brings the input to the new width by "
                             "a linear map without bias, `none` refuses it.", PROJECTIONS,
                             default="auto", example="none"),
    },
    required=("network",),
    examples=(
        {"network": {"type": "fully_connected", "sizes": [32, 8]}},
        {"network": {"type": "torch.nn:LayerNorm"}, "projection": "none"},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    children=("network",),
    per_step=False,
)
