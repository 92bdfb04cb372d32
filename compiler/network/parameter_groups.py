"""Which weights the optimizer treats alike: weight decay by kind, settings by node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...schema.shapes import size
from ...schema.training import BIAS, EMBEDDING, NORMALIZATION
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.hints import unknown
from ..stages import Graph, GroupRule, ParameterGroup, ShapedNode
from ..text.pointer import inside, join, touched
from .heads import networks
from .heads import nodes as all_nodes

_NORM_LAYERS = ("torch.nn:BatchNorm1d", "torch.nn:GroupNorm", "torch.nn:LayerNorm",
                "torch.nn:RMSNorm")

_EMBEDS = ("embedding", "tokens", "positions")
"""Words in the names of node types and of parts that turn values or places into vectors."""


def kinds_of(node_type: str, name: str) -> frozenset[str]:
    """The kinds of a weight, among `schema.training.KINDS`; none for an ordinary matrix.

    A bias is a tensor of that name, also in a normalization. What normalizes, or turns values
    into vectors, is a node type or a part of one that is called so. By default none of these
    decays, as in the experiments of Gorishniy, Rubachev, Khrulkov and Babenko,
    "Revisiting Deep Learning Models for Tabular Data" (2021).

    Args:
        name: of the tensor in the state of the node, such as `normalization_0.weight`.
    """
    *owners, last = name.split(".")
    kinds = set()
    if "bias" in last.split("_"):
        kinds.add(BIAS)
    words = [word for owner in owners for word in owner.split("_")]
    if node_type in _NORM_LAYERS or any(word.startswith("norm") for word in words):
        kinds.add(NORMALIZATION)
    if any(word in part for word in _EMBEDS for part in (node_type, *owners)):
        kinds.add(EMBEDDING)
    return frozenset(kinds)


def parameter_groups(graph: Graph, nodes: Sequence[ShapedNode]) -> tuple[ParameterGroup, ...]:
    """Every trainable weight of the network, those with equal settings in one group.

    The group with the settings of the optimizer comes first, then others with its learning
    rate: what a run writes as its rate is that of the first group.
    """
    optimizer, training = graph.optimizer.args, graph.training
    usual = (optimizer["lr"], optimizer.get("weight_decay"))
    groups: dict[tuple[float, float | None], list[tuple[str, str, int]]] = {}
    for node in nodes:
        rule = _rule_of(training.parameter_groups, node)
        for name, shape in node.parameters.items():
            lr, decay = usual
            if rule is not None:
                lr = lr if rule.lr is None else rule.lr
                decay = decay if rule.weight_decay is None else rule.weight_decay
            if decay is not None and kinds_of(node.type, name) & set(training.no_decay):
                decay = 0.0
            numbers = node.members * (size(shape) or 0)
            groups.setdefault((lr, decay), []).append((node.pointer, name, numbers))
    order = sorted(groups, key=lambda settings: (settings != usual, settings[0] != usual[0]))
    return tuple(
        ParameterGroup(
            tensors=tuple((pointer, name) for pointer, name, _ in groups[settings]),
            parameters=sum(count for _, _, count in groups[settings]),
            lr=settings[0],
            weight_decay=settings[1],
        )
        for settings in order
    )


def _rule_of(rules: Sequence[GroupRule], node: ShapedNode) -> GroupRule | None:
    """The last rule that names a node."""
    for rule in reversed(rules):
        if any(_names(name, node.pointer, node.type) for name in rule.nodes):
            return rule
    return None


def _names(name: str, pointer: str, node_type: str) -> bool:
    return inside(pointer, name) if name.startswith("/") else name == node_type


def check_nodes(graph: Graph) -> Iterator[Diagnostic]:
    """The nodes that parameter groups name.

    Reports: SC409.
    """
    if any(touched(root.pointer, graph.holes) for root in networks(graph)):
        return
    nodes = list(all_nodes(graph))
    pointers = [node.pointer for node in nodes]
    types = list(dict.fromkeys(node.type for node in nodes))
    for rule in graph.training.parameter_groups:
        for index, name in enumerate(rule.nodes):
            there = pointers if name.startswith("/") else types
            if name not in there:
                yield unknown(codes.UNKNOWN_NODE, join(rule.pointer, "nodes", index), "nodes",
                              name, there)


def check_settings(graph: Graph, rule: GroupRule) -> Iterator[Diagnostic]:
    """What a parameter group sets.

    Reports: SC204.
    """
    if touched(graph.optimizer.pointer, graph.holes):
        return
    if rule.lr is None and rule.weight_decay is None:
        yield codes.CONFLICTING_KEYS.at(
            rule.pointer, name="parameter_groups", reason="a group sets nothing",
            help='give it "lr" or "weight_decay", or remove it',
            fix=({"op": "remove", "path": rule.pointer},))
    if rule.weight_decay is not None and "weight_decay" not in graph.optimizer.args:
        yield codes.CONFLICTING_KEYS.at(
            join(rule.pointer, "weight_decay"), target="key", name="weight_decay",
            reason=f"{graph.optimizer.type} has no weight decay",
            help="leave it out, or use torch.optim:AdamW")
