"""Everything that was fitted, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from ..stages import FittedAggregate, FittedExtractor, FittedGraph

State = tuple[dict[str, Any], dict[str, pa.Array]]
"""Name -> list of `{"column", "state", "arrays"}`, and the arrays by
`<name>/<place in the list>/<name of the array>`."""


def fitted_state(fitted: FittedGraph) -> State:
    """The fitted columns of every extractor, and the scalers of every `group_by`.

    The parts of a `combined` and of a context stand by their own names, `<extractor>.<part>`;
    a `group_by` stands by the name of its frame, `<context>.<aggregation>`.
    """
    states: dict[str, Any] = {}
    arrays: dict[str, pa.Array] = {}
    for name, columns in _all(fitted):
        entries = []
        for place, (column, state, own) in enumerate(columns):
            entries.append({"column": column, "state": state, "arrays": list(own)})
            arrays |= {f"{name}/{place}/{key}": array for key, array in own.items()}
        states[name] = entries
    return states, arrays


Column = tuple[str, dict[str, Any], dict[str, pa.Array]]


def _all(fitted: FittedGraph) -> Iterator[tuple[str, Iterable[Column]]]:
    for name, entry in fitted.extractors.items():
        yield name, _columns(entry)
    for context in fitted.contexts.values():
        for name, entry in context.extractors.items():
            yield name, _columns(entry)
        for name, aggregate in context.aggregates.items():
            yield f"{context.bound.context.name}.{name}", _scalers(aggregate)


def _columns(entry: FittedExtractor) -> Iterator[Column]:
    for column in entry.columns:
        yield (column.column, *column.state())


def _scalers(aggregate: FittedAggregate) -> Iterator[Column]:
    for name, scaler in zip(aggregate.names, aggregate.scalers, strict=True):
        yield (name, *scaler.state())
