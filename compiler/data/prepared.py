"""Carries out the steps `filter` and `derive` of `bundle.prepare`, in the order of the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...schema.preparation import DERIVE, FILTER
from ..bundle import Bundle, BundleError
from ..bundle.prepared import DerivedFrame, FilteredFrame
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.hints import unknown
from ..stages import Graph, Node
from ..text.pointer import join, touched
from .conditions import check_conditions, columns_of, kept
from .operations import check_operation, columns_read, compute

STEPS = (FILTER.name, DERIVE.name)
"""The steps of this module; the others make splits and priorities."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A bundle after its steps.

    Args:
        bundle: with the rows and columns that the steps leave. The index frame keeps all its
            rows; `filters` says which of them may be samples.
        filters: for each filter of the index frame its pointer, and which rows it and those
            before it keep, bool `[rows]`.
        made: frame -> derived column -> the columns that it is computed from.
        described: what each step does, as JSON data.
        diagnostics: SC602, SC604, SC606, SC607, SC614, SC629 to SC632.
        whole: whether every step was carried out; where not, there are no samples.
        unjudged: codes that nobody can judge, because a column may be missing through a
            mistake that is told already.
    """

    bundle: Bundle
    filters: tuple[tuple[str, Rows], ...]
    made: Mapping[str, Mapping[str, tuple[str, ...]]]
    described: tuple[Mapping[str, Any], ...]
    diagnostics: tuple[Diagnostic, ...]
    whole: bool
    unjudged: frozenset[str]

    def allowed(self, before: Node | None = None) -> Rows | None:
        """The rows of the index frame that filters keep, those before a step or all of them,
        `[rows]`; None where no filter has a say."""
        masks = [mask for pointer, mask in self.filters
                 if before is None or _place(pointer) < _place(before.pointer)]
        return masks[-1] if masks else None


def prepare_bundle(graph: Graph, bundle: Bundle, index_frame: str | None, *,
                   may_be_empty: bool = False) -> Prepared:
    """Takes the steps one by one; a broken one is told, and what follows from it is not.

    Args:
        may_be_empty: whether a filter may keep nothing of a frame.
    """
    run = _Run(bundle, index_frame, may_be_empty)
    for step in graph.bundle.prepare:
        if step.type not in STEPS:
            continue
        frame = step.args["frame"] if step.args["frame"] is not None else index_frame
        if touched(step.pointer, graph.holes | graph.assumed) or frame is None:
            run.give_up(step)
        elif frame not in bundle.frames:
            run.found.append(unknown(codes.UNKNOWN_FRAME, join(step.pointer, "frame"), "frames",
                                     frame, bundle.frames))
            run.give_up(step)
        elif step.type == FILTER.name:
            run.filter(step, frame)
        else:
            run.derive(step, frame)
    return Prepared(run.bundle, tuple(run.filters), run.made, tuple(run.described),
                    tuple(run.found), run.whole, frozenset(run.unjudged))


@dataclass
class _Run:
    """The bundle so far, and what was found on the way."""

    bundle: Bundle
    index_frame: str | None
    may_be_empty: bool
    filters: list[tuple[str, Rows]] = field(default_factory=list)
    made: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    described: list[Mapping[str, Any]] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    unjudged: set[str] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)
    whole: bool = True

    def give_up(self, step: Node) -> None:
        """A step whose frame or form is not known."""
        self.whole = False
        if step.type == DERIVE.name:
            self.unjudged |= {codes.UNKNOWN_COLUMN.name, codes.NO_COLUMN_OF_DTYPE.name}

    def filter(self, step: Node, frame: str) -> None:
        where = step.args["where"]
        columns = columns_of(where)
        if self._broken(frame, columns):
            self.whole = False
            return
        wrong = check_conditions(join(step.pointer, "where"), where, self.bundle.schema(frame),
                                 frame)
        self.found += wrong
        # Filters of the index frame leave its rows where they are, so each takes up the last.
        before = (self.filters[-1][1] if self.filters and frame == self.index_frame
                  else np.ones(self.bundle.rows(frame), dtype=np.bool_))
        rows = int(np.count_nonzero(before))
        try:
            mask = before & kept(self.bundle.read(frame, columns), where) if not wrong else None
        except BundleError as error:
            self.found += error.diagnostics
            mask = None
        if mask is not None and rows and not mask.any() and not self.may_be_empty:
            self.found.append(codes.NO_ROWS_KEPT.at(step.pointer, rows=f"{rows:,}", frame=frame))
            mask = None
        if mask is None:
            self.whole = False
            return
        if frame == self.index_frame:
            self.filters.append((step.pointer, mask))
        else:
            self.bundle = self.bundle.with_frame(frame, lambda inner: FilteredFrame(inner, mask))
        self.described.append({"type": step.type, "frame": frame, "rows": rows,
                               "kept": int(np.count_nonzero(mask)), "columns": list(columns)})

    def derive(self, step: Node, frame: str) -> None:
        name, schema = step.args["column"], self.bundle.schema(frame)
        if name in schema.names:
            self.found.append(codes.COLUMN_EXISTS.at(join(step.pointer, "column"), frame=frame,
                                                     name=name))
            self.whole = False
            return
        args = step.args["operation"]
        operation = Node(join(step.pointer, "operation"), args["type"],
                         {key: value for key, value in args.items() if key != "type"})
        needs = columns_read(operation)
        dtype: pa.DataType | None = None
        if not self._broken(frame, needs):
            result = check_operation(operation, schema, frame)
            self.found += result.diagnostics
            dtype = result.stage
        if dtype is None:
            # A column of nulls stands in its place, so that its name is known.
            self.whole = False
            self.broken.add((frame, name))
            self.unjudged.add(codes.NO_COLUMN_OF_DTYPE.name)
            rows = self.bundle.rows(frame)
            self._add(frame, name, pa.null(), (), lambda _: pa.chunked_array([pa.nulls(rows)]))
            return
        self._add(frame, name, dtype, needs, lambda table: compute(operation, table))
        self.made.setdefault(frame, {})[name] = needs
        self.described.append({"type": step.type, "frame": frame, "column": name,
                               "dtype": str(dtype), "operation": dict(args),
                               "columns": list(needs)})

    def _add(self, frame: str, name: str, dtype: pa.DataType, needs: tuple[str, ...],
             values: Any) -> None:
        self.bundle = self.bundle.with_frame(
            frame, lambda inner: DerivedFrame(inner, name, dtype, needs, values))

    def _broken(self, frame: str, columns: tuple[str, ...]) -> bool:
        return any((frame, column) in self.broken for column in columns)


def _place(pointer: str) -> int:
    """The number of a step in the list."""
    return int(pointer.rpartition("/")[2])
