"""Carries out the steps of `bundle.prepare`: splits and priorities of the index frame.

A split depends on the seed, on the pointer of its step and on the order of the rows: rows are
drawn by their number, so a frame sorted in another way is split in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import unknown
from ..seeds import derive_seed
from ..stages import Node
from ..text.pointer import join
from .arrays import Values, codes_of, decoded, floats, integers, valid
from .dtypes import BOOLEAN, DATETIME, LIST, OTHER, STRING, classify, spelled
from .splitting import Codes, grouped_parts, random_parts, stratified_parts, timed_parts
from .times import ticks_of

SPLIT, PRIORITY = "split", "priority"

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Splits:
    """The split of every row of the index frame.

    Args:
        codes: index into `names`, -1 for a row without a split, `[rows]`.
        names: every name has at least one row.
    """

    codes: Codes
    names: tuple[str, ...]


class _Refused(Exception):
    """A step cannot be carried out, for the reason in the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def prepare_split(node: Node, bundle: Bundle, frame: str, seed: int,
                  allowed: NDArray[np.bool_] | None = None) -> Result[Splits]:
    """The split that a step makes.

    Reports: SC607, SC614, SC623, SC624. Raises: BundleError for damaged pages.

    Args:
        allowed: the rows that filters before the step keep, `[rows]`; None where there are none.
    """
    found = [*_replaced(node, bundle, frame, SPLIT), *_unknown_columns(node, bundle, frame)]
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    rows = np.arange(bundle.rows(frame)) if allowed is None else np.flatnonzero(allowed)
    condition = node.args.get("only_where_not_null")
    if condition is not None:
        rows = rows[valid(_column(bundle, frame, condition))[rows]]
    generator = np.random.Generator(np.random.PCG64(derive_seed(seed, node.pointer, SPLIT)))
    try:
        part_codes = _SPLITTERS[node.type](node, bundle, frame, rows, generator)
        names = _part_names(node)
        _refuse_empty_parts(node, names, part_codes)
    except _Refused as refused:
        return Result(None, (*found, refused.diagnostic))
    all_codes = np.full(bundle.rows(frame), -1, dtype=np.int64)
    all_codes[rows] = part_codes
    return Result(Splits(all_codes, names), tuple(found))


def prepare_priority(node: Node, bundle: Bundle, frame: str,
                     training: NDArray[np.bool_]) -> Result[NDArray[np.float64]]:
    """The priorities that a step makes.

    Reports: SC607, SC614, SC623. Raises: BundleError for damaged pages.

    Args:
        training: whether a row trains, `[rows]`.
    """
    made = even_priorities(node, bundle, frame, training)
    return Result(made.stage, (*_replaced(node, bundle, frame, PRIORITY), *made.diagnostics))


def even_priorities(node: Node, bundle: Bundle, frame: str,
                    training: NDArray[np.bool_]) -> Result[NDArray[np.float64]]:
    """Priorities that even out the values of a column over the training rows.

    A row weighs `(n / (k * count)) ** magnitude`, with `n` training rows, `k` different values
    and `count` training rows of the row's own value; rows that do not train weigh 0. With
    magnitude 1 these are the "balanced" weights of King and Zeng (2001).

    Reports: SC607, SC614. Raises: BundleError for damaged pages.

    Args:
        node: has the arguments `column` and `magnitude`.
        training: whether a row trains, `[rows]`.
    """
    found = tuple(_unknown_columns(node, bundle, frame))
    if found:
        return Result(None, found)
    try:
        values = _values(node, bundle, frame, node.args["column"], join(node.pointer, "column"))
    except _Refused as refused:
        return Result(None, (refused.diagnostic,))
    value_codes, names = codes_of(values)
    counts = np.bincount(value_codes[training], minlength=len(names))
    even = training.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    weights: NDArray[np.float64] = np.where(
        training, even[value_codes] ** node.args["magnitude"], 0.0
    )
    return Result(weights)


def _replaced(node: Node, bundle: Bundle, frame: str, column: str) -> Iterator[Diagnostic]:
    if column in bundle.schema(frame).names:
        yield codes.SPLIT_REPLACED.at(node.pointer, name=column)


def _named(node: Node, key: str) -> Iterator[tuple[str, str]]:
    """`(pointer, name)` of the columns that a property names: none, one, or a list."""
    value = node.args.get(key)
    place = join(node.pointer, key)
    if isinstance(value, str):
        yield place, value
    elif value is not None:
        yield from ((join(place, index), name) for index, name in enumerate(value))


def _unknown_columns(node: Node, bundle: Bundle, frame: str) -> Iterator[Diagnostic]:
    known = bundle.schema(frame).names
    for key in ("column", "columns", "only_where_not_null"):
        for pointer, name in _named(node, key):
            if name not in known:
                yield unknown(codes.UNKNOWN_COLUMN, pointer, "columns", name, known, frame=frame)


def _bad(node: Node, reason: str, *place: str | int, help: str | None = None) -> _Refused:
    return _Refused(codes.BAD_PREPARATION.at(join(node.pointer, *place), step=node.type,
                                             reason=reason, help=help))


def _column(bundle: Bundle, frame: str, column: str) -> pa.ChunkedArray:
    return bundle.read(frame, [column]).column(0)


def _values(node: Node, bundle: Bundle, frame: str, column: str, pointer: str,
            refused: Sequence[str] = (LIST, OTHER)) -> Values:
    dtype = bundle.schema(frame).field(column).type
    if classify(dtype) in refused:
        raise _Refused(codes.UNSUPPORTED_DTYPE.at(
            pointer, name=column, frame=frame, dtype=spelled(dtype), user=node.type))
    return decoded(_column(bundle, frame, column))


def _part_names(node: Node) -> tuple[str, ...]:
    parts = node.args["parts"]
    if isinstance(parts, Mapping):
        return tuple(sorted(parts))
    return tuple(part["split"] for part in parts)


def _refuse_empty_parts(node: Node, names: tuple[str, ...], part_codes: Codes) -> None:
    counts = np.bincount(part_codes[part_codes >= 0], minlength=len(names))
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if empty:
        raise _bad(node, f"the part {empty[0]!r} gets none of {len(part_codes)} rows", "parts",
                   help="give the part a larger share, or leave it out")


def _fractions(node: Node) -> list[float]:
    parts = node.args["parts"]
    # The keys of an object have no order in JSON, so equal specs must split equally.
    fractions = [parts[name] for name in sorted(parts)] if isinstance(parts, Mapping) else [
        part["fraction"] for part in parts
    ]
    total = sum(fractions)
    if abs(total - 1.0) > _SUM_TOLERANCE:
        raise _bad(node, f"the parts sum to {total:g}, not to 1", "parts",
                   help="make the parts sum to 1")
    return [fraction / total for fraction in fractions]


def _random(node: Node, bundle: Bundle, frame: str, rows: Codes,
            generator: np.random.Generator) -> Codes:
    return random_parts(len(rows), _fractions(node), generator)


def _stratified(node: Node, bundle: Bundle, frame: str, rows: Codes,
                generator: np.random.Generator) -> Codes:
    fractions = _fractions(node)
    values = _values(node, bundle, frame, node.args["column"], join(node.pointer, "column"))
    return stratified_parts(codes_of(values)[0][rows], fractions, generator)


def _grouped(node: Node, bundle: Bundle, frame: str, rows: Codes,
             generator: np.random.Generator) -> Codes:
    fractions = _fractions(node)
    groups = np.zeros(len(rows), dtype=np.int64)
    for pointer, column in _named(node, "columns"):
        values, known = codes_of(_values(node, bundle, frame, column, pointer))
        _, groups = np.unique(groups * len(known) + values[rows], return_inverse=True)
    return grouped_parts(groups, fractions, generator)


def _by_time(node: Node, bundle: Bundle, frame: str, rows: Codes,
             generator: np.random.Generator) -> Codes:
    names = _part_names(node)
    if len(set(names)) < len(names):
        raise _bad(node, "two parts have one name", "parts",
                   help="give each part a name of its own")
    column = node.args["column"]
    values = _values(node, bundle, frame, column, join(node.pointer, "column"),
                     refused=(LIST, OTHER, STRING, BOOLEAN))
    part_codes = np.full(len(rows), -1, dtype=np.int64)
    timed = valid(values)[rows]
    ordinals = _ordinals(values)[rows[timed]]
    fractions = [part["fraction"] for part in node.args["parts"] if _by_fraction(part)]
    if not fractions:
        bounds = _bounds(node, values.type)
        found = np.searchsorted(np.asarray(bounds, dtype=np.int64), ordinals, side="right")
        part_codes[timed] = np.where(found < len(names), found, -1)
    elif len(fractions) < len(names) or any(part.get("before") for part in node.args["parts"]):
        raise _bad(node, "the parts mix 'fraction' and 'before'", "parts",
                   help="give every part a fraction, or every part a time")
    else:
        part_codes[timed] = timed_parts(ordinals, _fractions(node))
    return part_codes


def _by_fraction(part: Mapping[str, object]) -> bool:
    return part.get("fraction") is not None


def _ordinals(values: Values) -> NDArray[np.int64] | NDArray[np.float64] | NDArray[np.uint64]:
    if pa.types.is_uint64(values.type):
        return integers(values).view(np.uint64)
    if pa.types.is_integer(values.type) or classify(values.type) == DATETIME:
        return integers(values)
    return floats(values)


def _bounds(node: Node, dtype: pa.DataType) -> list[int]:
    """The ends of the parts in ticks of the column; the last part may have none."""
    bounds: list[int] = []
    parts = node.args["parts"]
    if classify(dtype) != DATETIME:
        column = node.args["column"]
        raise _bad(node, f"'before' wants a column of times, {column!r} is {spelled(dtype)}",
                   "column", help="split by 'fraction', or by a column of times")
    for index, part in enumerate(parts):
        text = part.get("before")
        if text is None:
            if index < len(parts) - 1:
                raise _bad(node, "only the last part may go without a time", "parts", index,
                           help='give it a time: "before": "2013-10-01"')
            return bounds
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _bad(node, f"{text!r} is no ISO 8601 date or date-time", "parts", index,
                       "before", help="write it as 2013-10-01 or 2013-10-01T06:00:00") from None
        if moment.tzinfo is not None and getattr(dtype, "tz", None) is None:
            raise _bad(node, f"{text!r} has a time zone, the column has none", "parts", index,
                       "before")
        # In a column with a time zone, a time without one is meant in UTC.
        bound = ticks_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC), dtype)
        if bounds and bound <= bounds[-1]:
            raise _bad(node, "the times of the parts do not ascend", "parts", index, "before",
                       help="list the parts from the oldest to the newest")
        bounds.append(bound)
    return bounds


_SPLITTERS: Mapping[str, Callable[[Node, Bundle, str, Codes, np.random.Generator], Codes]] = {
    "random_split": _random,
    "stratified_split": _stratified,
    "grouped_split": _grouped,
    "time_split": _by_time,
}

SPLIT_STEPS = tuple(_SPLITTERS)
"""The steps that make the column `split`."""
