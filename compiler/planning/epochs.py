"""How long an epoch is: its rows, and the steps that they are cut into."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...schema import samplers
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..network.heads import nodes
from ..stages import Graph, Node, Samples, Training


def chosen_sampler(training: Training, samples: Samples) -> Node:
    """The sampler of the spec; in place of `auto` the one that the samples call for."""
    sampler = training.sampler
    if sampler.type != samplers.AUTO.name:
        return sampler
    chosen = samplers.SHUFFLED if samples.priority is None else samplers.PRIORITY
    defaults = {key: inner["default"] for key, inner in chosen.properties.items()}
    return Node(sampler.pointer, chosen.name, defaults)


def epoch_rows(sampler: Node, samples: Samples) -> int:
    """Rows of one epoch, at least one.

    Without replacement there are no more than rows that can be drawn.
    """
    rows = int(samples.training.sum())
    if "size" not in sampler.args:
        return rows
    wanted: int = max(1, round(sampler.args["size"] * rows))
    if sampler.args["replacement"]:
        return wanted
    assert samples.priority is not None
    drawable = int(np.count_nonzero(samples.priority[samples.training]))
    return min(wanted, drawable)


def part_rows(training: Training) -> int:
    """The most rows that go through the network at once in training."""
    return training.mini_batch_size or training.batch_size


def _cut(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """`(rows of a part, how many such parts)` of rows cut into parts of at most `size`."""
    whole, left = divmod(rows, size)
    if whole:
        yield size, whole
    if left:
        yield left, 1


def parts_of(training: Training, rows: int) -> dict[int, int]:
    """Rows of a batch, or mini-batch -> how many of an epoch have so many."""
    parts: dict[int, int] = {}
    for batch, batches in _cut(rows, training.batch_size):
        for part, times in _cut(batch, part_rows(training)):
            parts[part] = parts.get(part, 0) + batches * times * training.mini_epochs
    return parts


def steps_per_epoch(training: Training, rows: int) -> int:
    """Optimizer steps of an epoch of so many rows."""
    return -(-sum(parts_of(training, rows).values()) // training.accumulate)


def steps_of_run(training: Training, rows: int) -> int:
    """Optimizer steps of the run, if neither time nor early stopping ends it."""
    steps = training.epochs * steps_per_epoch(training, rows)
    return steps if training.max_steps is None else min(steps, training.max_steps)


def check_batches(graph: Graph, rows: int) -> Iterator[Diagnostic]:
    """The sizes of batches against the rows of an epoch.

    Reports: SC402, SC403.
    """
    training = graph.training
    name = "batch_size" if training.mini_batch_size is None else "mini_batch_size"
    pointer = f"/training/{name}"
    if part_rows(training) > rows:
        yield codes.BATCH_LARGER_THAN_DATA.at(pointer, batch_size=part_rows(training), rows=rows)
    if 1 in parts_of(training, rows):
        for node in nodes(graph):
            if node.declaration.needs_several_rows(node.args):
                yield codes.BATCH_OF_ONE.at(pointer, type=node.type, related=())
                return
