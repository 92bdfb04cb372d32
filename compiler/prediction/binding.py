"""The graph of a model tied to another bundle, and fitted with what the model has fitted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..bundle import Bundle, BundleError
from ..data.context_features import PRESENT, encode_rows, parts
from ..data.context_fit import GROUP_BY
from ..data.contexts import bind_context
from ..data.fitting import Population as Fits
from ..data.fitting import fit_extractor
from ..data.population import Population, collected
from ..data.prepared import prepare_bundle
from ..data.queries import bind_queries
from ..data.windows import reach
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result, distinct
from ..network.heads import labels
from ..stages import (
    BoundContext,
    BoundExtractor,
    BoundGraph,
    FittedAggregate,
    FittedContext,
    FittedExtractor,
    FittedGraph,
    Graph,
    Positions,
)
from .graph import features
from .rows import Taken, all_rows, rows_of_splits
from .saved import SavedModel


def bind_model(graph: Graph, bundle: Bundle, taken: Taken,
               splits: Iterable[str] | None) -> Result[BoundGraph]:
    """Every row that the filters of the index frame keep is a sample, in order; with `splits`
    those of the splits, with their labels.

    Reports: what `passes.bind` reports of keys, columns and rows; with splits what
    `rows_of_splits` reports.

    Args:
        bundle: with the dtypes of training.
        splits: those to evaluate, () for all; None predicts.
    """
    frame = graph.bundle.index_frame
    assert frame is not None
    found: list[Diagnostic] = []
    bundle = bundle.with_keys(graph.bundle.keys)
    prepared = prepare_bundle(graph, bundle, frame, may_be_empty=True)
    found += prepared.diagnostics
    if not prepared.whole:
        return Result(None, tuple(found))
    bundle = prepared.bundle.with_keys(graph.bundle.keys)
    if splits is None:
        samples = all_rows(bundle, frame, prepared)
    else:
        wanted = tuple(splits)
        chosen = collected(
            lambda: rows_of_splits(graph, bundle, frame, prepared, wanted, taken), found)
        if chosen is None:
            return Result(None, tuple(found))
        samples = chosen
    queries = {} if splits is None else collected(
        lambda: bind_queries(graph, bundle, frame, samples), found) or {}
    population = Population(graph, bundle, frame, frame, samples.rows, (), taken=taken)
    bound: dict[str, BoundExtractor] = {}
    wanted_labels = () if splits is None else labels(graph)
    for extractor in (*features(graph), *wanted_labels):
        entry, _ = population.bind(extractor, (), found)
        if entry is not None:
            bound[extractor.name] = entry
    contexts: dict[str, BoundContext] = {}
    for context in graph.contexts:
        seen = bind_context(context, graph, bundle, frame, samples, population, (), (), found)
        if seen is not None:
            contexts[context.name] = seen
    wrong = tuple(one for one in distinct(found) if one.is_error)
    if wrong:
        return Result(None, wrong)
    return Result(BoundGraph(graph, bundle, frame, samples, bound, contexts, queries))


def fit_model(bound: BoundGraph, model: SavedModel) -> Result[FittedGraph]:
    """The columns of the model, held against the values that they are to encode.

    Reports: SC604, SC615, SC636, SC659, SC702, SC703, SC707 to SC709.
    """
    found: list[Diagnostic] = []
    names = [label.name for label in labels(bound.graph)]
    fits = Fits(np.zeros(len(bound.samples), dtype=np.int64), saved=model.fits, predicts=True)
    fitted: dict[str, FittedExtractor] = {}
    for name, entry in bound.extractors.items():
        result = fit_extractor(entry, bound.bundle, fits, is_label=name in names)
        found += result.diagnostics
        if result.stage is not None:
            fitted[name] = result.stage
    contexts: dict[str, FittedContext] = {}
    for name, seen in bound.contexts.items():
        context = _fit_context(seen, bound, model)
        found += context.diagnostics
        if context.stage is not None:
            contexts[name] = context.stage
    wrong = tuple(one for one in distinct(found) if one.is_error)
    if wrong:
        return Result(None, wrong)
    for label in labels(bound.graph):
        if label.name not in fitted:
            fitted[label.name] = _unknown_label(BoundExtractor(
                label, Positions(bound.index_frame, np.zeros(0, dtype=np.int32), ()), ()), model)
    facts = {name: model.labels[name] for name in names}
    return Result(FittedGraph(bound, fitted, contexts, facts[bound.graph.label.name], facts))


def _unknown_label(bound: BoundExtractor, model: SavedModel) -> FittedExtractor:
    """A label of no sample: it says what predictions mean."""
    columns = model.fits.columns(bound.extractor.name)
    assert columns is not None
    return FittedExtractor(bound, None, 0, bound.positions.rows, columns)


def _fit_context(seen: BoundContext, bound: BoundGraph, model: SavedModel) -> Result[FittedContext]:
    everything = reach(seen.windows, np.ones(len(bound.samples), dtype=np.int64)) > 0
    fits = Fits(np.zeros(len(seen.windows.rows), dtype=np.int64), everything, model.fits,
                predicts=True)
    found: list[Diagnostic] = []
    fitted: dict[str, FittedExtractor] = {}
    for name, entry in seen.extractors.items():
        result = fit_extractor(entry, bound.bundle, fits)
        found += result.diagnostics
        if result.stage is not None:
            fitted[name] = result.stage
    if len(fitted) < len(seen.extractors):
        return Result(None, tuple(found))
    aggregates: dict[str, FittedAggregate] = {}
    nodes = {name: node for name, node in seen.context.aggregations.items()
             if node.type == GROUP_BY}
    try:
        columns = encode_rows(fitted, bound.bundle).names if nodes else ()
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    for name, node in nodes.items():
        names = [name for part in parts(node, columns) for name in part.names]
        names += [PRESENT] * node.args["presence"]
        scalers = model.fits.scalers(f"{seen.context.name}.{name}") or {}
        if list(scalers) != names:
            found.append(codes.DAMAGED_MODEL.at(
                file=model.fits.place, reason=f"the scalers of {name!r} have other columns"))
            continue
        aggregates[name] = FittedAggregate(node, tuple(names), tuple(scalers.values()), None)
    if any(one.is_error for one in found):
        return Result(None, tuple(found))
    return Result(FittedContext(seen, fitted, aggregates))
