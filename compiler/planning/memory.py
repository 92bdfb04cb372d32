"""Bytes that a plan needs, counted before anything is allocated, and the bytes there are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...schema.shapes import Dim, Features, Length, Members, Value, size
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import FittedExtractor, Memory, Node, ShapedGraph, ShapedNode

_FLOAT, _CODE = 4, 4
"""Bytes of a float32 and of an int32."""

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


def memory_of(extractors: Mapping[str, FittedExtractor], parameters: int,
              optimizer: Node) -> Memory:
    """Bytes for data, weights, gradients and optimizer state.

    Args:
        parameters: trainable numbers of the network.
    """
    weights = parameters * _FLOAT
    return Memory(
        data=sum(data_bytes(entry) for entry in _distinct(extractors)),
        weights=weights,
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
    rows = entry.reached + 1
    return rows * (dense * _FLOAT + len(looked_up) * _CODE) + entry.positions.nbytes


def parameter_count(nodes: tuple[ShapedNode, ...]) -> int:
    """Trainable numbers of all nodes."""
    return sum(own_parameters(node) for node in nodes)


def own_parameters(node: ShapedNode) -> int:
    """Trainable numbers of one node, those of its children left out."""
    return sum(size(shape) or 0 for shape in node.parameters.values())


def activation_bytes(nodes: tuple[ShapedNode, ...], batch_size: int) -> int:
    """An estimate of what one batch leaves in the nodes: each value and its gradient."""
    return sum(_activations(node) for node in nodes) * batch_size * _FLOAT * _VALUE_AND_GRADIENT


def _activations(node: ShapedNode) -> int:
    """Numbers that one sample leaves in a node.

    A node of several layers has a hidden value for each row of each of its matrices.
    """
    hidden = sum(
        shape[0] for shape in node.parameters.values()
        if len(shape) == 2 and isinstance(shape[0], int)
    )
    return max(hidden, _numbers_a_sample(node.output))


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


# What there is


def available_memory() -> int | None:
    """Bytes that a new process could take now; None where the system does not tell.

    On Linux what the kernel calls available, or less where a control group limits this
    process. Elsewhere the memory of the machine, taken or not.
    """
    try:
        limits = [_meminfo(Path("/proc/meminfo").read_text(encoding="ascii"))]
        limits += _control_groups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
        return max(0, min(limits))
    except (OSError, ValueError, KeyError):
        return _physical_memory()


def _meminfo(text: str) -> int:
    lines = dict(line.split(":", 1) for line in text.splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _control_groups(membership: Path, root: Path) -> list[int]:
    """What the control groups above this process leave free, version 1 and version 2."""
    free = []
    for line in _text(membership).splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        top = root / controllers
        group = PurePosixPath(place.lstrip("/"))
        free += [
            left for inner in (group, *group.parents) if (left := _left(top / inner)) is not None
        ]
    return free


def _left(group: Path) -> int | None:
    """Bytes that a control group may still take; the cache of files gives way when asked."""
    for limit, used in (("memory.max", "memory.current"),
                        ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        most, now = _text(group / limit).strip(), _text(group / used).strip()
        if most.isdigit() and now.isdigit():
            lines = (line.split() for line in _text(group / "memory.stat").splitlines())
            stat = {line[0]: int(line[1]) for line in lines if len(line) == 2}
            cache = stat.get("inactive_file", 0) + stat.get("active_file", 0)
            return int(most) - int(now) + cache
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


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
    numbers = 2 + _moments(graph.optimizer)
    for node in shaped.shapes.nodes:
        weights = own_parameters(node) * _FLOAT
        yield _Part(numbers * weights, node.pointer, f"training the weights of {node.type}",
                    "choose narrower layers, or fewer columns in front of them")
    for entry in shaped.fitted.extractors.values():
        extractor = entry.bound.extractor
        yield _Part(data_bytes(entry), extractor.pointer, f"the extractor {extractor.name!r}",
                    "take fewer columns, or keep fewer values of each with `max_values`")


def show_bytes(size: float) -> str:
    """Bytes with the unit that leaves the fewest digits, such as `1.5 MiB`."""
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"
