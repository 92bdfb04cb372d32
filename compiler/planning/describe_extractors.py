"""An extractor of a plan as JSON data: its chain of joins, its columns, how it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle
from ..stages import BoundExtractor, Coverage, FittedExtractor, Join, Positions
from ..transformers import Ids, null_mask, read_columns
from .memory import data_bytes


def describe_extractor(bundle: Bundle, fitted: FittedExtractor, population: str,
                       seen: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """One extractor; equal specs on equal bundles give equal data.

    Raises BundleError when a frame cannot be read.

    Args:
        population: the frame whose rows it takes values for: the index frame, inside a context
            that of the context.
        seen: which of these rows are read at all, `[population]`; None for all.
    """
    entry = fitted.bound
    extractor = entry.extractor
    return {
        "name": extractor.name,
        "start": population if extractor.frame is None else extractor.frame,
        "frame": entry.positions.frame,
        "chain": [step.frame for step in entry.positions.coverage],
        "rows": fitted.reached,
        "width": fitted.width,
        "ids": len(fitted.ids),
        "bytes": data_bytes(fitted),
        "positions": {"dtype": str(fitted.positions.dtype), "bytes": fitted.positions.nbytes},
        "coverage": describe_chain(entry.positions, extractor.joins),
        "encoding": f"codes for {', '.join(sorted(fitted.codes))}" if fitted.codes else "dense",
        "why": fitted.why,
        "frozen": extractor.frozen,
        "columns": list(_columns(bundle, fitted, seen)),
    }


def describe_chain(positions: Positions, joins: tuple[Join, ...]) -> list[dict[str, Any]]:
    """What each step of a chain found; the first may align a frame, which is no join."""
    before = (None,) * (len(positions.coverage) - len(joins))
    return [_coverage(step, join)
            for step, join in zip(positions.coverage, (*before, *joins), strict=True)]


def _coverage(step: Coverage, join: Join | None) -> dict[str, Any]:
    as_of = None if join is None else join.as_of
    return {
        "frame": step.frame,
        "columns": list(step.columns),
        "aligns": join is None,
        "as_of": None if as_of is None else {"sample": as_of.sample, "row": as_of.row},
        "samples": step.samples,
        "matched": step.matched,
        "missing": step.missing,
        "missing_examples": list(step.missing_examples),
        "max_missing": step.max_missing,
        "null_keys": step.null_keys,
        "rows": step.rows,
        "orphans": step.orphans,
        # A repeated key is refused (SC612), and as of a time one row is taken, so a join never
        # makes two samples of one.
        "duplicates": 0,
    }


def _columns(bundle: Bundle, fitted: FittedExtractor,
             seen: NDArray[np.bool_] | None) -> Iterator[dict[str, Any]]:
    """Each column taken; `nulls` are the samples that see a null, for want of a row or of a
    value in it."""
    entry = fitted.bound
    names = [column.column for column in fitted.columns]
    dtypes = {column.name: column.dtype for column in entry.columns}
    read = read_columns(bundle, entry.positions.frame, names, fitted.rows)
    positions = fitted.positions if seen is None else fitted.positions[seen]
    for column, values in zip(fitted.columns, read, strict=True):
        null = np.append(null_mask(values), True)
        yield {
            "name": column.column,
            "dtype": dtypes[column.column],
            "width": len(column.names),
            "nulls": int(np.count_nonzero(null[positions])),
            **column.describe(),
            **(_table(entry, column) if isinstance(column, Ids) else {}),
        }


def _table(entry: BoundExtractor, column: Ids) -> dict[str, Any]:
    """The ids of a column, those for padding, null and unknown values too, and its vectors."""
    if entry.vectors is None:
        return {"ids": column.size, "vectors": None}
    return {"ids": column.size, "vectors": {
        "frame": entry.vectors.frame, "width": column.width, "trained": column.trained}}
