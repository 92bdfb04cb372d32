"""Cuts a gathered batch into mini-batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from ..compiler.stages import Plan
from .batches import Batch, by_head
from .lookup import CodedInput
from .sampling import mini_batch_order


class Part(NamedTuple):
    """A batch or a mini-batch with the number of its batch in the epoch and of the pass over
    that batch, both from 1."""

    rows: Batch
    batch: int
    mini_epoch: int


def rows_of(values: Any, index: Tensor) -> Any:
    """The rows `index` of an input, in the form that it has.

    Args:
        values: a tensor `(batch, ...)`, `CodedInput`, or `Features` or `Sequence` of such; or
            several by name.
        index: int64 `(rows,)`, on the device of the input.
    """
    if values is None:
        return None
    if isinstance(values, Tensor):
        return values.index_select(0, index)
    if isinstance(values, Mapping):
        return {name: rows_of(part, index) for name, part in values.items()}
    if isinstance(values, CodedInput):
        return CodedInput(rows_of(values.dense, index), rows_of(values.codes, index))
    return type(values)(*(rows_of(part, index) for part in values))


def mini_batches(plan: Plan, batch: Batch, epoch: int, number: int,
                 mini_epoch: int) -> Iterator[Batch]:
    """The mini-batches of one pass over a batch, in an order shuffled for this pass.

    A batch that is one step is given as it is. The last mini-batch may be shorter.

    Args:
        number: the number of the batch in its epoch, from 1.
        mini_epoch: the number of the pass, from 1.
    """
    rows = plan.graph.training.mini_batch_size
    if rows is None:
        yield batch
        return
    first, *_ = by_head(batch.label).values()
    order = mini_batch_order(plan, epoch, number, mini_epoch, len(batch)).to(first.device)
    for start in range(0, len(order), rows):
        index = order[start:start + rows]
        yield Batch(*(rows_of(part, index) for part in (batch.inputs, batch.label, batch.weight)))


def parts_of(plan: Plan, batches: Iterable[Batch], epoch: int, first: int = 1) -> Iterator[Part]:
    """What goes through the network one after the other in an epoch.

    Args:
        first: the number of the first of `batches` in its epoch.
    """
    for number, batch in enumerate(batches, start=first):
        for mini_epoch in range(1, plan.graph.training.mini_epochs + 1):
            for part in mini_batches(plan, batch, epoch, number, mini_epoch):
                yield Part(part, number, mini_epoch)
