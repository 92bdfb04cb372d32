"""Network types that hold the others together: extraction, feed_forward, output."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import NAME, array, boolean, choice, many_of
from ..shapes import (
    BATCH,
    Dim,
    Features,
    Frames,
    ParameterShapes,
    Shape,
    ShapeError,
    Unknown,
    Value,
    length_of,
    show,
    tensor,
)
from .activations import OUTPUT_ACTIVATIONS, activation, range_after


def extract(value: Value, frames: tuple[str, ...]) -> Value:
    """Named frames side by side: their widths add up, their ids stand beside the numbers.

    Sequences go side by side where they have one length, so the steps of one context.
    """
    if not isinstance(value, Frames):
        raise ShapeError(show(value), "the batch of named frames",
                         help="an extraction stands first: nothing before it gives a tensor")
    read = []
    for name in frames:
        frame = value.shapes[name]
        if isinstance(frame, Unknown):
            return frame
        read.append(frame)
    lengths = [length_of(frame) for frame in read]
    for name, length in zip(frames, lengths, strict=True):
        if length != lengths[0]:
            raise ShapeError(
                f"{frames[0]} {show(read[0])} beside {name} {show(value.shapes[name])}",
                "rows of one kind side by side",
                help="give each its own part of a `parallel`, and reduce the sequence there to "
                "one row a sample")
    lead = (BATCH,) if lengths[0] is None else (BATCH, lengths[0])
    numbers = (*lead, _total([_numbers(frame)[-1] for frame in read]))
    ids = tuple(column for frame in read if isinstance(frame, Features) for column in frame.ids)
    return Features(numbers, ids) if ids else numbers


def _numbers(frame: Shape | Features) -> Shape:
    return frame.numbers if isinstance(frame, Features) else frame


def _total(widths: list[Dim]) -> int | None:
    """The sum of widths, None while one is not known."""
    total = 0
    for width in widths:
        if not isinstance(width, int):
            return None
        total += width
    return total


EXTRACTION = NetworkType(
    name="extraction",
    description="Turns frames of the batch into one tensor, side by side.",
    properties={
        "frames": array("The extractors to read, in this order.", NAME,
                        example=["passengers", "tickets"], min_items=1),
    },
    required=("frames",),
    examples=({"frames": ["passengers"]},),
    shape=lambda value, args, scope: extract(value, tuple(args["frames"])),
    per_step=False,
)


def _in_turn(value: Value, args: Args, scope: Scope) -> Value:
    for child in args["factories"]:
        value = scope.visit(child, value)
    return value


def _build_in_turn(value: Value, args: Args, scope: Scope) -> Any:
    from torch import nn

    modules = []
    for child in args["factories"]:
        modules.append(scope.build(child, value))
        value = scope.visit(child, value)
    return nn.Sequential(*modules)


FEED_FORWARD = NetworkType(
    name="feed_forward",
    description="Parts one after the other; each is sized by what the one before it gives.",
    properties={
        "factories": many_of("network", "The parts, in the order of the data.", min_items=1,
                             example=[{"type": "extraction", "frames": ["passengers"]},
                                      {"type": "output"}]),
    },
    required=("factories",),
    examples=({"factories": [{"type": "torch.nn:ReLU"}, {"type": "torch.nn:Dropout", "p": 0.1}]},),
    shape=_in_turn,
    build=_build_in_turn,
    children=("factories",),
    in_turn=True,
    output_range=lambda args: "same",
    per_step=False,
)


def linear_parameters(width_in: Any, width_out: Any, bias: bool, prefix: str = "") -> dict[
        str, Shape]:
    """The trainable tensors of a `torch.nn.Linear`: weight `(out, in)`, bias `(out,)`."""
    parameters: dict[str, Shape] = {f"{prefix}weight": (width_out, width_in)}
    if bias:
        parameters[f"{prefix}bias"] = (width_out,)
    return parameters


def _output_shape(value: Value, args: Args, scope: Scope) -> Value:
    return (*tensor(value)[:-1], scope.label_width)


def _output_parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    return linear_parameters(tensor(value)[-1], scope.label_width, args["bias"], "linear.")


def _build_output(value: Value, args: Args, scope: Scope) -> Any:
    from collections import OrderedDict

    from torch import nn

    width = tensor(value)[-1]
    assert isinstance(width, int) and scope.label_width is not None
    linear = nn.Linear(width, scope.label_width, bias=args["bias"])
    return nn.Sequential(OrderedDict(linear=linear, activation=activation(args["activation"])))


OUTPUT = NetworkType(
    name="output",
    description="A linear layer as wide as the label and the loss want, so that nobody counts "
    "classes.",
    properties={
        "activation": choice("What to apply to the output.", list(OUTPUT_ACTIVATIONS),
                             default="identity", example="sigmoid"),
        "bias": boolean("Whether the linear layer has a bias.", default=True, example=False),
    },
    examples=({}, {"activation": "softmax"}, {"bias": False}),
    shape=_output_shape,
    parameters=_output_parameters,
    build=_build_output,
    output_range=lambda args: range_after(args["activation"]),
    reads_codes=True,
)
