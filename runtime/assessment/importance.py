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
from torch import Tensor

from ...compiler.network.early_stopping import LOSS, metric_names
from ...compiler.network.heads import name_in
from ...compiler.network.tree import extractions
from ...compiler.seeds import derive_seed
from ...schema.networks.modules.values import Features
from ...schema.networks.modules.values import Sequence as Steps
from ..batches import Batch, Frame, Input, by_head
from ..evaluate import Evaluation, to_arrays
from ..frames import DeviceFrame
from ..lookup import CodedInput
from ..metrics import directions_of, value_of
from ..predictions import predictions
from ..scoring import Scoring
from .features import frames_read
from .resampling import some_of

ROWS, FEWEST_ROWS = 2_000, 100
"""The most rows of the split, and the fewest that are worth a look."""

COLUMNS = 300
"""The most columns that are shuffled one by one."""

REPEATS = 3
"""Shuffles of each; one alone where there are many columns."""

MANY = 50

WORK = 20_000_000_000
"""The most weights times rows times shuffles."""


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


@dataclass(frozen=True)
class _Part:
    """Where a frame, or a column of it, stands in the inputs of an extraction."""

    pointer: str
    numbers: Tensor
    codes: Tensor
    ids: Tensor


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
    places = _places(session, judge.batch)
    shares = []
    for name, column, part in _jobs(frames, columns, places):
        worse = []
        for _ in range(repeats):
            order = torch.randperm(len(chosen), generator=generator).to(session.device)
            shuffled = judge.value(_shuffled(judge.batch.inputs, part, order))
            if shuffled is not None:
                worse.append(judge.sign * (shuffled - value))
        if worse:
            shares.append(Share(name, column, float(np.mean(worse)),
                                float(np.std(worse)) if len(worse) > 1 else None))
    shares.sort(key=lambda share: (share.column is not None, -share.worse))
    return Importance(split, judge.measure, value, len(chosen), repeats, tuple(shares), reason)


def _rows(session: Scoring, passes: int) -> int:
    """As many rows as the work allows; what is long makes each row count more often."""
    weights = sum(parameter.numel() for parameter in session.module.parameters())
    return int(min(ROWS, session.evaluation.batch_size, WORK // max(1, weights * passes)))


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
          places: Mapping[str, Mapping[str | None, list[_Part]]]) -> Iterator[
              tuple[str, str | None, list[_Part]]]:
    for name in frames:
        yield name, None, places[name][None]
        for column in columns.get(name, ()):
            yield name, column, places[name][column]


def _places(session: Scoring, batch: Batch) -> dict[str, dict[str | None, list[_Part]]]:
    """Frame -> column, None for all -> where it stands in each extraction."""
    graph = session.plan.graph
    found: dict[str, dict[str | None, list[_Part]]] = {}
    for pointer, names in extractions(graph.network):
        dense = codes = ids = 0
        for name in (part for each in names for part in graph.frames[each].extractors or (each,)):
            frame = session.frames[name]
            entry = found.setdefault(name, {})
            if isinstance(batch.inputs[pointer], Steps):
                entry.setdefault(None, []).append(_part(pointer, (), (), ()))
                continue
            if not isinstance(frame, DeviceFrame):
                width = frame.width  # type: ignore[union-attr]
                entry.setdefault(None, []).append(
                    _part(pointer, range(dense, dense + width), (), ()))
                dense += width
                continue
            widths = frame.dense.shape[1], frame.codes.shape[1], frame.ids.shape[1]
            starts = dense, codes, ids
            whole = (range(start, start + width)
                     for start, width in zip(starts, widths, strict=True))
            entry.setdefault(None, []).append(_part(pointer, *whole))
            for column, own in _of_columns(session, name, frame):
                entry.setdefault(column, []).append(_part(pointer, *(
                    [start + place for place in part]
                    for start, part in zip(starts, own, strict=True))))
            dense, codes, ids = (start + width
                                 for start, width in zip(starts, widths, strict=True))
    return found


def _of_columns(session: Scoring, name: str, frame: DeviceFrame) -> Iterator[
        tuple[str, tuple[list[int], list[int], list[int]]]]:
    """Each column of an extractor, and its places among the dense columns, codes and ids."""
    entry = session.plan.shaped.fitted.extractors.get(name)
    start = table = 0
    for column in entry.columns if entry is not None else ():
        if column.is_ids:
            yield column.column, ([], [], [table])
            table += 1
            continue
        stop = start + len(column.names)
        yield column.column, (
            [place for place, feature in enumerate(frame.dense_features)
             if start <= feature < stop],
            [place for place, feature in enumerate(frame.code_offsets)
             if start <= feature < stop], [])
        start = stop


def _part(pointer: str, numbers: Any, codes: Any, ids: Any) -> _Part:
    return _Part(pointer, *(torch.tensor(list(places), dtype=torch.int64)
                            for places in (numbers, codes, ids)))


def _shuffled(inputs: Mapping[str, Input], parts: Sequence[_Part],
              order: Tensor) -> dict[str, Input]:
    """The inputs with some columns taken from other rows."""
    found = dict(inputs)
    for part in parts:
        given = found[part.pointer]
        if isinstance(given, Steps):
            found[part.pointer] = _reordered(given, order)
        elif isinstance(given, CodedInput):
            found[part.pointer] = CodedInput(_mixed(given.dense, part.numbers, order),
                                             _mixed(given.codes, part.codes, order))
        elif isinstance(given, Features):
            found[part.pointer] = Features(_mixed(given.numbers, part.numbers, order),
                                           _mixed(given.ids, part.ids, order))
        else:
            found[part.pointer] = _mixed(given, part.numbers, order)
    return found


def _mixed(values: Tensor, columns: Tensor, order: Tensor) -> Tensor:
    if not len(columns):
        return values
    places = columns.to(values.device)
    mixed = values.clone()
    mixed[:, places] = values[order][:, places]
    return mixed


def _reordered(steps: Steps, order: Tensor) -> Steps:
    values = steps.values
    moved = Features(values.numbers[order], values.ids[order]) \
        if isinstance(values, Features) else values[order]
    return Steps(moved, steps.mask[order], None if steps.ages is None else steps.ages[order])
