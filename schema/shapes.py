"""Symbolic shapes: what flows between network nodes before any tensor exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Dim = int | str | None
"""One axis: a known width, a named axis such as "batch", or None while not known."""

Shape = tuple[Dim, ...]

BATCH = "batch"
"""The axis over samples; its length differs from batch to batch."""

ParameterShapes = Mapping[str, Shape]


@dataclass(frozen=True)
class Frames:
    """The batch itself: named frames, each a tensor `(batch, width)`."""

    shapes: Mapping[str, Shape]


class Unknown:
    """The output of a node whose shape could not be told; flows on in silence."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()

Value = Shape | Frames | Unknown
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
    return "(" + ", ".join("?" if dim is None else str(dim) for dim in value) + ")"


def tensor(value: Value) -> Shape:
    """The shape of a value that must be a tensor. Raises ShapeError for the bare batch."""
    if isinstance(value, Frames):
        raise ShapeError(
            "the batch of named frames",
            "a tensor",
            help="name the frames to read in `input_frames`, "
            "or put an `extraction` in front of this node",
        )
    assert not isinstance(value, Unknown)
    return value


def size(shape: Shape) -> int | None:
    """How many numbers a shape holds; None while an axis is not known."""
    total = 1
    for dim in shape:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total
