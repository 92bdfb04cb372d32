"""Contexts fitted: their extractors on the rows that training samples see, then `group_by`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle, BundleError
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..fits.frozen import frozen_scalers, other_scalers
from ..fits.saved import SavedFits
from ..planning.available import available_memory
from ..planning.context_memory import check_results
from ..stages import (
    BoundContext,
    FittedAggregate,
    FittedContext,
    FittedExtractor,
    Node,
    Samples,
)
from ..text.pointer import join
from ..text.pointer import parts as parts_of
from ..transformers.base import LARGEST_TO_TRAIN
from ..transformers.scalers import Scaler, check_scaler, fit_scaler
from .context_features import (
    PRESENT,
    UNSCALED,
    ContextRows,
    encode_rows,
    parts,
    rescale,
    write_results,
)
from .fitting import Population, fit_extractor
from .windows import lengths, reach

GROUP_BY = "group_by"

KEPT_SHARE = 4
"""Results of a `group_by` are kept where they take at most one part in so many of the memory."""


def fit_context(bound: BoundContext, bundle: Bundle, samples: Samples,
                saved: SavedFits | None = None) -> Result[FittedContext]:
    """A row counts as often as training samples see it; one that no sample sees is not read.

    Reports: SC204, SC405, SC604, SC614, SC615, SC701 to SC704, SC707 to SC709, SC712 to SC714.
    """
    found: list[Diagnostic] = []
    fitted = _fit_extractors(bound, bundle, samples, saved, found)
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    aggregates: dict[str, FittedAggregate] = {}
    nodes = {name: node for name, node in bound.context.aggregations.items()
             if node.type == GROUP_BY}
    wrong = [diagnostic for node in nodes.values() for diagnostic in _check(node)]
    wrong += check_results(bound, fitted, nodes.values())
    if wrong:
        return Result(None, (*found, *wrong))
    if nodes:
        try:
            rows = encode_rows(fitted, bundle)
        except BundleError as error:
            return Result(None, (*found, *error.diagnostics))
        for name, node in nodes.items():
            kept = frozen_scalers(bound.context, name, node, saved)
            found += kept.diagnostics
            if kept.stage is not None:
                aggregates[name] = _fit(bound, node, rows, samples, kept.stage, found)
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    return Result(FittedContext(bound, fitted, aggregates), tuple(found))


def _fit_extractors(bound: BoundContext, bundle: Bundle, samples: Samples,
                    saved: SavedFits | None,
                    found: list[Diagnostic]) -> dict[str, FittedExtractor]:
    weights = reach(bound.windows, samples.training.astype(np.int64))
    seen = reach(bound.windows, np.ones(len(samples), dtype=np.int64)) > 0
    empty = not weights.any()
    if empty:
        found.append(codes.EMPTY_CONTEXT.at(
            bound.context.pointer, target="key", name=bound.context.name,
            frame=bound.context.on.frame))
    population = Population(weights, None if seen.all() else seen, saved)
    fitted: dict[str, FittedExtractor] = {}
    for name, entry in bound.extractors.items():
        result = fit_extractor(entry, bundle, population)
        # Where no row is seen every column is null, which is told already.
        found += (new for new in result.diagnostics
                  if new not in found and not (empty and new.code == codes.ALL_NULL.name))
        if result.stage is not None:
            fitted[name] = result.stage
    return fitted


def _check(node: Node) -> Iterator[Diagnostic]:
    scaler = _scaler(node)
    if scaler is not None:
        yield from check_scaler(scaler)


def _scaler(node: Node) -> Node | None:
    value = node.args["scaler"]
    if value is None:
        return None
    args = {key: inner for key, inner in value.items() if key != "type"}
    return Node(join(node.pointer, "scaler"), value["type"], args)


def _fit(bound: BoundContext, node: Node, rows: ContextRows, samples: Samples,
         kept: Mapping[str, Scaler], found: list[Diagnostic]) -> FittedAggregate:
    """Scalers fitted on the training samples that have rows. Results that are kept are computed
    where they stay; of others no more than those of one window are in memory.

    Args:
        kept: scalers of an earlier run by column, in place of new ones; empty without.

    Reports: SC636, SC714.
    """
    presence = node.args["presence"]
    windows_of_rows = parts(node, rows.names)
    names = [name for part in windows_of_rows for name in part.names] + [PRESENT] * presence
    limit = (available_memory() or 2**62) // KEPT_SHARE
    values: NDArray[np.float32] | None = None
    if 4 * len(samples) * len(names) <= limit:
        values = np.empty((len(samples), len(names)), dtype=np.float32)
    scalers: list[Scaler] = []
    for part in windows_of_rows:
        start, width = len(scalers), len(part.names)
        out = np.empty((len(samples), width), dtype=np.float32) if values is None \
            else values[:, start:start + width]
        windows = part.windows(bound.windows)
        write_results(rows, windows, node, out)
        filled = lengths(windows) > 0
        own = [kept[column] for column in part.names if column in kept] if kept \
            else _fit_scalers(_scaler(node), out, samples.training & filled)
        if len(own) < width:
            found.append(other_scalers(node, "it has other columns"))
            break
        scalers += own
        rescale(out, filled, own)
        found += _too_large(node, part.names, out)
    if presence:
        scalers.append(UNSCALED)
        if values is not None:
            values[:, -1] = lengths(bound.windows) > 0
    return FittedAggregate(node, tuple(names), tuple(scalers), values)


def _too_large(node: Node, names: Sequence[str], results: NDArray[np.float32],
               ) -> Iterator[Diagnostic]:
    largest = np.maximum(results.max(axis=0, initial=0.0), -results.min(axis=0, initial=0.0))
    worst = int(np.argmax(largest))
    if largest[worst] > LARGEST_TO_TRAIN:
        yield codes.RESULT_TOO_LARGE.at(node.pointer, target="key", name=parts_of(node.pointer)[-1],
                                        column=names[worst], largest=f"{largest[worst]:.2g}")


def _fit_scalers(scaler: Node | None, results: NDArray[np.float32],
                 training: NDArray[np.bool_]) -> list[Scaler]:
    """One for each column of the results."""
    if scaler is None:
        return [UNSCALED] * results.shape[1]
    counts = np.ones(np.count_nonzero(training), dtype=np.int64)
    return [fit_scaler(scaler, column[training].astype(np.float64), counts)
            for column in results.T]
