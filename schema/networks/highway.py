"""The highway network.

Highway Networks, Srivastava, Greff and Schmidhuber 2015: y = H(x) * T(x) + x * (1 - T(x)), with
H(x) = activation(W x + b) and the gate T(x) = sigmoid(W_T x + b_T), where * is the product of
elements. As in the paper, b_T starts below zero, so that a deep network first carries most of
what it reads to its end. Weights start as torch does it.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice, integer, number
from ..shapes import ParameterShapes, Shape, Value, tensor
from .activations import ACTIVATIONS, activation
from .structure import linear_parameters


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, width) -> (*batch, width)"""
    return tensor(value)


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width = tensor(value)[-1]
    parameters: dict[str, Shape] = {}
    for index in range(args["layers"]):
        parameters |= linear_parameters(width, width, True, f"{index}.transform.")
        parameters |= linear_parameters(width, width, True, f"{index}.gate.")
    return parameters


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    from .modules.highway import HighwayLayer

    width = tensor(value)[-1]
    assert isinstance(width, int)
    return nn.Sequential(*(
        HighwayLayer(width, activation(args["activation"]), args["gate_bias"])
        for _ in range(args["layers"])))


HIGHWAY = NetworkType(
    name="highway",
    description="Layers that learn, number by number, how much of their input they change and "
    "how much they carry on (Highway Networks, 2015); as wide as its input.",
    properties={
        "layers": integer("How many layers.", minimum=1, maximum=100, default=2, example=10),
        "activation": choice("What follows the linear map of what is changed.",
                             list(ACTIVATIONS), default="relu", example="tanh"),
        "gate_bias": number("Where the bias of the gates starts: below 0 a new layer carries "
                            "most of its input on.", minimum=-100, maximum=100, default=-1.0,
                            example=-3.0),
    },
    examples=({}, {"layers": 10, "activation": "tanh", "gate_bias": -3.0}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
)
