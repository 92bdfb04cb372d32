"""The sample looks at the steps of its context."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import integer, one_of
from ..shapes import (
    BATCH,
    UNKNOWN,
    Dim,
    ParameterShapes,
    ShapeError,
    Unknown,
    Value,
    flat,
    sequence,
)
from .attention import HEADS, attention_parameters, check_heads, dropout_property


def _widths(value: Value, args: Args, scope: Scope) -> tuple[Dim, Dim] | None:
    """The widths of query and context; None where a mistake inside hides one."""
    query = scope.visit(args["query"], value)
    context = scope.visit(args["context"], value)
    if isinstance(query, Unknown) or isinstance(context, Unknown):
        return None
    key = "query"
    try:
        query_width = flat(query)
        key = "context"
        return query_width, sequence(context)[1]
    except ShapeError as error:
        raise ShapeError(error.got, error.wanted, error.help, key=key) from error


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """`query` (batch, q) and `context` (batch, length, c) -> (batch, width)"""
    widths = _widths(value, args, scope)
    check_heads(args["width"], args["heads"])
    return UNKNOWN if widths is None else (BATCH, args["width"])


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    widths = _widths(value, args, scope)
    return {} if widths is None else attention_parameters("attention.", *widths, args["width"])


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.attention import Attention
    from .modules.cross_attention import CrossAttention

    widths = _widths(value, args, scope)
    assert widths is not None
    query_width, context_width = widths
    assert isinstance(query_width, int) and isinstance(context_width, int)
    # Before the children, which draw their weights from streams of their own.
    attention = Attention(query_width, context_width, args["width"], args["heads"],
                          args["dropout"])
    return CrossAttention(attention, scope.build(args["query"], value),
                          scope.build(args["context"], value))


CROSS_ATTENTION = NetworkType(
    name="cross_attention",
    description="The sample asks, the steps of its context answer: their sum, weighed by how well "
    "each fits the sample; zeros for a sample without a step.",
    properties={
        "query": one_of("network", "What asks: a network that gives one row a sample.",
                        example={"type": "extraction", "frames": ["flights"]}),
        "context": one_of("network", "What is asked: a network that gives a sequence.",
                          example={"type": "extraction", "frames": ["plane_history.steps"]}),
        "width": integer("The width of the attention, and of the result.", minimum=1,
                         maximum=1_000_000, example=64),
        "heads": HEADS,
        "dropout": dropout_property("The chance that an attention weight is set to zero in "
                                    "training."),
    },
    required=("query", "context", "width"),
    examples=(
        {"query": {"type": "extraction", "frames": ["flights"]},
         "context": {"type": "extraction", "frames": ["plane_history.steps"]}, "width": 64},
    ),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    children=("query", "context"),
    per_step=False,
)
"""The attention between decoder and encoder of Vaswani et al., "Attention Is All You Need", 2017,
in the place of the activation unit of Zhou et al., "Deep Interest Network for Click-Through Rate
Prediction", 2018. For the start of the weights see `modules.attention`."""
