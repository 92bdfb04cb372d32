"""The cross network of DCN v2.

DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank
Systems, Wang et al. 2021: x_(l+1) = x_0 * (W_l x_l + b_l) + x_l, in its low-rank form with
W_l = U_l V_l^T. As in the paper's experiments, weights start by He et al. 2015 (normal) and
biases at zero.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import integer
from ..shapes import ParameterShapes, Shape, ShapeError, Value, show, tensor
from .structure import linear_parameters


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, width) -> (*batch, width)"""
    shape = tensor(value)
    width, rank = shape[-1], args["rank"]
    if isinstance(width, int) and rank is not None and rank >= width:
        raise ShapeError(f"rank {rank} for {show(shape)}", f"a rank below {width}", key="rank",
                         help="a whole matrix says the same with fewer weights: leave `rank` out")
    return shape


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width, rank = tensor(value)[-1], args["rank"]
    parameters: dict[str, Shape] = {}
    for index in range(args["layers"]):
        layer = f"layers.{index}."
        if rank is None:
            parameters |= linear_parameters(width, width, True, layer)
        else:
            parameters |= linear_parameters(width, rank, False, f"{layer}narrow.")
            parameters |= linear_parameters(rank, width, True, f"{layer}widen.")
    return parameters


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from collections import OrderedDict

    from torch import nn

    from .modules.cross import Cross

    width, rank = tensor(value)[-1], args["rank"]
    assert isinstance(width, int)

    def linear(width_in: int, width_out: int, bias: bool) -> Any:
        layer = nn.Linear(width_in, width_out, bias=bias)
        nn.init.kaiming_normal_(layer.weight)
        if bias:
            nn.init.zeros_(layer.bias)
        return layer

    def layer() -> Any:
        if rank is None:
            return linear(width, width, True)
        return nn.Sequential(OrderedDict(narrow=linear(width, rank, False),
                                         widen=linear(rank, width, True)))

    return Cross(layer() for _ in range(args["layers"]))


CROSS = NetworkType(
    name="cross",
    description="The cross network of DCN V2 (2021): each layer multiplies the features with a "
    "linear map of what it reads; as wide as its input.",
    properties={
        "layers": integer("How many cross layers: products of up to one feature more than this.",
                          minimum=1, maximum=100, default=2, example=3),
        "rank": integer("The rank of each weight matrix; null for a whole one.", minimum=1,
                        maximum=1_000_000, default=None, example=4, null=True),
    },
    examples=({}, {"layers": 3, "rank": 4}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
)
