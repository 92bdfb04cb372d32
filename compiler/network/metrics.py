"""Whether each metric measures the task that is learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.metrics import METRICS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Patch
from ..diagnostics.hints import known
from ..stages import UNKNOWN_LABEL, Graph, LabelFacts, Node
from ..text.pointer import join, touched, value_in

_METRICS = {metric.name: metric for metric in METRICS}

_USUAL: Mapping[str, str] = {
    "binary": "sklearn.metrics:roc_auc_score",
    "multiclass": "sklearn.metrics:accuracy_score",
    "multilabel": "sklearn.metrics:roc_auc_score",
    "regression": "sklearn.metrics:r2_score",
}
"""Task -> the metric that most people report."""

_ONE_AVERAGED = "sklearn.metrics:mean_absolute_error"
"""A metric of numbers that averages over several columns."""

_OF_RELEVANCE = "ndcg"
"""A metric that adds up the numbers of the label."""


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
    # Numbers stay numbers where they are 0 and 1, but the class of a row is none.
    as_numbers = "regression" in metric.tasks and label.form == "number" and (
        task == "regression" or task not in (*metric.tasks, "multiclass"))
    if task == "multiclass" and node.args.get("multi_class") == "raise":
        yield _for_two(node, "multi_class", "ovr", "raise", "multiclass",
                       'set "multi_class": "ovr" or "ovo"')
    elif task in ("multiclass", "multilabel") and task in metric.tasks \
            and node.args.get("average") == "binary":
        yield _for_two(node, "average", "macro", "binary", task,
                       'set "average": "macro", "micro" or "weighted"')
    elif as_numbers and label.columns > 1 and not metric.multioutput:
        yield codes.METRIC_MISMATCH.at(
            join(node.pointer, "type"), metric=node.type, wanted="one label column",
            got=f"a label of {label.columns} columns",
            help=f"use a metric that averages over columns, such as {_ONE_AVERAGED}",
            fix=_other_metric(graph, node, _ONE_AVERAGED),
        )
    elif task not in metric.tasks and not as_numbers:
        yield codes.METRIC_MISMATCH.at(
            join(node.pointer, "type"), metric=node.type,
            wanted=f"{_in_words(metric.tasks)} tasks", got=f"a {task} task",
            help=_metrics_for(task), fix=_other_metric(graph, node, _USUAL.get(task)),
        )
    elif metric.name == _OF_RELEVANCE and task == "regression" and label.minimum < 0 \
            and graph.label.transformer.type == "identity":
        yield codes.METRIC_MISMATCH.at(
            join(node.pointer, "type"), metric=node.type, wanted="relevance from 0 upwards",
            got=f"a label from {label.minimum:g} to {label.maximum:g}",
            help="store relevance as numbers from 0 upwards")


def _for_two(node: Node, key: str, value: str, given: str, task: str, help: str) -> Diagnostic:
    """A metric whose default is for two classes, and there are more."""
    pointer = join(node.pointer, key)
    return codes.METRIC_MISMATCH.at(
        pointer, metric=node.type, wanted=f'two classes with "{key}": "{given}"',
        got=f"a {task} task", help=help, fix=({"op": "add", "path": pointer, "value": value},))


def _other_metric(graph: Graph, node: Node, name: str | None) -> Patch:
    """The patch that puts another metric in place of one, or leaves it out where there is none,
    or it is measured already."""
    if name is None or any(metric.type == name for metric in graph.metrics):
        return ({"op": "remove", "path": node.pointer},)
    given: Mapping[str, Any] = value_in(graph.written, node.pointer)
    if set(given) == {"type"}:
        return ({"op": "replace", "path": join(node.pointer, "type"), "value": name},)
    return ({"op": "replace", "path": node.pointer, "value": {"type": name}},)


def _in_words(tasks: tuple[str, ...]) -> str:
    """`binary`, `binary and multiclass`, `binary, multiclass and multilabel`."""
    *first, last = tasks
    return f"{', '.join(first)} and {last}" if first else last


def _metrics_for(task: str) -> str:
    usual = _USUAL.get(task)
    names = sorted((name for name, metric in _METRICS.items() if task in metric.tasks),
                   key=lambda name: name != usual)
    return known(names, f"metrics for a {task} task") if names else \
        f"there are no metrics for a {task} task yet; leave `metrics` out"
