"""lower: ShapedGraph -> Plan. Decides the loop: steps, threads, splits, memory."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.shapes import size
from .. import codes
from ..describe import describe
from ..diagnostic import Diagnostic, Result
from ..memory import memory_of
from ..network import walk
from ..stages import Graph, Plan, Samples, ShapedGraph

MANY_THREADS_FROM = 400_000_000
"""Multiply-adds in one step from which several threads pay; below, one thread is faster on
a quiet machine and many times faster on a busy one."""


def lower(shaped: ShapedGraph) -> Result[Plan]:
    """The loop around a shaped graph.

    Reports: SC402, SC403.
    """
    graph, samples = shaped.fitted.bound.graph, shaped.fitted.bound.samples
    rows = int(samples.training.sum())
    found = tuple(_check_batches(graph, rows))
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    priority = samples.priority is not None and graph.training.sampling in ("auto", "priority")
    parameters = parameter_count(shaped)
    batch = min(graph.training.batch_size, rows)
    loop: dict[str, Any] = {
        "training_rows": rows,
        "steps_per_epoch": -(-rows // graph.training.batch_size),
        "threads": graph.training.threads or _threads(batch * parameters),
        "priority": priority,
        "shuffled": not priority and graph.training.sampling != "sequential",
        "evaluate_on": _evaluated(samples, graph),
        "memory": memory_of(shaped.fitted.extractors, parameters, graph.optimizer),
    }
    description = describe(shaped, loop, parameters)
    return Result(
        Plan(shaped=shaped, hash=_hash(description), description=description, **loop), found
    )


def parameter_count(shaped: ShapedGraph) -> int:
    """Trainable numbers of the whole network."""
    return sum(
        size(shape) or 0 for node in shaped.shapes.nodes for shape in node.parameters.values()
    )


def _threads(work: int) -> int:
    return (os.cpu_count() or 1) if work >= MANY_THREADS_FROM else 1


def _evaluated(samples: Samples, graph: Graph) -> tuple[str, ...]:
    if graph.training.evaluate_on is not None:
        return graph.training.evaluate_on
    # `display` stands for the training rows, so evaluating all of them would say nothing new.
    skipped = ("train",) if "display" in samples.names else ()
    return tuple(name for name in samples.names if name not in skipped)


def _check_batches(graph: Graph, rows: int) -> Iterator[Diagnostic]:
    batch_size = graph.training.batch_size
    if batch_size > rows:
        yield codes.BATCH_LARGER_THAN_DATA.at("/training/batch_size", batch_size=batch_size,
                                              rows=rows)
    if rows % batch_size == 1 or batch_size == 1:
        for node in walk(graph.network):
            if node.declaration.needs_several_rows(node.args):
                yield codes.BATCH_OF_ONE.at(
                    "/training/batch_size", type=node.type, related=(),
                )
                return


def _hash(description: Mapping[str, Any]) -> str:
    text = json.dumps(description, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.blake2b(text, digest_size=4).hexdigest()
