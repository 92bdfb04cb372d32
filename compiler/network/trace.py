"""Walks the network with symbolic shapes: what every node reads, gives and trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...schema.declaration import Scope
from ...schema.networks.structure import extract
from ...schema.shapes import (
    BATCH,
    UNKNOWN,
    Features,
    Frames,
    ParameterShapes,
    Shape,
    ShapeError,
    Unknown,
    Value,
    length_of,
    show,
)
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Related
from ..stages import NetworkNode, ShapedNode, Shapes
from ..text.pointer import inside, join
from .tree import EXTRACTION, frames_read

_ACTIVATIONS = {"fully_connected": "output_activation", "output": "activation"}
"""Network type -> the property with the activation behind its last layer."""

_SELF_SIZED = "output"

_SCALED = dict.fromkeys(("probability", "distribution", "non_negative"), "non_negative")
"""Range -> what is left of it after a multiplication with a positive number."""


@dataclass
class _Tracer(Scope):
    """Carries shapes from node to node; one mistake is reported once, then flows as UNKNOWN."""

    label_width: int | None
    holes: frozenset[str]
    nodes: list[ShapedNode] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    looked_up: dict[str, str] = field(default_factory=dict)
    producer: str | None = None
    after_extraction: bool = False
    range: str = "real"
    range_at: str | None = None
    range_before: str = "real"
    width_at: str | None = None
    self_sized: bool = False
    depth: int = 0

    def visit(self, child: NetworkNode, value: Value) -> Value:
        declaration = child.declaration
        if child.type == EXTRACTION:
            return self._extract(child, child.pointer, value)
        if child.args.get("input_frames"):
            value = self._extract(child, join(child.pointer, "input_frames"), value)
        if self.after_extraction and declaration.reads_codes and self.producer is not None:
            self.looked_up[self.producer] = child.pointer
        if not declaration.children:
            self.after_extraction = False
        place = len(self.nodes)
        self._record(child.pointer, child.type, value, UNKNOWN, {})
        self.depth += 1
        output, parameters = self._apply(child, value)
        self.depth -= 1
        shaped = self.nodes[place]
        self.nodes[place] = ShapedNode(shaped.pointer, shaped.type, value, output, parameters,
                                       shaped.depth)
        if not declaration.children:
            self.producer = child.pointer
            self._follow_width(child, value, output)
        self._follow_range(child, declaration.output_range(child.args))
        return output

    def _follow_range(self, node: NetworkNode, leaves: str) -> None:
        """Keeps what the numbers are now, and which place of the spec says so."""
        if leaves == "same":
            return
        key = _ACTIVATIONS.get(node.type)
        self.range_at = node.pointer if key is None else join(node.pointer, key)
        self.range_before = "real" if key is not None else self.range
        self.range = _SCALED.get(self.range, "real") if leaves == "scaled" else leaves

    def _follow_width(self, node: NetworkNode, value: Value, output: Value) -> None:
        """Keeps which number of the spec is the width now."""
        width = _width_key(node)
        self.self_sized = node.type == _SELF_SIZED or (self.self_sized and output == value)
        if width is not None:
            self.width_at = width
        elif output != value or node.type == _SELF_SIZED:
            self.width_at = None

    def _apply(self, node: NetworkNode, value: Value) -> tuple[Value, ParameterShapes]:
        if self._invented(node) or (
            isinstance(value, Unknown) and not node.declaration.children
        ):
            return UNKNOWN, {}
        try:
            if node.declaration.per_step:
                _check_step(node, value)
            output = node.declaration.shape(value, node.args, self)
            return output, node.declaration.parameters(value, node.args, self)
        except ShapeError as error:
            self._report(node.pointer, node.type, error)
            return UNKNOWN, {}

    def _invented(self, node: NetworkNode) -> bool:
        """Whether an argument of the node itself was invented after a mistake."""
        below = [hole for hole in self.holes if inside(hole, node.pointer)]
        inner = [join(node.pointer, key) for key in node.declaration.children]
        own = (hole for hole in below if not any(
            inside(hole, child) and hole != child for child in inner))
        return any(True for _ in own) or any(inside(node.pointer, hole) for hole in self.holes)

    def _extract(self, node: NetworkNode, pointer: str, value: Value) -> Value:
        read = frames_read(node)
        assert read is not None
        if isinstance(value, Frames):
            # A name that is no extractor was reported by resolve.
            unknown: Shape = (BATCH, None)
            value = Frames({name: value.shapes.get(name, unknown) for name in read[1]})
        try:
            output: Value = UNKNOWN if isinstance(value, Unknown) else extract(value, read[1])
        except ShapeError as error:
            self._report(pointer, EXTRACTION, error)
            output = UNKNOWN
        self._record(pointer, EXTRACTION, value, output, {})
        self.producer, self.range, self.after_extraction = pointer, "real", True
        self.range_at, self.width_at, self.self_sized = None, None, False
        return output

    def _record(self, pointer: str, type_name: str, value: Value, output: Value,
                parameters: ParameterShapes) -> None:
        self.nodes.append(ShapedNode(pointer, type_name, value, output, parameters, self.depth))

    def _report(self, pointer: str, type_name: str, error: ShapeError) -> None:
        """One finding, at the property that does not fit, else at the node."""
        related = []
        if self.width_at is not None and type_name != EXTRACTION:
            related = [Related("this is its width", pointer=self.width_at)]
        elif self.producer is not None:
            related = [Related("this node gives it", pointer=self.producer)]
        place = pointer if error.key is None else join(pointer, error.key)
        fix = None
        if error.value is not None:
            fix = ({"op": "add", "path": place, "value": error.value},)
        self.found.append(
            codes.SHAPE_MISMATCH.at(place, type=type_name, got=error.got, wanted=error.wanted,
                                    help=error.help, related=related, fix=fix)
        )


def _check_step(node: NetworkNode, value: Value) -> None:
    """Raises ShapeError where a node that works on rows would read padding."""
    if length_of(value) is not None and node.declaration.needs_several_rows(node.args):
        raise ShapeError(show(value), "rows that are all there",
                         help="it would take the mean over the padding too: use layer "
                         "normalization on sequences")


def _width_key(node: NetworkNode) -> str | None:
    """The pointer of the number that is the width of what a node gives."""
    if node.type == "fully_connected":
        return join(node.pointer, "sizes", len(node.args["sizes"]) - 1)
    return join(node.pointer, "out_features") if "out_features" in node.args else None


def trace(network: NetworkNode, frames: Mapping[str, Shape | Features],
          label_width: int | None, holes: frozenset[str] = frozenset(),
          ) -> tuple[Shapes, tuple[Diagnostic, ...]]:
    """The shape of every node, without torch.

    Args:
        network: the root node; it reads the batch of named frames.
        frames: frame of the batch -> what it is; a width is None while it is not known.
        label_width: columns that `output` gives; None while they are not known.
        holes: pointers of invented values; nodes that have one give an unknown shape.

    Reports: SC301.
    """
    tracer = _Tracer(label_width, holes)
    output = tracer.visit(network, Frames(frames))
    shapes = Shapes(tuple(tracer.nodes), output, tracer.range, tracer.looked_up,
                    tracer.range_at, tracer.range_before, tracer.width_at, tracer.self_sized)
    return shapes, tuple(tracer.found)
