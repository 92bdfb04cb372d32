"""Symbolic shapes: what flows between network nodes before any tensor exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Length:
    """The axis over the steps of a sequence.

    Samples have different numbers of steps: those that are there stand first, and a mask that
    travels with the tensor tells them from the padding behind. Sequences with equal lengths
    share their mask.

    Args:
        context: the extractor that the steps come from.
        longest: the most steps of one sample; None while it is not known.
        timed: whether the time from each step to its sample is known.
    """

    context: str
    longest: int | None = None
    timed: bool = False


@dataclass(frozen=True)
class Members:
    """The axis over the members of an ensemble; each gives an output of its own."""

    count: int


Dim = int | str | Length | Members | None
"""One axis: a known width, a named axis such as "batch", or None while not known."""

Shape = tuple[Dim, ...]
"""The axes of a tensor: `(batch, width)`, or `(batch, length, width)` for a sequence."""

BATCH = "batch"
"""The axis over samples; its length differs from batch to batch."""

ParameterShapes = Mapping[str, Shape]


@dataclass(frozen=True)
class IdColumn:
    """A column of ids: which row of a table of vectors stands for each value.

    Args:
        size: rows of the table: `PAD`, `NULL`, `UNKNOWN`, then the values; None while it is
            not known.
        vectors: the frame whose rows are given vectors, for the rows from `FIRST_VALUE` on.
        width: numbers in a given vector; None without one, or while it is not known.
        frozen: whether the given vectors stay as they are in training.
    """

    name: str
    size: int | None
    vectors: str | None = None
    width: int | None = None
    frozen: bool = False


PAD, NULL, UNKNOWN_ID, FIRST_VALUE = 0, 1, 2, 3
"""The ids that every vocabulary has, and the first of its own."""


@dataclass(frozen=True)
class Features:
    """Numbers with ids beside them, as `embedding` and `ft_transformer` read them.

    Args:
        numbers: the shape of the numbers, `(batch, width)` or `(batch, length, width)`; the
            width may be 0.
        ids: the columns of ids; theirs is the shape `(batch, columns)`, or
            `(batch, length, columns)`.
    """

    numbers: Shape
    ids: tuple[IdColumn, ...]


class Unknown:
    """The output of a node whose shape could not be told; flows on in silence."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Frames:
    """The batch itself: named frames, `(batch, width)` or `(batch, length, width)` each."""

    shapes: Mapping[str, Shape | Features | Unknown]

Value = Shape | Features | Frames | Unknown
"""What a network node reads or gives."""


class ShapeError(Exception):
    """A node cannot take what it is given. The pass that catches it adds the place.

    Args:
        got: the shape, or the thing, that arrived.
        wanted: what the node takes, in words.
        key: the property of the node that does not fit, if it is one.
        value: what the property must be, if there is only one choice.
    """

    def __init__(self, got: str, wanted: str, help: str | None = None, *, key: str | None = None,
                 value: int | None = None) -> None:
        super().__init__(f"got {got}, wants {wanted}")
        self.got = got
        self.wanted = wanted
        self.help = help
        self.key = key
        self.value = value


def show(value: Value) -> str:
    """`(batch, 12)` as text; a width that is not known prints as `?`."""
    if isinstance(value, Unknown):
        return "?"
    if isinstance(value, Frames):
        return ", ".join(f"{name} {show(shape)}" for name, shape in value.shapes.items())
    if isinstance(value, Features):
        ids = ", ".join(column.name for column in value.ids)
        return f"{show(value.numbers)} and ids of {ids}"
    return "(" + ", ".join(_show_dim(dim) for dim in value) + ")"


def _show_dim(dim: Dim) -> str:
    if isinstance(dim, Length):
        return "length" if dim.longest is None else f"up to {dim.longest}"
    if isinstance(dim, Members):
        return f"{dim.count} members"
    return "?" if dim is None else str(dim)


def tensor(value: Value, *, by_member: bool = False) -> Shape:
    """The shape of a value that must be a tensor. Raises ShapeError for anything else.

    Args:
        by_member: whether the members of an ensemble may come, each treated by itself.
    """
    if isinstance(value, Frames):
        raise ShapeError(
            "the batch of named frames",
            "a tensor",
            help="name the frames to read in `input_frames`, "
            "or put an `extraction` in front of this node",
        )
    if isinstance(value, Features):
        raise ShapeError(show(value), "numbers",
                         help='put an `embedding` in front of this node: {"type": "embedding"}')
    assert not isinstance(value, Unknown)
    if not by_member and members_of(value) is not None:
        raise ShapeError(show(value), "one output a sample",
                         help="an ensemble ends the network, and only activations may follow: "
                         "`tabm` is as wide as the label by itself, an `ensemble` as its members")
    return value


def members_of(value: Value) -> Members | None:
    """The members axis of an ensemble's output; None for what is none."""
    if not isinstance(value, tuple):
        return None
    return next((dim for dim in value if isinstance(dim, Members)), None)


def one_member(shape: Shape) -> Shape:
    """The shape that each member of an ensemble gives; any other shape as it is."""
    return tuple(dim for dim in shape if not isinstance(dim, Members))


def counted(shape: Shape) -> Shape:
    """The shape with the members of an ensemble as their number, as a real tensor has it."""
    return tuple(dim.count if isinstance(dim, Members) else dim for dim in shape)


def length_of(value: Value) -> Length | None:
    """The length axis of a sequence; None for what is no sequence."""
    if isinstance(value, Features):
        value = value.numbers
    if isinstance(value, tuple) and len(value) > 1 and isinstance(value[1], Length):
        return value[1]
    return None


def sequence(value: Value) -> tuple[Length, Dim]:
    """Length and width of a value that must be a sequence `(batch, length, width)`.

    Raises ShapeError for anything else.
    """
    shape = tensor(value)
    length = length_of(shape)
    if length is None or len(shape) != 3:
        raise ShapeError(show(shape), "a sequence (batch, length, width)",
                         help="read the `sequence` aggregation of a `context` extractor")
    return length, shape[2]


def flat(value: Value) -> Dim:
    """The width of a value that must be a tensor `(batch, width)`. Raises ShapeError."""
    shape = tensor(value)
    if len(shape) != 2:
        sequential = length_of(shape) is not None
        raise ShapeError(show(shape), "a tensor (batch, width)",
                         help="reduce the sequence to one row a sample first, with "
                         "`masked_pool`, `attention_pooling`, `lstm` or `gru`"
                         if sequential else None)
    return shape[1]


def size(shape: Shape) -> int | None:
    """How many numbers a shape holds; None while an axis is not known."""
    total = 1
    for dim in shape:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total
