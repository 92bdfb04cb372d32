"""lower: ShapedGraph -> Plan. Decides what is stored, and the loop: steps, threads, splits."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..bundle import BundleError
from ..data.equal_rows import merge_all
from ..diagnostics.diagnostic import Result
from ..network.class_weights import class_weights
from ..network.early_stopping import check_split
from ..network.parameter_groups import parameter_groups
from ..network.schedule_checks import check_schedule
from ..network.schedules import warmup_of
from ..network.tree import EXTRACTION
from ..network.weight_average import check_average_steps
from ..planning.describe import describe
from ..planning.describe_contexts import without_storage
from ..planning.describe_training import PACE
from ..planning.epochs import (
    check_batches,
    chosen_sampler,
    epoch_rows,
    part_rows,
    steps_of_run,
    steps_per_epoch,
)
from ..planning.memory import (
    activation_bytes,
    check_memory,
    frozen_count,
    memory_of,
    parameter_count,
)
from ..stages import Graph, Plan, Samples, ShapedGraph

MANY_THREADS_FROM = 400_000_000
"""Multiply-adds in one step from which several threads pay; below, one thread is faster on
a quiet machine and many times faster on a busy one."""


def lower(shaped: ShapedGraph) -> Result[Plan]:
    """The loop around a shaped graph. Nothing of the size of the plan is allocated before its
    memory is counted.

    Reports: SC204, SC313, SC314, SC402, SC403, SC405, SC413, SC419, SC604.
    """
    fitted = shaped.fitted
    graph, samples = fitted.bound.graph, fitted.bound.samples
    sampler = chosen_sampler(graph.training, samples)
    rows = epoch_rows(sampler, samples)
    steps, per_epoch = steps_of_run(graph.training, rows), steps_per_epoch(graph.training, rows)
    warmup = warmup_of(graph.training, steps, per_epoch)
    evaluated = _evaluated(samples, graph)
    found = (*check_batches(graph, rows), *check_schedule(graph, steps, per_epoch, warmup),
             *check_split(graph, evaluated), *check_average_steps(graph, per_epoch, steps))
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, found)
    try:
        extractors = merge_all(fitted.extractors, fitted.bound.bundle)
        contexts = {
            name: replace(entry, extractors=merge_all(entry.extractors, fitted.bound.bundle))
            for name, entry in fitted.contexts.items()
        }
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    shaped = replace(
        shaped, fitted=replace(fitted, extractors=extractors, contexts=contexts))
    parameters = parameter_count(shaped.shapes.nodes)
    part = min(part_rows(graph.training), rows)
    nodes = shaped.shapes.nodes
    memory = memory_of(extractors, contexts, parameters, frozen_count(nodes), graph.optimizer,
                       averaged=graph.training.weight_average is not None)
    activations = activation_bytes(nodes, part, graph.training.precision)
    if graph.training.mini_batch_size is not None:
        gathered = tuple(node for node in nodes if node.type == EXTRACTION)
        activations += activation_bytes(gathered, min(graph.training.batch_size, rows))
    too_large = tuple(check_memory(shaped, memory, activations))
    if too_large:
        return Result(None, (*found, *too_large))
    loop: dict[str, Any] = {
        "training_rows": int(samples.training.sum()),
        "sampler": sampler,
        "epoch_rows": rows,
        "steps_per_epoch": per_epoch,
        "steps": steps,
        "warmup": warmup,
        "groups": parameter_groups(graph, nodes),
        "class_weights": class_weights(graph, fitted.label),
        "threads": graph.training.threads or _threads(part * parameters),
        "evaluate_on": evaluated,
        "memory": memory,
    }
    try:
        description = describe(shaped, {**loop, "activations": activations})
    except BundleError as error:
        return Result(None, (*found, *error.diagnostics))
    return Result(
        Plan(shaped=shaped, hash=_hash(description, graph), description=description, **loop), found
    )


def _threads(work: int) -> int:
    return (os.cpu_count() or 1) if work >= MANY_THREADS_FROM else 1


def _evaluated(samples: Samples, graph: Graph) -> tuple[str, ...]:
    if graph.training.evaluate_on is not None:
        return graph.training.evaluate_on
    # `display` stands for the training rows, so evaluating all of them would say nothing new.
    skipped = ("train",) if "display" in samples.names else ()
    return tuple(name for name in samples.names if name not in skipped)


def _hash(description: Mapping[str, Any], graph: Graph) -> str:
    """What a run computes, whichever machine plans it, and whenever it waits.

    What a machine decides by its memory and its cores stays out: which results of contexts are
    kept, with their bytes, and the threads where the spec names none.
    """
    data = description["data"]
    contexts = [
        {**without_storage(context), "aggregations": _by_name(
            [without_storage(entry) for entry in context["aggregations"]])}
        for context in data["contexts"]
    ]
    canonical = {
        **description,
        # The order of keys means nothing in JSON, and `extractors` is an object in the spec.
        "data": {**data, "extractors": _by_name(data["extractors"]),
                 "contexts": _by_name(contexts)},
        "training": {
            **{key: value for key, value in description["training"].items() if key != PACE},
            "threads": graph.training.threads},
        # It follows from the rest, and from what is kept.
        "memory": None,
    }
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.blake2b(text, digest_size=4).hexdigest()


def _by_name(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(entries, key=lambda entry: str(entry["name"]))
