"""The columns that a `group_by` makes of the rows of a context, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schema.contexts import OF_THE_SAMPLE, OF_TIMES
from ..bundle import Bundle
from ..stages import BoundContext, FittedAggregate, FittedExtractor, Node
from .aggregate import aggregate
from .durations import nanoseconds
from .encode import encode
from .windows import Windows, ages, narrowed, positions

PRESENT = "present"

NANOSECONDS = 1e9


@dataclass(frozen=True, eq=False)
class ContextRows:
    """The encoded rows of a context.

    Args:
        values: float32 `[encoded rows, width]`, finite.
        places: the place of each of the context's rows in `values`, `[kept]`.
        names: the columns of `values`.
    """

    values: NDArray[np.float32]
    places: NDArray[np.signedinteger[Any]]
    names: tuple[str, ...]


def encode_rows(extractors: Mapping[str, FittedExtractor], bundle: Bundle) -> ContextRows:
    """What the extractors of a context give for each of its rows.

    Raises BundleError when a frame cannot be read.
    """
    parts = list(extractors.values())
    names = tuple(name for part in parts for name in part.feature_names)
    if len(parts) == 1:
        return ContextRows(encode(parts[0], bundle).dense, parts[0].positions, names)
    values = [encode(part, bundle).dense[part.positions] for part in parts]
    return ContextRows(np.concatenate(values, axis=1), np.arange(len(values[0])), names)


@dataclass(frozen=True, eq=False)
class Block:
    """Columns that one function makes over one window.

    Args:
        names: `[columns]`.
        values: float32 `[samples, columns]`, 0 for samples without rows.
        filled: which samples have rows in this window, `[samples]`.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    filled: NDArray[np.bool_]


def blocks(context: BoundContext, node: Node, rows: ContextRows,
           samples: NDArray[np.integer[Any]]) -> Iterator[Block]:
    """Everything that a `group_by` computes for some samples, in the order of its columns."""
    functions: Sequence[str] = node.args["functions"]
    half_life = nanoseconds(node.args["half_life"]) / NANOSECONDS
    for suffix, windows in _windows(context.windows, node):
        places, offsets = positions(windows, samples)
        timed = not set(functions).isdisjoint(OF_TIMES)
        filled = np.diff(offsets) > 0
        results = aggregate(
            rows.values, rows.places[places], offsets, functions,
            ages(windows, samples, places, offsets) if timed else None, half_life)
        for function in functions:
            label = f"{function}{suffix}"
            names = (label,) if function in OF_THE_SAMPLE else tuple(
                f"{name}_{label}" for name in rows.names)
            yield Block(names, results[function], filled)


def _windows(whole: Windows, node: Node) -> Iterator[tuple[str, Windows]]:
    """Each window with what stands behind the names of its columns."""
    sizes, spans = node.args["sizes"], node.args["spans"]
    if sizes is None and spans is None:
        yield "", whole
    for size in sizes or ():
        yield f"_{size}", narrowed(whole, size=size)
    for span in spans or ():
        yield f"_{span}", narrowed(whole, within=nanoseconds(span))


def present(context: BoundContext, samples: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which samples have any row."""
    return np.diff(positions(context.windows, samples)[1]) > 0


def scaled(context: BoundContext, fitted: FittedAggregate, rows: ContextRows,
           samples: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """The columns of a fitted `group_by` for some samples, float32 `[samples, width]`.

    A sample's numbers are the same bits whichever samples it is asked with.
    """
    out = np.empty((len(samples), len(fitted.names)), dtype=np.float32)
    start = 0
    for block in blocks(context, fitted.node, rows, samples):
        stop = start + len(block.names)
        write_block(block, fitted.scalers[start:stop], out[:, start:stop])
        start = stop
    if fitted.node.args["presence"]:
        out[:, start] = present(context, samples)
    return out


def write_block(block: Block, scalers: Sequence[Any], out: NDArray[np.float32]) -> None:
    """The scaled columns of a block; samples without rows keep 0."""
    for place, scaler in enumerate(scalers):
        column = scaler(block.values[:, place].astype(np.float64))
        out[:, place] = np.where(block.filled, column, 0.0)
