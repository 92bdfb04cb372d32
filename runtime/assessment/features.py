"""What the network reads, as one matrix, for models that know nothing of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...compiler.network.tree import extractions
from ..batches import Frame, RowFrame
from ..contexts import AggregateFrame, FoldedFrame, PivotFrame, SequenceFrame
from ..frames import DeviceFrame
from ..scoring import Scoring


def frames_read(session: Scoring) -> dict[str, Frame]:
    """The frames that the network reads, each once, by the name of the extractor or of the
    context and its aggregation."""
    graph = session.plan.graph
    return {part: session.frames[part] for _, names in extractions(graph.network)
            for name in names for part in graph.frames[name].extractors or (name,)}


@dataclass(frozen=True, eq=False)
class Features:
    """The numbers of some frames side by side.

    Args:
        left_out: what of the frames is no number: sequences and ids, by the names of frames.
    """

    frames: tuple[RowFrame, ...]
    left_out: tuple[str, ...]

    @property
    def width(self) -> int:
        return sum(frame.width for frame in self.frames)

    def of(self, samples: Tensor) -> NDArray[np.float32]:
        """float32 `(samples, width)`; one-hot columns are set out."""
        parts = [_numbers(frame, samples) for frame in self.frames]
        return torch.cat(parts, dim=1).cpu().numpy()


def features_of(session: Scoring) -> Features:
    """Those that the network reads."""
    rows: dict[int, RowFrame] = {}
    left_out = []
    for name, frame in frames_read(session).items():
        if isinstance(frame, SequenceFrame | FoldedFrame):
            left_out.append(f"the steps of {name!r}")
            continue
        if isinstance(frame, DeviceFrame) and frame.ids.shape[1]:
            left_out.append(f"the ids of {name!r}")
        if frame.width:
            rows[id(frame)] = frame
    return Features(tuple(rows.values()), tuple(left_out))


def _numbers(frame: RowFrame, samples: Tensor) -> Tensor:
    picked = frame.order(samples)
    if isinstance(frame, AggregateFrame | PivotFrame):
        into = torch.empty(len(samples), frame.width, device=samples.device)
        frame.write(picked, into)
        return into
    numbers = torch.zeros(len(samples), frame.width, device=samples.device)
    numbers[:, list(frame.dense_features)] = frame.dense.index_select(0, picked)
    codes = frame.codes.index_select(0, picked).long()
    for column, offset in enumerate(frame.code_offsets):
        numbers.scatter_(1, codes[:, column:column + 1] + offset, 1.0)
    return numbers
