"""The residual network for tables.

Revisiting Deep Learning Models for Tabular Data, Gorishniy et al. 2021, section 3.2:

    ResNet(x) = Prediction(Block(... Block(Linear(x))))
    Block(x) = x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x))))))
    Prediction(x) = Linear(ReLU(BatchNorm(x)))

The last linear layer is left to the `output` that follows. Linear layers start as torch does
it, as in the paper's own code, whose example the defaults are.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice, integer, number
from ..shapes import ParameterShapes, Shape, Value, tensor
from .activations import activation, range_after
from .normalizations import check_rows, norm_parameters, normalization
from .structure import linear_parameters

_NORMALIZATIONS = ("batch_norm", "layer_norm")


def _hidden_width(args: Args) -> int:
    return max(1, int(args["width"] * args["hidden_factor"]))


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, in) -> (*batch, width)"""
    shape = tensor(value)
    check_rows(shape, args["normalization"])
    return (*shape[:-1], args["width"])


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width, hidden = args["width"], _hidden_width(args)
    parameters = linear_parameters(tensor(value)[-1], width, True, "linear.")
    for index in range(args["layers"]):
        block = f"block_{index}.inner."
        parameters |= norm_parameters(args["normalization"], width, f"{block}normalization.")
        parameters |= linear_parameters(width, hidden, True, f"{block}linear_in.")
        parameters |= linear_parameters(hidden, width, True, f"{block}linear_out.")
    last: dict[str, Shape] = norm_parameters(args["normalization"], width, "normalization.")
    return {**parameters, **last}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from collections import OrderedDict

    from torch import nn

    from .modules.residual_block import ResidualBlock

    width_in, width, hidden = tensor(value)[-1], args["width"], _hidden_width(args)
    assert isinstance(width_in, int)
    network = nn.Sequential(OrderedDict(linear=nn.Linear(width_in, width)))
    for index in range(args["layers"]):
        inner = nn.Sequential(OrderedDict(
            normalization=normalization(args["normalization"], width),
            linear_in=nn.Linear(width, hidden),
            activation=activation("relu"),
            hidden_dropout=nn.Dropout(args["hidden_dropout"]),
            linear_out=nn.Linear(hidden, width),
            residual_dropout=nn.Dropout(args["residual_dropout"]),
        ))
        network.add_module(f"block_{index}", ResidualBlock(inner, nn.Identity()))
    network.add_module("normalization", normalization(args["normalization"], width))
    network.add_module("activation", activation("relu"))
    return network


RESNET = NetworkType(
    name="resnet",
    description="A linear layer, then blocks of two linear layers whose input is added to their "
    "output, as in Revisiting Deep Learning Models for Tabular Data (2021); an `output` follows.",
    properties={
        "layers": integer("How many blocks.", minimum=1, maximum=100, default=2, example=4),
        "width": integer("The width of what goes from block to block.", minimum=1,
                         maximum=1_000_000, default=192, example=256),
        "hidden_factor": number("The width inside of a block, in widths.", above=0, maximum=16,
                                default=2.0, example=1.5),
        "hidden_dropout": number("The chance that a value inside of a block is set to zero in "
                                 "training.", minimum=0, below=1, default=0.15, example=0.3),
        "residual_dropout": number("The chance that a value that a block adds is set to zero in "
                                   "training.", minimum=0, below=1, default=0.0, example=0.1),
        "normalization": choice("What stands first in a block, and behind the last.",
                                _NORMALIZATIONS, default="batch_norm", example="layer_norm"),
    },
    examples=(
        {},
        {"layers": 3, "width": 64, "hidden_factor": 1.5, "residual_dropout": 0.1},
        {"width": 32, "normalization": "layer_norm"},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    output_range=lambda args: range_after("relu"),
    reads_codes=True,
    needs_several_rows=lambda args: args["normalization"] == "batch_norm",
)
