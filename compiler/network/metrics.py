"""Whether each metric measures the task that is learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.constructors import load
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Patch
from ..diagnostics.hints import known
from ..stages import UNKNOWN_LABEL, Graph, LabelFacts, Node
from ..text.pointer import join, touched

_METRICS = {metric.name: metric for metric in load().metrics}

_USUAL: Mapping[str, str] = {
    "binary": "sklearn.metrics:roc_auc_score",
    "multiclass": "sklearn.metrics:accuracy_score",
    "regression": "sklearn.metrics:r2_score",
}
"""Task -> the metric that most people report."""

_ONE_AVERAGED = "sklearn.metrics:mean_absolute_error"
"""A metric of numbers that averages over several columns."""


def check_metrics(graph: Graph, task: str, label: LabelFacts, *,
                  disputed: bool) -> tuple[Diagnostic, ...]:
    """Every metric against the task.

    Reports: SC307.

    Args:
        disputed: whether label and loss were found not to fit together. Metrics that all go
            with the loss then say that the label is wrong, which is told already.
    """
    if label is UNKNOWN_LABEL or touched(graph.loss.pointer, graph.holes):
        return ()
    judged = [node for node in graph.metrics
              if not touched(node.pointer, graph.holes | graph.assumed)]
    found = tuple(diagnostic for node in judged
                  for diagnostic in _check_metric(graph, node, task, label))
    return () if disputed and len(found) == len(judged) else found


def _check_metric(graph: Graph, node: Node, task: str, label: LabelFacts) -> Iterator[Diagnostic]:
    metric = _METRICS[node.type]
    fits = task in metric.tasks or ("regression" in metric.tasks and label.form == "number")
    if task == "multiclass" and node.args.get("average") == "binary":
        yield _for_two(node, "average", "macro", "binary", 'set "average": "macro", "micro" or '
                       '"weighted"')
    elif task == "multiclass" and node.args.get("multi_class") == "raise":
        yield _for_two(node, "multi_class", "ovr", "raise", 'set "multi_class": "ovr" or "ovo"')
    elif fits and metric.needs == "values" and label.columns > 1 and not metric.multioutput:
        yield codes.METRIC_MISMATCH.at(
            join(node.pointer, "type"), metric=node.type, wanted="one label column",
            got=f"a label of {label.columns} columns",
            help=f"use a metric that averages over columns, such as {_ONE_AVERAGED}",
            fix=_other_metric(graph, node, _ONE_AVERAGED),
        )
    elif not fits:
        yield codes.METRIC_MISMATCH.at(
            join(node.pointer, "type"), metric=node.type,
            wanted=" and ".join(metric.tasks) + " tasks", got=f"a {task} task",
            help=_metrics_for(task), fix=_other_metric(graph, node, _USUAL.get(task)),
        )


def _for_two(node: Node, key: str, value: str, given: str, help: str) -> Diagnostic:
    """A metric whose default is for two classes, and there are more."""
    pointer = join(node.pointer, key)
    return codes.METRIC_MISMATCH.at(
        pointer, metric=node.type, wanted=f'two classes with "{key}": "{given}"',
        got="a multiclass task", help=help, fix=({"op": "add", "path": pointer, "value": value},))


def _other_metric(graph: Graph, node: Node, name: str | None) -> Patch:
    """The patch that puts another metric in place of one, or leaves it out where there is none,
    or it is measured already."""
    if name is None or any(metric.type == name for metric in graph.metrics):
        return ({"op": "remove", "path": node.pointer},)
    index = int(node.pointer.rpartition("/")[2])
    given: Mapping[str, Any] = graph.written["metrics"][index]
    if set(given) == {"type"}:
        return ({"op": "replace", "path": join(node.pointer, "type"), "value": name},)
    return ({"op": "replace", "path": node.pointer, "value": {"type": name}},)


def _metrics_for(task: str) -> str:
    usual = _USUAL.get(task)
    names = sorted((name for name, metric in _METRICS.items() if task in metric.tasks),
                   key=lambda name: name != usual)
    return known(names, f"metrics for a {task} task") if names else \
        f"there are no metrics for a {task} task yet; leave `metrics` out"
