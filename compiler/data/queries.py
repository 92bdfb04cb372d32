"""Which samples belong to one query, for the metrics that are means over queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ...schema.metrics import METRICS
from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import unknown
from ..network.heads import views
from ..stages import Graph, Node, Samples
from ..text.pointer import join, touched
from .arrays import codes_of
from .dtypes import LIST, OTHER, classify, spelled

Queries = Mapping[str, NDArray[np.int64]]
"""Pointer of a metric -> the code of the query of each sample, int64 `[samples]`."""

_BY_QUERY = {metric.name for metric in METRICS if metric.by_query}


def bind_queries(graph: Graph, bundle: Bundle, frame: str,
                 samples: Samples | None) -> Result[Queries]:
    """The queries of the samples in the index frame `frame`, for each metric that has them.

    Samples with equal values in every column of `query` are one query; null is a value.

    Reports: SC607, SC614. Raises: BundleError for damaged pages.

    Args:
        samples: None where they are not known; then the columns are judged alone.
    """
    metrics = [node for view in views(graph).values() for node in view.metrics]
    nodes = [node for node in metrics if node.type in _BY_QUERY
             and not touched(join(node.pointer, "query"), graph.holes | graph.assumed)]
    found = [diagnostic for node in nodes for diagnostic in _wrong_columns(node, bundle, frame)]
    if found or samples is None:
        return Result(None, tuple(found))
    # Several metrics of one spec mostly have the same queries.
    known: dict[tuple[str, ...], NDArray[np.int64]] = {}
    queries: dict[str, NDArray[np.int64]] = {}
    for node in nodes:
        columns = tuple(name for _, name in _columns(node))
        if columns not in known:
            known[columns] = _codes(bundle, frame, columns, samples)
        queries[node.pointer] = known[columns]
    return Result(queries)


def _columns(node: Node) -> Iterator[tuple[str, str]]:
    """`(pointer, name)` of each column of the query."""
    value, place = node.args["query"], join(node.pointer, "query")
    if isinstance(value, str):
        yield place, value
    else:
        yield from ((join(place, index), name) for index, name in enumerate(value))


def _wrong_columns(node: Node, bundle: Bundle, frame: str) -> Iterator[Diagnostic]:
    schema = bundle.schema(frame)
    for pointer, name in _columns(node):
        if name not in schema.names:
            yield unknown(codes.UNKNOWN_COLUMN, pointer, "columns", name, schema.names,
                          frame=frame)
        elif classify(schema.field(name).type) in (LIST, OTHER):
            yield codes.UNSUPPORTED_DTYPE.at(
                pointer, name=name, frame=frame, dtype=spelled(schema.field(name).type),
                user=node.type)


def _codes(bundle: Bundle, frame: str, columns: tuple[str, ...],
           samples: Samples) -> NDArray[np.int64]:
    table = bundle.read(frame, list(dict.fromkeys(columns)))
    queries = np.zeros(len(samples), dtype=np.int64)
    for column in table.columns:
        values, known = codes_of(column)
        # Numbered anew each time, so that the product of many columns stays inside of int64.
        queries = np.unique(queries * len(known) + values[samples.rows],
                            return_inverse=True)[1].astype(np.int64)
    return queries
