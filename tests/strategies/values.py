"""What a network node may read: symbolic values, and tensors that have their form."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from specc.schema.networks.modules import values as real
from specc.schema.shapes import BATCH, Features, IdColumn, Length, Members, Shape, Value, length_of
from torch import Tensor

LENGTH = Length("history", 5, timed=True)
ORDINARY: tuple[Value, ...] = (
    (BATCH, 8),
    (BATCH, LENGTH, 8),
    Features((BATCH, 8), (IdColumn("city", 9), IdColumn("day", 6))),
)
"""One value of each form; a type that reads none of them could stand nowhere."""


def shapes() -> st.SearchStrategy[Shape]:
    """`(batch, width)` most of the time, else with more axes."""
    rank = st.sampled_from([1, 1, 1, 2, 3])
    return rank.flatmap(lambda axes: st.lists(st.integers(1, 8), min_size=axes, max_size=axes)).map(
        lambda widths: (BATCH, *widths))


def sequences() -> st.SearchStrategy[Shape]:
    """`(batch, length, width)`."""
    lengths = st.builds(Length, st.just("history"), st.integers(1, 5), st.booleans())
    return st.tuples(st.just(BATCH), lengths, st.integers(1, 8))


def features() -> st.SearchStrategy[Features]:
    """Numbers, or none, with ids beside them, of rows or of steps."""
    numbers = st.tuples(st.just(BATCH), st.integers(0, 4)) | sequences()
    columns = st.lists(st.builds(IdColumn, st.sampled_from("abc"), st.integers(4, 9)), min_size=1,
                       max_size=3)
    return st.builds(Features, numbers, columns.map(tuple))


def inputs(*, per_step: bool) -> st.SearchStrategy[Value]:
    """What a type may be given; one that works per step is given single steps."""
    rows = shapes() | features().filter(lambda value: length_of(value) is None)
    return rows if per_step else rows | sequences() | features()


def tensors(value: Value, rows: int, length: int | None = None) -> Any:
    """Random numbers and ids of a symbolic value; of steps, the last sample has none."""
    steps = length_of(value)
    count = 0 if steps is None else length or steps.longest or 1
    if isinstance(value, Features):
        lead = (rows,) if steps is None else (rows, count)
        ids = [torch.randint(0, column.size or 1, lead) for column in value.ids]
        inner = real.Features(_randn(value.numbers, rows, count), torch.stack(ids, -1))
    else:
        assert isinstance(value, tuple)
        inner = _randn(value, rows, count)
    if steps is None:
        return inner
    lengths = torch.arange(rows).flip(0).clamp(max=count)
    mask = torch.arange(count) < lengths[:, None]
    return real.Sequence(inner, mask, torch.rand(rows, count) * 1e5 if steps.timed else None)


def _randn(shape: Shape, rows: int, length: int) -> Tensor:
    axes = [length if isinstance(dim, Length) else dim for dim in shape[1:]]
    return torch.randn(rows, *(dim for dim in axes if isinstance(dim, int)))


def has_shape(output: Any, wanted: Value, rows: int) -> bool:
    """Whether what a module gave is what the shape rule says."""
    steps = length_of(wanted)
    if steps is not None:
        if not isinstance(output, real.Sequence) or output.mask.shape[0] != rows:
            return False
        values = output.values
        assert isinstance(values, Tensor) and isinstance(wanted, tuple)
        return values.shape[:2] == output.mask.shape and tuple(values.shape[2:]) == wanted[2:]
    assert isinstance(wanted, tuple)
    axes = [dim.count if isinstance(dim, Members) else dim for dim in wanted[1:]]
    return isinstance(output, Tensor) and list(output.shape) == [rows, *axes]


def forgotten(value: Value) -> Iterator[Value]:
    """The value with every choice of widths not known, itself left out."""
    if isinstance(value, Features):
        yield from (replace(value, numbers=less) for less in _forgotten(value.numbers))
        yield replace(value, ids=tuple(replace(column, size=None) for column in value.ids))
    else:
        assert isinstance(value, tuple)
        yield from _forgotten(value)


def _forgotten(shape: Shape) -> Iterator[Shape]:
    for known in itertools.product((True, False), repeat=len(shape) - 1):
        if not all(known):
            kept = (dim if keep else replace(dim, longest=None) if isinstance(dim, Length) else None
                    for dim, keep in zip(shape[1:], known, strict=True))
            yield (shape[0], *kept)


def agrees(known: Shape, unknown: Shape) -> bool:
    """Whether a shape is told less of than another, and nothing else."""
    return len(known) == len(unknown) and all(
        told is None or told == dim
        or (isinstance(told, Length) and isinstance(dim, Length) and told.longest is None)
        for dim, told in zip(known, unknown, strict=True))


def rows_of(batch: Any, rows: slice) -> Any:
    """Some rows of what a module reads or gives, each part of it cut alike."""
    if isinstance(batch, tuple):
        return type(batch)(*(None if part is None else rows_of(part, rows) for part in batch))
    return batch[rows]


def in_double(batch: Any) -> Any:
    """The same numbers in double precision, where rounding does not hide what differs."""
    if isinstance(batch, tuple):
        return type(batch)(*(None if part is None else in_double(part) for part in batch))
    return batch.double() if batch.is_floating_point() else batch
