"""Fits of an earlier run against the extractors that take them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...schema.transformers.categories import FOLDS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Context, Extractor, Node
from ..text.pointer import join, parts
from ..transformers import ColumnRows, FittedColumn, Ids, fit_column
from ..transformers.scalers import Scaler
from .saved import BROKEN, SavedFits

_OF_THE_SPEC = (codes.CONFLICTING_KEYS.name, codes.UNSUPPORTED_DTYPE.name)
"""What a transformer says of a column before it looks at any value."""


def frozen_columns(extractor: Extractor, names: Sequence[str],
                   saved: SavedFits | None) -> Result[dict[str, FittedColumn]]:
    """The columns of an earlier run, by name. Reports SC634 to SC636.

    Args:
        names: the columns that the extractor takes.
    """
    if saved is None:
        return Result(None, (codes.NO_FITS.at(join(extractor.pointer, "fit"),
                                              name=extractor.name),))
    try:
        columns = saved.columns(extractor.name)
    except ValueError as error:
        return Result(None, (codes.UNREADABLE_FITS.at(reason=f"{saved.place}: {error}"),))
    if columns is None:
        return Result(None, (_other(extractor, "the run has no extractor of this name"),))
    there = [column.column for column in columns]
    if there != list(names):
        return Result(None, (_other(extractor, f"the run took {', '.join(there)}, this takes "
                                    + ", ".join(names)),))
    return Result({column.column: column for column in columns})


def check_frozen(kept: FittedColumn, extractor: Extractor,
                 rows: ColumnRows) -> Result[FittedColumn]:
    """A frozen column that can encode these values. Reports SC204, SC614, SC634, SC636, and what
    the column's own `check` reports."""
    # Without a value nothing is fitted, but the transformer and the dtype are judged.
    target = None if rows.target is None else replace(
        rows.target, values=rows.target.values[:0], places=rows.target.places[:0],
        fold_of=rows.target.fold_of[:0])
    like = fit_column(extractor.transformer, replace(
        rows, values=rows.values[:0], training=rows.training[:0], without_row=0, target=target))
    wrong = tuple(one for one in like.diagnostics if one.code in _OF_THE_SPEC)
    if wrong:
        return Result(None, wrong)
    if like.stage is not None and like.stage.type != kept.type:
        return Result(None, (_other(
            extractor, f"the run encoded {rows.name!r} with `{kept.type}`, this does with "
            f"`{like.stage.type}`"),))
    if isinstance(kept, Ids) and kept.vectors is not None:
        return Result(None, (_other(extractor, "the run was given `vectors`, this learns them"),))
    return check_own(kept, extractor, rows)


def check_own(kept: FittedColumn, extractor: Extractor, rows: ColumnRows) -> Result[FittedColumn]:
    """A column that was fitted for this very extractor, and can encode these values. Reports
    SC636, and what the column's own `check` reports."""
    if isinstance(kept, Ids) and kept.vectors not in (None, extractor.name):
        return Result(None, (_other(extractor, "it stands for the vectors of another"),))
    try:
        refused = kept.check(rows, extractor.transformer.pointer)
        whole = bool(refused) or _encodes(kept, rows)
    except BROKEN as error:
        reason = f"{rows.name!r} cannot be encoded by it: {error}".partition("\n")[0]
        return Result(None, (_other(extractor, reason),))
    if not whole:
        return Result(None, (_other(extractor, f"it does not encode {rows.name!r} as numbers"),))
    return Result(None if refused else kept, refused)


def frozen_scalers(context: Context, name: str, node: Node,
                   saved: SavedFits | None) -> Result[dict[str, Scaler]]:
    """The scalers of a `group_by` of an earlier run by column; none for a context that is fitted
    anew. Reports SC634 to SC636."""
    if not context.frozen:
        return Result({})
    if saved is None:
        return Result(None, (codes.NO_FITS.at(context.pointer, name=context.name),))
    try:
        scalers = saved.scalers(f"{context.name}.{name}")
    except ValueError as error:
        return Result(None, (codes.UNREADABLE_FITS.at(reason=f"{saved.place}: {error}"),))
    if not scalers:
        return Result(None, (other_scalers(node, "the run has no aggregation of this name"),))
    return Result(scalers)


def other_scalers(node: Node, reason: str) -> Diagnostic:
    """The finding about a `group_by` that is not that of the earlier run (SC636)."""
    return codes.OTHER_FITS.at(node.pointer, name=parts(node.pointer)[-1], reason=reason)


def _encodes(kept: FittedColumn, rows: ColumnRows) -> bool:
    """Whether what a file holds makes finite numbers of these values.

    Raises one of `BROKEN` where it does not even fit together.
    """
    numbers = kept.encode(rows.values)
    return kept.folds in (0, FOLDS) and bool(np.isfinite(numbers).all())


def _other(extractor: Extractor, reason: str) -> Diagnostic:
    return codes.OTHER_FITS.at(join(extractor.pointer, "fit"), name=extractor.name, reason=reason)
