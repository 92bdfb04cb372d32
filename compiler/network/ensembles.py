"""Ensembles: where members may stand, and what they may not have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Related
from ..stages import NetworkNode
from ..text.pointer import join
from .shared import SHARED
from .tree import children, walk

ENSEMBLES = ("ensemble", "tabm")
"""Network types that give an output for each of several members."""


def check_ensembles(networks: Sequence[NetworkNode], heads: int) -> Iterator[Diagnostic]:
    """Members stand last, hold no members, and share no weights with what stands outside.

    Args:
        networks: in the order of the data; the first is what heads read.
        heads: how many there are.

    Reports: SC208, SC316, SC317.
    """
    if heads:
        # What `tabm` gives is as wide as the label, which is reported of it.
        for node in walk(networks[0]):
            if node.type == "ensemble":
                yield codes.ENSEMBLE_BEFORE_HEADS.at(node.pointer)
    first: dict[str, str | None] = {}
    for network in networks:
        for node, outer in _with_ensemble(network, None):
            if outer is not None and node.type in ENSEMBLES:
                yield codes.MEMBERS_OF_MEMBERS.at(
                    node.pointer, type=node.type,
                    related=[Related("this is the ensemble around it", pointer=outer)])
            if node.type != SHARED or first.setdefault(node.args["name"], outer) == outer:
                continue
            yield codes.SHARED_NETWORK.at(
                join(node.pointer, "name"), name=node.args["name"],
                reason="has places inside and outside of an ensemble",
                help="each member has weights of its own: write the network out here, under "
                "another name")


def _with_ensemble(node: NetworkNode, outer: str | None) -> Iterator[
        tuple[NetworkNode, str | None]]:
    """A node and all below it, each with the pointer of the `ensemble` around it."""
    yield node, outer
    inner = node.pointer if node.declaration.copies is not None else outer
    for child in children(node):
        yield from _with_ensemble(child, inner)
