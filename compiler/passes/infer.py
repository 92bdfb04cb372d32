"""infer: FittedGraph -> ShapedGraph. Real widths through the network, and the agreement
of label, output, loss, optimizer and metrics."""

from __future__ import annotations

from dataclasses import replace

from ...schema.agreement import loss_rule
from ..diagnostics.diagnostic import Diagnostic, Result
from ..network import agreement
from ..network.class_weights import check_class_weight
from ..network.frames import frames_of, is_fitted
from ..network.lookups import choose_codes
from ..network.loss_repair import label_width
from ..network.metrics import check_metrics
from ..network.optimizers import check_optimizer
from ..network.trace import trace
from ..network.tree import extractions
from ..stages import (
    UNKNOWN_LABEL,
    FittedGraph,
    Graph,
    ShapedGraph,
)


def check_symbolic(graph: Graph) -> tuple[Diagnostic, ...]:
    """What can be said of shapes without a bundle: every width of a frame is unknown.

    Reports: SC301, SC303 to SC305, SC308.
    """
    shapes, found = trace(graph.network, frames_of(graph), None, graph.holes)
    return (*found, *agreement.check_loss(graph, shapes, UNKNOWN_LABEL),
            *check_optimizer(graph, shapes))


def infer(fitted: FittedGraph) -> Result[ShapedGraph]:
    """Shapes from the widths of the fitted transformers, and the agreement of the parts.

    An extractor that could not be fitted has an unknown width; a graph that is not whole is
    judged as far as it goes and not handed on.

    Reports: SC301 to SC309, SC407, SC408.
    """
    graph, label = fitted.bound.graph, fitted.label
    rule = loss_rule(graph.loss.type, graph.loss.args)
    shapes, found = trace(graph.network, frames_of(graph, fitted), label_width(rule, label),
                          graph.holes)
    task = agreement.task_of(rule, label)
    loss_found = agreement.check_loss(graph, shapes, label)
    found = (
        *found,
        *loss_found,
        *check_class_weight(graph, label),
        *check_optimizer(graph, shapes),
        *check_metrics(graph, task, label, disputed=any(
            diagnostic.code in agreement.LABEL_CODES for diagnostic in loss_found)),
    )
    read = {name for _, names in extractions(graph.network) for name in names}
    whole = (not graph.holes and label is not UNKNOWN_LABEL
             and all(name in graph.frames and is_fitted(graph.frames[name], fitted)
                     for name in read))
    if not whole or any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    encoded = replace(fitted, extractors=choose_codes(fitted, graph, shapes))
    return Result(ShapedGraph(encoded, shapes, task), found)
