"""FT-Transformer: every column becomes a token, and transformer layers look at all of them.

Gorishniy, Rubachev, Khrulkov and Babenko, "Revisiting Deep Learning Models for Tabular Data",
2021; defaults as in the authors' package rtdl_revisiting_models for three layers.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import integer, number
from ..shapes import (
    BATCH,
    Dim,
    Features,
    IdColumn,
    ParameterShapes,
    Shape,
    ShapeError,
    Value,
    flat,
    length_of,
    show,
    tensor,
)
from .attention import HEADS, check_heads
from .structure import linear_parameters
from .tables import build_tables, table_parameters


def _hidden_width(args: Args) -> int:
    """4/3 of the width by default: with its gate, as many weights as twice the width without."""
    return int(args["hidden_width"] or max(1, 4 * args["width"] // 3))


def _columns(value: Value) -> tuple[Dim, tuple[IdColumn, ...]] | None:
    """How many numbers there are, and the columns of ids; None for tokens.

    Raises ShapeError for what is neither.
    """
    if isinstance(value, Features):
        return flat(value.numbers), value.ids
    shape = tensor(value)
    return None if len(shape) == 3 and length_of(shape) is None else (flat(shape), ())


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(batch, columns), such numbers with ids, or (batch, tokens, width) -> (batch, width)"""
    width = args["width"]
    check_heads(width, args["heads"])
    columns = _columns(value)
    if columns is None:
        given = tensor(value)[2]
        if isinstance(given, int) and given != width:
            raise ShapeError(show(value), f"tokens of width {width}", key="width", value=given)
    else:
        for column in columns[1]:
            if column.vectors is not None and column.width not in (None, width):
                raise ShapeError(f"given vectors of {column.width} numbers for {column.name}",
                                 f"tokens of width {width}",
                                 help="make the tokens as wide as the vectors", key="width")
    return (BATCH, width)


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width = args["width"]
    norm: dict[str, Shape] = {"weight": (width,), "bias": (width,)}
    parameters: dict[str, Shape] = {"start": (width,)}
    columns = _columns(value)
    if columns is not None:
        numbers, ids = columns
        parameters |= {"tokens.numbers.weight": (numbers, width),
                       "tokens.numbers.bias": (numbers, width)}
        parameters |= table_parameters(ids, [width] * len(ids), "tokens.tables.")
        if ids:
            parameters["tokens.id_bias"] = (len(ids), width)
    for index in range(args["layers"]):
        prefix = f"layers.{index}."
        # The first layer reads the tokens as they are.
        norms = ("feed_forward_norm",) if index == 0 else ("attention_norm", "feed_forward_norm")
        for name in norms:
            parameters |= {f"{prefix}{name}.{key}": shape for key, shape in norm.items()}
        for name in ("query", "key", "value", *(("output",) if args["heads"] > 1 else ())):
            parameters |= linear_parameters(width, width, True, f"{prefix}{name}.")
        hidden = _hidden_width(args)
        parameters |= linear_parameters(width, 2 * hidden, True, f"{prefix}widen.")
        parameters |= linear_parameters(hidden, width, True, f"{prefix}narrow.")
    return parameters | {f"norm.{key}": shape for key, shape in norm.items()}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    from .modules.ft_transformer import FTTransformer, Tokens

    columns = _columns(value)
    tokens: nn.Module = nn.Identity()
    if columns is not None:
        numbers, ids = columns
        assert isinstance(numbers, int)
        tables = build_tables(ids, [args["width"]] * len(ids), scope)
        tokens = Tokens(numbers, tables, args["width"])
    return FTTransformer(tokens, args["width"], args["layers"], args["heads"], _hidden_width(args),
                         args["attention_dropout"], args["dropout"], args["residual_dropout"])


def _chance(description: str, default: float) -> Any:
    return number(description, minimum=0, below=1, default=default, example=0.3)


FT_TRANSFORMER = NetworkType(
    name="ft_transformer",
    description="Makes a token of every number and every id of a row, lets transformer layers look "
    "at all of them, and gives what they leave in a token of its own.",
    properties={
        "layers": integer("How many transformer layers.", minimum=1, maximum=100, default=3,
                          example=2),
        "width": integer("Numbers in each token, and of the result; a multiple of `heads`.",
                         minimum=1, maximum=100_000, default=192, example=64),
        "heads": HEADS,
        "hidden_width": integer("Numbers inside of the feed-forward part; null takes 4/3 of "
                                "`width`.", minimum=1, maximum=100_000, default=None, null=True,
                                example=256),
        "attention_dropout": _chance("The chance that an attention weight is set to zero in "
                                     "training.", 0.2),
        "dropout": _chance("The chance that a value inside of the feed-forward part is set to zero "
                           "in training.", 0.1),
        "residual_dropout": _chance("The chance that a value that is added to a token is set to "
                                    "zero in training.", 0.0),
    },
    examples=({}, {"layers": 1, "width": 8, "heads": 1, "hidden_width": 5},
              {"layers": 2, "width": 16, "heads": 4, "residual_dropout": 0.1}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
    output_range=lambda args: "non_negative",
    per_step=False,
)
