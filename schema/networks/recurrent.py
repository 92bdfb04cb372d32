"""Recurrent layers over the steps of a sequence: lstm and gru, which differ in their gates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import boolean, integer, number
from ..shapes import Dim, ParameterShapes, Shape, ShapeError, Value, sequence
from .sequences import pool_property, pooled_shape

_GATES = {"LSTM": 4, "GRU": 3}
"""Class of torch.nn -> how many gates its weights hold, the candidate counted with them."""


def _directions(args: Args) -> int:
    return 2 if args["bidirectional"] else 1


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, length, in) -> (batch, directions * width), or a sequence of that width."""
    length, _ = sequence(value)
    if args["dropout"] and args["layers"] == 1:
        raise ShapeError(f"dropout {args['dropout']} with one layer", "layers to drop out between",
                         help='use "layers": 2, or a `torch.nn:Dropout` behind this node',
                         key="dropout")
    return pooled_shape(length, _directions(args) * args["width"], args["pool"])


def _layers(width: Dim, args: Args) -> Iterator[tuple[str, Dim]]:
    """`(name, width in)` of each layer and direction, named as torch does."""
    for layer in range(args["layers"]):
        yield f"l{layer}", width
        if args["bidirectional"]:
            yield f"l{layer}_reverse", width
        width = _directions(args) * args["width"]


def _recurrent(name: str, class_name: str, description: str) -> NetworkType:
    gates = _GATES[class_name]

    def parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
        rows = gates * args["width"]
        shapes: dict[str, Shape] = {}
        for layer, width in _layers(sequence(value)[1], args):
            shapes[f"layers.weight_ih_{layer}"] = (rows, width)
            shapes[f"layers.weight_hh_{layer}"] = (rows, args["width"])
            shapes[f"layers.bias_ih_{layer}"] = (rows,)
            shapes[f"layers.bias_hh_{layer}"] = (rows,)
        return shapes

    def build(value: Value, args: Args, scope: Scope) -> Any:
        from torch import nn

        from .modules.recurrent import Recurrent

        layers = getattr(nn, class_name)(
            sequence(value)[1], args["width"], num_layers=args["layers"], batch_first=True,
            dropout=args["dropout"], bidirectional=args["bidirectional"])
        return Recurrent(layers, args["pool"])

    return NetworkType(
        name=name,
        description=description,
        properties={
            "width": integer("The width of the hidden state of one direction.", minimum=1,
                             maximum=1_000_000, example=32),
            "layers": integer("How many layers stand on each other.", minimum=1, maximum=100,
                              default=1, example=2),
            "bidirectional": boolean("Whether a second run reads the steps from last to first; "
                                     "the result is twice as wide.", default=False),
            "dropout": number("The chance that a value between two layers is set to zero in "
                              "training.", minimum=0, below=1, default=0.0, example=0.1),
            "pool": pool_property("last"),
        },
        required=("width",),
        examples=(
            {"width": 32},
            {"width": 16, "layers": 2, "bidirectional": True, "dropout": 0.1, "pool": "max"},
            {"width": 8, "pool": "none"},
        ),
        shape=_shape,
        parameters=parameters,
        build=build,
        per_step=False,
    )


LSTM = _recurrent(
    "lstm", "LSTM",
    "Long short-term memory over the steps of a sequence; the last state of each direction, or "
    "a pool of the outputs.",
)
"""Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of Gers et
al., 2000. Weights and biases start uniform within 1 / sqrt(width), as torch has it; so does the
bias of the forget gate, which is not raised to 1."""

GRU = _recurrent(
    "gru", "GRU",
    "Gated recurrent units over the steps of a sequence; the last state of each direction, or a "
    "pool of the outputs.",
)
"""Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014, in the form of
torch, whose reset gate works on the product with the hidden state. Weights and biases start
uniform within 1 / sqrt(width)."""
