"""Layers of self-attention over the steps of a sequence."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import boolean, choice, integer
from ..shapes import Dim, Length, ParameterShapes, Shape, ShapeError, Value, sequence, show
from .activations import ACTIVATIONS, activation
from .attention import HEADS, attention_parameters, check_heads, dropout_property
from .normalizations import norm_parameters
from .sequences import pool_property, pooled_shape
from .structure import linear_parameters

HIDDEN_RATIO = 4
"""Hidden width over width, 2048 over 512 in Vaswani et al., 2017."""


def _widths(value: Value, args: Args) -> tuple[Dim, Dim]:
    """The widths of a step inside, and between the two linear layers of a part."""
    width = sequence(value)[1] if args["width"] is None else args["width"]
    if args["hidden_width"] is not None:
        return width, args["hidden_width"]
    return width, HIDDEN_RATIO * width if isinstance(width, int) else None


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, length, in) -> (batch, length, width), or (batch, width) with a pool"""
    length, _ = sequence(value)
    width, _ = _widths(value, args)
    check_heads(width, args["heads"])
    if args["positions"] == "time" and not length.timed:
        raise ShapeError(f"{show(value)} without times", "steps with a time each",
                         help='give the context an `as_of`, or use "positions": "sinusoidal"',
                         key="positions")
    return pooled_shape(length, width, args["pool"])


def _places(length: Length) -> int | None:
    """Learned positions: one for each step, and one where no sample has a step."""
    return None if length.longest is None else max(1, length.longest)


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    length, width_in = sequence(value)
    width, hidden = _widths(value, args)
    parameters: dict[str, Shape] = {}
    if args["width"] is not None:
        parameters |= linear_parameters(width_in, width, True, "projection.")
    if args["positions"] == "learned":
        parameters["positions.places.weight"] = (_places(length), width)
    for index in range(args["layers"]):
        prefix = f"layers.{index}."
        parameters |= attention_parameters(f"{prefix}attention.", width, width, width)
        parameters |= norm_parameters("layer_norm", width, f"{prefix}attention_norm.")
        parameters |= linear_parameters(width, hidden, True, f"{prefix}hidden.")
        parameters |= linear_parameters(hidden, width, True, f"{prefix}output.")
        parameters |= norm_parameters("layer_norm", width, f"{prefix}output_norm.")
    if args["norm_first"]:
        parameters |= norm_parameters("layer_norm", width, "norm.")
    return parameters


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    from .modules.transformer_encoder import EncoderLayer, TransformerEncoder

    length, width_in = sequence(value)
    width, hidden = _widths(value, args)
    assert isinstance(width_in, int) and isinstance(width, int) and isinstance(hidden, int)
    layers = [
        EncoderLayer(width, args["heads"], hidden, args["dropout"],
                     activation(args["activation"]), args["norm_first"])
        for _ in range(args["layers"])
    ]
    return TransformerEncoder(
        projection=nn.Identity() if args["width"] is None else nn.Linear(width_in, width),
        positions=_positions(args["positions"], length, width),
        layers=layers,
        norm=nn.LayerNorm(width) if args["norm_first"] else nn.Identity(),
        dropout=args["dropout"],
        pool=args["pool"],
    )


def _positions(kind: str, length: Length, width: int) -> Any:
    from .modules.transformer_encoder import Counted, Learned, Timed

    if kind == "learned":
        places = _places(length)
        assert places is not None
        return Learned(places, width)
    return {"none": None, "sinusoidal": Counted(), "time": Timed()}[kind]


TRANSFORMER_ENCODER = NetworkType(
    name="transformer_encoder",
    description="Layers in which every step of a sequence looks at all steps of its sample, each "
    "followed by two linear layers.",
    properties={
        "width": integer("The width that a linear layer gives the steps first, and the width of "
                         "the result; null takes the steps as they are.", minimum=1,
                         maximum=1_000_000, default=None, example=64, null=True),
        "layers": integer("How many layers stand on each other.", minimum=1, maximum=100,
                          default=6, example=2),
        "heads": HEADS,
        "hidden_width": integer("The width between the two linear layers; null takes four times "
                                "`width`.", minimum=1, maximum=1_000_000, default=None,
                                example=128, null=True),
        "dropout": dropout_property("The chance that a value is set to zero in training: an "
                                    "attention weight, a hidden value, and what is added to a "
                                    "step."),
        "activation": choice("What stands between the two linear layers.", list(ACTIVATIONS),
                             default="relu", example="gelu"),
        "norm_first": boolean("Whether layer normalization stands before each part and once "
                              "behind the last; false puts it behind each sum.", default=True,
                              example=False),
        "positions": choice("What tells the steps apart: sinusoids of their number, or of the "
                            "logarithm of the time to the sample; a learned vector for each "
                            "place; or nothing.", ("none", "learned", "sinusoidal", "time"),
                            default="sinusoidal", example="time"),
        "pool": pool_property("none"),
    },
    examples=(
        {"layers": 2},
        {"width": 32, "heads": 4, "layers": 1, "hidden_width": 64, "positions": "learned",
         "pool": "mean"},
        {"width": 16, "heads": 2, "layers": 1, "norm_first": False, "activation": "gelu",
         "positions": "none", "pool": "last"},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    per_step=False,
)
"""The encoder of Vaswani et al., "Attention Is All You Need", 2017, with the defaults of its base
model for layers, heads, dropout, activation and the ratio of widths, and the norm first as in
Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020. Steps are numbered
from the first one on. Linear layers start as in torch; for attention see `modules.attention`."""
