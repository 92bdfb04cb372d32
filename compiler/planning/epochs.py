"""How long an epoch is: its rows, and the steps that they are cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

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


def cut(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """`(rows of a part, how many such parts)` of rows cut into parts of at most `size`."""
    whole, left = divmod(rows, size)
    if whole:
        yield size, whole
    if left:
        yield left, 1


def most_parts(training: Training) -> int | None:
    """Batches, or mini-batches, of an epoch at most; None where all its rows are taken."""
    steps = training.max_epoch_steps
    return None if steps is None else steps * training.accumulate


def parts_in_batch(training: Training, rows: int) -> int:
    """How many times rows of a batch of so many go through the network."""
    return sum(times for _, times in cut(rows, part_rows(training))) * training.mini_epochs


def parts_of(training: Training, rows: int) -> dict[int, int]:
    """Rows of a batch, or mini-batch -> how many of an epoch have so many."""
    parts: dict[int, int] = {}
    left = most_parts(training) or rows * training.mini_epochs
    for batch, batches in cut(rows, training.batch_size):
        one_pass = list(cut(batch, part_rows(training)))
        length = sum(times for _, times in one_pass)
        passes = min(batches * training.mini_epochs, left // length)
        left -= passes * length
        for part, times in one_pass:
            taken = passes * times
            if passes < batches * training.mini_epochs:
                # The pass in which the limit of the epoch is reached.
                taken, left = taken + min(times, left), left - min(times, left)
            if taken:
                parts[part] = parts.get(part, 0) + taken
    return parts


def rows_taken(training: Training, rows: int) -> int:
    """Of the rows of an epoch those that its steps take, each counted once."""
    most = most_parts(training)
    whole = replace(training, max_epoch_steps=None)
    if most is None or most >= sum(parts_of(whole, rows).values()):
        return rows
    in_batch = parts_in_batch(training, min(rows, training.batch_size))
    batches, begun = divmod(most, in_batch)
    size = min(training.batch_size, rows - batches * training.batch_size)
    return batches * training.batch_size + min(size, begun * part_rows(training))


def steps_per_epoch(training: Training, rows: int) -> int:
    """Optimizer steps of an epoch of so many rows, where time does not end it."""
    return -(-sum(parts_of(training, rows).values()) // training.accumulate)


def steps_of_run(training: Training, rows: int) -> int:
    """Optimizer steps of the run, if neither time nor early stopping ends it."""
    steps = training.epochs * steps_per_epoch(training, rows)
    return steps if training.max_steps is None else min(steps, training.max_steps)


def check_batches(graph: Graph, rows: int) -> Iterator[Diagnostic]:
    """The sizes of batches, and the steps of an epoch, against its rows.

    Reports: SC402, SC403, SC419.
    """
    training = graph.training
    name = "batch_size" if training.mini_batch_size is None else "mini_batch_size"
    pointer = f"/training/{name}"
    if part_rows(training) > rows:
        yield codes.BATCH_LARGER_THAN_DATA.at(pointer, batch_size=part_rows(training), rows=rows)
    taken = rows_taken(training, rows)
    if taken < rows and training.sampler.type == samplers.SEQUENTIAL.name:
        yield codes.SAME_ROWS.at("/training/max_epoch_steps", rows=taken, others=rows - taken)
    if 1 in parts_of(training, rows):
        for node in nodes(graph):
            if node.declaration.needs_several_rows(node.args):
                yield codes.BATCH_OF_ONE.at(pointer, type=node.type, related=())
                return
