"""Dense layers one after the other: the multilayer perceptron."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import array, boolean, choice, number
from ..shapes import Dim, ParameterShapes, Shape, Value, tensor
from .activations import ACTIVATIONS, OUTPUT_ACTIVATIONS, activation, range_after
from .normalizations import NORMALIZATIONS, check_rows, norm_parameters, normalization
from .structure import linear_parameters


def _layers(width: Dim, args: Args) -> Iterator[tuple[Dim, int, bool]]:
    """`(width in, width out, is the last)` of each linear layer."""
    sizes = args["sizes"]
    for position, size in enumerate(sizes):
        yield width, size, position == len(sizes) - 1
        width = size


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, in) -> (*batch, sizes[-1])"""
    shape = tensor(value)
    check_rows(shape, args["normalization"])
    return (*shape[:-1], args["sizes"][-1])


def _normalizes_batches(args: Args) -> bool:
    return args["normalization"] == "batch_norm" and len(args["sizes"]) > 1


def _projects(index: int, width: Dim, size: int) -> bool:
    """Whether the input of a block is projected before it is added.

    The first block always does: it reads features, which may come as codes that nothing can
    be added to.
    """
    return index == 0 or width != size


def _names(index: int, args: Args) -> tuple[str, str]:
    """What stands before and behind the name of a part of a hidden layer."""
    return (f"block_{index}.inner.", "") if args["residual"] else ("", f"_{index}")


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    parameters: dict[str, Shape] = {}
    for index, (width, size, last) in enumerate(_layers(tensor(value)[-1], args)):
        before, behind = ("", f"_{index}") if last else _names(index, args)
        parameters |= linear_parameters(width, size, args["bias"], f"{before}linear{behind}.")
        if last:
            continue
        if args["normalization"] != "none":
            parameters |= norm_parameters(args["normalization"], size,
                                          f"{before}normalization{behind}.")
        if args["residual"] and _projects(index, width, size):
            parameters |= linear_parameters(width, size, False, f"block_{index}.shortcut.")
    return parameters


def _hidden(width: int, size: int, args: Args) -> Iterator[tuple[str, Any]]:
    """`(name, module)` of the parts of a hidden layer."""
    from torch import nn

    yield "linear", nn.Linear(width, size, bias=args["bias"])
    if args["normalization"] != "none":
        yield "normalization", normalization(args["normalization"], size)
    yield "activation", activation(args["activation"])
    if args["dropout"]:
        yield "dropout", nn.Dropout(args["dropout"])


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from collections import OrderedDict

    from torch import nn

    from .modules.residual_block import ResidualBlock

    network = nn.Sequential()
    for index, (width, size, last) in enumerate(_layers(tensor(value)[-1], args)):
        assert isinstance(width, int)
        if last:
            network.add_module(f"linear_{index}", nn.Linear(width, size, bias=args["bias"]))
            network.add_module("output_activation", activation(args["output_activation"]))
        elif args["residual"]:
            inner = nn.Sequential(OrderedDict(_hidden(width, size, args)))
            shortcut = nn.Linear(width, size, bias=False) if _projects(index, width, size) \
                else nn.Identity()
            network.add_module(f"block_{index}", ResidualBlock(inner, shortcut))
        else:
            for name, module in _hidden(width, size, args):
                network.add_module(f"{name}_{index}", module)
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
                                ("none", *NORMALIZATIONS), default="none", example="batch_norm"),
        "dropout": number("The chance that a hidden value is set to zero in training.", minimum=0,
                          below=1, default=0.0, example=0.1),
        "residual": boolean("Whether the input of each hidden layer is added to its output, "
                            "through a linear layer of its own where their widths differ and "
                            "for the first.", default=False),
        "output_activation": choice("What follows the last layer.", list(OUTPUT_ACTIVATIONS),
                                    default="identity", example="sigmoid"),
        "bias": boolean("Whether the linear layers have a bias.", default=True, example=False),
    },
    required=("sizes",),
    examples=(
        {"sizes": [10, 1], "activation": "sigmoid", "output_activation": "sigmoid"},
        {"sizes": [64, 32, 3], "normalization": "batch_norm", "dropout": 0.1},
        {"sizes": [32, 32, 16, 1], "residual": True, "normalization": "rms_norm"},
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
