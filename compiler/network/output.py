"""The end of the network: one row for each sample, whatever its width."""

from __future__ import annotations

from collections.abc import Iterator

from ...schema.shapes import Features, Shape, Unknown, length_of, one_member, show
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import NetworkNode, Shapes
from .tree import children


def check_axes(network: NetworkNode, shapes: Shapes) -> Iterator[Diagnostic]:
    """Reports SC329 where samples do not end as one row each; needs no width.

    Args:
        network: what computes last.
    """
    output = shapes.output
    if isinstance(output, Unknown):
        return
    assert isinstance(output, tuple | Features)
    if isinstance(output, Features) or len(one_member(output)) != 2:
        yield codes.OUTPUT_AXES.at(_last(network).pointer, got=show(output), help=_help(output))


def _last(node: NetworkNode) -> NetworkNode:
    """The node whose output is that of the network."""
    while node.declaration.in_turn:
        below = list(children(node))
        if not below:
            break
        node = below[-1]
    return node


def _help(output: Shape | Features) -> str:
    if isinstance(output, Features):
        return 'put an `embedding` behind it, then {"type": "output"}'
    if length_of(one_member(output)) is not None:
        return ("bring the steps to one row, with `masked_pool`, `attention_pooling`, or "
                '"pool": "last", then {"type": "output"}')
    return 'put {"type": "torch.nn:Flatten"} and {"type": "output"} behind it'
