"""Walks the network with symbolic shapes: what every node reads, gives and trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..schema.declaration import Scope
from ..schema.networks.structure import extract
from ..schema.shapes import (
    BATCH,
    UNKNOWN,
    Frames,
    ParameterShapes,
    Shape,
    ShapeError,
    Unknown,
    Value,
)
from . import codes
from .diagnostic import Diagnostic, Related
from .network import EXTRACTION, frames_read
from .pointer import inside, join
from .stages import NetworkNode, ShapedNode, Shapes

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
        self.range = self._range_after(declaration.output_range(child.args))
        return output

    def _range_after(self, leaves: str) -> str:
        if leaves == "same":
            return self.range
        return _SCALED.get(self.range, "real") if leaves == "scaled" else leaves

    def _apply(self, node: NetworkNode, value: Value) -> tuple[Value, ParameterShapes]:
        if self._invented(node) or (
            isinstance(value, Unknown) and not node.declaration.children
        ):
            return UNKNOWN, {}
        try:
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
        return output

    def _record(self, pointer: str, type_name: str, value: Value, output: Value,
                parameters: ParameterShapes) -> None:
        self.nodes.append(ShapedNode(pointer, type_name, value, output, parameters, self.depth))

    def _report(self, pointer: str, type_name: str, error: ShapeError) -> None:
        related = (
            [Related("this node gives it", pointer=self.producer)] if self.producer else []
        )
        self.found.append(
            codes.SHAPE_MISMATCH.at(pointer, type=type_name, got=error.got, wanted=error.wanted,
                                    help=error.help, related=related)
        )


def trace(network: NetworkNode, widths: Mapping[str, int | None],
          label_width: int | None, holes: frozenset[str] = frozenset(),
          ) -> tuple[Shapes, tuple[Diagnostic, ...]]:
    """The shape of every node, without torch.

    Args:
        network: the root node; it reads the batch of named frames.
        widths: extractor -> columns it gives; None while they are not known.
        label_width: columns that `output` gives; None while they are not known.
        holes: pointers of invented values; nodes that have one give an unknown shape.

    Reports: SC301.
    """
    tracer = _Tracer(label_width, holes)
    batch = Frames({name: (BATCH, width) for name, width in widths.items()})
    output = tracer.visit(network, batch)
    shapes = Shapes(tuple(tracer.nodes), output, tracer.range, tracer.looked_up)
    return shapes, tuple(tracer.found)
