"""The samples that show most: without a row, with a null, with no or with the most rows of a
context."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..data.windows import lengths
from ..stages import FittedGraph
from ..transformers import null_mask, read_columns
from .inputs import context_frames, frames_read

EVENLY = 32
"""Samples evenly over all of them, beside those that show something."""

MOST_TELLING = 32


def telling_samples(fitted: FittedGraph) -> NDArray[np.int64]:
    """Numbers of samples, ascending; all of them where they are few.

    Raises BundleError when a frame cannot be read.
    """
    count = len(fitted.bound.samples)
    evenly = np.linspace(0, count - 1, min(count, EVENLY)).round().astype(np.int64)
    telling = list(dict.fromkeys(_telling(fitted)))[:MOST_TELLING]
    return np.union1d(evenly, np.array(telling, dtype=np.int64))


def _telling(fitted: FittedGraph) -> Iterator[int]:
    for context, _ in context_frames(fitted).values():
        counts = lengths(context.bound.windows)
        yield from np.flatnonzero(counts == 0)[:1].tolist()
        yield int(np.argmax(counts))
    for frame in frames_read(fitted):
        for name in fitted.bound.graph.frames[frame].extractors:
            entry = fitted.extractors[name]
            yield from np.flatnonzero(entry.positions == entry.reached)[:1].tolist()
            columns = [column.column for column in entry.columns]
            for values in read_columns(fitted.bound.bundle, entry.bound.positions.frame, columns,
                                       entry.rows):
                null = np.append(null_mask(values), False)
                yield from np.flatnonzero(null[entry.positions])[:1].tolist()
