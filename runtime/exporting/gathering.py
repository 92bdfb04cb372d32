"""The inputs of an exported network for samples of a bundle, as specc itself encodes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ...compiler.exporting.inputs import AGES, CODES, IDS, MASK, NUMBERS, Input
from ...compiler.stages import Graph
from ...schema.networks.modules import values
from ..batches import Frame
from ..contexts import FoldedFrame, SequenceFrame
from ..frames import DeviceFrame

Tensors = dict[str, Tensor]


def gather(inputs: Sequence[Input], graph: Graph, frames: Mapping[str, Frame],
           samples: Tensor) -> Tensors:
    """The tensors of some samples by name.

    Args:
        frames: of the extractors and aggregations, as `load_plan_frames` gives them.
        samples: int64 `(samples,)`.
    """
    gathered: dict[str, Tensors] = {}
    for one in inputs:
        if one.frame not in gathered:
            parts = [frames[part] for part in graph.frames[one.frame].extractors or (one.frame,)]
            gathered[one.frame] = _gathered(parts, samples)
    return {one.name: gathered[one.frame][one.holds] for one in inputs}


def _gathered(parts: list[Frame], samples: Tensor) -> Tensors:
    """What the frames side by side give, by what it is."""
    if isinstance(parts[0], SequenceFrame | FoldedFrame):
        (frame,) = parts
        assert isinstance(frame, SequenceFrame | FoldedFrame)
        return _steps(frame.gather(samples))
    numbers, codes, ids = [], [], []
    for part in parts:
        if isinstance(part, DeviceFrame):
            rows = part.positions.index_select(0, samples)
            numbers.append(part.dense.index_select(0, rows))
            codes.append(part.codes.index_select(0, rows).long())
            ids.append(part.ids.index_select(0, rows))
            continue
        assert not isinstance(part, SequenceFrame | FoldedFrame)
        written = torch.empty(len(samples), part.width)
        part.write(part.order(samples), written)
        numbers.append(written)
    found = {NUMBERS: torch.cat(numbers, 1)}
    if codes:
        found |= {CODES: torch.cat(codes, 1), IDS: torch.cat(ids, 1)}
    return found


def _steps(steps: values.Sequence) -> Tensors:
    found = {MASK: steps.mask}
    if isinstance(steps.values, values.Features):
        found |= {NUMBERS: steps.values.numbers, IDS: steps.values.ids}
    else:
        found[NUMBERS] = steps.values
    if steps.ages is not None:
        found[AGES] = steps.ages
    return found
