"""One block of multi-head self-attention."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import boolean, choice
from ..shapes import ParameterShapes, Value, sequence, tensor
from .attention import HEADS, attention_parameters, check_heads, dropout_property
from .normalizations import norm_parameters


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, length, width) -> the same"""
    check_heads(sequence(value)[1], args["heads"])
    return tensor(value)


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width = sequence(value)[1]
    parameters = attention_parameters("attention.", width, width, width)
    if args["normalization"] == "layer_norm":
        parameters |= norm_parameters("layer_norm", width, "norm.")
    return parameters


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.self_attention import SelfAttention

    width = sequence(value)[1]
    assert isinstance(width, int)
    return SelfAttention(width, args["heads"], args["dropout"], args["residual"],
                         args["normalization"] == "layer_norm")


SELF_ATTENTION = NetworkType(
    name="self_attention",
    description="Every step of a sequence looks at all steps of its sample, with several heads; "
    "gives a sequence of the same width.",
    properties={
        "heads": HEADS,
        "dropout": dropout_property("The chance that in training an attention weight is set to "
                                    "zero, and a value of the result before it is added."),
        "residual": boolean("Whether the result is added to what was read.", default=True,
                            example=False),
        "normalization": choice("What stands behind the sum.", ("none", "layer_norm"),
                                default="layer_norm", example="none"),
    },
    examples=({}, {"heads": 2, "dropout": 0.0}, {"heads": 1, "residual": False,
                                                 "normalization": "none"}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    per_step=False,
)
"""LayerNorm(x + Dropout(Attention(x))), the first half of an encoder layer of Vaswani et al.,
"Attention Is All You Need", 2017, with its defaults. It knows nothing of the order of steps. For
the start of the weights see `modules.attention`."""
