"""A fitted extractor as arrays: each reached row encoded once, ready to be gathered from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..bundle import Bundle
from ..stages import FittedExtractor
from ..transformers import Ids, OneHot, fill_scalar, read_columns


@dataclass(frozen=True, eq=False)
class Encoded:
    """The rows of one extractor. `FittedExtractor.encoded_positions` index the first axis.

    There is a block of rows for each fold of the extractor, then one for all other samples; most
    extractors have the last one alone. The last row of a block is the null row.

    The features of an extractor are its columns in order, each with its `names` in order. They
    are split between `dense` and `codes`; ids, which are no features, stand in `ids`.

    Args:
        dense: float32 `[blocks * (reached + 1), dense width]`, C-contiguous.
        codes: int32 `[blocks * (reached + 1), code columns]`, C-contiguous, each value from 0 to
            below its entry of `code_widths`.
        ids: int32 `[blocks * (reached + 1), id columns]`, C-contiguous, rows of tables of vectors.
        dense_features: the feature that each column of `dense` is, ascending,
            int64 `[dense width]`.
        code_offsets: the feature that the value 0 of each column of `codes` is.
        code_widths: the features that each column of `codes` stands for.
    """

    dense: NDArray[np.float32]
    codes: NDArray[np.int32]
    ids: NDArray[np.int32]
    dense_features: NDArray[np.int64]
    code_offsets: tuple[int, ...]
    code_widths: tuple[int, ...]


def encode(extractor: FittedExtractor, bundle: Bundle) -> Encoded:
    """Encode every reached row once, column by column into preallocated arrays.

    The values have to be those that the fit accepted; `FittedColumn.check` tells for others.

    Raises:
        BundleError: the frame cannot be read.
    """
    features = [column for column in extractor.columns if not column.is_ids]
    coded = [column.column in extractor.codes for column in features]
    widths = [len(column.names) for column in features]
    offsets = [0, *np.cumsum(widths, dtype=np.int64).tolist()]
    is_dense = np.repeat(np.logical_not(coded), widths)
    blocks, rows = extractor.folds + 1, extractor.reached + 1
    dense = np.empty((blocks, rows, int(is_dense.sum())), dtype=np.float32)
    codes = np.empty((blocks, rows, sum(coded)), dtype=np.int32)
    ids = np.empty((blocks, rows, len(extractor.ids)), dtype=np.int32)
    settings = extractor.bound.extractor
    columns = [column.column for column in extractor.columns]
    read = read_columns(bundle, extractor.bound.positions.frame, columns, extractor.rows)
    start = place = table = 0
    for column, values in zip(extractor.columns, read, strict=True):
        null_row = pa.nulls(1, values.type)
        if settings.nulls == "fill":
            fill = fill_scalar(settings.fill_value, values.type)
            values, null_row = pc.fill_null(values, fill), pc.fill_null(null_row, fill)
        if isinstance(column, Ids):
            ids[:, :-1, table] = column.places(values)
            ids[:, -1:, table] = column.places(null_row)
            table += 1
        elif column.column in extractor.codes:
            assert isinstance(column, OneHot)
            codes[:, :-1, place] = column.places(values)
            codes[:, -1:, place] = column.places(null_row)
            place += 1
        else:
            for block, out in enumerate(dense[:, :, start : start + len(column.names)]):
                # The last block is no fold of any column; nor are those beyond a column's own.
                fold = block if block < column.folds else column.folds
                column.write_fold(values, fold, out[:-1])
                column.write_fold(null_row, fold, out[-1:])
            start += len(column.names)
    return Encoded(
        dense=dense.reshape(blocks * rows, -1),
        codes=codes.reshape(blocks * rows, -1),
        ids=ids.reshape(blocks * rows, -1),
        dense_features=np.flatnonzero(is_dense),
        code_offsets=tuple(offset for offset, is_code in zip(offsets, coded, strict=False)
                           if is_code),
        code_widths=tuple(width for width, is_code in zip(widths, coded, strict=True) if is_code),
    )
