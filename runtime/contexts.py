"""The rows of contexts on the device: pivots and sequences, gathered batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compiler.bundle import Bundle
from ..compiler.data.context_features import ContextRows, encode_rows, scaled
from ..compiler.network.frames import steps_of
from ..compiler.stages import BoundContext, FittedAggregate, FittedContext, Node
from ..schema.networks.modules.values import Features, Sequence
from .frames import DeviceFrame, frame_of, load_frames

_SECOND = 1e9


@dataclass(frozen=True, eq=False)
class Run:
    """Neighbouring rows of each sample, as a range; int64 `(samples,)`."""

    starts: Tensor
    stops: Tensor

    def counts(self, samples: Tensor) -> Tensor:
        return self.stops[samples] - self.starts[samples]

    def nearest(self, samples: Tensor, size: int, *, last: bool) -> tuple[Tensor, Tensor]:
        """The rows from one end of the range, and which are there, `(batch, size)` both."""
        offsets = torch.arange(size, device=samples.device)
        there = offsets < self.counts(samples)[:, None]
        places = self.stops[samples][:, None] - 1 - offsets if last \
            else self.starts[samples][:, None] + offsets
        return torch.where(there, places, 0), there


@dataclass(frozen=True, eq=False)
class Runs:
    """The rows of each sample, cut to the size of an aggregation, in the order of the rows."""

    before: Run | None
    own: Run | None
    after: Run | None

    def in_order(self, samples: Tensor, *, backwards: bool) -> tuple[Tensor, Tensor]:
        """All rows of the samples, and which are there, `(batch, longest)` both; at least one
        column wide."""
        runs = [run for run in (self.before, self.own, self.after) if run is not None]
        counts = [run.counts(samples) for run in runs]
        total = torch.stack(counts).sum(0)
        steps = torch.arange(max(1, int(total.max())), device=samples.device).expand(
            len(samples), -1)
        there = steps < total[:, None]
        if backwards:
            steps = total[:, None] - 1 - steps
        places = torch.zeros_like(steps)
        passed = torch.zeros_like(total)
        for run, count in zip(runs, counts, strict=True):
            inside = (steps >= passed[:, None]) & (steps < (passed + count)[:, None])
            own = run.starts[samples][:, None] + steps - passed[:, None]
            places = torch.where(inside, own, places)
            passed = passed + count
        return places, there


def runs_of(context: BoundContext, node: Node, device: torch.device) -> Runs:
    """The windows of a context, cut to the rows that an aggregation keeps."""
    windows = context.windows
    starts, stops = windows.starts.astype(np.int64), windows.stops.astype(np.int64)
    size = node.args["size"] or context.context.size
    assert isinstance(size, int)

    def run(first: NDArray[np.int64], last: NDArray[np.int64]) -> Run:
        return Run(torch.from_numpy(first).to(device), torch.from_numpy(last).to(device))

    if context.context.direction == "before":
        return Runs(run(np.maximum(starts, stops - size), stops), None, None)
    if context.context.direction == "after":
        return Runs(None, None, run(starts, np.minimum(stops, starts + size)))
    relation = windows.relation
    assert relation is not None
    lows, highs = np.clip(relation.lows, starts, stops), np.clip(relation.highs, starts, stops)
    # Of several rows at the sample's own place the first stands for them.
    own = run(lows, np.minimum(highs, lows + 1)) if context.context.include_self else None
    return Runs(run(np.maximum(starts, lows - size), lows), own,
                run(highs, np.minimum(stops, highs + size)))


@dataclass(frozen=True, eq=False)
class Times:
    """When samples and rows are, in whole ticks; int64 `(samples,)` and `(rows,)`."""

    samples: Tensor
    rows: Tensor
    seconds: float

    def ages(self, samples: Tensor, places: Tensor) -> Tensor:
        """Seconds from each row to its sample, float32 like `places`."""
        ticks = self.samples[samples][:, None] - _at(self.rows, places)
        return (ticks.double() * self.seconds).float()


def _at(entries: Tensor, places: Tensor) -> Tensor:
    """The entries at some places; zeros where there are none at all, and the mask hides all."""
    return entries[places] if len(entries) else torch.zeros_like(places)


@dataclass(frozen=True, eq=False)
class StepRows:
    """What the extractors of a context give for its rows, on the device."""

    parts: tuple[DeviceFrame, ...]

    @property
    def width(self) -> int:
        return sum(part.width for part in self.parts)

    def numbers(self, places: Tensor, there: Tensor) -> Tensor:
        """float32 `(batch, steps, width)`, 0 where no row is there."""
        rows = [part.dense[_at(part.positions, places)] for part in self.parts]
        return torch.cat(rows, dim=-1).masked_fill(~there[..., None], 0.0)

    def ids(self, places: Tensor, there: Tensor) -> Tensor | None:
        """int64 `(batch, steps, columns)`, 0 where no row is there; None without ids."""
        rows = [part.ids[_at(part.positions, places)] for part in self.parts if part.ids.shape[1]]
        return torch.cat(rows, dim=-1).masked_fill(~there[..., None], 0) if rows else None


@dataclass(frozen=True, eq=False)
class PivotFrame:
    """Rows of a context side by side, float32 `(batch, width)`."""

    rows: StepRows
    runs: Runs
    size: int
    presence: bool

    @property
    def width(self) -> int:
        return len(self._slots(torch.zeros(0, dtype=torch.int64))) * (
            self.rows.width + self.presence)

    def order(self, samples: Tensor) -> Tensor:
        """The samples themselves: their rows are looked up batch by batch."""
        return samples

    def write(self, picked: Tensor, into: Tensor) -> None:
        """Gathers the rows of samples."""
        places, there = (torch.cat(side, dim=1) for side in zip(*self._sides(picked), strict=True))
        values = self.rows.numbers(places, there)
        if self.presence:
            values = torch.cat([values, there[..., None].float()], dim=-1)
        into.copy_(values.flatten(1))

    def _sides(self, samples: Tensor) -> list[tuple[Tensor, Tensor]]:
        runs = self.runs
        found = []
        if runs.own is not None:
            found.append(runs.own.nearest(samples, 1, last=False))
        if runs.before is not None:
            found.append(runs.before.nearest(samples, self.size, last=True))
        if runs.after is not None:
            found.append(runs.after.nearest(samples, self.size, last=False))
        return found

    def _slots(self, samples: Tensor) -> range:
        return range(sum(there.shape[1] for _, there in self._sides(samples)))


@dataclass(frozen=True, eq=False)
class SequenceFrame:
    """Rows of a context as steps."""

    rows: StepRows
    runs: Runs
    times: Times | None
    backwards: bool

    def gather(self, samples: Tensor) -> Sequence:
        """The steps of samples."""
        places, there = self.runs.in_order(samples, backwards=self.backwards)
        numbers, ids = self.rows.numbers(places, there), self.rows.ids(places, there)
        values = numbers if ids is None else Features(numbers, ids)
        return Sequence(values, there, self._ages(samples, places, there))

    def _ages(self, samples: Tensor, places: Tensor, there: Tensor) -> Tensor | None:
        if self.times is None:
            return None
        return self.times.ages(samples, places).masked_fill(~there, 0.0)


@dataclass(frozen=True, eq=False)
class FoldedFrame:
    """Rows before and after each sample in pairs, the nearest pair first."""

    rows: StepRows
    runs: Runs
    times: Times | None
    size: int

    def gather(self, samples: Tensor) -> Sequence:
        """The pairs of samples: both rows, each with whether it is there."""
        assert self.runs.before is not None and self.runs.after is not None
        sides = [self.runs.before.nearest(samples, self.size, last=True),
                 self.runs.after.nearest(samples, self.size, last=False)]
        mask = sides[0][1] | sides[1][1]
        longest = max(1, int(mask.sum(1).max())) if len(samples) else 1
        sides = [(places[:, :longest], there[:, :longest]) for places, there in sides]
        mask = mask[:, :longest]
        values = [part for places, there in sides
                  for part in (self.rows.numbers(places, there), there[..., None].float())]
        ages = None
        if self.times is not None:
            past, future = (self.times.ages(samples, places) for places, _ in sides)
            ages = torch.where(sides[0][1], past, -future).masked_fill(~mask, 0.0)
        return Sequence(torch.cat(values, dim=-1), mask, ages)


@dataclass(frozen=True, eq=False)
class AggregateFrame:
    """A `group_by` that is too large to keep: computed anew for every batch."""

    context: BoundContext
    fitted: FittedAggregate
    rows: ContextRows

    @property
    def width(self) -> int:
        return len(self.fitted.names)

    def order(self, samples: Tensor) -> Tensor:
        """The samples themselves."""
        return samples

    def write(self, picked: Tensor, into: Tensor) -> None:
        """Computes the columns of samples."""
        values = scaled(self.context, self.fitted, self.rows, picked.cpu().numpy())
        into.copy_(torch.from_numpy(values))


ContextFrame = DeviceFrame | AggregateFrame | PivotFrame | SequenceFrame | FoldedFrame


def load_context(fitted: FittedContext, bundle: Bundle, device: torch.device) -> dict[
        str, ContextFrame]:
    """Every aggregation of a context as a frame of the batch, by its name.

    Raises BundleError when a frame cannot be read any more.
    """
    bound, found = fitted.bound, dict[str, ContextFrame]()
    stepwise = {name: node for name, node in bound.context.aggregations.items()
                if name not in fitted.aggregates}
    if stepwise:
        frames = load_frames(fitted.extractors, bundle, device)
        rows = StepRows(tuple(frames[name] for name in fitted.extractors))
        times = _times(bound, device)
        found = {name: _steps(bound, node, rows, times, device)
                 for name, node in stepwise.items()}
    encoded: ContextRows | None = None
    for name, aggregate in fitted.aggregates.items():
        if aggregate.values is not None:
            found[name] = frame_of(aggregate.values, device)
            continue
        encoded = encoded or encode_rows(fitted.extractors, bundle)
        found[name] = AggregateFrame(bound, aggregate, encoded)
    return found


def _steps(bound: BoundContext, node: Node, rows: StepRows, times: Times | None,
           device: torch.device) -> ContextFrame:
    runs = runs_of(bound, node, device)
    args: Mapping[str, Any] = node.args
    if node.type == "pivot":
        return PivotFrame(rows, runs, steps_of(bound.context, node), args["presence"])
    if args["folded"]:
        return FoldedFrame(rows, runs, times, steps_of(bound.context, node))
    return SequenceFrame(rows, runs, times, args["reversed"])


def _times(bound: BoundContext, device: torch.device) -> Times | None:
    relation = bound.windows.relation
    if not bound.timed or relation is None or relation.places is None or relation.unit is None:
        return None
    return Times(torch.from_numpy(relation.places).to(device),
                 torch.from_numpy(np.ascontiguousarray(relation.row_places)).to(device),
                 relation.unit / _SECOND)
