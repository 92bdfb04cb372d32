"""Dense layers one after the other: the multilayer perceptron."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import array, boolean, choice, number
from ..shapes import Dim, ParameterShapes, Shape, ShapeError, Value, show, tensor
from .activations import ACTIVATIONS, OUTPUT_ACTIVATIONS, activation, range_after
from .structure import linear_parameters

NORMALIZATIONS = ("none", "batch_norm", "layer_norm")

_NORM_CLASSES = {"batch_norm": "BatchNorm1d", "layer_norm": "LayerNorm"}


def _layers(width: Dim, args: Args) -> Iterator[tuple[Dim, int, bool]]:
    """`(width in, width out, is the last)` of each linear layer."""
    sizes = args["sizes"]
    for position, size in enumerate(sizes):
        yield width, size, position == len(sizes) - 1
        width = size


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, in) -> (*batch, sizes[-1])"""
    shape = tensor(value)
    if args["normalization"] == "batch_norm" and len(shape) != 2:
        raise ShapeError(show(shape), "(batch, width) for batch_norm",
                         help='use "normalization": "layer_norm" on sequences')
    return (*shape[:-1], args["sizes"][-1])


def _normalizes_batches(args: Args) -> bool:
    return args["normalization"] == "batch_norm" and len(args["sizes"]) > 1


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    parameters: dict[str, Shape] = {}
    for index, (width, size, last) in enumerate(_layers(tensor(value)[-1], args)):
        parameters |= linear_parameters(width, size, args["bias"], f"linear_{index}.")
        if not last and args["normalization"] != "none":
            parameters[f"normalization_{index}.weight"] = (size,)
            parameters[f"normalization_{index}.bias"] = (size,)
    return parameters


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    network = nn.Sequential()
    for index, (width, size, last) in enumerate(_layers(tensor(value)[-1], args)):
        assert isinstance(width, int)
        network.add_module(f"linear_{index}", nn.Linear(width, size, bias=args["bias"]))
        if last:
            network.add_module("output_activation", activation(args["output_activation"]))
            continue
        if args["normalization"] != "none":
            norm = getattr(nn, _NORM_CLASSES[args["normalization"]])(size)
            network.add_module(f"normalization_{index}", norm)
        network.add_module(f"activation_{index}", activation(args["activation"]))
        if args["dropout"]:
            network.add_module(f"dropout_{index}", nn.Dropout(args["dropout"]))
    return network


FULLY_CONNECTED = NetworkType(
    name="fully_connected",
    description="Linear layers of the given sizes; each but the last is followed by "
    "normalization, activation and dropout.",
    properties={
        "sizes": array("The width of each layer; the last is the output.",
                       {"type": "integer", "minimum": 1, "maximum": 1_000_000}, example=[64, 32, 1],
                       min_items=1),
        "activation": choice("What follows each layer but the last.", list(ACTIVATIONS),
                             default="relu", example="sigmoid"),
        "normalization": choice("What stands between a hidden layer and its activation.",
                                NORMALIZATIONS, default="none", example="batch_norm"),
        "dropout": number("The chance that a hidden value is set to zero in training.", minimum=0,
                          below=1, default=0.0, example=0.1),
        "output_activation": choice("What follows the last layer.", list(OUTPUT_ACTIVATIONS),
                                    default="identity", example="sigmoid"),
        "bias": boolean("Whether the linear layers have a bias.", default=True, example=False),
    },
    required=("sizes",),
    examples=(
        {"sizes": [10, 1], "activation": "sigmoid", "output_activation": "sigmoid"},
        {"sizes": [64, 32, 3], "normalization": "batch_norm", "dropout": 0.1},
        {"sizes": [8, 2], "normalization": "layer_norm", "bias": False,
         "output_activation": "log_softmax"},
        {"sizes": [1]},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    output_range=lambda args: range_after(args["output_activation"]),
    reads_codes=True,
    needs_several_rows=_normalizes_batches,
)
