"""infer: FittedGraph -> ShapedGraph. Real widths through the network, and the agreement
of label, output, loss, optimizer and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...schema.agreement import WHOLE_TENSOR, loss_rule
from ...schema.shapes import BATCH, Features, Shape
from ..diagnostics.diagnostic import Diagnostic, Result
from ..network import agreement
from ..network.loss_repair import label_width
from ..network.metrics import check_metrics
from ..network.optimizers import check_optimizer
from ..network.trace import trace
from ..network.tree import extractions
from ..stages import (
    UNKNOWN_LABEL,
    FittedExtractor,
    FittedGraph,
    Graph,
    ShapedGraph,
    Shapes,
)

LOOKUP_FROM = 500
"""One-hot columns in one extraction from which integer codes pay; below, a dense matrix
product is faster (measured between 320 and 700 columns, see benchmarks/README.md)."""

LOOKUP_BLOCK = 50
"""One-hot columns of a single column from which it is kept as codes."""


def check_symbolic(graph: Graph) -> tuple[Diagnostic, ...]:
    """What can be said of shapes without a bundle: every width of a frame is unknown.

    Reports: SC301, SC303 to SC305, SC308.
    """
    frames: dict[str, Shape | Features] = {name: (BATCH, None) for name in _features(graph)}
    shapes, found = trace(graph.network, frames, None, graph.holes)
    return (*found, *agreement.check_loss(graph, shapes, UNKNOWN_LABEL),
            *check_optimizer(graph, shapes))


def infer(fitted: FittedGraph) -> Result[ShapedGraph]:
    """Shapes from the widths of the fitted transformers, and the agreement of the parts.

    An extractor that could not be fitted has an unknown width; a graph that is not whole is
    judged as far as it goes and not handed on.

    Reports: SC301 to SC309.
    """
    graph, label = fitted.bound.graph, fitted.label
    rule = loss_rule(graph.loss.type, graph.loss.args)
    widths = {
        name: fitted.extractors[name].width if name in fitted.extractors else None
        for name in _features(graph)
    }
    frames: dict[str, Shape | Features] = {
        name: (BATCH, width) for name, width in widths.items()}
    shapes, found = trace(graph.network, frames, label_width(rule, label), graph.holes)
    task = agreement.task_of(rule, label)
    loss_found = agreement.check_loss(graph, shapes, label)
    found = (
        *found,
        *loss_found,
        *check_optimizer(graph, shapes),
        *check_metrics(graph, task, label, disputed=any(
            diagnostic.code in agreement.LABEL_CODES for diagnostic in loss_found)),
    )
    read = {name for _, names in extractions(graph.network) for name in names}
    whole = (not graph.holes and None not in widths.values() and label is not UNKNOWN_LABEL
             and read <= set(widths))
    if not whole or any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    encoded = replace(fitted, extractors=_choose_codes(fitted, graph, shapes))
    return Result(ShapedGraph(encoded, shapes, task), found)


def _features(graph: Graph) -> list[str]:
    """The extractors that the network may read: all but the label."""
    return [entry.name for entry in graph.extractors if entry.name != graph.label.name]


def _choose_codes(fitted: FittedGraph, graph: Graph,
                  shapes: Shapes) -> Mapping[str, FittedExtractor]:
    """Keeps wide one-hot columns as integer codes where every reader can look them up."""
    reads = list(extractions(graph.network))
    chosen: dict[str, FittedExtractor] = {}
    for name, entry in fitted.extractors.items():
        readers = [(pointer, names) for pointer, names in reads if name in names]
        widest = max(
            (sum(_one_hot_width(fitted.extractors[other]) for other in names)
             for _, names in readers), default=0,
        )
        wide = frozenset(column.column for column in entry.columns
                         if column.one_hot and len(column.names) >= LOOKUP_BLOCK)
        why = _why_dense(
            widest, wide, all(pointer in shapes.looked_up for pointer, _ in readers),
            graph.optimizer.type,
        )
        if why is None:
            codes_why = f"{widest:,} one-hot columns are looked up faster than multiplied"
            chosen[name] = replace(entry, codes=wide, why=codes_why)
        else:
            chosen[name] = replace(entry, why=why)
    return chosen


def _why_dense(one_hot: int, wide: frozenset[str], looked_up: bool,
               optimizer: str) -> str | None:
    """Why an extractor stays dense, or None where codes pay.

    Args:
        one_hot: one-hot columns of the widest extraction that reads it.
        wide: its columns that are wide enough for codes.
        looked_up: whether a linear layer stands behind every extraction that reads it.
    """
    if not one_hot:
        return "nothing is one-hot"
    if one_hot <= LOOKUP_FROM:
        return f"{one_hot:,} one-hot columns are multiplied as fast as looked up"
    if not wide:
        return f"no column has {LOOKUP_BLOCK} one-hot columns"
    if not looked_up:
        return "the layer behind the extraction is not linear"
    # Such an optimizer would see the split weight as two.
    if optimizer in WHOLE_TENSOR:
        return f"{optimizer} needs the weight in one piece"
    return None


def _one_hot_width(entry: FittedExtractor) -> int:
    return sum(len(column.names) for column in entry.columns if column.one_hot)
