"""Layers of torch.nn that stand directly as network factories, with their shape rules.

Their names and arguments come from the generated table of constructors; here is what the
table cannot know: which argument the compiler fills, and how shapes change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..constructors import load
from ..declaration import Args, NetworkType, Scope
from ..shapes import (
    Dim,
    Length,
    Members,
    ParameterShapes,
    Shape,
    ShapeError,
    Value,
    length_of,
    show,
    size,
    tensor,
)
from .activations import OUTPUT_ACTIVATIONS, RANGES
from .structure import linear_parameters

PREFIX = "torch.nn:"

_MOST_SHOWN = 6
"""Numbers that a help line offers."""


@dataclass(frozen=True)
class _Rule:
    """How one class of torch.nn changes shapes, and what the compiler fills in."""

    shape: Callable[[Shape, Args], Shape] = lambda shape, args: shape
    fills: Callable[[Shape, Args], dict[str, Any]] = lambda shape, args: {}
    parameters: Callable[[Shape, Args], ParameterShapes] = lambda shape, args: {}
    reads_codes: bool = False
    needs_several_rows: bool = False


def _axis(shape: Shape, args: Args, key: str = "dim") -> int:
    """An axis argument as a position. Raises ShapeError off the shape, or on the batch axis."""
    dim = -1 if args[key] is None else args[key]
    position = dim + len(shape) if dim < 0 else dim
    # Beside the batch there is one axis, unless something has made more of it.
    only = len(shape) - 1 if key == "start_dim" else -1
    value = only if len(shape) == 2 else None
    if not 0 <= position < len(shape):
        raise ShapeError(f"{show(shape)} with {key} {dim}", f"a {key} below {len(shape)}",
                         help=f"use {key} {only}", key=key, value=value)
    if position == 0:
        raise ShapeError(f"{key} {dim} of {show(shape)}", "an axis other than the batch",
                         help=f"samples of a batch must not see each other; use {key} {only}",
                         key=key, value=value)
    if isinstance(shape[position], Members):
        raise ShapeError(f"{key} {dim} of {show(shape)}", "an axis other than the members",
                         help=f"each member gives an output of its own; use {key} -1", key=key,
                         value=-1)
    if isinstance(shape[position], Length):
        raise ShapeError(f"{key} {dim} of {show(shape)}", "an axis other than the length",
                         help="the padding behind the last step must not be read; use "
                         f"{key} -1", key=key, value=-1)
    return position


def _on_axis(shape: Shape, args: Args) -> Shape:
    _axis(shape, args)
    return shape


def _fill_axis(shape: Shape, args: Args) -> dict[str, Any]:
    return {"dim": _axis(shape, args)}


def _halve(shape: Shape, args: Args) -> Shape:
    axis = _axis(shape, args)
    width = shape[axis]
    if not isinstance(width, int):
        return shape
    if width % 2:
        raise ShapeError(show(shape), "an even width to halve",
                         help=f"make the layer before it even: {width - 1} or {width + 1} wide")
    return (*shape[:axis], width // 2, *shape[axis + 1:])


def _flatten(shape: Shape, args: Args) -> Shape:
    first, last = _axis(shape, args, "start_dim"), _axis(shape, args, "end_dim")
    if first > last:
        raise ShapeError(f"start_dim {args['start_dim']}, end_dim {args['end_dim']}",
                         "a start before the end", key="start_dim")
    return (*shape[:first], size(shape[first:last + 1]), *shape[last + 1:])


def _linear(shape: Shape, args: Args) -> Shape:
    return (*shape[:-1], args["out_features"])


def _channels(shape: Shape) -> Dim:
    """The channel axis of the layers that take `(batch, channels, ...)`.

    Raises ShapeError for a sequence, whose second axis is its length.
    """
    if length_of(shape) is not None:
        raise ShapeError(show(shape), "(batch, channels, ...)",
                         help="normalise each step by itself with `torch.nn:LayerNorm`")
    return shape[1]


def _batch_norm(shape: Shape, args: Args) -> Shape:
    _channels(shape)
    if len(shape) not in (2, 3):
        raise ShapeError(show(shape), "(batch, width) or (batch, channels, length)")
    return shape


def _group_norm(shape: Shape, args: Args) -> Shape:
    channels, groups = _channels(shape), args["num_groups"]
    if isinstance(channels, int) and (channels % groups or channels == groups):
        shares = [count for count in range(1, channels // 2 + 1) if channels % count == 0]
        shares.sort(key=lambda count: abs(count - groups))
        raise ShapeError(show(shape), f"a width that {groups} groups share, two or more each",
                         help=f"one of: {', '.join(map(str, shares[:_MOST_SHOWN]))} groups"
                         if shares else None, key="num_groups")
    return shape


def _prelu(shape: Shape, args: Args) -> Shape:
    wanted = args["num_parameters"]
    channels = _channels(shape) if wanted != 1 else None
    if isinstance(channels, int) and channels != wanted:
        raise ShapeError(show(shape), f"{wanted} channels, one for each parameter",
                         help=f"use {channels} parameters, or 1 for all channels",
                         key="num_parameters", value=channels)
    return shape


def _affine(dim: Callable[[Shape], Dim], flag: str, names: tuple[str, ...]) -> Callable[
        [Shape, Args], ParameterShapes]:
    def parameters(shape: Shape, args: Args) -> ParameterShapes:
        present = names if args.get("bias", True) else names[:1]
        return {name: (dim(shape),) for name in present} if args[flag] else {}

    return parameters


def _last(shape: Shape) -> Dim:
    return shape[-1]


_RULES = {
    "Linear": _Rule(
        _linear,
        lambda shape, args: {"in_features": shape[-1]},
        lambda shape, args: linear_parameters(shape[-1], args["out_features"], args["bias"]),
        reads_codes=True,
    ),
    "BatchNorm1d": _Rule(_batch_norm, lambda shape, args: {"num_features": _channels(shape)},
                         _affine(_channels, "affine", ("weight", "bias")),
                         needs_several_rows=True),
    "GroupNorm": _Rule(_group_norm, lambda shape, args: {"num_channels": _channels(shape)},
                       _affine(_channels, "affine", ("weight", "bias"))),
    "LayerNorm": _Rule(fills=lambda shape, args: {"normalized_shape": shape[-1]},
                       parameters=_affine(_last, "elementwise_affine", ("weight", "bias"))),
    "RMSNorm": _Rule(fills=lambda shape, args: {"normalized_shape": shape[-1]},
                     parameters=_affine(_last, "elementwise_affine", ("weight",))),
    "PReLU": _Rule(_prelu, parameters=lambda shape, args: {"weight": (args["num_parameters"],)}),
    "GLU": _Rule(_halve, _fill_axis),
    "Flatten": _Rule(_flatten),
    "Softmax": _Rule(_on_axis, _fill_axis),
    "Softmin": _Rule(_on_axis, _fill_axis),
    "LogSoftmax": _Rule(_on_axis, _fill_axis),
}

_RANGES: dict[str, Callable[[Args], str]] = {
    "Flatten": lambda args: "same",
    # What is kept is made larger, so probabilities are no longer below 1.
    "Dropout": lambda args: "scaled" if args["p"] else "same",
    # Beyond the threshold the input goes through as it is.
    "Softplus": lambda args: "non_negative" if args["threshold"] >= 0 else "real",
    "Hardtanh": lambda args: _between(args["min_val"], args["max_val"]),
}


def _between(low: float, high: float) -> str:
    """The range of numbers held within two bounds."""
    if low < 0:
        return "real"
    return "probability" if high <= 1 else "non_negative"


def _layer(name: str) -> NetworkType:
    class_name = name.removeprefix(PREFIX)
    declared = next(entry for entry in load().layers if entry.name == name)
    rule = _RULES.get(class_name, _Rule())
    # Activations treat each member of an ensemble by itself.
    read = partial(tensor, by_member=class_name in OUTPUT_ACTIVATIONS.values())

    def shape(value: Value, args: Args, scope: Scope) -> Value:
        return rule.shape(read(value), args)

    def parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
        return rule.parameters(read(value), args)

    def build(value: Value, args: Args, scope: Scope) -> Any:
        from torch import nn

        own = {key: args[key] for key in declared.properties if key in args}
        return getattr(nn, class_name)(**{**own, **rule.fills(read(value), args)})

    leaves = RANGES.get(class_name, "real")
    return NetworkType(
        name=name,
        description=declared.description,
        properties=declared.properties,
        required=declared.required,
        examples=declared.examples,
        shape=shape,
        parameters=parameters,
        build=build,
        output_range=_RANGES.get(class_name, lambda args: leaves),
        reads_codes=rule.reads_codes,
        needs_several_rows=lambda args: rule.needs_several_rows,
    )


TORCH_LAYERS = tuple(_layer(entry.name) for entry in load().layers)
