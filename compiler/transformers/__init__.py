"""Fitted column transformers: rows of a frame to numbers, fitted on the training rows.

A transformer runs on the rows of the last frame of an extractor, each row once, and counts
each row as often as training samples reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from ..diagnostics.diagnostic import Result
from ..stages import Node
from .auto import choose
from .base import FittedColumn, State
from .categorical import Categorical, fit_categorical
from .class_index import ClassIndex, fit_class_index
from .continuous import Continuous, fit_continuous
from .datetimes import Datetime, fit_datetime
from .hash import Hash, fit_hash
from .identity import Identity, fit_identity
from .ids import Ids, fit_ids
from .multi_hot import MultiHot, fit_multi_hot
from .one_hot import OneHot
from .piecewise_linear import PiecewiseLinear, fit_piecewise_linear
from .rows import ColumnRows, fill_scalar, null_mask, read_columns
from .standard import Standard, fit_standard_column
from .target_encoding import TargetEncoding, fit_target_encoding
from .vector import Vector, fit_vector

FITTERS: Mapping[str, Callable[[Node, ColumnRows], Result[FittedColumn]]] = {
    "continuous": fit_continuous,
    "categorical": fit_categorical,
    "datetime": fit_datetime,
    "identity": fit_identity,
    "ids": fit_ids,
    "class_index": fit_class_index,
    "piecewise_linear": fit_piecewise_linear,
    "hash": fit_hash,
    "vector": fit_vector,
    "multi_hot": fit_multi_hot,
    "standard": fit_standard_column,
    "target_encoding": fit_target_encoding,
}
"""Every transformer but `auto`, which chooses one of them."""

FITTED: tuple[type[FittedColumn], ...] = (
    Continuous, Categorical, Datetime, Identity, ClassIndex, PiecewiseLinear, Hash, Vector,
    MultiHot, Standard, Ids, TargetEncoding,
)


def fit_column(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Fit one column on its training rows and hold it against all reached rows.

    Reports: SC204, SC614, SC615, SC625, SC701 to SC703, SC707 to SC709.
    """
    if node.type == "auto":
        chosen = choose(node, rows)
        if chosen.stage is None:
            return Result(None, chosen.diagnostics)
        node = chosen.stage
    fitted = FITTERS[node.type](node, rows)
    if fitted.stage is None:
        return fitted
    refused = fitted.stage.check(rows, node.pointer)
    return Result(None if refused else fitted.stage, fitted.diagnostics + refused)


def restore(column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]) -> FittedColumn:
    """The fitted transformer that gave `state` and `arrays`; it encodes bit for bit the same."""
    (fitted,) = (entry for entry in FITTED if entry.type == state["type"])
    return fitted.restore(column, state, arrays)


__all__ = [
    "FITTED", "FITTERS", "Categorical", "ClassIndex", "ColumnRows", "Continuous", "Datetime",
    "FittedColumn", "Hash", "Identity", "Ids", "MultiHot", "OneHot", "PiecewiseLinear", "Standard",
    "State", "Vector", "fill_scalar", "fit_column", "null_mask", "read_columns", "restore",
]
