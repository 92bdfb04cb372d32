"""bind: Graph and Bundle -> BoundGraph. Frames, keys, samples and columns are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..bundle import Bundle, BundleError
from ..data.chains import at_pointer
from ..data.contexts import bind_context
from ..data.derivations import telling
from ..data.leaks import keys_on_both_sides
from ..data.population import LabelRows, Population, collected
from ..data.prepared import Prepared, prepare_bundle
from ..data.queries import Queries, bind_queries
from ..data.samples import bind_samples
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result, distinct
from ..diagnostics.hints import unknown
from ..network.heads import labels as labels_of
from ..stages import (
    BoundContext,
    BoundExtractor,
    BoundGraph,
    Graph,
    Samples,
)
from ..text.pointer import join as below
from ..text.pointer import touched


def bind(graph: Graph, bundle: Bundle) -> Result[BoundGraph]:
    """Ties a graph to a bundle. Reads metadata, keys, splits, priorities, what filters
    compare, and no feature.

    Reports: SC401, SC602, SC604, SC606 to SC614, SC616 to SC632; independent mistakes all at
    once. An extractor with a broken join reports the join and not its columns. Extractors with
    mistakes are left out of the bound graph; without samples there is none.
    """
    index_frame, found = _index_frame(graph, bundle)
    prepared = prepare_bundle(graph, bundle, index_frame)
    bundle = prepared.bundle
    keys, undecided, wrong_keys = _keys(graph, bundle)
    found += wrong_keys
    bundle = bundle.with_keys(keys)
    samples: Samples | None = None
    queries: Queries = {}
    if index_frame is not None:
        frame = index_frame
        if prepared.whole:
            samples = collected(lambda: bind_samples(graph, bundle, frame, prepared), found)
        queries = collected(lambda: bind_queries(graph, bundle, frame, samples), found) or {}
    population = Population(graph, bundle, index_frame, index_frame,
                            None if samples is None else samples.rows, undecided)
    labels: list[LabelRows] = []
    bound: dict[str, BoundExtractor] = {}
    # The labels first: their columns are hidden from the other extractors.
    known = dict.fromkeys(extractor.name for extractor in labels_of(graph))
    others = [extractor for extractor in graph.extractors if extractor.name not in known]
    for extractor in (*labels_of(graph), *others):
        if touched(extractor.pointer, graph.holes):
            continue
        is_label = extractor.name in known
        entry, rows = population.bind(extractor, () if is_label else labels, found)
        if is_label and rows is not None:
            labels.append(_with_telling_columns(rows, prepared))
        if entry is not None:
            bound[extractor.name] = entry
    contexts: dict[str, BoundContext] = {}
    for context in graph.contexts:
        if not touched(context.pointer, graph.holes):
            seen = bind_context(context, graph, bundle, index_frame, samples, population, labels,
                                undecided, found)
            if seen is not None:
                contexts[context.name] = seen
    # What a broken step would have made may be missing through no other mistake.
    judged = (one for one in found if one.code not in prepared.unjudged)
    diagnostics = distinct((*prepared.diagnostics, *judged))
    if samples is None or index_frame is None:
        return Result(None, diagnostics)
    names = dict.fromkeys((*(extractor.name for extractor in graph.extractors), *known))
    whole = {name: bound[name] for name in names if name in bound}
    bound_graph = BoundGraph(graph, bundle, index_frame, samples, whole, contexts, queries,
                             prepared.described)
    try:
        torn = keys_on_both_sides(bound_graph)
    except BundleError as error:
        torn = error.diagnostics
    return Result(bound_graph, distinct((*diagnostics, *torn)))


def _with_telling_columns(label: LabelRows, prepared: Prepared) -> LabelRows:
    """The rows of a label with all columns that tell it, as far as steps made them."""
    if label.chain is None:
        return label
    made = prepared.made.get(label.chain.end, {})
    return replace(label, columns=telling(label.columns, made))


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
