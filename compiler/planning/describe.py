"""A plan as JSON data: what `plan.json`, `specc plan` and the report show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ...schema.shapes import Frames, ParameterShapes, show
from ..network.heads import nodes as all_nodes
from ..network.schedules import complete, scheduler_steps, value_of
from ..network.tree import EXTRACTION
from ..stages import Graph, NetworkNode, Node, ShapedGraph, ShapedNode
from .describe_contexts import describe_contexts
from .describe_data import describe_data, describe_label
from .describe_training import describe_training
from .memory import own_frozen, own_parameters

FORMAT = 1
"""The version of the form of `plan.json`."""


def describe(shaped: ShapedGraph, loop: Mapping[str, Any]) -> dict[str, Any]:
    """The plan as data; equal specs on equal bundles and machines give equal data.

    Raises BundleError when a frame cannot be read.
    """
    graph = shaped.fitted.bound.graph
    nodes = list(_nodes(shaped))
    return {
        "format": FORMAT,
        "name": graph.name,
        "seed": graph.seed,
        "task": shaped.task,
        "data": {
            **describe_data(shaped.fitted),
            "contexts": list(describe_contexts(shaped.fitted)),
        },
        "network": {
            "nodes": nodes,
            "output": show(shaped.shapes.output),
        },
        **({"heads": _heads(shaped)} if graph.heads else {}),
        "parameters": sum(node["parameters"] for node in nodes),
        "trainable": sum(node["trainable"] for node in nodes),
        "loss": None if graph.heads else _constructor(graph.loss),
        "optimizer": _constructor(graph.optimizer),
        "scheduler": _scheduler(graph, loop),
        "metrics": [] if graph.heads else [_constructor(node) for node in graph.metrics],
        "training": describe_training(shaped.fitted, loop),
        "memory": {**asdict(loop["memory"]), "activations": loop["activations"]},
    }


def _heads(shaped: ShapedGraph) -> dict[str, Any]:
    return {
        head.name: {
            "pointer": head.pointer,
            "task": view.task,
            "label": describe_label(view.fitted),
            "output": show(view.shapes.output),
            "loss": _constructor(head.loss),
            "weight": head.weight,
            "metrics": [_constructor(node) for node in head.metrics],
        }
        for head, view in zip(shaped.fitted.bound.graph.heads, shaped.views.values(), strict=True)
    }


def _nodes(shaped: ShapedGraph) -> Iterator[dict[str, Any]]:
    graph = shaped.fitted.bound.graph
    nodes = {node.pointer: node for node in all_nodes(graph)}
    for shaped_node in shaped.shapes.nodes:
        node = nodes.get(shaped_node.pointer)
        yield {
            "pointer": shaped_node.pointer,
            "type": shaped_node.type,
            "depth": shaped_node.depth,
            "input": show(shaped_node.input),
            "output": show(shaped_node.output),
            "reads": _reads(graph, shaped_node),
            **({"members": shaped_node.members} if shaped_node.members > 1 else {}),
            "parameters": own_parameters(shaped_node) + own_frozen(shaped_node),
            "trainable": own_parameters(shaped_node),
            "parameter_shapes": _tensors(shaped_node.parameters),
            "frozen_shapes": _tensors(shaped_node.frozen),
            "args": _own_args(node) if node is not None else {},
        }


def _tensors(shapes: ParameterShapes) -> dict[str, list[Any]]:
    return {name: list(shape) for name, shape in shapes.items()}


def _reads(graph: Graph, node: ShapedNode) -> list[str]:
    """The extractors, with the parts of a `combined` one by one, and the aggregations that an
    extraction puts side by side; none for other nodes."""
    if node.type != EXTRACTION or not isinstance(node.input, Frames):
        return []
    return [part for name in node.input.shapes for part in graph.frames[name].extractors or (name,)]


def _own_args(node: NetworkNode) -> dict[str, Any]:
    """The arguments of a node, its children and empty lists left out."""
    return {
        key: value
        for key, value in node.args.items()
        if key not in node.declaration.children and value != []
    }


def _scheduler(graph: Graph, loop: Mapping[str, Any]) -> dict[str, Any] | None:
    """With the lengths that the spec leaves null."""
    scheduler = value_of(graph)
    if scheduler is None:
        return None
    return complete(scheduler, scheduler_steps(graph, loop["steps"], loop["steps_per_epoch"]))


def _constructor(node: Node) -> dict[str, Any]:
    return {"type": node.type, **node.args}
