"""Extractors fitted over a population: the training samples, or the rows that contexts see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..bundle import Bundle, BundleError
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..fits.frozen import check_frozen, check_own, frozen_columns
from ..fits.saved import SavedFits
from ..stages import BoundExtractor, Extractor, FittedExtractor
from ..text.pointer import join
from ..transformers import (
    ColumnRows,
    FittedColumn,
    Ids,
    fill_scalar,
    fit_column,
    null_mask,
    read_columns,
)
from ..transformers.categories import as_category
from ..transformers.rows import Target
from .dtypes import OTHER, STRING, classify
from .vectors import check_vectors

Rows = NDArray[np.signedinteger[Any]]

_TOLD_ONCE = (codes.NULLS.name, codes.ALL_NULL.name)
"""What a transformer may say again about nulls that were refused before it."""


@dataclass(frozen=True, eq=False)
class TrainingLabels:
    """The labels of the training samples, and a fold for each.

    Args:
        values: `[training samples, columns]`.
        suffixes: what tells the columns apart, `[columns]`.
        fold_of: the fold of each sample, -1 for those that do not train, `[population]`.
    """

    values: NDArray[np.float64]
    suffixes: tuple[str, ...]
    fold_of: NDArray[np.int8]
    folds: int

    def at(self, positions: Rows) -> Target:
        """The same for a frame of which each sample reads the row at its position."""
        training = self.fold_of >= 0
        return Target(self.values, self.suffixes, positions[training], self.fold_of[training],
                      self.folds)


@dataclass(frozen=True, eq=False)
class Population:
    """What an extractor is fitted over.

    Args:
        weights: how often each sample, or row of a context, counts in the fit: 0 for those that
            do not train, int64 `[population]`.
        seen: which of them are read at all, `[population]`; None for all.
        saved: the fits of an earlier run, for extractors that are frozen.
        labels: those of the training samples; None for the label itself and in contexts.
        predicts: whether the fits are those of this very graph, so that values alone are judged.
    """

    weights: NDArray[np.int64]
    seen: NDArray[np.bool_] | None = None
    saved: SavedFits | None = None
    labels: TrainingLabels | None = None
    predicts: bool = False


@dataclass(frozen=True, eq=False)
class _Reach:
    """Which rows of the frame samples reach, and how often."""

    rows: NDArray[np.int64] | None
    count: int
    positions: Rows
    training: NDArray[np.int64]
    without_row: int


def _reach(rows: Rows, population: Population, total: int) -> _Reach:
    """The reached rows among `total`; samples without one move from -1 to the null row.

    So do samples that nothing sees: what stands in their rows is never read.
    """
    without_row = rows < 0
    if population.seen is not None:
        rows = np.where(population.seen, rows, -1)
    mask = np.zeros(total, dtype=bool)
    mask[rows[rows >= 0]] = True
    count = int(mask.sum())
    dtype = np.int32 if count < 2**31 - 1 else np.int64
    places = rows
    taken = None
    if count < total:
        taken = np.flatnonzero(mask)
        # one more entry, which -1 reads
        places = np.append(np.cumsum(mask) - 1, count)[rows]
    positions: Rows = np.where(rows < 0, count, places).astype(dtype)
    # Counts are whole numbers far below 2**53, so their sums in float64 are exact.
    counts = np.bincount(positions, population.weights, minlength=count + 1).astype(np.int64)
    if population.seen is not None:
        without_row &= population.seen
    return _Reach(taken, count, positions, counts, int(without_row.sum()))


def fit_extractor(entry: BoundExtractor, bundle: Bundle, population: Population, *,
                  is_label: bool = False) -> Result[FittedExtractor]:
    """Transformers fitted on the rows that a population reaches, each as often as it counts.

    Reports: SC204, SC604, SC614, SC615, SC634 to SC636, SC701 to SC704, SC707 to SC709.
    """
    frame = entry.positions.frame
    reach = _reach(entry.positions.rows, population, bundle.rows(frame))
    names = [column.name for column in entry.columns]
    found: list[Diagnostic] = []
    fitted: list[FittedColumn] = []
    kept: Mapping[str, FittedColumn] = {}
    if entry.extractor.frozen:
        frozen = frozen_columns(entry.extractor, names, population.saved)
        if frozen.stage is None:
            return Result(None, frozen.diagnostics)
        kept = frozen.stage
    try:
        if entry.vectors is not None:
            assert entry.extractor.vectors is not None
            found += check_vectors(entry.vectors, entry.extractor.vectors.pointer, bundle)
        for name, values in zip(
                names, read_columns(bundle, frame, names, reach.rows), strict=True):
            result = _look_up(entry, name, values, reach, bundle) if entry.vectors is not None \
                else _fit_values(entry, name, values, reach, population, is_label,
                                 kept.get(name))
            found += (new for new in result.diagnostics if new not in found)
            if result.stage is not None:
                fitted.append(result.stage)
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    extractor = FittedExtractor(entry, reach.rows, reach.count, reach.positions, tuple(fitted))
    if extractor.folds and population.labels is not None:
        extractor = replace(extractor, fold_of=population.labels.fold_of)
    return Result(extractor, tuple(found))


def _fit_values(entry: BoundExtractor, name: str, values: pa.Array, reach: _Reach,
                population: Population, is_label: bool,
                kept: FittedColumn | None) -> Result[FittedColumn]:
    """Apply the null policy to one column, then fit its transformer, or judge it by `kept`."""
    extractor = entry.extractor
    frame = entry.positions.frame
    found = list(_refused_nulls(extractor, frame, name, values))
    if reach.without_row:
        values = pa.concat_arrays([values, pa.nulls(1, values.type)])
    if extractor.nulls == "fill" and classify(values.type) != OTHER:
        try:
            values = pc.fill_null(values, fill_scalar(extractor.fill_value, values.type))
        except ValueError:
            return Result(None, (codes.BAD_FILL.at(
                join(extractor.pointer, "fill_value"), name=name, dtype=classify(values.type),
                value=json.dumps(extractor.fill_value)),))
    if is_label and not found:
        found += _label_nulls(extractor, frame, name, values, reach.positions)
    target = None if population.labels is None else population.labels.at(reach.positions)
    rows = ColumnRows(frame, name, values, reach.training[: len(values)], reach.without_row,
                      target)
    if kept is None:
        result = fit_column(extractor.transformer, rows)
    elif population.predicts:
        result = check_own(kept, extractor, rows)
    else:
        result = check_frozen(kept, extractor, rows)
    for diagnostic in result.diagnostics:
        if found and diagnostic.code in _TOLD_ONCE:
            continue
        found.append(_with_class_index(extractor, rows, diagnostic) if is_label else diagnostic)
    return Result(result.stage, tuple(found))


def _look_up(entry: BoundExtractor, name: str, values: pa.Array, reach: _Reach,
             bundle: Bundle) -> Result[FittedColumn]:
    """Ids for the rows of a frame of given vectors: nothing is fitted."""
    extractor, vectors = entry.extractor, entry.vectors
    assert extractor.vectors is not None and vectors is not None
    (known,) = read_columns(bundle, vectors.frame, [vectors.key], None)
    fitted = Ids(name, (name,), as_category(known), extractor.transformer.args["on_unseen"]
                 == "error", extractor.name, len(vectors.columns), extractor.vectors.trained,
                 on_null="id")
    rows = ColumnRows(entry.positions.frame, name, values, reach.training[: len(values)],
                      reach.without_row)
    refused = fitted.check(rows, extractor.transformer.pointer)
    return Result(None if refused else fitted, refused)


def _refused_nulls(extractor: Extractor, frame: str, name: str,
                   values: pa.Array) -> Iterator[Diagnostic]:
    if extractor.nulls == "error" and values.null_count:
        yield codes.NULLS.at(
            join(extractor.pointer, "nulls"), name=name, frame=frame, count=values.null_count,
            help='put a value in their place with "nulls": "fill", or leave them to the '
            'transformer with "nulls": "keep"')


def _label_nulls(extractor: Extractor, frame: str, name: str, values: pa.Array,
                 positions: Rows) -> Iterator[Diagnostic]:
    count = np.count_nonzero(null_mask(values)[positions])
    if count:
        yield codes.NULLS.at(
            extractor.pointer, name=name, frame=frame, count=count,
            help="a sample needs its label: leave `split` null in those rows, or prepare a "
            "split with `only_where_not_null`")


def _with_class_index(extractor: Extractor, rows: ColumnRows, found: Diagnostic) -> Diagnostic:
    """A label of strings is what `class_index` is for."""
    transformer = extractor.transformer
    if (found.code != codes.UNSUPPORTED_DTYPE.name or transformer.type != "identity"
            or rows.dtype != STRING):
        return found
    return replace(
        found, help='number the classes: "transformer": {"type": "class_index"}',
        fix=({"op": "add", "path": transformer.pointer, "value": {"type": "class_index"}},))
