"""Batches: rows gathered from the encoded frames, straight into one buffer.

Nothing here loops over rows in Python. The buffers are reused from batch to batch, so a
batch is valid until the next one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .frames import DeviceFrame
from .lookup import CodedInput, Layout

Input = Tensor | CodedInput


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's rows.

    Args:
        inputs: pointer of an extraction -> float32 `(batch, width)`, or its coded form.
        label: float32 `(batch, columns)`, or int64 `(batch,)` for class numbers.
    """

    inputs: Mapping[str, Input]
    label: Tensor

    def __len__(self) -> int:
        return len(self.label)


def layout_of(frames: list[DeviceFrame]) -> Layout:
    """Where the columns of frames side by side stand in an ordinary weight."""
    dense: list[int] = []
    codes: list[int] = []
    start = 0
    for frame in frames:
        dense += [start + place for place in frame.dense_features]
        for place, width in zip(frame.code_offsets, frame.code_widths, strict=True):
            codes += range(start + place, start + place + width)
        start += frame.width
    return Layout(tuple(dense), tuple(codes), sum(len(frame.code_widths) for frame in frames))


class _Extraction:
    """Gathers the frames of one extraction side by side."""

    def __init__(self, frames: list[DeviceFrame], batch_size: int) -> None:
        self.frames = frames
        self.layout = layout_of(frames)
        device = frames[0].dense.device
        columns = self.layout.code_columns
        self.dense = torch.empty(batch_size, len(self.layout.dense), device=device)
        self.codes = torch.empty(batch_size, columns, dtype=torch.int32, device=device)
        self.offsets = _code_offsets(frames).to(device)

    def order(self, samples: Tensor) -> list[Tensor]:
        """The rows of each frame for an epoch's samples, once, so that a batch is a slice."""
        return [frame.positions.index_select(0, samples) for frame in self.frames]

    def gather(self, rows: list[Tensor], start: int, stop: int) -> Input:
        """The rows `start` to `stop` of the epoch, in the buffer."""
        count = stop - start
        dense, codes = self.dense[:count], self.codes[:count]
        column = code_column = 0
        for frame, places in zip(self.frames, rows, strict=True):
            picked = places[start:stop]
            width, code_width = frame.dense.shape[1], frame.codes.shape[1]
            if width:
                into = dense[:, column:column + width]
                torch.index_select(frame.dense, 0, picked, out=into)
            if code_width:
                into = codes[:, code_column:code_column + code_width]
                torch.index_select(frame.codes, 0, picked, out=into)
            column, code_column = column + width, code_column + code_width
        if not code_column:
            return dense
        return CodedInput(dense, codes + self.offsets)


def _code_offsets(frames: list[DeviceFrame]) -> Tensor:
    """The first row of each code column in the looked-up weight."""
    widths = [width for frame in frames for width in frame.code_widths]
    starts = [sum(widths[:index]) for index in range(len(widths))]
    return torch.tensor(starts, dtype=torch.int32)


class Batches:
    """Cuts samples into batches and gathers what the network and the loss read.

    Args:
        extractions: pointer of an extraction -> its frames in order.
        label: the label's frame.
        class_numbers: whether the label is one class number a row.
        batch_size: the most rows of one batch.
    """

    def __init__(self, extractions: Mapping[str, list[DeviceFrame]], label: DeviceFrame,
                 class_numbers: bool, batch_size: int) -> None:
        self._extractions = {
            pointer: _Extraction(frames, batch_size) for pointer, frames in extractions.items()
        }
        self._label = label
        self._class_numbers = class_numbers
        self.batch_size = batch_size

    def labels(self, samples: Tensor) -> Tensor:
        """The labels of samples: float32 `(samples, columns)` or int64 `(samples,)`."""
        rows = self._label.positions.index_select(0, samples)
        values = self._label.dense.index_select(0, rows)
        return values[:, 0].long() if self._class_numbers else values

    def of(self, samples: Tensor) -> Iterator[Batch]:
        """The batches of these samples, in this order; the last may be shorter.

        Args:
            samples: int64 `(samples,)` on the device, numbers of samples.
        """
        labels = self.labels(samples)
        ordered = {pointer: entry.order(samples) for pointer, entry in self._extractions.items()}
        for start in range(0, len(samples), self.batch_size):
            stop = min(start + self.batch_size, len(samples))
            inputs = {
                pointer: entry.gather(ordered[pointer], start, stop)
                for pointer, entry in self._extractions.items()
            }
            yield Batch(inputs, labels[start:stop])
