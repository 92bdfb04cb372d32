"""The tensors that an exported network reads: one set for each frame of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..network.frames import places_of, steps_of
from ..network.tree import extractions
from ..stages import BatchFrame, FittedContext, FittedExtractor, FittedGraph, Node

NUMBERS, CODES, IDS, MASK, AGES = "numbers", "codes", "ids", "mask", "ages"
"""What a tensor holds."""

DTYPES = {NUMBERS: "float32", CODES: "int64", IDS: "int64", MASK: "bool", AGES: "float32"}

BATCH, LENGTH = "batch", "length"

PRESENT = "present"


@dataclass(frozen=True)
class Input:
    """One tensor of the network.

    Args:
        name: the frame for its numbers, else the frame and what it holds.
        holds: one of `DTYPES`.
        columns: what stands in each place of the last axis; none for a mask and for ages.
        sizes: for codes and ids how many different ones there are in each column.
        steps: whether there is an axis of steps behind that of the batch.
    """

    name: str
    frame: str
    holds: str
    columns: tuple[str, ...]
    sizes: tuple[int, ...]
    steps: bool

    @property
    def dtype(self) -> str:
        return DTYPES[self.holds]

    @property
    def shape(self) -> tuple[str | int, ...]:
        """The axes; `batch` and `length` differ from call to call."""
        lead = (BATCH, LENGTH) if self.steps else (BATCH,)
        return lead if self.holds in (MASK, AGES) else (*lead, len(self.columns))

    def document(self) -> dict[str, Any]:
        """As it stands in JSON."""
        sizes = {"sizes": list(self.sizes)} if self.holds in (CODES, IDS) else {}
        return {"name": self.name, "frame": self.frame, "holds": self.holds, "dtype": self.dtype,
                "shape": list(self.shape), "columns": list(self.columns), **sizes}


def frames_read(fitted: FittedGraph) -> tuple[str, ...]:
    """The frames of the batch that the network reads, each once, in the order of the data."""
    names = (name for _, read in extractions(fitted.bound.graph.network) for name in read)
    return tuple(dict.fromkeys(names))


def inputs(fitted: FittedGraph) -> tuple[Input, ...]:
    """The inputs of the network: of each frame those tensors that are not empty."""
    found: list[Input] = []
    taken = set(frames_read(fitted))
    for frame in frames_read(fitted):
        for one in _of_frame(frame, fitted):
            name = frame
            if one.holds != NUMBERS:
                name = f"{frame}.{one.holds}"
                while name in taken:
                    name += "_"
                taken.add(name)
            found.append(Input(name, frame, one.holds, one.columns, one.sizes, one.steps))
    return tuple(found)


def _of_frame(name: str, fitted: FittedGraph) -> Iterator[Input]:
    """The inputs of a frame, still without names of their own."""
    frame = fitted.bound.graph.frames[name]
    if frame.context is None:
        parts = [fitted.extractors[part] for part in frame.extractors]
        yield from _rows(parts, steps=False)
        return
    context = fitted.contexts[frame.context]
    assert frame.aggregation is not None
    aggregate = context.aggregates.get(frame.aggregation)
    if aggregate is not None:
        yield _input(NUMBERS, aggregate.names)
        return
    node = context.bound.context.aggregations[frame.aggregation]
    if node.type == "pivot":
        yield _input(NUMBERS, pivoted(context, node))
        return
    if node.args["folded"]:
        yield _input(NUMBERS, folded(context), steps=True)
    else:
        yield from _rows(list(context.extractors.values()), steps=True)
    yield _input(MASK, (), steps=True)
    if context.bound.timed:
        yield _input(AGES, (), steps=True)


def _input(holds: str, columns: Iterable[str], sizes: Iterable[int] = (), *,
           steps: bool = False) -> Input:
    return Input("", "", holds, tuple(columns), tuple(sizes), steps)


def _rows(parts: Sequence[FittedExtractor], *, steps: bool) -> Iterator[Input]:
    """What extractors give side by side."""
    dense = [name for part in parts for name in numbers_of(part)]
    if dense:
        yield _input(NUMBERS, dense, steps=steps)
    for holds, coded in ((CODES, True), (IDS, False)):
        columns = [(f"{part.bound.extractor.prefix}{column.column}", size_of(column))
                   for part in parts for column in part.columns
                   if (column.column in part.codes if coded else column.is_ids)]
        if columns:
            yield _input(holds, *zip(*columns, strict=True), steps=steps)


def size_of(column: Any) -> int:
    """How many codes or ids a column has."""
    return int(column.size) if column.is_ids else len(column.names)


def numbers_of(part: FittedExtractor) -> list[str]:
    """The features of an extractor that stand as numbers."""
    return [f"{part.bound.extractor.prefix}{name}" for column in part.columns
            if not column.is_ids and column.column not in part.codes for name in column.names]


def row_columns(context: FittedContext) -> list[str]:
    """The numbers of one row of a context."""
    return [name for part in context.extractors.values() for name in numbers_of(part)]


def pivoted(context: FittedContext, node: Node) -> list[str]:
    """The columns of a pivot: row by row, the row at the sample's own place, those before it,
    those after it, the nearest first; behind each whether it is there."""
    settings = context.bound.context
    size, places = steps_of(settings, node), places_of(settings, node)
    sides = [settings.direction] if settings.direction != "around" else ["before", "after"]
    slots = [f"{side}_{place + 1}" for side in sides for place in range(size)]
    slots = ["own", *slots] if places > len(slots) else slots
    present = [PRESENT] if node.args["presence"] else []
    return [f"{slot}_{name}" for slot in slots for name in (*row_columns(context), *present)]


def folded(context: FittedContext) -> list[str]:
    """The columns of a step of a folded sequence: the row before, then the row after, each with
    whether it is there."""
    return [f"{side}_{name}" for side in ("before", "after")
            for name in (*row_columns(context), PRESENT)]


def context_frames(fitted: FittedGraph) -> dict[str, tuple[FittedContext, str]]:
    """The frames that the network reads of contexts: context and name of the aggregation."""
    found: dict[str, tuple[FittedContext, str]] = {}
    for name in frames_read(fitted):
        frame: BatchFrame = fitted.bound.graph.frames[name]
        if frame.context is not None and frame.aggregation is not None:
            found[name] = (fitted.contexts[frame.context], frame.aggregation)
    return found
