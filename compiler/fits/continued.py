"""A graph whose every fit is that of the run that it continues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..stages import Extractor, FittedExtractor, FittedGraph, Graph
from .saved import SavedFits


def with_all_frozen(graph: Graph) -> Graph:
    """The graph with `"fit": "frozen"` in every extractor and every `group_by`.

    An extractor with `vectors` fits nothing: it stays, and `other_vectors` judges it.
    """
    return replace(
        graph,
        extractors=tuple(_frozen(extractor) for extractor in graph.extractors),
        contexts=tuple(
            replace(context, frozen=True,
                    extractors=tuple(_frozen(extractor) for extractor in context.extractors))
            for context in graph.contexts),
        label=_frozen(graph.label),
        heads=tuple(replace(head, label=_frozen(head.label)) for head in graph.heads))


def _frozen(extractor: Extractor) -> Extractor:
    return replace(extractor, frozen=extractor.vectors is None)


def other_vectors(fitted: FittedGraph, saved: SavedFits) -> Iterator[str]:
    """The extractors whose `vectors` stand for other values, or in another order, than those that
    the run was given: its weights would be those of other values.

    Raises ValueError for a state that no run has written.
    """
    for name, entry in _all(fitted):
        if entry.bound.vectors is None:
            continue
        before = saved.columns(name) or ()
        if [column.state() for column in before] != [column.state() for column in entry.columns]:
            yield name


def _all(fitted: FittedGraph) -> Iterator[tuple[str, FittedExtractor]]:
    yield from fitted.extractors.items()
    for context in fitted.contexts.values():
        yield from context.extractors.items()
