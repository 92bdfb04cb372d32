"""Join chains against the metadata of a bundle: frames, columns, keys and their dtypes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pyarrow as pa

from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import replace_fix, unknown
from ..diagnostics.suggest import nearest
from ..stages import Graph, Join, Place
from ..text.pointer import join as below
from .dtypes import DATETIME, FLOAT, INTEGER, classify, spelled
from .joins import comparable


@dataclass(frozen=True)
class Step:
    """Rows of `left` to rows of `right`: `columns` match `key`, in order.

    Args:
        as_of: a time of the samples and one of `right`: the last row before the sample is
            meant; None where there is one row for each key.
    """

    left: str
    columns: tuple[str, ...]
    right: str
    key: tuple[str, ...]
    as_of: tuple[str, str] | None = None


@dataclass(frozen=True)
class Chain:
    """A chain whose frames and columns exist and can be matched.

    Args:
        start: the frame before the first join.
        alignment: from the index frame to `start`; None where `start` is the index frame, or
            has its rows in the same order.
        joins: one step for each join of the extractor.
    """

    start: str
    alignment: Step | None
    joins: tuple[Step, ...]

    @property
    def end(self) -> str:
        return self.joins[-1].right if self.joins else self.start


class Chains:
    """Resolves chains that start from one frame, and reports a frame without a key once.

    Args:
        index_frame: the frame whose rows are the samples, in a context its own; None while it
            is not known, then what depends on it is not judged.
        undecided: frames whose key the spec names wrongly, which is reported elsewhere.
    """

    def __init__(self, graph: Graph, bundle: Bundle, index_frame: str | None,
                 undecided: Collection[str]) -> None:
        self._graph = graph
        self._bundle = bundle
        self._index_frame = index_frame
        self._undecided = undecided
        self._without_key: set[str] = set()

    def resolve(self, pointer: str, frame: str | None, joins: tuple[Join, ...]) -> Result[Chain]:
        """The chain of an extractor. Reports: SC606, SC607, SC609 to SC611, SC614, SC621.

        The stage is None without a diagnostic where a mistake reported elsewhere is the cause.

        Args:
            pointer: the extractor.
            frame: where the chain starts; None for the frame of the samples.
        """
        found: list[Diagnostic] = []
        whole = True
        pointer = below(pointer, "frame")
        start = self._index_frame if frame is None else frame
        alignment: Step | None = None
        if start is not None and start not in self._bundle.frames:
            found.append(self._unknown_frame(pointer, start))
            start = None
        elif start is not None and self._index_frame not in (None, start):
            aligned = self._align(pointer, start)
            found += aligned.diagnostics
            if aligned.stage is None:
                whole = False
            else:
                (alignment,) = aligned.stage
        left = start
        steps: list[Step] = []
        for join in joins:
            if join.frame not in self._bundle.frames:
                found.append(self._unknown_frame(below(join.pointer, "frame"), join.frame,
                                                 self._with_key(join)))
                left = None
                continue
            step = self.step(join, left)
            found += step.diagnostics
            if step.stage is None:
                whole = False
            else:
                steps.append(step.stage)
            left = join.frame
        if start is None or self._index_frame is None or not whole or found:
            return Result(None, tuple(found))
        return Result(Chain(start, alignment, tuple(steps)))

    def _unknown_frame(self, pointer: str, name: str, meant: str | None = None) -> Diagnostic:
        diagnostic = unknown(codes.UNKNOWN_FRAME, pointer, "frames", name, self._bundle.frames)
        if meant is None or nearest(name, self._bundle.frames) is not None:
            return diagnostic
        return replace(diagnostic, help=f"did you mean {meant!r}? its key is called so",
                       fix=replace_fix(pointer, meant))

    def _with_key(self, join: Join) -> str | None:
        """The one frame whose key has the names of the columns that a join names."""
        columns = join.columns if join.key_columns is None else join.key_columns
        named = [frame for frame in self._bundle.frames if self._bundle.key(frame) == columns]
        return named[0] if len(named) == 1 else None

    def _align(self, pointer: str, frame: str) -> Result[tuple[Step | None]]:
        """The step from the index frame to a frame aligned with it, None for equal rows."""
        bundle, index_frame = self._bundle, self._index_frame
        assert index_frame is not None
        if {frame, index_frame} & set(self._undecided):
            return Result(None)
        left, right = bundle.key(index_frame), bundle.key(frame)
        reason = None
        if not left and not right:
            rows, wanted = bundle.rows(frame), bundle.rows(index_frame)
            if rows == wanted:
                return Result((None,))
            reason = f"neither has a key, and it has {rows} rows, the index frame {wanted}"
        elif not right:
            reason = f"it has no key, the key of the index frame is {', '.join(left)}"
        elif not left:
            reason = f"its key is {', '.join(right)}, the index frame has no key"
        elif len(left) != len(right):
            reason = (f"its key is {', '.join(right)}, the key of the index frame is "
                      f"{', '.join(left)}")
        if reason is not None:
            return Result(None, (codes.NOT_ALIGNED.at(pointer, frame=frame, reason=reason),))
        step = Step(index_frame, left, frame, right)
        wrong = self._dtypes(step, (pointer,) * len(left))
        return Result(None, wrong) if wrong else Result((step,))

    def step(self, join: Join, left: str | None) -> Result[Step]:
        """One step from the frame `left`, None where that is not known.

        Reports: SC607, SC610, SC611, SC614.
        """
        bundle = self._bundle
        found: list[Diagnostic] = []
        on = below(join.pointer, "on")
        places = self._places(join, on)
        both_sides = not isinstance(at_pointer(self._graph, on), dict)
        told: set[str] = set()
        if left is not None:
            known = bundle.schema(left).names
            found += [
                unknown(codes.UNKNOWN_COLUMN, place, "columns", column, known, frame=left,
                        target="value" if both_sides else "key")
                for place, column in zip(places, join.columns, strict=True) if column not in known
            ]
            told = set(join.columns).difference(known) if both_sides else set()
        key = bundle.key(join.frame) if join.key_columns is None else join.key_columns
        if join.key_columns is not None:
            known = bundle.schema(join.frame).names
            found += [
                unknown(codes.UNKNOWN_COLUMN, place, "columns", column, known, frame=join.frame)
                for place, column in zip(places, key, strict=True)
                if column not in known and column not in told
            ]
        elif join.frame in self._undecided:
            return Result(None, tuple(found))
        elif not key:
            if join.frame not in self._without_key:
                self._without_key.add(join.frame)
                found.append(codes.NO_KEY.at(on, frame=join.frame))
            return Result(None, tuple(found))
        elif len(key) != len(join.columns):
            found.append(codes.KEY_COUNT.at(on, got=len(join.columns), frame=join.frame,
                                            wanted=len(key), key=", ".join(key)))
        if found or left is None:
            return Result(None, tuple(found))
        timed = self._as_of(join)
        step = Step(left, join.columns, join.frame, key, timed.stage)
        wrong = (*self._dtypes(step, places), *timed.diagnostics)
        return Result(None, wrong) if wrong else Result(step)

    def _as_of(self, join: Join) -> Result[tuple[str, str]]:
        if join.as_of is None or self._index_frame is None:
            return Result(None)
        found = check_place(join.as_of, self._bundle, self._index_frame, join.frame)
        return Result((join.as_of.sample, join.as_of.row), found)

    def _places(self, join: Join, on: str) -> tuple[str, ...]:
        """The pointer of each column of a join, which is a name, a list or an object there."""
        written = at_pointer(self._graph, on)
        if isinstance(written, dict):
            return tuple(below(on, column) for column in join.columns)
        if isinstance(written, str) or (written is None and len(join.columns) == 1):
            return (on,)
        return tuple(below(on, index) for index in range(len(join.columns)))

    def _dtypes(self, step: Step, places: tuple[str, ...]) -> tuple[Diagnostic, ...]:
        left, right = self._bundle.schema(step.left), self._bundle.schema(step.right)
        return tuple(
            codes.KEY_DTYPE.at(
                place, left=f"{step.left}.{column}", left_dtype=spelled(left.field(column).type),
                right=f"{step.right}.{key}", right_dtype=spelled(right.field(key).type),
            )
            for place, column, key in zip(places, step.columns, step.key, strict=True)
            if not comparable(left.field(column).type, right.field(key).type)
        )


def check_place(place: Place, bundle: Bundle, samples: str, rows: str) -> tuple[Diagnostic, ...]:
    """The two columns of a place: they exist, and are both times or both numbers.

    Reports: SC607, SC611, SC614.

    Args:
        samples: the frame whose rows are the samples.
        rows: the other frame.
    """
    sides = (("sample", samples, place.sample), ("row", rows, place.row))
    found = [
        unknown(codes.UNKNOWN_COLUMN, below(place.pointer, key), "columns", column,
                bundle.schema(frame).names, frame=frame)
        for key, frame, column in sides if column not in bundle.schema(frame).names
    ]
    if found:
        return tuple(found)
    dtypes = [bundle.schema(frame).field(column).type for _, frame, column in sides]
    found += [
        codes.UNSUPPORTED_DTYPE.at(
            below(place.pointer, key), name=column, frame=frame, dtype=spelled(dtype),
            user="a place", help="a place is a time or a number")
        for (key, frame, column), dtype in zip(sides, dtypes, strict=True)
        if classify(dtype) not in (DATETIME, INTEGER, FLOAT) or pa.types.is_decimal(dtype)
    ]
    if not found and not comparable(*dtypes):
        found.append(codes.KEY_DTYPE.at(
            place.pointer, left=f"{samples}.{place.sample}", left_dtype=spelled(dtypes[0]),
            right=f"{rows}.{place.row}", right_dtype=spelled(dtypes[1]),
            help="name two times, both with a time zone or both without, or two numbers"))
    return tuple(found)


def at_pointer(graph: Graph, pointer: str) -> object:
    """The value at a pointer of the spec, defaults filled in; None where there is none."""
    value: object = graph.resolved
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, (list, tuple)) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value
