"""Which frames, columns and steps a prediction reads, and which an evaluation beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ...schema.preparation import DERIVE, FILTER
from ..bundle import Bundle
from ..data.conditions import columns_of
from ..data.derivations import telling
from ..data.operations import columns_read
from ..data.preparation import SPLIT_STEPS
from ..network.heads import labels, views
from ..stages import BoundContext, BoundExtractor, BoundGraph, Join, Node, Place

Columns = dict[str, dict[str, None]]
"""Frame -> its columns, in the order in which they were met."""


@dataclass
class Needs:
    """What is read of a bundle.

    Args:
        columns: of the bundle as it is stored, after a walk back through its steps.
        keys: the key of each frame that is matched by it.
        steps: the places in `bundle.prepare` of the steps to take.
    """

    columns: Columns = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    steps: tuple[int, ...] = ()

    def read(self, frame: str, names: Iterable[str] = ()) -> None:
        """Notes a frame, and columns of it."""
        self.columns.setdefault(frame, {}).update(dict.fromkeys(names))


def prediction_needs(bound: BoundGraph) -> Needs:
    """What the features of a graph are made of.

    A filter of the index frame that looks at a label says what can be learnt from, and is not
    among the steps: whoever predicts does not know the label.
    """
    hidden = {label.name for label in labels(bound.graph)}
    reader = _Reader(bound.bundle, bound.index_frame)
    for name, entry in bound.extractors.items():
        if name not in hidden:
            reader.extractor(entry, bound.index_frame)
    for context in bound.contexts.values():
        reader.context(context)
    _walk_back(reader.needs, bound, secret=_tells_label(bound))
    return reader.needs


def evaluation_needs(bound: BoundGraph) -> Needs:
    """What labels, splits, weights of samples and queries of metrics are made of, and with which
    steps; those of features are not repeated."""
    graph, index = bound.graph, bound.index_frame
    reader = _Reader(bound.bundle, index)
    for name in dict.fromkeys(label.name for label in labels(graph)):
        reader.extractor(bound.extractors[name], index)
    if graph.training.sample_weight is not None:
        reader.needs.read(index, [graph.training.sample_weight])
    for view in views(graph).values():
        for node in view.metrics:
            query = node.args.get("query") or ()
            reader.needs.read(index, [query] if isinstance(query, str) else query)
    _walk_back(reader.needs, bound, splits=True)
    return reader.needs


class _Reader:
    """Notes what bound extractors and contexts read."""

    def __init__(self, bundle: Bundle, index_frame: str) -> None:
        self.needs = Needs()
        self._bundle = bundle
        self._index = index_frame
        self.needs.read(index_frame)

    def extractor(self, entry: BoundExtractor, base: str) -> None:
        """An extractor over the rows of the frame `base`."""
        extractor = entry.extractor
        self._chain(extractor.frame, extractor.joins, base)
        self.needs.read(entry.positions.frame, [column.name for column in entry.columns])

    def context(self, bound: BoundContext) -> None:
        context = bound.context
        last = self._chain(None, context.joins, self._index)
        frame = context.on.frame
        self._step(context.on, last, self._index)
        self._place(context.place, self._index, frame)
        self.needs.read(frame, context.order_by)
        self.needs.read(frame, columns_of(context.where))
        for entry in bound.extractors.values():
            self.extractor(entry, frame)

    def _chain(self, start: str | None, joins: tuple[Join, ...], base: str) -> str:
        """The frame at the end of a chain."""
        left = base if start is None else start
        if left != base:
            for frame in (base, left):
                self._key(frame)
        for join in joins:
            self._step(join, left, base)
            left = join.frame
        self.needs.read(left)
        return left

    def _step(self, join: Join, left: str, base: str) -> None:
        self.needs.read(left, join.columns)
        if join.key_columns is None:
            self._key(join.frame)
        else:
            self.needs.read(join.frame, join.key_columns)
        self._place(join.as_of, base, join.frame)

    def _place(self, place: Place | None, samples: str, rows: str) -> None:
        if place is not None:
            self.needs.read(samples, [place.sample])
            self.needs.read(rows, [place.row])

    def _key(self, frame: str) -> None:
        key = self._bundle.key(frame)
        self.needs.read(frame, key)
        self.needs.keys[frame] = key


def _tells_label(bound: BoundGraph) -> frozenset[str]:
    """The columns of the index frame that tell a label."""
    steps, index = bound.graph.bundle.prepare, bound.index_frame
    own = {column.name for label in labels(bound.graph)
           for column in bound.extractors[label.name].columns
           if bound.extractors[label.name].positions.frame == index}
    return telling(own, dict(_made(steps, index)))


def _made(steps: Iterable[Node], index_frame: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The columns that steps derive in the index frame, each with those that it is made of."""
    for step in steps:
        if step.type == DERIVE.name and _frame(step, index_frame) == index_frame:
            yield step.args["column"], columns_read(_operation(step))


def _walk_back(needs: Needs, bound: BoundGraph, *, secret: frozenset[str] = frozenset(),
               splits: bool = False) -> None:
    """Replaces derived columns by those that they are made of, step by step from the last.

    Args:
        secret: columns of the index frame by which nothing is filtered.
        splits: whether the columns of a step that makes splits are read.
    """
    kept: list[int] = []
    steps = bound.graph.bundle.prepare
    for place in reversed(range(len(steps))):
        step = steps[place]
        frame = _frame(step, bound.index_frame)
        if step.type == FILTER.name:
            names = columns_of(step.args["where"])
            hides = frame == bound.index_frame and secret.intersection(names)
            if frame in needs.columns and not hides:
                kept.append(place)
                needs.read(frame, names)
        elif step.type == DERIVE.name and step.args["column"] in needs.columns.get(frame, ()):
            kept.append(place)
            del needs.columns[frame][step.args["column"]]
            needs.read(frame, columns_read(_operation(step)))
        elif splits and step.type in SPLIT_STEPS:
            needs.read(bound.index_frame, _columns_of_split(step))
    needs.steps = tuple(reversed(kept))


def _frame(step: Node, index_frame: str) -> str:
    frame: str | None = step.args.get("frame")
    return index_frame if frame is None else frame


def _columns_of_split(step: Node) -> Iterator[str]:
    for key in ("column", "columns", "only_where_not_null"):
        value = step.args.get(key) or ()
        yield from [value] if isinstance(value, str) else value


def _operation(step: Node) -> Node:
    args: Mapping[str, object] = step.args["operation"]
    return Node("", str(args["type"]), {key: args[key] for key in args if key != "type"})
