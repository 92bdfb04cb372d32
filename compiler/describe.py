"""A plan as JSON data: what `plan.json`, `specc plan` and the report show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ..schema.shapes import show, size
from .memory import data_bytes
from .network import walk
from .stages import FittedExtractor, NetworkNode, Node, Samples, ShapedGraph, ShapedNode

FORMAT = 1
"""The version of the form of `plan.json`."""


def describe(shaped: ShapedGraph, loop: Mapping[str, Any], parameters: int) -> dict[str, Any]:
    """The plan as data; equal specs on equal bundles give equal data."""
    graph, bound = shaped.fitted.bound.graph, shaped.fitted.bound
    return {
        "format": FORMAT,
        "name": graph.name,
        "seed": graph.seed,
        "task": shaped.task,
        "data": {
            "index_frame": bound.index_frame,
            "samples": len(bound.samples),
            "splits": _splits(bound.samples),
            "label": {"extractor": graph.label.name, **_label(shaped)},
            "extractors": [_extractor(entry) for entry in shaped.fitted.extractors.values()],
        },
        "network": {
            "nodes": list(_nodes(shaped)),
            "output": show(shaped.shapes.output),
        },
        "parameters": parameters,
        "loss": _constructor(graph.loss),
        "optimizer": _constructor(graph.optimizer),
        "scheduler": _constructor(graph.scheduler) if graph.scheduler else None,
        "metrics": [_constructor(node) for node in graph.metrics],
        "training": {
            "epochs": graph.training.epochs,
            "batch_size": graph.training.batch_size,
            "rows": loop["training_rows"],
            "steps_per_epoch": loop["steps_per_epoch"],
            "train_on": list(graph.training.train_on),
            "evaluate_on": list(loop["evaluate_on"]),
            "evaluate_every": graph.training.evaluate_every,
            "order": _order(loop),
            "device": graph.training.device,
            "threads": loop["threads"],
        },
        "memory": asdict(loop["memory"]),
    }


def _order(loop: Mapping[str, Any]) -> str:
    if loop["priority"]:
        return "drawn by priority"
    return "shuffled" if loop["shuffled"] else "sequential"


def _splits(samples: Samples) -> dict[str, int]:
    return {
        name: int((samples.split == index).sum()) for index, name in enumerate(samples.names)
    }


def _label(shaped: ShapedGraph) -> dict[str, Any]:
    label = shaped.fitted.label
    described: dict[str, Any] = {"form": label.form, "columns": label.columns}
    if label.classes:
        return {**described, "classes": [str(value) for value in label.classes]}
    return {**described, "minimum": label.minimum, "maximum": label.maximum}


def _extractor(entry: FittedExtractor) -> dict[str, Any]:
    bound = entry.bound
    return {
        "name": bound.extractor.name,
        "frame": bound.positions.frame,
        "chain": [step.frame for step in bound.positions.coverage],
        "rows": entry.reached,
        "width": entry.width,
        "bytes": data_bytes(entry),
        "coverage": [
            {
                "frame": step.frame,
                "columns": list(step.columns),
                "samples": step.samples,
                "matched": step.matched,
                "missing_examples": list(step.missing_examples),
            }
            for step in bound.positions.coverage
        ],
        "encoding": f"codes for {', '.join(sorted(entry.codes))}" if entry.codes else "dense",
        "why": entry.why,
        "columns": [
            {"name": column.column, "width": len(column.names), **column.describe()}
            for column in entry.columns
        ],
    }


def _nodes(shaped: ShapedGraph) -> Iterator[dict[str, Any]]:
    nodes = {node.pointer: node for node in walk(shaped.fitted.bound.graph.network)}
    for shaped_node in shaped.shapes.nodes:
        node = nodes.get(shaped_node.pointer)
        yield {
            "pointer": shaped_node.pointer,
            "type": shaped_node.type,
            "depth": shaped_node.depth,
            "input": show(shaped_node.input),
            "output": show(shaped_node.output),
            "parameters": _own_parameters(shaped_node),
            "parameter_shapes": {
                name: list(shape) for name, shape in shaped_node.parameters.items()
            },
            "args": _own_args(node) if node is not None else {},
        }


def _own_parameters(node: ShapedNode) -> int:
    return sum(size(shape) or 0 for shape in node.parameters.values())


def _own_args(node: NetworkNode) -> dict[str, Any]:
    """The arguments of a node, its children and empty lists left out."""
    return {
        key: value
        for key, value in node.args.items()
        if key not in node.declaration.children and value != []
    }


def _constructor(node: Node) -> dict[str, Any]:
    return {"type": node.type, **node.args}
