"""Contexts fitted: their extractors on the rows that training samples see, then `group_by`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..bundle import Bundle, BundleError
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..fits.saved import SavedFits
from ..planning.available import available_memory
from ..stages import (
    BoundContext,
    FittedAggregate,
    FittedContext,
    FittedExtractor,
    Node,
    Samples,
)
from ..text.pointer import join
from ..transformers.scalers import Affine, Scaler, check_scaler, fit_scaler
from .context_features import (
    PRESENT,
    Block,
    ContextRows,
    blocks,
    encode_rows,
    present,
    write_block,
)
from .fitting import Population, fit_extractor
from .windows import reach

GROUP_BY = "group_by"

KEPT_SHARE = 4
"""Results of a `group_by` are kept where they take at most one part in so many of the memory."""


def fit_context(bound: BoundContext, bundle: Bundle, samples: Samples,
                saved: SavedFits | None = None) -> Result[FittedContext]:
    """A row counts as often as training samples see it; one that no sample sees is not read.

    Reports: SC204, SC604, SC614, SC615, SC701 to SC704, SC707 to SC709, SC712.
    """
    weights = reach(bound.windows, samples.training.astype(np.int64))
    seen = reach(bound.windows, np.ones(len(samples), dtype=np.int64)) > 0
    found: list[Diagnostic] = []
    if not weights.any():
        found.append(codes.EMPTY_CONTEXT.at(
            bound.context.pointer, target="key", name=bound.context.name,
            frame=bound.context.on.frame))
    population = Population(weights, None if seen.all() else seen, saved)
    fitted: dict[str, FittedExtractor] = {}
    for name, entry in bound.extractors.items():
        result = fit_extractor(entry, bundle, population)
        found += (new for new in result.diagnostics if new not in found)
        if result.stage is not None:
            fitted[name] = result.stage
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    aggregates: dict[str, FittedAggregate] = {}
    nodes = {name: node for name, node in bound.context.aggregations.items()
             if node.type == GROUP_BY}
    wrong = [diagnostic for node in nodes.values() for diagnostic in _check(node)]
    if wrong:
        return Result(None, (*found, *wrong))
    if nodes:
        try:
            rows = encode_rows(fitted, bundle)
        except BundleError as error:
            return Result(None, (*found, *error.diagnostics))
        aggregates = {name: _fit(bound, node, rows, samples) for name, node in nodes.items()}
    return Result(FittedContext(bound, fitted, aggregates), tuple(found))


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


def _fit(bound: BoundContext, node: Node, rows: ContextRows, samples: Samples) -> FittedAggregate:
    """Scalers fitted on the training samples that have rows, block by block: only where the
    results are kept is more than one in memory."""
    everything = np.arange(len(samples))
    names: list[str] = []
    scalers: list[Scaler] = []
    kept: list[np.ndarray] | None = []
    taken, limit = 0, (available_memory() or 2**62) // KEPT_SHARE
    for block in blocks(bound, node, rows, everything):
        own = [_fit_column(node, block, place, samples) for place in range(len(block.names))]
        names += block.names
        scalers += own
        taken += block.values.nbytes
        if kept is not None and taken <= limit:
            out = np.empty_like(block.values)
            write_block(block, own, out)
            kept.append(out)
        else:
            kept = None
    if node.args["presence"]:
        names.append(PRESENT)
        scalers.append(Affine())
        if kept is not None:
            kept.append(present(bound, everything)[:, None].astype(np.float32))
    values = None if kept is None else np.concatenate(kept, axis=1)
    return FittedAggregate(node, tuple(names), tuple(scalers), values)


def _fit_column(node: Node, block: Block, place: int, samples: Samples) -> Scaler:
    values = block.values[samples.training & block.filled, place].astype(np.float64)
    return fit_scaler(_scaler(node), values, np.ones(len(values), dtype=np.int64))


