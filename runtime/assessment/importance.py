"""Permutation importance: how much worse a split is told when one input says nothing.

The encoded values of one frame, or of one column, are shuffled among the samples; the network is
as it was.

Source: L. Breiman, 2001, "Random Forests".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ...compiler.network.early_stopping import LOSS, metric_names
from ...compiler.network.heads import name_in
from ...compiler.seeds import derive_seed
from ..batches import Frame, Input, by_head
from ..contexts import FoldedFrame, SequenceFrame
from ..evaluate import Evaluation, to_arrays
from ..frames import DeviceFrame
from ..metrics import directions_of, value_of
from ..predictions import predictions
from ..scoring import Scoring
from .features import frames_read
from .resampling import some_of
from .shuffling import Part, places_of, shuffled

ROWS, FEWEST_ROWS = 2_000, 100
"""The most rows of the split, and the fewest that are worth a look."""

COLUMNS = 300
"""The most columns that are shuffled one by one."""

REPEATS = 3
"""Shuffles of each; one alone where there are many columns."""

MANY = 50

SOME = 64
"""Samples whose longest sequence stands for all."""

WORK = 20_000_000_000
"""The most weights times rows, steps and shuffles."""


@dataclass(frozen=True)
class Share:
    """What one frame or column is worth.

    Args:
        column: None for the whole frame.
        worse: how much worse the measure gets, above 0 for worse; the mean over shuffles.
        spread: the standard deviation over shuffles; None for one alone.
    """

    frame: str
    column: str | None
    worse: float
    spread: float | None


@dataclass(frozen=True)
class Importance:
    """The inputs of a network by what they are worth.

    Args:
        measure: the first metric of the spec that is defined on the rows, else the loss.
        value: the measure on the rows as they are.
        rows: how many of the split.
        shares: the frames, then their columns, each from the most important on.
        reason: why columns, or all, are left out.
    """

    split: str
    measure: str
    value: float
    rows: int
    repeats: int
    shares: tuple[Share, ...]
    reason: str | None = None


def importance(session: Scoring, evaluations: Mapping[str, Evaluation]) -> Importance | None:
    """That of every frame and column that the network reads, on one evaluated split; None where
    no split says anything of rows that were not trained on."""
    plan = session.plan
    split = next((name for name in ("test", "validation", *evaluations) if name in evaluations),
                 None)
    if split is None or len(evaluations[split].samples) < 2:
        return None
    frames = frames_read(session)
    columns = {name: _columns(session, name, frame) for name, frame in frames.items()}
    count = sum(map(len, columns.values()))
    reason = None
    if count > COLUMNS:
        reason, columns = f"{count:,} columns are more than {COLUMNS:,}", {}
    count = sum(map(len, columns.values()))
    repeats = REPEATS if len(frames) + count <= MANY else 1
    rows = _rows(session, repeats * (1 + len(frames) + count))
    if rows < FEWEST_ROWS and columns:
        reason, columns = "the network is too large to shuffle its columns one by one", {}
        rows = _rows(session, repeats * (1 + len(frames)))
    if rows < 2:
        return None
    samples = evaluations[split].samples
    seed = derive_seed(plan.graph.seed, "/network", f"importance on {split}")
    chosen = samples[some_of(len(samples), rows, seed)]
    judge = _Judge(session, chosen)
    value = judge.value(judge.batch.inputs)
    if value is None:
        return None
    generator = torch.Generator().manual_seed(seed)
    places = places_of(session, judge.batch)
    shares = []
    for name, column, part in _jobs(frames, columns, places):
        worse = []
        for _ in range(repeats):
            order = torch.randperm(len(chosen), generator=generator).to(session.device)
            other = judge.value(shuffled(judge.batch.inputs, part, order))
            if other is not None:
                worse.append(judge.sign * (other - value))
        if worse:
            shares.append(Share(name, column, float(np.mean(worse)),
                                float(np.std(worse)) if len(worse) > 1 else None))
    shares.sort(key=lambda share: (share.column is not None, -share.worse))
    return Importance(split, judge.measure, value, len(chosen), repeats, tuple(shares), reason)


def _rows(session: Scoring, passes: int) -> int:
    """As many rows as the work allows. The tables of embeddings are looked up, which costs
    nothing; the steps of a sequence count one by one."""
    tables = {id(parameter) for module in session.module.modules()
              if isinstance(module, nn.Embedding) for parameter in module.parameters()}
    weights = sum(parameter.numel() for parameter in session.module.parameters()
                  if id(parameter) not in tables)
    some = torch.arange(min(SOME, len(session.plan.samples)), device=session.device)
    steps = [frame.gather(some).mask.shape[1] for frame in frames_read(session).values()
             if isinstance(frame, SequenceFrame | FoldedFrame)]
    work = max(1, weights * passes * max(steps, default=1))
    return int(min(ROWS, session.evaluation.batch_size, WORK // work))


class _Judge:
    """One measure of the rows, whatever stands in their inputs."""

    def __init__(self, session: Scoring, samples: Any) -> None:
        plan = session.plan
        self._session, self._samples = session, samples
        on_device = torch.from_numpy(samples).to(session.device)
        (self.batch,) = session.evaluation.of_size(len(samples)).of(on_device)
        self._labels = by_head(to_arrays(self.batch.label))
        self.measure, self.sign = LOSS, 1.0
        self._metric: tuple[str, Any] | None = None
        session.module.eval()
        for head, view in plan.views.items():
            names = zip(metric_names(view.graph.metrics), view.graph.metrics, strict=True)
            for name, node in names:
                self._metric = head, node
                if self.value(self.batch.inputs) is not None:
                    self.measure = name_in(head, name)
                    higher = directions_of(plan.graph)[self.measure] == "higher"
                    self.sign = -1.0 if higher else 1.0
                    return
        self._metric = None

    def value(self, inputs: Mapping[str, Input]) -> float | None:
        """The measure with these inputs; None where it is not defined."""
        session = self._session
        with torch.inference_mode():
            output = session.module(replace(self.batch, inputs=inputs))
            if self._metric is None:
                loss = session.loss_of(output, self.batch.label, self.batch.weight)
                value = float(session.mean_loss(loss, self.batch.amount))
                return value if np.isfinite(value) else None
        head, node = self._metric
        view = session.plan.views[head]
        query = view.shaped.fitted.bound.queries.get(node.pointer)
        said = predictions(view, by_head(to_arrays(output))[head], self._labels[head])
        return value_of(node, said, None if query is None else query[self._samples])[0]


def _columns(session: Scoring, name: str, frame: Frame) -> list[str]:
    """The columns of an extractor, in their order; none of a context, which is shuffled whole."""
    entry = session.plan.shaped.fitted.extractors.get(name)
    if entry is None or not isinstance(frame, DeviceFrame):
        return []
    return [column.column for column in entry.columns]


def _jobs(frames: Mapping[str, Frame], columns: Mapping[str, Sequence[str]],
          places: Mapping[str, Mapping[str | None, list[Part]]]) -> Iterator[
              tuple[str, str | None, list[Part]]]:
    for name in frames:
        yield name, None, places[name][None]
        for column in columns.get(name, ()):
            yield name, column, places[name][column]
