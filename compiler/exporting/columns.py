"""The fitted columns of an extractor as data: state, places, and what stands for no value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...schema.shapes import UNKNOWN_ID
from ..bundle import Bundle
from ..stages import FittedExtractor
from ..transformers import Categorical, FittedColumn, Ids, MultiHot, OneHot, fill_scalar
from ..transformers.target_encoding import TargetEncoding
from .inputs import CODES, IDS, NUMBERS

REFUSED = "error"
"""Stands where a value has no code: specc refuses it."""

Starts = dict[str, int]
"""What a tensor holds -> its next free place."""


def describe_columns(fitted: FittedExtractor, bundle: Bundle, starts: Starts,
                     states: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each column in order.

    Args:
        starts: where the columns stand in their tensors; moved on.
        states: of `fits.state.fitted_state`.
    """
    settings = fitted.bound.extractor
    schema = bundle.schema(fitted.bound.positions.frame)
    for place, (column, entry) in enumerate(zip(fitted.columns, states, strict=True)):
        holds = IDS if column.is_ids else CODES if column.column in fitted.codes else NUMBERS
        width = len(column.names) if holds == NUMBERS else 1
        start = starts.setdefault(holds, 0)
        starts[holds] = start + width
        dtype = schema.field(column.column).type
        fill = settings.fill_value if settings.nulls == "fill" else None
        yield {
            "column": column.column,
            "dtype": str(dtype),
            "transformer": column.type,
            "holds": holds,
            "start": start,
            "width": width,
            "features": [f"{settings.prefix}{name}" for name in column.names],
            "null": _null(column, dtype, fill, holds),
            "unseen": _unseen(column, holds),
            "state": entry["state"],
            "arrays": _arrays(settings.name, place, entry),
        }


def _arrays(name: str, place: int, entry: Mapping[str, Any]) -> dict[str, str]:
    """The arrays of a state -> their columns in the file of arrays."""
    return {key: f"{name}/{place}/{key}" for key in entry["arrays"]}


def _null(column: FittedColumn, dtype: pa.DataType, fill: Any, holds: str) -> Any:
    """What a null, or a missing row, gives: `[place, value]` of all that is not 0."""
    values = pa.nulls(1, dtype)
    if fill is not None:
        values = pc.fill_null(values, fill_scalar(fill, dtype))
    elif column.on_null == REFUSED:
        return REFUSED
    return _places(column, values, holds)


def _places(column: FittedColumn, values: pa.Array, holds: str) -> list[list[float]]:
    if holds == CODES:
        assert isinstance(column, OneHot)
        return [[0, int(column.codes(values)[0])]]
    encoded = column.encode(values)[0]
    return [[int(place), float(encoded[place])] for place in np.flatnonzero(encoded)]


def _unseen(column: FittedColumn, holds: str) -> Any:
    """What a value gives that training did not have; None where no value is looked up."""
    if getattr(column, "refuse_unseen", False):
        return REFUSED
    if isinstance(column, Ids):
        return [[0, UNKNOWN_ID]]
    if isinstance(column, Categorical):
        return [[0, column.kept]] if holds == CODES else [[column.kept, 1.0]]
    if isinstance(column, TargetEncoding):
        prior = column.means[-1][-2].astype(np.float32)
        return [[place, float(value)] for place, value in enumerate(prior)]
    if isinstance(column, MultiHot):
        if column.on_unseen == REFUSED:
            return REFUSED
        return [[column.kept, 1.0]] if column.on_unseen == "other" else []
    return None


def describe_scalers(name: str, states: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The scalers of a `group_by`, one for each of its columns.

    Args:
        name: of its frame.
    """
    return [{"feature": entry["column"], "state": entry["state"],
             "arrays": _arrays(name, place, entry)} for place, entry in enumerate(states)]
