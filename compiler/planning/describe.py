"""A plan as JSON data: what `plan.json`, `specc plan` and the report show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ...schema.shapes import Frames, show
from ..network.tree import EXTRACTION, walk
from ..stages import NetworkNode, Node, ShapedGraph, ShapedNode
from .describe_data import describe_data
from .describe_training import describe_training
from .memory import own_parameters

FORMAT = 1
"""The version of the form of `plan.json`."""


def describe(shaped: ShapedGraph, loop: Mapping[str, Any], parameters: int) -> dict[str, Any]:
    """The plan as data; equal specs on equal bundles give equal data.

    Raises BundleError when a frame cannot be read.
    """
    graph = shaped.fitted.bound.graph
    return {
        "format": FORMAT,
        "name": graph.name,
        "seed": graph.seed,
        "task": shaped.task,
        "data": describe_data(shaped.fitted),
        "network": {
            "nodes": list(_nodes(shaped)),
            "output": show(shaped.shapes.output),
        },
        "parameters": parameters,
        "loss": _constructor(graph.loss),
        "optimizer": _constructor(graph.optimizer),
        "scheduler": _constructor(graph.scheduler) if graph.scheduler else None,
        "metrics": [_constructor(node) for node in graph.metrics],
        "training": describe_training(shaped.fitted, loop),
        "memory": {**asdict(loop["memory"]), "activations": loop["activations"]},
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
            "reads": _reads(shaped_node),
            "parameters": own_parameters(shaped_node),
            "trains": bool(shaped_node.parameters),
            "parameter_shapes": {
                name: list(shape) for name, shape in shaped_node.parameters.items()
            },
            "args": _own_args(node) if node is not None else {},
        }


def _reads(node: ShapedNode) -> list[str]:
    """The extractors that an extraction puts side by side; none for other nodes."""
    if node.type == EXTRACTION and isinstance(node.input, Frames):
        return list(node.input.shapes)
    return []


def _own_args(node: NetworkNode) -> dict[str, Any]:
    """The arguments of a node, its children and empty lists left out."""
    return {
        key: value
        for key, value in node.args.items()
        if key not in node.declaration.children and value != []
    }


def _constructor(node: Node) -> dict[str, Any]:
    return {"type": node.type, **node.args}
