"""Whether a measure of two runs is one thing: losses and labels may differ under one name."""

from __future__ import annotations

from typing import Any

from ...compiler.network.early_stopping import LOSS
from ...compiler.network.heads import name_in, views
from ...compiler.stages import Extractor, Graph, Node
from ..finished.folder import FinishedRun
from .pairing import metric_nodes


def incomparable(first: FinishedRun, other: FinishedRun, measure: str) -> str | None:
    """Why the two figures cannot be held against each other; None where they can, or where this
    version does not read the spec of a run."""
    if first.graph is None or other.graph is None:
        return None
    old, new = _parts(first, first.graph, measure), _parts(other, other.graph, measure)
    if old is None or new is None:
        return "a spec does not have it"
    if old[1] != new[1]:
        return "the labels are not the same"
    if old[0] != new[0]:
        what = "loss" if measure.rpartition(".")[2] == LOSS else "metric"
        return f"the {what} is not the same in both specs"
    return None


def _parts(run: FinishedRun, graph: Graph, measure: str) -> tuple[Any, Any] | None:
    """What defines a measure: the losses or the metric, and the labels that it is taken on."""
    heads = views(graph)
    if measure == LOSS:
        return ([(_node(view.loss), [head.weight for head in view.heads])
                 for view in heads.values()], [_label(view.label) for view in heads.values()])
    for head, view in heads.items():
        if measure == name_in(head, LOSS):
            return _node(view.loss), _label(view.label)
    found = metric_nodes(run).get(measure)
    return None if found is None else (_node(found[1]), _label(heads[found[0]].label))


def _node(node: Node) -> tuple[str, Any]:
    return node.type, node.args


def _label(label: Extractor) -> Any:
    return (label.frame, [(each.name, each.dtype) for each in (*label.take, *label.drop)],
            _node(label.transformer))
