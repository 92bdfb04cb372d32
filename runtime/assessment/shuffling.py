"""Where frames and columns stand in the inputs of a batch, and the inputs with some shuffled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...compiler.network.tree import extractions
from ...schema.networks.modules.values import Features
from ...schema.networks.modules.values import Sequence as Steps
from ..batches import Batch, Input
from ..frames import DeviceFrame
from ..lookup import CodedInput
from ..scoring import Scoring


@dataclass(frozen=True)
class Part:
    """Where a frame, or a column of it, stands in the inputs of an extraction."""

    pointer: str
    numbers: Tensor
    codes: Tensor
    ids: Tensor


def places_of(session: Scoring, batch: Batch) -> dict[str, dict[str | None, list[Part]]]:
    """Frame -> column, None for all -> where it stands in each extraction."""
    graph = session.plan.graph
    found: dict[str, dict[str | None, list[Part]]] = {}
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


def _part(pointer: str, numbers: Any, codes: Any, ids: Any) -> Part:
    return Part(pointer, *(torch.tensor(list(places), dtype=torch.int64)
                            for places in (numbers, codes, ids)))


def shuffled(inputs: Mapping[str, Input], parts: Sequence[Part],
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
