"""infer: FittedGraph -> ShapedGraph. Real widths through the network, and the agreement
of label, output, loss, optimizer and metrics."""

from __future__ import annotations

from dataclasses import replace

from ...schema.agreement import loss_rule
from ..diagnostics.diagnostic import Diagnostic, Result, distinct
from ..network import agreement
from ..network.class_weights import check_class_weight
from ..network.frames import frames_of, is_fitted
from ..network.heads import SEVERAL, joined, views
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
    LabelFacts,
    ShapedGraph,
    ShapedHead,
    Shapes,
)


def check_symbolic(graph: Graph) -> tuple[Diagnostic, ...]:
    """What can be said of shapes without a bundle: every width of a frame is unknown.

    Reports: SC301, SC303 to SC305, SC308.
    """
    shaped: dict[str, Shapes] = {}
    found: list[Diagnostic] = []
    for name, view in views(graph).items():
        shaped[name], mistakes = _trace(view, None, None)
        found += (*mistakes, *agreement.check_loss(view, shaped[name], UNKNOWN_LABEL))
    return distinct((*found, *check_optimizer(graph, joined(graph, shaped))))


def _trace(view: Graph, fitted: FittedGraph | None,
           width: int | None) -> tuple[Shapes, tuple[Diagnostic, ...]]:
    head = view.heads[0].network if view.heads else None
    return trace(view.network, frames_of(view, fitted), width, view.holes, head)


def infer(fitted: FittedGraph) -> Result[ShapedGraph]:
    """Shapes from the widths of the fitted transformers, and the agreement of the parts.

    An extractor that could not be fitted has an unknown width; a graph that is not whole is
    judged as far as it goes and not handed on.

    Reports: SC301 to SC309, SC407, SC408.
    """
    graph = fitted.bound.graph
    heads: dict[str, ShapedHead] = {}
    agreed: list[Diagnostic] = []
    measured: list[Diagnostic] = []
    for name, view in views(graph).items():
        label = fitted.labels[view.label.name]
        heads[name], mistakes, others = _judge(view, fitted, label)
        agreed += mistakes
        measured += others
    shapes = joined(graph, {name: head.shapes for name, head in heads.items()})
    found = distinct((*agreed, *check_optimizer(graph, shapes), *measured))
    read = {name for _, names in extractions(graph.network) for name in names}
    whole = (not graph.holes and UNKNOWN_LABEL not in fitted.labels.values()
             and all(name in graph.frames and is_fitted(graph.frames[name], fitted)
                     for name in read))
    if not whole or any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    encoded = replace(fitted, extractors=choose_codes(fitted, graph, shapes))
    if not graph.heads:
        return Result(ShapedGraph(encoded, shapes, heads[""].task), found)
    return Result(ShapedGraph(encoded, shapes, SEVERAL, heads), found)


def _judge(view: Graph, fitted: FittedGraph, label: LabelFacts) -> tuple[
        ShapedHead, tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """A view with its shapes, what is wrong with them, and with its metrics."""
    rule = loss_rule(view.loss.type, view.loss.args)
    shapes, found = _trace(view, fitted, label_width(rule, label))
    task = agreement.task_of(rule, label)
    of_loss = agreement.check_loss(view, shapes, label)
    of_metrics = check_metrics(view, task, label, disputed=any(
        diagnostic.code in agreement.LABEL_CODES for diagnostic in of_loss))
    return (ShapedHead(view, shapes, task),
            (*found, *of_loss, *check_class_weight(view, label)), of_metrics)
