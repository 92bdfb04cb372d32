"""The rows of all frames that a few samples reach: a small bundle that gives the same inputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..bundle.making import wrong_frame_names
from ..data.population import Population
from ..data.windows import positions
from ..prediction.graph import features
from ..prediction.saved import SavedModel
from ..stages import BoundContext, Extractor, FittedGraph, Join
from .preprocessing import raw_frames

MOST_ROWS = 20_000
"""Rows of all frames together; more are no small bundle any longer."""

ROW = "row"
"""The column of a frame of which no other column is read."""

Rows = NDArray[np.int64]


class _Reached:
    """Rows by frame."""

    def __init__(self) -> None:
        self.rows: dict[str, set[int]] = {}
        self.by_row_number: set[tuple[str, str]] = set()

    def add(self, frame: str, rows: NDArray[np.signedinteger]) -> None:
        self.rows.setdefault(frame, set()).update(rows[rows >= 0].tolist())


def reached_rows(fitted: FittedGraph, samples: Rows) -> dict[str, Rows] | None:
    """The rows of each frame that these samples need, ascending; None where they make no bundle
    of their own: they are too many, rows that are matched by their number are reached otherwise
    too, or a frame that was in memory has a name that no file can have.

    Raises BundleError when a frame cannot be read.

    Args:
        samples: numbers of samples.
    """
    bound = fitted.bound
    found = _Reached()
    rows = bound.samples.rows[samples]
    found.add(bound.index_frame, rows)
    _extractors(fitted, features(bound.graph), bound.index_frame, rows, found)
    for context in bound.contexts.values():
        _context(fitted, context, samples, rows, found)
    if sum(map(len, found.rows.values())) > MOST_ROWS or any(
            wrong_frame_names(list(found.rows))):
        return None
    if any(found.rows[frame] != found.rows[base] for frame, base in found.by_row_number):
        return None
    return {frame: np.array(sorted(some), dtype=np.int64) for frame, some in found.rows.items()}


def _extractors(fitted: FittedGraph, extractors: tuple[Extractor, ...], frame: str, rows: Rows,
                found: _Reached) -> None:
    """What extractors over rows of `frame` reach, on their way too."""
    population = _population(fitted, frame, rows)
    for extractor in extractors:
        _walk(population, extractor.pointer, extractor.frame, extractor.joins, found)
        start = frame if extractor.frame is None else extractor.frame
        if start != frame and not fitted.bound.bundle.key(start):
            found.by_row_number.add((start, frame))


def _population(fitted: FittedGraph, frame: str, rows: Rows) -> Population:
    bound = fitted.bound
    return Population(bound.graph, bound.bundle, bound.index_frame, frame, rows, ())


def _walk(population: Population, pointer: str, start: str | None, joins: tuple[Join, ...],
          found: _Reached) -> None:
    for count in range(len(joins) + 1):
        chain = population.chains.resolve(pointer, start, joins[:count]).stage
        # It was resolved before, for all samples.
        assert chain is not None
        reached = population.matching.positions(pointer, joins[:count], chain).stage
        assert reached is not None
        found.add(reached.frame, reached.rows)


def _context(fitted: FittedGraph, bound: BoundContext, samples: Rows, rows: Rows,
             found: _Reached) -> None:
    context, frame = bound.context, bound.context.on.frame
    _walk(_population(fitted, fitted.bound.index_frame, rows), context.pointer, None,
          context.joins, found)
    places, _ = positions(bound.windows, samples)
    seen = np.unique(bound.windows.rows[places]).astype(np.int64)
    found.add(frame, seen)
    _extractors(fitted, context.extractors, frame, seen, found)


def raw_tables(fitted: FittedGraph, model: SavedModel,
               reached: dict[str, Rows]) -> Iterator[tuple[str, pa.Table]]:
    """Frame and its rows with the columns that are read, before any step has derived others."""
    bundle = fitted.bound.bundle
    for frame, described in raw_frames(fitted, model).items():
        rows = pa.array(reached.get(frame, np.zeros(0, dtype=np.int64)))
        names = list(described["columns"])
        yield frame, bundle.read(frame, names).take(rows) if names else pa.table({ROW: rows})
