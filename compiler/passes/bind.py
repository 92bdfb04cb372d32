"""bind: Graph and Bundle -> BoundGraph. Frames, keys, samples and columns are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import numpy as np

from ..bundle import Bundle, BundleError
from ..data.chains import Chain, Chains, at_pointer
from ..data.dtypes import classify
from ..data.leaks import keys_on_both_sides
from ..data.matching import Matching
from ..data.preparation import PRIORITY, SPLIT
from ..data.samples import bind_samples
from ..data.selectors import select
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result, distinct
from ..diagnostics.hints import unknown
from ..stages import (
    BoundExtractor,
    BoundGraph,
    Column,
    Extractor,
    Graph,
    Positions,
    Samples,
    Selector,
)
from ..text.pointer import join as below
from ..text.pointer import touched

Stage = TypeVar("Stage")


def bind(graph: Graph, bundle: Bundle) -> Result[BoundGraph]:
    """Ties a graph to a bundle. Reads metadata, keys, splits, priorities, and no feature.

    Reports: SC401, SC602, SC604, SC606 to SC614, SC616 to SC628; independent mistakes all at
    once. An extractor with a broken join reports the join and not its columns. Extractors with
    mistakes are left out of the bound graph; without samples there is none.
    """
    index_frame, found = _index_frame(graph, bundle)
    keys, undecided, wrong_keys = _keys(graph, bundle)
    found += wrong_keys
    bundle = bundle.with_keys(keys)
    samples: Samples | None = None
    if index_frame is not None:
        frame = index_frame
        samples = _stage(lambda: bind_samples(graph, bundle, frame), found)
    chains = Chains(graph, bundle, index_frame, undecided)
    matching = Matching(bundle, samples)
    label: tuple[Chain, Positions | None, frozenset[str]] | None = None
    bound: dict[str, BoundExtractor] = {}
    # The label first: its columns are hidden from the other extractors.
    others = [extractor for extractor in graph.extractors if extractor.name != graph.label.name]
    for extractor in (graph.label, *others):
        if touched(extractor.pointer, graph.holes):
            continue
        known = len(found)
        chain = _stage(lambda e=extractor: chains.resolve(e), found)  # type: ignore[misc]
        if chain is None:
            continue
        positions = _stage(
            lambda e=extractor, c=chain: matching.positions(e, c), found  # type: ignore[misc]
        )
        secret: frozenset[str] = frozenset()
        if label is not None and _same_rows(chain, positions, label[0], label[1]):
            secret = label[2]
        columns = _columns(extractor, chain, bundle, index_frame, secret, found)
        if extractor is graph.label:
            label = (chain, positions, frozenset(column.name for column in columns))
        sound = not any(diagnostic.is_error for diagnostic in found[known:])
        if positions is not None and sound:
            bound[extractor.name] = BoundExtractor(extractor, positions, columns)
    diagnostics = distinct(found)
    if samples is None or index_frame is None:
        return Result(None, diagnostics)
    names = dict.fromkeys((*(extractor.name for extractor in graph.extractors), graph.label.name))
    whole = {name: bound[name] for name in names if name in bound}
    bound_graph = BoundGraph(graph, bundle, index_frame, samples, whole)
    try:
        torn = keys_on_both_sides(bound_graph)
    except BundleError as error:
        torn = error.diagnostics
    return Result(bound_graph, distinct((*diagnostics, *torn)))


def _stage(run: Callable[[], Result[Stage]], found: list[Diagnostic]) -> Stage | None:
    """Runs one part of the pass; damage that shows only when pages are read is collected too."""
    try:
        result = run()
    except BundleError as error:
        found += error.diagnostics
        return None
    found += result.diagnostics
    return result.stage


def _index_frame(graph: Graph, bundle: Bundle) -> tuple[str | None, list[Diagnostic]]:
    name = graph.bundle.index_frame
    if name is None:
        if bundle.index_frame is None:
            return None, [codes.NO_INDEX_FRAME.at("/bundle/index_frame")]
        return bundle.index_frame, []
    if name not in bundle.frames:
        return None, [unknown(codes.UNKNOWN_FRAME, "/bundle/index_frame", "frames", name,
                              bundle.frames)]
    return name, []


def _keys(
    graph: Graph, bundle: Bundle
) -> tuple[Mapping[str, tuple[str, ...]], set[str], list[Diagnostic]]:
    """The keys that the spec names; frames for which it does so wrongly, and the diagnostics."""
    keys: dict[str, tuple[str, ...]] = {}
    wrong: set[str] = set()
    found: list[Diagnostic] = []
    for frame, key in graph.bundle.keys.items():
        pointer = below("/bundle/keys", frame)
        if frame not in bundle.frames:
            found.append(unknown(codes.UNKNOWN_FRAME, pointer, "frames", frame, bundle.frames,
                                 target="key"))
            continue
        known = bundle.schema(frame).names
        one = isinstance(at_pointer(graph, pointer), str)
        for index, column in enumerate(key):
            if column not in known:
                wrong.add(frame)
                place = pointer if one else below(pointer, index)
                found.append(unknown(codes.UNKNOWN_COLUMN, place, "columns", column, known,
                                     frame=frame))
        if frame not in wrong:
            keys[frame] = key
    return keys, wrong, found


def _same_rows(chain: Chain, positions: Positions | None, label_chain: Chain,
               label_positions: Positions | None) -> bool:
    """Whether an extractor reads the very rows that the label of its samples stands in.

    A join back to the label's frame that finds other rows, such as the previous order, may read
    the label's column: at the time of the sample it is known.
    """
    if chain == label_chain:
        return True
    if positions is None or label_positions is None or positions.frame != label_positions.frame:
        return False
    return bool(np.array_equal(positions.rows, label_positions.rows))


def _columns(extractor: Extractor, chain: Chain, bundle: Bundle, index_frame: str | None,
             secret: frozenset[str], found: list[Diagnostic]) -> tuple[Column, ...]:
    """The columns of an extractor; `secret` are those of the label. Reports SC607, SC608, SC622."""
    frame = chain.end
    schema = bundle.schema(frame)
    features = bundle.columns(frame)
    hidden = {*(name for name in schema.names if name not in features), *secret}
    if frame == index_frame:
        hidden |= {SPLIT, PRIORITY}
    dtypes = {field.name: classify(field.type) for field in schema}
    selection = select(extractor.take, extractor.drop, dtypes, frame, hidden)
    wrong = [*selection.diagnostics, *_leaks(selection.columns, secret)]
    if not selection.columns and not wrong:
        at_fault = "drop_columns" if extractor.drop else "take_columns"
        wrong.append(codes.NO_COLUMNS.at(below(extractor.pointer, at_fault), frame=frame))
    found += wrong
    return tuple(Column(name, dtypes[name]) for name in selection.columns)


def _leaks(columns: Mapping[str, Selector], secret: frozenset[str]) -> Iterator[Diagnostic]:
    for name, selector in columns.items():
        if name in secret:
            yield codes.LABEL_COLUMN_AS_FEATURE.at(
                selector.pointer, name=name, fix=({"op": "remove", "path": selector.pointer},))
