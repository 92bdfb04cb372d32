"""A weighted mean or sum of the steps, after code2vec."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import choice, integer
from ..shapes import BATCH, Dim, ParameterShapes, Shape, Value, sequence
from .structure import linear_parameters


def _pooled_width(value: Value, args: Args) -> Dim:
    width = sequence(value)[1]
    return width if args["hidden_width"] is None else args["hidden_width"]


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, length, in) -> (batch, hidden_width), or (batch, in) without a hidden layer"""
    return (BATCH, _pooled_width(value, args))


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    parameters: dict[str, Shape] = {}
    if args["hidden_width"] is not None:
        parameters |= linear_parameters(sequence(value)[1], args["hidden_width"], False, "hidden.")
    score = linear_parameters(_pooled_width(value, args), 1, args["weights"] == "sigmoid", "score.")
    return {**parameters, **score}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.attention_pooling import AttentionPooling

    width = sequence(value)[1]
    assert isinstance(width, int)
    return AttentionPooling(width, args["hidden_width"], args["weights"] == "softmax")


ATTENTION_POOLING = NetworkType(
    name="attention_pooling",
    description="The sum of the steps of a sequence, each times a weight that it gives itself; "
    "zeros for a sample without a step.",
    properties={
        "weights": choice("How scores become weights: softmax shares 1 among the steps, sigmoid "
                          "judges each step alone.", ("softmax", "sigmoid"), default="softmax",
                          example="sigmoid"),
        "hidden_width": integer("The width of a layer with tanh that each step goes through "
                                "first, and so of the result; null takes the steps as they are.",
                                minimum=1, maximum=1_000_000, default=None, example=32, null=True),
    },
    examples=({}, {"hidden_width": 32}, {"weights": "sigmoid", "hidden_width": 8}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    per_step=False,
)
"""Alon et al., "code2vec: Learning Distributed Representations of Code", 2019: each step is
tanh(Wc), its weight the softmax of a·tanh(Wc), and what is summed is tanh(Wc) as well, so the
result is as wide as the hidden layer. W has no bias, and a has one only with sigmoid weights.
Weights start as those of `torch.nn.Linear`."""
