"""Encoded frames on the device: what batches are gathered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..compiler.data.encode import encode
from ..compiler.stages import FittedExtractor

if TYPE_CHECKING:
    from ..compiler.bundle import Bundle


@dataclass(frozen=True, eq=False)
class DeviceFrame:
    """One extractor, encoded once.

    Args:
        dense: float32 `[rows + 1, dense width]`; the last row stands for "no row".
        codes: int32 `[rows + 1, code columns]`, the value number within each column.
        code_widths: one-hot columns that each code column stands for.
        dense_features: the place of each dense column among all columns of the extractor.
        code_offsets: the place of the first one-hot column of each code column.
        positions: int32 or int64 `[samples]`, the row of each sample.
        width: columns of the extractor, one-hot columns counted one by one.
    """

    dense: Tensor
    codes: Tensor
    code_widths: tuple[int, ...]
    dense_features: tuple[int, ...]
    code_offsets: tuple[int, ...]
    positions: Tensor
    width: int


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
        positions=torch.from_numpy(entry.positions).to(device),
        width=entry.width,
    )
