"""Ids to vectors: a table for each column."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import boolean, integer
from ..shapes import Dim, ParameterShapes, ShapeError, Value, show
from .tables import build_tables, features, table_parameters, width_of


def _widths(value: Value, args: Args) -> list[int | None]:
    return [width_of(column, args["width"]) for column in features(value).ids]


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """Numbers (*batch, in) and ids (*batch, columns) -> (*batch, in + sum of widths), or
    (*batch, columns, width) as tokens"""
    read, widths = features(value), _widths(value, args)
    *lead, numbers = read.numbers
    if args["tokens"]:
        return (*lead, len(widths), _token_width(value, widths))
    known = [width for width in (numbers, *widths) if isinstance(width, int)]
    return (*lead, sum(known) if len(known) == 1 + len(widths) else None)


def _token_width(value: Value, widths: list[int | None]) -> int | None:
    numbers = features(value).numbers[-1]
    if numbers not in (0, None):
        raise ShapeError(show(value), "ids alone to make tokens of",
                         help="read the ids from an extractor of their own, or put an "
                         "`ft_transformer` in the place of this node: it makes tokens of both",
                         key="tokens")
    known = [width for width in widths if width is not None]
    if len(set(known)) > 1:
        raise ShapeError(f"vectors of {', '.join(map(str, known))} numbers", "tokens of one width",
                         help=f'give all columns one width: "width": {max(known)}', key="width")
    return known[0] if known else None


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    widths: list[Dim] = [*_widths(value, args)]
    return table_parameters(features(value).ids, widths, "tables.")


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.embedding import Embedding

    widths: list[Dim] = [*_widths(value, args)]
    return Embedding(build_tables(features(value).ids, widths, scope), args["tokens"])


EMBEDDING = NetworkType(
    name="embedding",
    description="Turns each id into a vector from a table of its column, and puts the vectors "
    "behind the numbers.",
    properties={
        "width": integer("Numbers in each vector; null takes min(600, round(1.6 rows^0.56)) for "
                         "each column. Given vectors keep their own width.", minimum=1,
                         maximum=100_000, default=None, null=True, example=16),
        "tokens": boolean("Whether the vectors of a row stay apart, as (columns, width), for a "
                          "transformer.", default=False),
    },
    examples=({}, {"width": 16}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
)
