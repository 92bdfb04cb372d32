"""Resolved chains against the data of a bundle: which row each sample gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Coverage, Join, Positions
from ..text.pointer import join as below
from .arrays import Values, decoded, taken, valid
from .chains import Chain, Step
from .joins import compact, compose, duplicates, examples, match
from .windows import last_before

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Walked:
    """A prefix of a chain: the row of each sample, and what its last step missed."""

    rows: Rows
    missing: int
    examples: tuple[str, ...]
    null_keys: int = 0
    reached: int = 0


class Matching:
    """Matches keys of one bundle; every step, and every prefix of a chain, once.

    Args:
        frame: the frame whose rows are the samples, in a context its own.
        rows: the row of each sample; None while they are not known, then only the keys
            themselves are judged.
    """

    def __init__(self, bundle: Bundle, frame: str | None, rows: Rows | None) -> None:
        self._bundle = bundle
        self._frame = frame
        self._rows = rows
        self._steps: dict[Step, Rows] = {}
        self._walked: dict[tuple[Step | None, ...], _Walked] = {}
        self._unique: dict[tuple[str, tuple[str, ...]], bool] = {}

    def positions(self, pointer: str, joins: tuple[Join, ...], chain: Chain, *,
                  missing_rows: str = "null") -> Result[Positions]:
        """The row of the last frame for each sample.

        Reports: SC612 (each key once), SC613, SC621, SC626. Raises: BundleError for damaged pages.

        Args:
            pointer: the extractor, whose `joins` the chain has.
            missing_rows: `error` where each sample must have a row.
        """
        found: list[Diagnostic] = []
        start = below(pointer, "frame")
        steps = [(start, chain.alignment)] if chain.alignment is not None else []
        steps += [(join.pointer, step) for join, step in zip(joins, chain.joins, strict=True)]
        unique = [self._check_unique(pointer, step, found) for pointer, step in steps]
        if self._rows is None or not all(unique):
            return Result(None, tuple(found))
        samples = len(self._rows)
        walked = _Walked(self._rows, 0, ())
        prefix: tuple[Step | None, ...] = (chain.alignment,)
        coverage: list[Coverage] = []
        if chain.alignment is not None:
            walked = self._walk(prefix, walked, chain.alignment)
            if walked.missing:
                found.append(codes.NOT_ALIGNED.at(start, frame=chain.start,
                                                  reason=self._lacks(walked)))
        for join, step in zip(joins, chain.joins, strict=True):
            prefix = (*prefix, step)
            walked = self._walk(prefix, walked, step)
            if walked.missing and missing_rows == "error":
                found.append(codes.MISSING_ROWS.at(
                    join.pointer, count=walked.missing, samples=samples,
                    frame=step.right, key=", ".join(_sought(step)),
                    examples=", ".join(walked.examples),
                ))
            total = self._bundle.rows(step.right)
            coverage.append(Coverage(
                pointer=join.pointer, frame=step.right, columns=step.columns,
                samples=samples, matched=int(np.count_nonzero(walked.rows >= 0)),
                missing=walked.missing, missing_examples=walked.examples,
                null_keys=walked.null_keys, rows=total, orphans=total - walked.reached,
                max_missing=join.max_missing,
            ))
            found += _over_budget(coverage[-1], _sought(step))
        if found:
            return Result(None, tuple(found))
        rows = compact(walked.rows, self._bundle.rows(chain.end))
        return Result(Positions(chain.end, rows, tuple(coverage)))

    def _lacks(self, walked: _Walked) -> str:
        return (f"{walked.missing} of {len(walked.rows)} samples have no row in it, such as "
                f"{', '.join(walked.examples)}")

    def _check_unique(self, pointer: str, step: Step, found: list[Diagnostic]) -> bool:
        key = (step.right, step.key)
        if step.as_of is not None:
            return True
        if key not in self._unique:
            columns = self._bundle.read(*key).columns
            count, shown = duplicates(columns)
            self._unique[key] = not count
            if count:
                found.append(codes.DUPLICATE_KEYS.at(
                    pointer, key=", ".join(map(repr, step.key)), frame=step.right, count=count,
                    examples=", ".join(shown),
                ))
        return self._unique[key]

    def _walk(self, prefix: tuple[Step | None, ...], before: _Walked, step: Step) -> _Walked:
        if prefix not in self._walked:
            left = self._bundle.read(step.left, step.columns).columns
            rows = self._before(before.rows, step, left) if step.as_of is not None \
                else compose(before.rows, self._matched(step, left))
            gone = (before.rows >= 0) & (rows < 0)
            lost = before.rows[gone]
            whole = np.ones(self._bundle.rows(step.left), dtype=np.bool_)
            for column in left:
                whole &= valid(decoded(column))
            self._walked[prefix] = _Walked(
                rows, len(lost),
                examples(left, lost) if left else self._times(step, gone),
                null_keys=int(np.count_nonzero(~whole[lost])),
                reached=int(np.count_nonzero(np.bincount(rows[rows >= 0], minlength=1))),
            )
        return self._walked[prefix]

    def _times(self, step: Step, gone: NDArray[np.bool_]) -> tuple[str, ...]:
        """The times of samples that found no row of any key."""
        assert step.as_of is not None and self._frame is not None and self._rows is not None
        times = self._bundle.read(self._frame, step.as_of[:1]).columns
        return examples(times, self._rows[gone].astype(np.int64))

    def _matched(self, step: Step, left: list[Values]) -> Rows:
        if step not in self._steps:
            self._steps[step] = match(left, self._bundle.read(step.right, step.key).columns)
        return self._steps[step]

    def _before(self, rows: Rows, step: Step, left: list[Values]) -> Rows:
        """The last row before the time of each sample, among those with its key."""
        assert step.as_of is not None and self._frame is not None and self._rows is not None
        sample, row = step.as_of
        found = last_before(
            [taken(column, rows) for column in left],
            self._bundle.read(step.right, step.key).columns if step.key else [],
            taken(self._bundle.read(self._frame, [sample]).column(0), self._rows),
            self._bundle.read(step.right, [row]).column(0),
        )
        return np.where(rows >= 0, found, -1)


def _sought(step: Step) -> tuple[str, ...]:
    """The columns by which a row is looked for: where any key will do, the time."""
    return step.columns or (step.as_of or ())[:1]


def _over_budget(step: Coverage, sought: tuple[str, ...]) -> Iterator[Diagnostic]:
    """SC626 where a join loses more samples than its `max_missing` allows."""
    if step.missing > step.max_missing * step.samples:
        yield codes.TOO_MANY_MISSING.at(
            below(step.pointer, "max_missing"), count=step.missing, samples=step.samples,
            frame=step.frame, share=percent(step.missing / step.samples),
            budget=percent(step.max_missing), key=", ".join(map(repr, sought)),
            examples=", ".join(step.missing_examples),
        )


def percent(share: float) -> str:
    """A share in per cent with two digits that count, so that a small one is not shown as 0."""
    digits = 1 if share >= 0.01 or share == 0 else 2
    return f"{share:.{digits}%}" if share >= 0.0001 or share == 0 else f"{share * 100:.1g}%"
