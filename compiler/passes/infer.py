"""infer: FittedGraph -> ShapedGraph. Real widths through the network, and the agreement
of label, output, loss, optimizer and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...schema.agreement import WHOLE_TENSOR, loss_rule
from .. import agreement
from ..diagnostic import Diagnostic, Result
from ..network import extractions
from ..stages import FittedExtractor, FittedGraph, Graph, ShapedGraph, Shapes
from ..trace import trace

LOOKUP_FROM = 500
"""One-hot columns in one extraction from which integer codes pay; below, a dense matrix
product is faster (measured between 320 and 700 columns, see benchmarks/README.md)."""

LOOKUP_BLOCK = 50
"""One-hot columns of a single column from which it is kept as codes."""


def check_symbolic(graph: Graph) -> tuple[Diagnostic, ...]:
    """What can be said of shapes without a bundle: every width of a frame is unknown.

    Reports: SC301, SC303 to SC305, SC308.
    """
    widths = dict.fromkeys((entry.name for entry in graph.extractors), None)
    shapes, found = trace(graph.network, widths, None)
    if found:
        return found
    return (*agreement.check_ranges(graph, shapes), *agreement.check_optimizer(graph, shapes))


def infer(fitted: FittedGraph) -> Result[ShapedGraph]:
    """Shapes from the widths of the fitted transformers, and the agreement of the parts.

    Reports: SC301 to SC309.
    """
    graph = fitted.bound.graph
    rule = loss_rule(graph.loss.type, graph.loss.args)
    widths = {name: entry.width for name, entry in fitted.extractors.items()}
    shapes, found = trace(graph.network, widths, agreement.label_width(rule, fitted.label))
    task = agreement.task_of(rule, fitted.label)
    if not found:
        found = (
            *agreement.check_ranges(graph, shapes),
            *agreement.check_label(graph, shapes, fitted.label),
            *agreement.check_optimizer(graph, shapes),
        )
    found = (*found, *agreement.check_metrics(graph, task, fitted.label))
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    encoded = replace(fitted, extractors=_choose_codes(fitted, graph, shapes))
    return Result(ShapedGraph(encoded, shapes, task), found)


def _choose_codes(fitted: FittedGraph, graph: Graph,
                  shapes: Shapes) -> Mapping[str, FittedExtractor]:
    """Keeps wide one-hot columns as integer codes where every reader can look them up."""
    wide: set[str] = set()
    for pointer, names in extractions(graph.network):
        total = sum(_lookup_width(fitted.extractors[name]) for name in names)
        if pointer in shapes.looked_up and total > LOOKUP_FROM:
            wide |= set(names)
    for pointer, names in extractions(graph.network):
        if pointer not in shapes.looked_up:
            wide -= set(names)
    # An optimizer that mixes the weights of a tensor would see the split weight as two.
    if graph.optimizer.type in WHOLE_TENSOR:
        wide.clear()
    return {
        name: replace(entry, codes=_wide_columns(entry)) if name in wide else entry
        for name, entry in fitted.extractors.items()
    }


def _wide_columns(entry: FittedExtractor) -> frozenset[str]:
    return frozenset(
        column.column
        for column in entry.columns
        if column.one_hot and len(column.names) >= LOOKUP_BLOCK
    )


def _lookup_width(entry: FittedExtractor) -> int:
    return sum(len(column.names) for column in entry.columns if column.one_hot)
