"""The graph of a trained model, as it is bound to another bundle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..diagnostics.diagnostic import Result
from ..network.heads import labels
from ..pipeline import read, resolve_document, run_passes
from ..stages import Context, Extractor, Graph, Join
from .saved import SavedModel


def graph_of(model: SavedModel) -> Result[Graph]:
    """The resolved spec of a model as a graph whose every fit is given.

    Budgets for missing rows are for the data that one trains on: what is predicted for a row must
    not depend on the rows beside it.
    """
    resolved = run_passes(model.source, (read, resolve_document))
    graph: Graph | None = resolved.stage
    if graph is None:
        return Result(None, resolved.diagnostics)
    document = model.document
    settings = replace(graph.bundle, index_frame=document["index_frame"], keys={
        frame: tuple(key) for frame, key in document["keys"].items() if key})
    given = replace(
        graph, bundle=settings,
        extractors=tuple(_given(extractor) for extractor in graph.extractors),
        contexts=tuple(_given_context(context) for context in graph.contexts),
        label=_given(graph.label),
        heads=tuple(replace(head, label=_given(head.label)) for head in graph.heads))
    return Result(given, resolved.diagnostics)


def with_steps(graph: Graph, places: Iterable[int]) -> Graph:
    """The graph with some of its steps alone. Raises IndexError for a place that is none."""
    steps = tuple(graph.bundle.prepare[place] for place in sorted(set(places)))
    return replace(graph, bundle=replace(graph.bundle, prepare=steps))


def features(graph: Graph) -> tuple[Extractor, ...]:
    """The extractors over the samples, without those of labels."""
    hidden = {label.name for label in labels(graph)}
    return tuple(extractor for extractor in graph.extractors if extractor.name not in hidden)


def _given(extractor: Extractor) -> Extractor:
    return replace(extractor, joins=_unbounded(extractor.joins), vectors=None, frozen=True)


def _given_context(context: Context) -> Context:
    return replace(context, joins=_unbounded(context.joins), extractors=tuple(
        _given(extractor) for extractor in context.extractors))


def _unbounded(joins: tuple[Join, ...]) -> tuple[Join, ...]:
    return tuple(replace(join, max_missing=1.0) for join in joins)
