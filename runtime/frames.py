"""Encoded frames on the device: what batches are gathered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compiler.data.encode import encode
from ..compiler.stages import FittedExtractor

if TYPE_CHECKING:
    from ..compiler.bundle import Bundle


@dataclass(frozen=True, eq=False)
class DeviceFrame:
    """One extractor, encoded once, or numbers that each sample has of its own.

    Args:
        dense: float32 `[rows + 1, dense width]`; the last row stands for "no row".
        codes: int32 `[rows + 1, code columns]`, the value number within each column.
        code_widths: one-hot columns that each code column stands for.
        dense_features: the place of each dense column among all columns of the extractor.
        code_offsets: the place of the first one-hot column of each code column.
        ids: int64 `[rows + 1, id columns]`, rows of tables of vectors.
        positions: int32 or int64 `[samples]`, the row of each sample.
        width: columns of the extractor, one-hot columns counted one by one.
    """

    dense: Tensor
    codes: Tensor
    code_widths: tuple[int, ...]
    dense_features: tuple[int, ...]
    code_offsets: tuple[int, ...]
    ids: Tensor
    positions: Tensor
    width: int

    def order(self, samples: Tensor) -> Tensor:
        """The rows of an epoch's samples, once, so that a batch is a slice."""
        return self.positions.index_select(0, samples)

    def write(self, picked: Tensor, into: Tensor) -> None:
        """Gathers the dense columns of some of the rows that `order` gave."""
        torch.index_select(self.dense, 0, picked, out=into)


def load_frames(extractors: Mapping[str, FittedExtractor], bundle: Bundle,
                device: torch.device) -> dict[str, DeviceFrame]:
    """Encodes every extractor and moves it to the device; equal extractors share one copy.

    Raises BundleError when a frame cannot be read any more.
    """
    shared: dict[tuple[int, int, frozenset[str]], DeviceFrame] = {}
    frames: dict[str, DeviceFrame] = {}
    for name, entry in extractors.items():
        key = (id(entry.columns), id(entry.positions), entry.codes)
        if key not in shared:
            shared[key] = _load(entry, bundle, device)
        frames[name] = shared[key]
    return frames


def _load(entry: FittedExtractor, bundle: Bundle, device: torch.device) -> DeviceFrame:
    encoded = encode(entry, bundle)
    return DeviceFrame(
        dense=torch.from_numpy(encoded.dense).to(device),
        codes=torch.from_numpy(encoded.codes).to(device),
        code_widths=encoded.code_widths,
        dense_features=tuple(encoded.dense_features.tolist()),
        code_offsets=encoded.code_offsets,
        ids=torch.from_numpy(encoded.ids).long().to(device),
        positions=torch.from_numpy(entry.encoded_positions).to(device),
        width=entry.width,
    )


def frame_of(values: NDArray[np.float32], device: torch.device) -> DeviceFrame:
    """Numbers `[samples, width]` that every sample has of its own."""
    rows, width = values.shape
    return DeviceFrame(
        dense=torch.from_numpy(values).to(device),
        codes=torch.empty(rows, 0, dtype=torch.int32, device=device),
        code_widths=(),
        dense_features=tuple(range(width)),
        code_offsets=(),
        ids=torch.empty(rows, 0, dtype=torch.int64, device=device),
        positions=torch.arange(rows, dtype=torch.int32, device=device),
        width=width,
    )
