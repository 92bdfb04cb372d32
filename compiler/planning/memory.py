"""Bytes that a plan needs, counted before anything is allocated, and the bytes there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...schema.shapes import Dim, Features, Length, Members, Value, members_of, size
from ...schema.training import FLOAT32
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import FittedContext, FittedExtractor, Memory, Node, ShapedGraph, ShapedNode
from .available import available_memory

_FLOAT, _HALF, _CODE, _ID = 4, 2, 4, 8
"""Bytes of a float32, of a float of 16 bits, of an int32 and of an int64."""

_VALUE_AND_GRADIENT = 2
"""A backward pass keeps the values of a batch and makes a gradient for each."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

_MOMENTS = {
    "torch.optim:Adam": 2, "torch.optim:AdamW": 2, "torch.optim:NAdam": 2, "torch.optim:RAdam": 2,
    "torch.optim:Adamax": 2, "torch.optim:Adadelta": 2, "torch.optim:Adagrad": 1,
    "torch.optim:RMSprop": 1, "torch.optim:Rprop": 2, "torch.optim:ASGD": 1,
    "torch.optim:Muon": 1, "torch.optim:Adafactor": 1, "torch.optim:SparseAdam": 2,
}
"""Tensors that an optimizer always keeps for each weight."""

_KEEPS_MOMENTUM = ("torch.optim:SGD", "torch.optim:RMSprop")
"""Optimizers that keep one tensor more where the spec asks for momentum."""


LARGE_LABEL = 2**28
"""Bytes of an encoded label up to which nobody has to ask for the memory there is."""


# What a plan takes


def memory_of(extractors: Mapping[str, FittedExtractor],
              contexts: Mapping[str, FittedContext], parameters: int, frozen: int,
              optimizer: Node, averaged: bool = False) -> Memory:
    """Bytes for data, weights, gradients and optimizer state.

    Args:
        parameters: trainable numbers of the network.
        frozen: its numbers that stay as they were given.
        averaged: whether an average of all weights is kept beside them.
    """
    weights = parameters * _FLOAT
    return Memory(
        data=sum(data_bytes(entry) for entry in _distinct(extractors))
        + sum(context_bytes(entry) for entry in contexts.values()),
        weights=(2 if averaged else 1) * (weights + frozen * _FLOAT),
        gradients=weights,
        optimizer=_moments(optimizer) * weights,
    )


def _moments(optimizer: Node) -> int:
    moments = _MOMENTS.get(optimizer.type, 0)
    if optimizer.type in _KEEPS_MOMENTUM and optimizer.args["momentum"]:
        moments += 1
    return moments


def _distinct(extractors: Mapping[str, FittedExtractor]) -> Iterator[FittedExtractor]:
    """Fitted extractors, equal ones once: they share their encoded frame."""
    seen: set[int] = set()
    for entry in extractors.values():
        if id(entry.columns) not in seen:
            seen.add(id(entry.columns))
            yield entry


def data_bytes(entry: FittedExtractor) -> int:
    """Bytes of one encoded frame, the null row included, and of its positions."""
    looked_up = [column for column in entry.columns if column.column in entry.codes]
    dense = entry.width - sum(len(column.names) for column in looked_up)
    rows = (entry.folds + 1) * (entry.reached + 1)
    width = dense * _FLOAT + len(looked_up) * _CODE + len(entry.ids) * _ID
    return rows * width + entry.positions.nbytes


def context_bytes(entry: FittedContext) -> int:
    """Bytes of a context: its windows, the results that are kept, and its encoded rows where
    batches are made of them."""
    windows = entry.bound.windows
    taken = windows.rows.nbytes + windows.starts.nbytes + windows.stops.nbytes
    kept = [aggregate.values for aggregate in entry.aggregates.values()]
    taken += sum(values.nbytes for values in kept if values is not None)
    if any(values is None for values in kept) or len(kept) < len(entry.bound.context.aggregations):
        taken += sum(data_bytes(part) for part in entry.extractors.values())
    return taken


def parameter_count(nodes: tuple[ShapedNode, ...]) -> int:
    """Trainable numbers of all nodes."""
    return sum(own_parameters(node) for node in nodes)


def own_parameters(node: ShapedNode) -> int:
    """Trainable numbers of one node in all members, those of its children left out."""
    return node.members * sum(size(shape) or 0 for shape in node.parameters.values())


def frozen_count(nodes: tuple[ShapedNode, ...]) -> int:
    """Numbers of all nodes that training leaves as they were given."""
    return sum(own_frozen(node) for node in nodes)


def own_frozen(node: ShapedNode) -> int:
    """Those of one node, those of its children left out."""
    return node.members * sum(size(shape) or 0 for shape in node.frozen.values())


def activation_bytes(nodes: tuple[ShapedNode, ...], batch_size: int,
                     precision: str = FLOAT32) -> int:
    """An estimate of what one batch leaves in the nodes: each value and its gradient."""
    number = _FLOAT if precision == FLOAT32 else _HALF
    return sum(_activations(node) for node in nodes) * batch_size * number * _VALUE_AND_GRADIENT


def _activations(node: ShapedNode) -> int:
    """Numbers that one sample leaves in a node.

    A node of several layers has a hidden value for each row of each of its matrices, and an
    ensemble has them for each member.
    """
    members = members_of(node.output)
    hidden = sum(
        shape[0] for name, shape in node.parameters.items()
        if len(shape) == 2 and isinstance(shape[0], int)
        # The scales and biases of an ensemble have a row for each member.
        and (members is None or name.endswith(".weight"))
    )
    if members is not None:
        hidden *= members.count
    return node.members * max(hidden, _numbers_a_sample(node.output))


def _numbers_a_sample(value: Value) -> int:
    """Numbers of one sample, a sequence at its longest."""
    if isinstance(value, Features):
        value = value.numbers
    if not isinstance(value, tuple):
        return 0
    counts = (_count(dim) for dim in value)
    known = tuple(count for count in counts if count is not None)
    return size(known) or 0 if known else 0


def _count(dim: Dim) -> int | None:
    if isinstance(dim, Length):
        return dim.longest
    if isinstance(dim, Members):
        return dim.count
    return dim if isinstance(dim, int) else None


# Whether the one fits into the other


@dataclass(frozen=True)
class _Part:
    """What a part of the memory goes to, and where the spec says so."""

    size: int
    pointer: str
    what: str
    help: str


def check_memory(shaped: ShapedGraph, memory: Memory, activations: int) -> Iterator[Diagnostic]:
    """Reports SC405 at what takes the most, where more is needed than there is."""
    needed = memory.data + memory.weights + memory.gradients + memory.optimizer + activations
    available = available_memory()
    if available is None or needed <= available:
        return
    widest = max(_parts(shaped, activations), key=lambda part: part.size)
    yield codes.TOO_LITTLE_MEMORY.at(
        widest.pointer, needed=show_bytes(needed), available=show_bytes(available),
        what=widest.what, size=show_bytes(widest.size), help=widest.help,
    )


def check_label_memory(label: FittedExtractor) -> Iterator[Diagnostic]:
    """Reports SC405 for a label that does not fit: it is encoded before the plan is made."""
    needed = data_bytes(label)
    available = available_memory() if needed > LARGE_LABEL else None
    if available is not None and needed > available:
        extractor = label.bound.extractor
        yield codes.TOO_LITTLE_MEMORY.at(
            extractor.pointer, needed=show_bytes(needed), available=show_bytes(available),
            what=f"the extractor {extractor.name!r}", size=show_bytes(needed),
            help="number the classes with {\"type\": \"class_index\"}",
        )


def _parts(shaped: ShapedGraph, activations: int) -> Iterator[_Part]:
    graph = shaped.fitted.bound.graph
    yield _Part(activations, "/training/batch_size", "one batch of activations",
                "choose a smaller batch size, or narrower layers")
    averaged = graph.training.weight_average is not None
    numbers = 2 + averaged + _moments(graph.optimizer)
    for node in shaped.shapes.nodes:
        weights = own_parameters(node) * _FLOAT
        yield _Part(numbers * weights, node.pointer, f"training the weights of {node.type}",
                    "choose narrower layers, or fewer columns in front of them")
    for entry in shaped.fitted.extractors.values():
        extractor = entry.bound.extractor
        yield _Part(data_bytes(entry), extractor.pointer, f"the extractor {extractor.name!r}",
                    "take fewer columns, or keep fewer values of each with `max_values`")
    for context in shaped.fitted.contexts.values():
        pointer, name = context.bound.context.pointer, context.bound.context.name
        yield _Part(context_bytes(context), pointer, f"the context {name!r}",
                    "take fewer columns of its rows, or fewer functions and windows")


def show_bytes(size: float) -> str:
    """Bytes with the unit that leaves the fewest digits, such as `1.5 MiB`."""
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"
