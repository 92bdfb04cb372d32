"""Limits of evaluations against what is measured: rankings, and early stopping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...schema.metrics import METRICS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Graph, Node
from ..text.pointer import join, touched
from .heads import views

PLACE = "/training/evaluation_limits"

_BY_QUERY = {metric.name for metric in METRICS if metric.by_query}


def ranking_metrics(graph: Graph) -> list[Node]:
    """The metrics that are means over queries, of every head."""
    return [node for view in views(graph).values() for node in view.metrics
            if node.type in _BY_QUERY]


def coarsest(metrics: Sequence[Node]) -> Node | None:
    """The metric whose whole queries are whole queries of every other one too; None without one.

    Queries by fewer columns hold those by the same columns and more.
    """
    columns = [_columns(node) for node in metrics]
    return next((node for node, own in zip(metrics, columns, strict=True)
                 if all(own <= other for other in columns)), None)


def _columns(node: Node) -> frozenset[str]:
    query = node.args["query"]
    return frozenset([query] if isinstance(query, str) else query)


def check_evaluation_limits(graph: Graph) -> Iterator[Diagnostic]:
    """Whether a draw of rows can keep queries whole, and early stopping sees what it needs.

    Reports: SC417, SC418.
    """
    limits = graph.training.evaluation_limits
    if limits is None:
        return
    metrics = [node for node in ranking_metrics(graph)
               if not touched(join(node.pointer, "query"), graph.holes | graph.assumed)]
    if limits.within_a_split and metrics and coarsest(metrics) is None:
        queries = [_columns(node) for node in metrics]
        first = min(queries, key=len)
        other = next(query for query in queries if not first <= query)
        yield codes.SEVERAL_QUERIES.at(PLACE, first=", ".join(sorted(first)),
                                       other=", ".join(sorted(other)))
    if limits.of_the_run and graph.training.early_stopping is not None:
        key = "max_run_seconds" if limits.max_run_batches is None else "max_run_batches"
        yield codes.BLIND_EARLY_STOPPING.at(join(PLACE, key), name=key)
