"""Heads: one graph seen as several, each with one label, one loss and one output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...schema.heads import HEADS, REPLACED
from ...schema.shapes import Value
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Extractor, Graph, NetworkNode, Shapes
from ..text.pointer import inside, join, touched
from .tree import walk

SELF_SIZED = ("output", "tabm")
"""Network types that are as wide as the label."""

SEVERAL = "several"
"""The task of a graph with heads, each of which has one of its own."""

_PLACE = join("", HEADS)


def views(graph: Graph) -> Mapping[str, Graph]:
    """Name of a head -> the graph as if this were its only one; without heads the graph itself,
    under the empty name.

    Labels of other heads are no frames of a view, and classes are not weighed in any.
    """
    if not graph.heads:
        return {"": graph}
    hidden = {head.label.name for head in graph.heads}
    return {
        head.name: replace(
            graph, label=head.label, loss=head.loss, metrics=head.metrics, heads=(head,),
            training=replace(graph.training, class_weight=None),
            frames={name: frame for name, frame in graph.frames.items()
                    if name == head.label.name or name not in hidden})
        for head in graph.heads
    }


def networks(graph: Graph) -> tuple[NetworkNode, ...]:
    """The network, then that of each head."""
    return (graph.network, *(head.network for head in graph.heads))


def nodes(graph: Graph) -> Iterator[NetworkNode]:
    """Every network node, those of heads too."""
    for network in networks(graph):
        yield from walk(network)


def labels(graph: Graph) -> tuple[Extractor, ...]:
    """The extractors of the labels, each once."""
    found = {head.label.name: head.label for head in graph.heads}
    return tuple(found.values()) or (graph.label,)


def name_in(head: str, name: str) -> str:
    """The name of a measure or a column of a head; without heads the name itself."""
    return f"{head}.{name}" if head else name


def joined(graph: Graph, by_head: Mapping[str, Shapes]) -> Shapes:
    """The shapes of all nodes, the network before the heads, from those of the views."""
    first, *_ = by_head.values()
    if not graph.heads:
        return first
    places = [head.pointer for head in graph.heads]
    trunk = [node for node in first.nodes
             if not any(inside(node.pointer, place) for place in places)]
    of_heads = [node for head in graph.heads for node in by_head[head.name].nodes
                if inside(node.pointer, head.pointer)]
    output: Value = next(node.output for node in trunk if node.pointer == graph.network.pointer)
    # What several heads read stands for itself, and not as codes that one of them looks up.
    looked_up = {extraction: reader for extraction, reader in first.looked_up.items()
                 if not any(inside(reader, place) for place in places)}
    return Shapes((*trunk, *of_heads), output, "real", looked_up)


def check_heads(graph: Graph) -> Iterator[Diagnostic]:
    """What contradicts the heads of a spec, or each other among them.

    Reports: SC204.
    """
    if not graph.heads:
        return
    for key in REPLACED:
        if key in graph.written:
            place = join("", key)
            yield codes.CONFLICTING_KEYS.at(
                place, target="key", name=key, reason="each head has its own",
                help="remove it: what it says belongs in the heads",
                fix=({"op": "remove", "path": place},))
    if graph.training.class_weight is not None:
        yield codes.CONFLICTING_KEYS.at(
            "/training/class_weight", target="key", name="class_weight",
            reason="of which head these are the classes, nothing says",
            help="remove it, and give the loss of a head its weights: `weight` or `pos_weight`")
    if touched(_PLACE, graph.holes):
        return
    if not any(head.weight for head in graph.heads):
        yield codes.CONFLICTING_KEYS.at(
            _PLACE, target="key", name=HEADS, reason="every weight is 0, so nothing is trained",
            help="give one of them a weight above 0")
    sums = [head for head in graph.heads if head.loss.args.get("reduction") == "sum"]
    if len(sums) not in (0, len(graph.heads)):
        yield codes.CONFLICTING_KEYS.at(
            join(sums[0].loss.pointer, "reduction"), name="reduction",
            reason="the losses of other heads are means, and this is a sum over a batch",
            help='write "reduction": "mean", or "sum" in every head')


def check_trunk(network: NetworkNode, heads: int) -> Iterator[Diagnostic]:
    """Nodes as wide as the label, where several heads read what they give.

    Reports: SC326.

    Args:
        heads: how many there are.
    """
    if not heads:
        return
    for node in walk(network):
        if node.type in SELF_SIZED:
            yield codes.LABEL_WIDTH_BEFORE_HEADS.at(
                node.pointer, type=node.type,
                help="move it into the heads, or use a layer with a width of its own")
