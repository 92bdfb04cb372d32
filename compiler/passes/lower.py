"""lower: ShapedGraph -> Plan. Decides what is stored, and the loop: steps, threads, splits."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..bundle import BundleError
from ..data.equal_rows import merge_all
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..network.conflicts import check_schedule
from ..network.tree import walk
from ..planning.describe import describe
from ..planning.memory import activation_bytes, check_memory, memory_of, parameter_count
from ..stages import Graph, Plan, Samples, ShapedGraph

MANY_THREADS_FROM = 400_000_000
"""Multiply-adds in one step from which several threads pay; below, one thread is faster on
a quiet machine and many times faster on a busy one."""


def lower(shaped: ShapedGraph) -> Result[Plan]:
    """The loop around a shaped graph. Nothing of the size of the plan is allocated before its
    memory is counted.

    Reports: SC204, SC402, SC403, SC405, SC604.
    """
    fitted = shaped.fitted
    graph, samples = fitted.bound.graph, fitted.bound.samples
    rows = int(samples.training.sum())
    steps = -(-rows // graph.training.batch_size)
    found = (*_check_batches(graph, rows), *check_schedule(graph, steps))
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    try:
        extractors = merge_all(fitted.extractors, fitted.bound.bundle)
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    shaped = replace(shaped, fitted=replace(fitted, extractors=extractors))
    priority = samples.priority is not None and graph.training.sampling in ("auto", "priority")
    parameters = parameter_count(shaped.shapes.nodes)
    batch = min(graph.training.batch_size, rows)
    memory = memory_of(extractors, parameters, graph.optimizer)
    activations = activation_bytes(shaped.shapes.nodes, batch)
    too_large = tuple(check_memory(shaped, memory, activations))
    if too_large:
        return Result(None, (*found, *too_large))
    loop: dict[str, Any] = {
        "training_rows": rows,
        "steps_per_epoch": steps,
        "threads": graph.training.threads or _threads(batch * parameters),
        "priority": priority,
        "shuffled": not priority and graph.training.sampling != "sequential",
        "evaluate_on": _evaluated(samples, graph),
        "memory": memory,
    }
    try:
        description = describe(shaped, {**loop, "activations": activations}, parameters)
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    return Result(
        Plan(shaped=shaped, hash=_hash(description), description=description, **loop), found
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
    # The order of keys means nothing in JSON, and `extractors` is an object in the spec.
    extractors = sorted(description["data"]["extractors"], key=lambda entry: str(entry["name"]))
    canonical = {**description, "data": {**description["data"], "extractors": extractors}}
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.blake2b(text, digest_size=4).hexdigest()
