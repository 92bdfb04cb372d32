"""Convolutions over the steps of a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import array, boolean, choice, integer
from ..shapes import Dim, ParameterShapes, Shape, Value, sequence
from .activations import ACTIVATIONS, activation, range_after
from .sequences import pool_property, pooled_shape


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, length, in) -> (batch, length, channels[-1]), or (batch, channels[-1])"""
    length, _ = sequence(value)
    return pooled_shape(length, args["channels"][-1], args["pool"])


def _convolutions(width: Dim, args: Args) -> Iterator[tuple[Dim, int]]:
    """`(width in, width out)` of each convolution."""
    for channels in args["channels"]:
        yield width, channels
        width = channels


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    parameters: dict[str, Shape] = {}
    for index, (width, channels) in enumerate(_convolutions(sequence(value)[1], args)):
        parameters[f"convolutions.{index}.weight"] = (channels, width, args["kernel_size"])
        parameters[f"convolutions.{index}.bias"] = (channels,)
    return parameters


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    from .modules.conv1d import Convolutions

    convolutions = []
    for width, channels in _convolutions(sequence(value)[1], args):
        assert isinstance(width, int)
        convolutions.append(nn.Conv1d(width, channels, args["kernel_size"],
                                      dilation=args["dilation"]))
    return Convolutions(convolutions, activation(args["activation"]), args["causal"], args["pool"])


CONV1D = NetworkType(
    name="conv1d",
    description="Convolutions over the steps of a sequence, each followed by an activation; as "
    "many steps leave as came.",
    properties={
        "channels": array("The width that each convolution gives; the last is the output.",
                          {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                          example=[32, 32], min_items=1),
        "kernel_size": integer("How many steps a convolution looks at.", minimum=1, maximum=1000,
                               default=3, example=5),
        "dilation": integer("How far apart those steps are.", minimum=1, maximum=1000, default=1,
                            example=2),
        "activation": choice("What follows each convolution.", list(ACTIVATIONS), default="relu",
                             example="gelu"),
        "causal": boolean("Whether a step sees only itself and the steps before it.",
                          default=False),
        "pool": pool_property("none"),
    },
    required=("channels",),
    examples=(
        {"channels": [32]},
        {"channels": [16, 8], "kernel_size": 5, "dilation": 2, "activation": "gelu",
         "pool": "max"},
        {"channels": [8], "kernel_size": 2, "causal": True, "pool": "last"},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    output_range=lambda args: range_after(args["activation"]),
    per_step=False,
)
"""`causal` with a growing `dilation` from node to node is the temporal convolution of Bai et al.,
"An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling",
2018. Weights start as those of `torch.nn.Conv1d`."""
