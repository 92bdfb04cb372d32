"""Walks the network with symbolic shapes: what every node reads, gives and trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
from .heads import SELF_SIZED
from .shared import definitions, same_form, same_weights
from .tree import EXTRACTION, frames_read

_ACTIVATIONS = {"fully_connected": "output_activation", "output": "activation",
                "tabm": "output_activation"}
"""Network type -> the property with the activation behind its last layer."""

_SCALED = dict.fromkeys(("probability", "distribution", "non_negative"), "non_negative")
"""Range -> what is left of it after a multiplication with a positive number."""


@dataclass(frozen=True)
class _Data:
    """What is known of the data at one place, beside its shape; see `Shapes`."""

    producer: str | None = None
    after_extraction: bool = False
    range: str = "real"
    range_at: str | None = None
    range_before: str = "real"
    width_at: str | None = None
    self_sized: bool = False


@dataclass(frozen=True)
class _Visit:
    """What a node read and gave, and what is known behind it."""

    input: Value
    output: Value
    data: _Data


@dataclass(frozen=True)
class _Sides:
    """Children that stand side by side: what is known where each starts, and what they gave."""

    start: _Data
    visits: dict[str, _Visit] = field(default_factory=dict)


@dataclass
class _Tracer(Scope):
    """Carries shapes from node to node; one mistake is reported once, then flows as UNKNOWN."""

    label_width: int | None
    holes: frozenset[str]
    shared: Mapping[str, NetworkNode]
    members: int = 1
    nodes: list[ShapedNode] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    looked_up: dict[str, str] = field(default_factory=dict)
    data: _Data = field(default_factory=_Data)
    visits: dict[str, _Visit] = field(default_factory=dict)
    open: list[_Sides | None] = field(default_factory=list)

    def visit(self, child: NetworkNode, value: Value) -> Value:
        sides = self.open[-1] if self.open else None
        if sides is not None:
            self.data = sides.start
        visit = self.visits.get(child.pointer)
        if visit is None:
            output = self._first(child, value)
            visit = self.visits[child.pointer] = _Visit(value, output, self.data)
        elif value != visit.input:
            visit = self._again(child, value, visit)
        self.data = visit.data
        if sides is not None:
            sides.visits[child.pointer] = visit
        return visit.output

    def definition(self, name: str) -> NetworkNode:
        return self.shared[name]

    def _first(self, child: NetworkNode, value: Value) -> Value:
        declaration = child.declaration
        if child.type == EXTRACTION:
            return self._extract(child, child.pointer, value)
        if child.args.get("input_frames"):
            value = self._extract(child, join(child.pointer, "input_frames"), value)
        data = self.data
        if data.after_extraction and declaration.reads_codes and data.producer is not None:
            self.looked_up[data.producer] = child.pointer
        # What several nodes read, and what a node gives, are plain numbers.
        if not declaration.in_turn:
            self.data = replace(data, after_extraction=False)
        sides = _Sides(self.data) if declaration.children and not declaration.in_turn else None
        place = len(self.nodes)
        self._record(child.pointer, child.type, value, UNKNOWN, {}, depth=len(self.open))
        self.open.append(sides)
        outside = self.members
        if declaration.copies is not None:
            self.members = declaration.copies(child.args)
        output, parameters = self._apply(child, value)
        self.members = outside
        self.open.pop()
        self.nodes[place] = replace(self.nodes[place], output=output, parameters=parameters,
                                    frozen=self._frozen(child, value, output, parameters))
        if sides is not None:
            self._join(child, list(sides.visits.values()), output)
            return output
        if not declaration.children:
            self.data = replace(self.data, producer=child.pointer)
            self._follow_width(child, value, output)
        self._follow_range(child, declaration.output_range(child.args))
        return output

    def _again(self, child: NetworkNode, value: Value, first: _Visit) -> _Visit:
        """Another place of the same module. Raises ShapeError where it does not fit there."""
        if isinstance(value, Unknown) or isinstance(first.output, Unknown):
            return _Visit(value, UNKNOWN, _Data())
        there = _Tracer(self.label_width, self.holes, self.shared)
        output = there.visit(child, value)
        here = [node for node in self.nodes if inside(node.pointer, child.pointer)]
        if not same_form(value, first.input) or there.found or not same_weights(here, there.nodes):
            raise ShapeError(
                show(value), f"{show(first.input)}, as in the place where its network stands",
                help="one module has one set of weights: give it equal shapes in all places")
        return _Visit(value, output, there.data)

    def _join(self, node: NetworkNode, visits: list[_Visit], output: Value) -> None:
        """Behind children that stand side by side."""
        if not visits:
            return
        rule = node.declaration.joined_range
        leaves = node.declaration.output_range(node.args) if rule is None else rule(
            node.args, tuple(visit.data.range for visit in visits))
        kept = [visit.data for visit in visits if visit.output == output]
        if len(kept) == len(visits) == 1 and kept[0].range == leaves:
            self.data = replace(kept[0], after_extraction=False)
        else:
            self_sized = len(kept) == len(visits) and all(data.self_sized for data in kept)
            self.data = _Data(node.pointer, range=leaves, self_sized=self_sized)

    def _follow_range(self, node: NetworkNode, leaves: str) -> None:
        """Keeps what the numbers are now, and which place of the spec says so."""
        if leaves == "same":
            return
        key, before = _ACTIVATIONS.get(node.type), self.data.range
        self.data = replace(
            self.data,
            range=_SCALED.get(before, "real") if leaves == "scaled" else leaves,
            range_at=node.pointer if key is None else join(node.pointer, key),
            range_before="real" if key is not None else before,
        )

    def _follow_width(self, node: NetworkNode, value: Value, output: Value) -> None:
        """Keeps which number of the spec is the width now."""
        width = _width_key(node)
        self_sized = node.type in SELF_SIZED or (self.data.self_sized and output == value)
        self.data = replace(self.data, self_sized=self_sized)
        if width is not None:
            self.data = replace(self.data, width_at=width)
        elif output != value or node.type in SELF_SIZED:
            self.data = replace(self.data, width_at=None)

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

    def _frozen(self, node: NetworkNode, value: Value, output: Value,
                trained: ParameterShapes) -> ParameterShapes:
        """The tables of given vectors that training leaves alone."""
        if node.declaration.children or not isinstance(value, Features) \
                or isinstance(output, Unknown) or not any(column.frozen for column in value.ids):
            return {}
        thawed = replace(value, ids=tuple(replace(column, frozen=False) for column in value.ids))
        tables = node.declaration.parameters(thawed, node.args, self)
        return {name: shape for name, shape in tables.items() if name not in trained}

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
            value = Frames({name: value.shapes.get(name, _meant(value)) for name in read[1]})
        try:
            output: Value = UNKNOWN if isinstance(value, Unknown) else extract(value, read[1])
        except ShapeError as error:
            self._report(pointer, EXTRACTION, error)
            output = UNKNOWN
        self._record(pointer, EXTRACTION, value, output, {}, depth=len(self.open))
        self.data = _Data(pointer, after_extraction=True, range_before=self.data.range_before)
        return output

    def _record(self, pointer: str, type_name: str, value: Value, output: Value,
                parameters: ParameterShapes, depth: int) -> None:
        # What is read of a batch is there once, for all members of an ensemble.
        members = 1 if type_name == EXTRACTION else self.members
        self.nodes.append(ShapedNode(pointer, type_name, value, output, parameters, depth,
                                     members=members))

    def _report(self, pointer: str, type_name: str, error: ShapeError) -> None:
        """One finding, at the property that does not fit, else at the node."""
        related = []
        if self.data.width_at is not None and type_name != EXTRACTION:
            related = [Related("this is its width", pointer=self.data.width_at)]
        elif self.data.producer is not None:
            related = [Related("this node gives it", pointer=self.data.producer)]
        place = pointer if error.key is None else join(pointer, error.key)
        fix = None
        if error.value is not None:
            fix = ({"op": "add", "path": place, "value": error.value},)
        self.found.append(
            codes.SHAPE_MISMATCH.at(place, type=type_name, got=error.got, wanted=error.wanted,
                                    help=error.help, related=related, fix=fix)
        )


def _meant(frames: Frames) -> Shape | Unknown:
    """What an unknown name may stand for: rows of numbers, unless there are other frames too."""
    rows = all(isinstance(shape, tuple) and length_of(shape) is None
               for shape in frames.shapes.values())
    return (BATCH, None) if rows else UNKNOWN


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


def trace(network: NetworkNode, frames: Mapping[str, Shape | Features | Unknown],
          label_width: int | None, holes: frozenset[str] = frozenset(),
          head: NetworkNode | None = None) -> tuple[Shapes, tuple[Diagnostic, ...]]:
    """The shape of every node, without torch.

    Args:
        network: the root node; it reads the batch of named frames.
        frames: frame of the batch -> what it is; a width is None while it is not known.
        label_width: columns that `output` gives; None while they are not known.
        holes: pointers of invented values; nodes that have one give an unknown shape.
        head: a second root, which reads what the first one gives.

    Reports: SC301.
    """
    roots = (network,) if head is None else (network, head)
    tracer = _Tracer(label_width, holes, definitions(*roots))
    output: Value = Frames(frames)
    for root in roots:
        output = tracer.visit(root, output)
    data = tracer.data
    shapes = Shapes(tuple(tracer.nodes), output, data.range, tracer.looked_up,
                    data.range_at, data.range_before, data.width_at, data.self_sized)
    return shapes, tuple(tracer.found)
