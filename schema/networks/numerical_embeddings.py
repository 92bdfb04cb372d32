"""Every number becomes a vector: linear, periodic and piecewise linear.

Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular Deep
Learning", 2022; names and defaults follow the authors' package rtdl_num_embeddings.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, Fragment, NetworkType, Scope
from ..fields import boolean, choice, integer, number
from ..shapes import Dim, ParameterShapes, Shape, Value, tensor
from .structure import linear_parameters

_TOKENS = boolean("Whether the vectors of a row stay apart, as (columns, width), for a "
                  "transformer; otherwise they stand side by side.", default=False)


def _width(default: int) -> Fragment:
    return integer("Numbers in each vector.", minimum=1, maximum=100_000, default=default,
                   example=16)


def _activation(default: str) -> Fragment:
    return choice("What follows the last linear map.", ("identity", "relu"), default=default,
                  example="identity" if default == "relu" else "relu")


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, columns) -> (*batch, columns * width), or (*batch, columns, width) as tokens"""
    *lead, columns = tensor(value)
    if args["tokens"]:
        return (*lead, columns, args["width"])
    return (*lead, columns * args["width"] if isinstance(columns, int) else None)


def _columns(value: Value) -> int:
    columns = tensor(value)[-1]
    assert isinstance(columns, int)
    return columns


def _one_map(columns: Dim, width: int) -> dict[str, Shape]:
    """The vectors that `modules.numerical_embeddings.Linear` multiplies and adds."""
    return {"weight": (columns, width), "bias": (columns, width)}


def _under(prefix: str, parameters: dict[str, Shape]) -> dict[str, Shape]:
    return {prefix + name: shape for name, shape in parameters.items()}


def _range(args: Args) -> str:
    return "non_negative" if args["activation"] == "relu" else "real"


def _linear_parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    return _under("embedding.", _one_map(tensor(value)[-1], args["width"]))


def _build_linear(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.numerical_embeddings import Linear, Vectors

    return Vectors(Linear(_columns(value), args["width"]), args["activation"], args["tokens"])


LINEAR_EMBEDDINGS = NetworkType(
    name="linear_embeddings",
    description="Turns each number x of a row into a vector w x + b, with w and b of its column.",
    properties={"width": _width(32), "activation": _activation("relu"), "tokens": _TOKENS},
    examples=({}, {"width": 4, "activation": "identity", "tokens": True}),
    shape=_shape,
    parameters=_linear_parameters,
    build=_build_linear,
    output_range=_range,
)


def _periodic_parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    columns, width, waves = tensor(value)[-1], args["width"], 2 * args["frequencies"]
    outer: dict[str, Shape] = {"weight": (columns, waves, width), "bias": (columns, width)}
    if args["lite"]:
        outer = linear_parameters(waves, width, True)
    return {"embedding.frequencies": (columns, args["frequencies"]),
            **_under("embedding.linear.", outer)}


def _build_periodic(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.numerical_embeddings import Periodic, Vectors

    return Vectors(Periodic(_columns(value), args["width"], args["frequencies"],
                            args["frequency_init_scale"], args["lite"]),
                   args["activation"], args["tokens"])


PERIODIC_EMBEDDINGS = NetworkType(
    name="periodic_embeddings",
    description="Turns each number of a row into cosines and sines of learned frequencies, then "
    "by a linear map into a vector.",
    properties={
        "width": _width(24),
        "frequencies": integer("How many frequencies each column has.", minimum=1, maximum=10_000,
                               default=48, example=16),
        "frequency_init_scale": number("The standard deviation that frequencies start with; the "
                                       "setting that matters most: try 0.01 to 100.", above=0,
                                       maximum=1e6, default=0.01, example=0.1),
        "lite": boolean("Whether all columns share the linear map.", default=False),
        "activation": _activation("relu"),
        "tokens": _TOKENS,
    },
    examples=({}, {"lite": True, "frequency_init_scale": 0.1},
              {"width": 4, "frequencies": 8, "activation": "identity", "tokens": True}),
    shape=_shape,
    parameters=_periodic_parameters,
    build=_build_periodic,
    output_range=_range,
)


def _piecewise_parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    columns, width = tensor(value)[-1], args["width"]
    own: dict[str, Shape] = {"embedding.linear.weight": (columns, args["bins"], width)}
    if args["version"] == "A":
        return {**own, "embedding.linear.bias": (columns, width)}
    return {**own, **_under("embedding.straight.", _one_map(columns, width))}


def _build_piecewise(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.numerical_embeddings import PiecewiseLinear, Vectors

    # In version B the activation stands on what is added to the straight line.
    inner = args["activation"] if args["version"] == "B" else "identity"
    outer = args["activation"] if args["version"] == "A" else "identity"
    return Vectors(PiecewiseLinear(_columns(value), args["width"], args["bins"],
                                   straight=args["version"] == "B", activation=inner),
                   outer, args["tokens"])


PIECEWISE_LINEAR_EMBEDDINGS = NetworkType(
    name="piecewise_linear_embeddings",
    description="Turns each number of a row into how far it fills each of several bins, then by a "
    "linear map into a vector. The bins are equally likely under the standard normal: scale the "
    "columns in the extractor.",
    properties={
        "width": _width(16),
        "bins": integer("How many bins each column has; the edges are the quantiles "
                        "(k + 1/2) / (bins + 1) of the standard normal.", minimum=2, maximum=1_000,
                        default=48, example=16),
        "version": choice("`A`: the map of the bins alone. `B`: the map of the bins, which starts "
                          "at zero, beside w x + b.", ("A", "B"), default="B", example="A"),
        "activation": _activation("identity"),
        "tokens": _TOKENS,
    },
    examples=({}, {"version": "A", "activation": "relu"}, {"width": 4, "bins": 8, "tokens": True}),
    shape=_shape,
    parameters=_piecewise_parameters,
    build=_build_piecewise,
    output_range=lambda args: "real" if args["version"] == "B" else _range(args),
)
