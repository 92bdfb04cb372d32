"""The columns that a `group_by` makes of the rows of a context, window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schema.contexts import OF_THE_SAMPLE
from ..bundle import Bundle
from ..stages import BoundContext, FittedAggregate, FittedExtractor, Node
from ..transformers.affine import Affine
from ..transformers.scalers import Scaler
from .aggregate import aggregate_windows
from .durations import nanoseconds
from .encode import encode
from .windows import Windows, lengths, narrowed, of_samples

PRESENT = "present"

NANOSECONDS = 1e9

UNSCALED = Affine()
"""What leaves results as they are."""


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


@dataclass(frozen=True)
class Part:
    """One window of a `group_by`.

    Args:
        names: the columns that all functions make over it, in order.
        size, within: what it takes of the rows of the context; None for all of them.
    """

    names: tuple[str, ...]
    size: int | None = None
    within: int | None = None

    def windows(self, whole: Windows) -> Windows:
        """The rows of this window."""
        if self.size is None and self.within is None:
            return whole
        return narrowed(whole, self.size, self.within)


def parts(node: Node, columns: Sequence[str]) -> list[Part]:
    """The windows of a `group_by` in the order of its columns.

    Args:
        columns: of the rows.
    """

    def names(suffix: str) -> tuple[str, ...]:
        return tuple(
            name for function in node.args["functions"] for name in (
                [f"{function}{suffix}"] if function in OF_THE_SAMPLE
                else [f"{column}_{function}{suffix}" for column in columns]))

    sizes, spans = node.args["sizes"], node.args["spans"]
    if sizes is None and spans is None:
        return [Part(names(""))]
    return [*(Part(names(f"_{size}"), size=size) for size in sizes or ()),
            *(Part(names(f"_{span}"), within=nanoseconds(span)) for span in spans or ())]


def write_results(rows: ContextRows, windows: Windows, node: Node,
                  out: NDArray[np.float32]) -> None:
    """What the functions of a `group_by` give over one window, before it is scaled.

    Args:
        out: float32 `[samples, columns]`; samples without rows get 0.
    """
    aggregate_windows(rows.values, rows.places, windows, None, node.args["functions"],
                      nanoseconds(node.args["half_life"]) / NANOSECONDS, out)


def rescale(out: NDArray[np.float32], filled: NDArray[np.bool_],
            scalers: Sequence[Scaler]) -> None:
    """Scales results in place; samples without rows keep 0."""
    for place, scaler in enumerate(scalers):
        if scaler != UNSCALED:
            column = scaler(out[:, place].astype(np.float64))
            out[:, place] = np.where(filled, column, 0.0)


def scaled(context: BoundContext, fitted: FittedAggregate, rows: ContextRows,
           samples: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """The columns of a fitted `group_by` for some samples, float32 `[samples, width]`.

    A sample's numbers are the same bits whichever samples it is asked with.
    """
    out = np.empty((len(samples), len(fitted.names)), dtype=np.float32)
    whole = of_samples(context.windows, samples)
    start = 0
    for part in parts(fitted.node, rows.names):
        stop = start + len(part.names)
        windows = part.windows(whole)
        write_results(rows, windows, fitted.node, out[:, start:stop])
        rescale(out[:, start:stop], lengths(windows) > 0, fitted.scalers[start:stop])
        start = stop
    if fitted.node.args["presence"]:
        out[:, start] = lengths(whole) > 0
    return out
