"""Batches: rows gathered from the encoded frames, straight into one buffer.

Nothing here loops over rows in Python. The buffers are reused from batch to batch, so a
batch is valid until the next one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from ..schema.networks.modules.values import Features, Sequence
from .contexts import AggregateFrame, FoldedFrame, PivotFrame, SequenceFrame
from .frames import DeviceFrame
from .lookup import CodedInput, Layout

Input = Tensor | CodedInput | Features | Sequence

_Value = TypeVar("_Value")

RowFrame = DeviceFrame | AggregateFrame | PivotFrame
"""One row for each sample."""

StepFrame = SequenceFrame | FoldedFrame
"""Many steps for each sample."""

Frame = RowFrame | StepFrame


Labels = Tensor | Mapping[str, Tensor]
"""A label, or with heads one by the name of each."""


def by_head(values: _Value | Mapping[str, _Value]) -> Mapping[str, _Value]:
    """What there is for each head by its name; the only one, without heads, under the empty
    name."""
    return values if isinstance(values, Mapping) else {"": values}


@dataclass(frozen=True, eq=False)
class LabelSource:
    """Where labels come from.

    Args:
        frame: the encoded label.
        class_numbers: whether a label is one class number a row, rather than numbers by column.
    """

    frame: DeviceFrame
    class_numbers: bool

    def of(self, samples: Tensor) -> Tensor:
        """The labels of samples: float32 `(samples, columns)` or int64 `(samples,)`."""
        rows = self.frame.positions.index_select(0, samples)
        values = self.frame.dense.index_select(0, rows)
        return values[:, 0].long() if self.class_numbers else values


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's rows.

    Args:
        inputs: pointer of an extraction -> float32 `(batch, width)`, or its coded form, or with
            ids beside it, or steps.
        label: float32 `(batch, columns)`, or int64 `(batch,)` for class numbers; with heads one
            by the name of each.
        weight: what each row counts in the loss, float32 `(batch,)`; None where all count alike.
    """

    inputs: Mapping[str, Input]
    label: Labels
    weight: Tensor | None = None

    def __len__(self) -> int:
        return len(next(iter(by_head(self.label).values())))

    @property
    def amount(self) -> int | Tensor:
        """How much the batch counts: its rows, or the sum of their weights."""
        return len(self) if self.weight is None else self.weight.sum()


def layout_of(frames: list[Frame]) -> Layout:
    """Where the columns of frames side by side stand in an ordinary weight."""
    dense: list[int] = []
    codes: list[int] = []
    start = code_columns = 0
    for frame in frames:
        if isinstance(frame, DeviceFrame):
            dense += [start + place for place in frame.dense_features]
            for place, width in zip(frame.code_offsets, frame.code_widths, strict=True):
                codes += range(start + place, start + place + width)
            code_columns += len(frame.code_widths)
            start += frame.width
        elif isinstance(frame, AggregateFrame | PivotFrame):
            dense += range(start, start + frame.width)
            start += frame.width
    return Layout(tuple(dense), tuple(codes), code_columns)


class _Rows:
    """Gathers the frames of one extraction side by side, one row for each sample."""

    def __init__(self, frames: list[RowFrame], batch_size: int, device: torch.device) -> None:
        self.frames = frames
        layout = layout_of(list(frames))
        encoded = [frame for frame in frames if isinstance(frame, DeviceFrame)]
        self.dense = torch.empty(batch_size, len(layout.dense), device=device)
        self.codes = torch.empty(batch_size, layout.code_columns, dtype=torch.int32, device=device)
        self.ids = torch.empty(batch_size, sum(frame.ids.shape[1] for frame in encoded),
                               dtype=torch.int64, device=device)
        self.offsets = _code_offsets(encoded).to(device)

    def order(self, samples: Tensor) -> list[Tensor]:
        """What each frame needs of an epoch's samples, once, so that a batch is a slice."""
        return [frame.order(samples) for frame in self.frames]

    def gather(self, rows: list[Tensor], start: int, stop: int) -> Input:
        """The rows `start` to `stop` of the epoch, in the buffer."""
        count = stop - start
        dense, codes, ids = self.dense[:count], self.codes[:count], self.ids[:count]
        column = code_column = id_column = 0
        for frame, places in zip(self.frames, rows, strict=True):
            picked = places[start:stop]
            width = frame.width
            if isinstance(frame, DeviceFrame):
                width, code_width = frame.dense.shape[1], frame.codes.shape[1]
                id_width = frame.ids.shape[1]
                if code_width:
                    into = codes[:, code_column:code_column + code_width]
                    torch.index_select(frame.codes, 0, picked, out=into)
                if id_width:
                    into = ids[:, id_column:id_column + id_width]
                    torch.index_select(frame.ids, 0, picked, out=into)
                code_column, id_column = code_column + code_width, id_column + id_width
            if width:
                frame.write(picked, dense[:, column:column + width])
            column += width
        if id_column:
            return Features(dense, ids)
        return CodedInput(dense, codes + self.offsets) if code_column else dense


class _Steps:
    """Gathers the sequences of one extraction; they have one length, so one mask."""

    def __init__(self, frames: list[StepFrame]) -> None:
        self.frames = frames

    def order(self, samples: Tensor) -> list[Tensor]:
        return [samples]

    def gather(self, rows: list[Tensor], start: int, stop: int) -> Input:
        """The steps of the samples `start` to `stop` of the epoch."""
        # One length means one frame: no other has this context and aggregation.
        (frame,) = self.frames
        return frame.gather(rows[0][start:stop])


def _extraction(frames: list[Frame], batch_size: int, device: torch.device) -> _Rows | _Steps:
    steps = [frame for frame in frames if isinstance(frame, SequenceFrame | FoldedFrame)]
    if steps:
        return _Steps(steps)
    rows = [frame for frame in frames if not isinstance(frame, SequenceFrame | FoldedFrame)]
    return _Rows(rows, batch_size, device)


def _code_offsets(frames: list[DeviceFrame]) -> Tensor:
    """The first row of each code column in the looked-up weight."""
    widths = [width for frame in frames for width in frame.code_widths]
    starts = [sum(widths[:index]) for index in range(len(widths))]
    return torch.tensor(starts, dtype=torch.int32)


class Batches:
    """Cuts samples into batches and gathers what the network and the loss read.

    Args:
        extractions: pointer of an extraction -> its frames in order.
        label: where the label comes from, or with heads that of each by its name.
        batch_size: the most rows of one batch.
        weight: what each sample counts in the loss, float32 `(samples,)`.
    """

    def __init__(self, extractions: Mapping[str, list[Frame]],
                 label: LabelSource | Mapping[str, LabelSource], batch_size: int,
                 weight: Tensor | None = None) -> None:
        self._read = extractions
        self._label = label
        first, *_ = by_head(label).values()
        device = first.frame.dense.device
        self._extractions = {
            pointer: _extraction(frames, batch_size, device)
            for pointer, frames in extractions.items()
        }
        self.batch_size = batch_size
        self.weight = weight

    def of_size(self, batch_size: int) -> Batches:
        """The same frames and labels in batches of another size."""
        return Batches(self._read, self._label, batch_size, self.weight)

    def labels(self, samples: Tensor) -> Labels:
        """The labels of samples; see `LabelSource.of`."""
        if isinstance(self._label, Mapping):
            return {name: source.of(samples) for name, source in self._label.items()}
        return self._label.of(samples)

    def weights(self, samples: Tensor) -> Tensor | None:
        """What the samples count in the loss, float32 `(samples,)`."""
        return None if self.weight is None else self.weight.index_select(0, samples)

    def of(self, samples: Tensor) -> Iterator[Batch]:
        """The batches of these samples, in this order; the last may be shorter.

        Args:
            samples: int64 `(samples,)` on the device, numbers of samples.
        """
        labels = self.labels(samples)
        weight = self.weights(samples)
        ordered = {pointer: entry.order(samples) for pointer, entry in self._extractions.items()}
        for start in range(0, len(samples), self.batch_size):
            stop = min(start + self.batch_size, len(samples))
            inputs = {
                pointer: entry.gather(ordered[pointer], start, stop)
                for pointer, entry in self._extractions.items()
            }
            cut = {name: label[start:stop] for name, label in labels.items()} \
                if isinstance(labels, Mapping) else labels[start:stop]
            yield Batch(inputs, cut, None if weight is None else weight[start:stop])
