"""fit: BoundGraph -> FittedGraph. The first pass that reads columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..bundle import BundleError
from ..data.dtypes import OTHER, STRING, classify
from ..data.encode import encode
from ..data.leaks import label_twins
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..planning.memory import check_label_memory
from ..stages import (
    UNKNOWN_LABEL,
    BoundExtractor,
    BoundGraph,
    Extractor,
    FittedExtractor,
    FittedGraph,
    LabelFacts,
)
from ..text.pointer import join
from ..transformers import (
    ClassIndex,
    ColumnRows,
    FittedColumn,
    fill_scalar,
    fit_column,
    null_mask,
    read_columns,
)

Rows = NDArray[np.signedinteger[Any]]

_TOLD_ONCE = (codes.NULLS.name, codes.ALL_NULL.name)
"""What a transformer may say again about nulls that were refused before it."""


def fit(bound: BoundGraph) -> Result[FittedGraph]:
    """Transformers fitted on the joined training rows; equal extractors are fitted once.

    A row of a frame counts as often as training samples reach it, and training samples
    without a row count as nulls. `"nulls": "error"` is about values in rows: whether a
    sample may lack its row is for `missing_rows` to say. Extractors with mistakes are left
    out of the fitted graph.

    Reports: SC204, SC604, SC614, SC615, SC701 to SC705.
    """
    found: list[Diagnostic] = []
    fitted: dict[str, FittedExtractor] = {}
    shared: dict[str, FittedExtractor] = {}
    for name, entry in bound.extractors.items():
        key = _key(entry, is_label=name == bound.graph.label.name)
        if key not in shared:
            result = _fit_extractor(bound, entry)
            found += (new for new in result.diagnostics if new not in found)
            if result.stage is None:
                continue
            shared[key] = result.stage
        fitted[name] = replace(shared[key], bound=entry)
    label, facts = fitted.get(bound.graph.label.name), UNKNOWN_LABEL
    if label is not None:
        wrong = tuple(_check_classes(label))
        found += wrong
        too_large = tuple(check_label_memory(label))
        found += too_large
        if not wrong and not too_large:
            facts = _label_facts(bound, label)
    try:
        found += label_twins(bound)
    except BundleError as error:
        found += (new for new in error.diagnostics if new not in found)
    return Result(FittedGraph(bound, fitted, facts), tuple(found))


def _key(entry: BoundExtractor, is_label: bool) -> str:
    """Equal for extractors that encode the same values of the same rows in the same way."""
    extractor, positions = entry.extractor, entry.positions
    rows = np.ascontiguousarray(positions.rows, dtype=np.int64)
    return json.dumps([
        is_label, positions.frame, hashlib.blake2b(rows.data).hexdigest(),
        [column.name for column in entry.columns],
        extractor.nulls, extractor.fill_value,
        extractor.transformer.type, extractor.transformer.args,
    ], sort_keys=True)


@dataclass(frozen=True, eq=False)
class _Reach:
    """Which rows of the frame samples reach, and how often."""

    rows: NDArray[np.int64] | None
    count: int
    positions: Rows
    training: NDArray[np.int64]
    without_row: int


def _reach(rows: Rows, training: NDArray[np.bool_], total: int) -> _Reach:
    """The reached rows among `total`; samples without one move from -1 to the null row."""
    without_row = rows < 0
    mask = np.zeros(total, dtype=bool)
    mask[rows[~without_row]] = True
    count = int(mask.sum())
    dtype = np.int32 if count < 2**31 - 1 else np.int64
    places = rows
    taken = None
    if count < total:
        taken = np.flatnonzero(mask)
        # one more entry, which -1 reads
        places = np.append(np.cumsum(mask) - 1, count)[rows]
    positions: Rows = np.where(without_row, count, places).astype(dtype)
    counts = np.bincount(positions[training], minlength=count + 1)
    return _Reach(taken, count, positions, counts, int(without_row.sum()))


def _fit_extractor(bound: BoundGraph, entry: BoundExtractor) -> Result[FittedExtractor]:
    frame = entry.positions.frame
    reach = _reach(entry.positions.rows, bound.samples.training, bound.bundle.rows(frame))
    names = [column.name for column in entry.columns]
    found: list[Diagnostic] = []
    fitted: list[FittedColumn] = []
    try:
        for name, values in zip(
                names, read_columns(bound.bundle, frame, names, reach.rows), strict=True):
            result = _fit_values(bound, entry, name, values, reach)
            found += (new for new in result.diagnostics if new not in found)
            if result.stage is not None:
                fitted.append(result.stage)
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    return Result(FittedExtractor(entry, reach.rows, reach.count, reach.positions, tuple(fitted)),
                  tuple(found))


def _fit_values(bound: BoundGraph, entry: BoundExtractor, name: str, values: pa.Array,
                reach: _Reach) -> Result[FittedColumn]:
    """Apply the null policy to one column, then fit its transformer."""
    extractor = entry.extractor
    is_label = extractor.name == bound.graph.label.name
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
    rows = ColumnRows(frame, name, values, reach.training[: len(values)], reach.without_row)
    result = fit_column(extractor.transformer, rows)
    for diagnostic in result.diagnostics:
        if found and diagnostic.code in _TOLD_ONCE:
            continue
        found.append(_with_class_index(extractor, rows, diagnostic) if is_label else diagnostic)
    return Result(result.stage, tuple(found))


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


def _check_classes(label: FittedExtractor) -> Iterator[Diagnostic]:
    """Class numbers fill one column and tell at least two classes apart."""
    pointer = label.bound.extractor.transformer.pointer
    indices = [column for column in label.columns if isinstance(column, ClassIndex)]
    if indices and len(label.columns) > 1:
        yield codes.CONFLICTING_KEYS.at(
            pointer, name="label", help="take the one column that holds the class",
            reason=f"class numbers fill one column, this takes {len(label.columns)}")
    for column in indices:
        if len(column.values) < 2:
            yield codes.TOO_FEW_CLASSES.at(pointer, name=column.column, count=len(column.values))


def _label_facts(bound: BoundGraph, label: FittedExtractor) -> LabelFacts:
    """What the encoded label holds over all samples."""
    without_row = bool((label.positions == label.reached).any())
    values = encode(label, bound.bundle).dense[: label.reached + without_row]
    first = label.columns[0]
    classes = first.classes if isinstance(first, ClassIndex) else ()
    return LabelFacts(
        form="class_index" if isinstance(first, ClassIndex) else "number",
        columns=label.width,
        classes=classes,
        minimum=float(values.min()),
        maximum=float(values.max()),
        integral=bool((values == np.floor(values)).all()),
    )
