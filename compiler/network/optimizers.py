"""Whether the optimizer can train the parameters of the network."""

from __future__ import annotations

from collections.abc import Iterator

from ...schema.agreement import MATRICES_ONLY, SPARSE_ONLY
from ...schema.constructors import load
from ...schema.shapes import Unknown
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Graph, Shapes
from ..text.pointer import touched

_USUAL = "torch.optim:Adam"


def check_optimizer(graph: Graph, shapes: Shapes) -> Iterator[Diagnostic]:
    """The optimizer against the parameters of the network.

    Reports: SC308.
    """
    optimizer = graph.optimizer
    if any(isinstance(node.output, Unknown) for node in shapes.nodes):
        return
    tensors = [
        (node.pointer, name, shape)
        for node in shapes.nodes
        for name, shape in node.parameters.items()
    ]
    if not tensors:
        yield codes.OPTIMIZER_MISMATCH.at(
            "/network", optimizer=optimizer.type, reason="it has no weights",
            help='add a layer that has weights, such as {"type": "output"}',
        )
    if touched(optimizer.pointer, graph.holes):
        return
    if optimizer.type in SPARSE_ONLY:
        takes = next(entry for entry in load().optimizers if entry.name == _USUAL).properties
        same = set(graph.written.get("optimizer", ())) <= {"type", *takes}
        yield codes.OPTIMIZER_MISMATCH.at(
            "/optimizer/type", optimizer=optimizer.type,
            reason="it takes only sparse gradients, and every gradient here is dense",
            help=f"use {_USUAL}",
            fix=({"op": "replace", "path": "/optimizer/type", "value": _USUAL},) if same else None,
        )
    if optimizer.type in MATRICES_ONLY:
        others = [f"{pointer} {name}" for pointer, name, shape in tensors if len(shape) != 2]
        if others:
            yield codes.OPTIMIZER_MISMATCH.at(
                "/optimizer/type", optimizer=optimizer.type,
                reason=f"it takes only matrices, and {others[0]} is none",
                help='set "bias": false and leave normalization out, or use torch.optim:AdamW',
            )
