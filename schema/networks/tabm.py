"""TabM, an ensemble of perceptrons that share most of their weights.

TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling, Gorishniy et al.
2024. `tabm` gives each linear layer the scales and biases of BatchEnsemble (Wen et al. 2020)
for each member; of these `tabm_mini` keeps the first scale alone. Each member has a last layer
of its own. The first scale starts at random signs, all others at one: at first the members
differ by these signs and by their last layers alone. The paper gives the columns of one category
a common sign; here each column draws its own. Defaults are those of the authors' package.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice, integer, number
from ..shapes import BATCH, Members, ParameterShapes, Shape, Value, flat
from .activations import OUTPUT_ACTIVATIONS, activation, range_after
from .structure import linear_parameters

_ARCHITECTURES = ("tabm", "tabm_mini")


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, in) -> (batch, members, label width)"""
    flat(value)
    return (BATCH, Members(args["members"]), scope.label_width)


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width_in, width, members = flat(value), args["width"], args["members"]
    mini = args["architecture"] == "tabm_mini"
    parameters: dict[str, Shape] = {"body.scaling.weight": (members, width_in)} if mini else {}
    for index in range(args["layers"]):
        layer = f"body.linear_{index}."
        if mini:
            parameters |= linear_parameters(width_in, width, True, layer)
        else:
            parameters |= {f"{layer}weight": (width, width_in),
                           f"{layer}scale_in": (members, width_in),
                           f"{layer}scale_out": (members, width),
                           f"{layer}bias": (members, width)}
        width_in = width
    return {**parameters, "head.weight": (members, width, scope.label_width),
            "head.bias": (members, scope.label_width)}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    import torch
    from torch import nn

    from .modules.tabm import OwnLinear, Scaling, SharedLinear, TabM, random_signs

    width_in, width, members = flat(value), args["width"], args["members"]
    assert isinstance(width_in, int) and scope.label_width is not None
    first_scale = random_signs(members, width_in)
    body = nn.Sequential()
    if args["architecture"] == "tabm_mini":
        body.add_module("scaling", Scaling(first_scale))
    for index in range(args["layers"]):
        if args["architecture"] == "tabm_mini":
            linear: nn.Module = nn.Linear(width_in, width)
        else:
            scale = torch.ones(members, width_in) if index else first_scale
            linear = SharedLinear(width_in, width, scale)
        body.add_module(f"linear_{index}", linear)
        body.add_module(f"activation_{index}", activation("relu"))
        if args["dropout"]:
            body.add_module(f"dropout_{index}", nn.Dropout(args["dropout"]))
        width_in = width
    head = OwnLinear(members, width, scope.label_width)
    return TabM(members, body, head, activation(args["output_activation"]))


TABM = NetworkType(
    name="tabm",
    description="An ensemble of perceptrons that share most weights (TabM, 2024), each with an "
    "output as wide as the label; trains on the mean of their losses, predicts the mean of their "
    "predictions. Stands last.",
    properties={
        "members": integer("How many perceptrons.", minimum=1, maximum=1_000, default=32,
                           example=16),
        "layers": integer("How many hidden layers.", minimum=1, maximum=100, default=3,
                          example=2),
        "width": integer("The width of each hidden layer.", minimum=1, maximum=1_000_000,
                         default=512, example=256),
        "dropout": number("The chance that a hidden value is set to zero in training.", minimum=0,
                          below=1, default=0.1, example=0.2),
        "architecture": choice("Whether each layer has scales and biases for each member, or the "
                               "first alone has scales.", _ARCHITECTURES, default="tabm",
                               example="tabm_mini"),
        "output_activation": choice("What follows the last layer.", list(OUTPUT_ACTIVATIONS),
                                    default="identity", example="sigmoid"),
    },
    examples=(
        {},
        {"members": 8, "layers": 2, "width": 64, "architecture": "tabm_mini"},
        {"members": 4, "layers": 1, "width": 16, "dropout": 0.0, "output_activation": "sigmoid"},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    output_range=lambda args: range_after(args["output_activation"]),
)
