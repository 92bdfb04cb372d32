"""`shared`: one module in several places of a network, told apart from others by its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ...schema.shapes import Dim, Features, Length, Shape, Value
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Related
from ..diagnostics.hints import unknown
from ..stages import NetworkNode, ShapedNode
from ..text.pointer import inside, join, touched
from .tree import walk

SHARED = "shared"


def definitions(*networks: NetworkNode) -> Mapping[str, NetworkNode]:
    """Name -> the network that stands under it, where the name is given first."""
    found: dict[str, NetworkNode] = {}
    for node in _places(networks):
        if node.args["network"] is not None:
            found.setdefault(node.args["name"], node.args["network"])
    return found


def _places(networks: Iterable[NetworkNode]) -> Iterator[NetworkNode]:
    return (node for network in networks for node in walk(network) if node.type == SHARED)


def check_shared(networks: Iterable[NetworkNode], holes: Collection[str]) -> Iterator[Diagnostic]:
    """Every name has its network once, at its first place in the order of the data.

    No further place stands inside of a shared network, so none holds itself, and what a
    network computes grows no faster than its spec.

    Args:
        networks: in the order of the data.
        holes: pointers of invented values, and of such as were set to their default.

    Reports: SC208.
    """
    places = list(_places(networks))
    doubtful = {node.pointer for node in places
                if any(touched(join(node.pointer, key), holes) for key in ("name", "network"))}
    given = [node for node in places
             if node.args["network"] is not None or node.pointer in doubtful]
    names = list(dict.fromkeys(node.args["name"] for node in given))
    first: dict[str, NetworkNode] = {}
    for node in places:
        name, pointer = node.args["name"], join(node.pointer, "name")
        before = first.get(name)
        if node.pointer in doubtful:
            first.setdefault(name, node)
        elif node.args["network"] is not None:
            if before is not None:
                yield codes.SHARED_NETWORK.at(
                    pointer, name=name, reason="has a network twice",
                    related=[Related("this is the first", pointer=before.pointer)],
                    help="leave `network` out here to use the same module, or give this one "
                    "another name")
            first.setdefault(name, node)
        elif any(inside(node.pointer, join(outer.pointer, "network")) for outer in given):
            yield codes.SHARED_NETWORK.at(
                pointer, name=name, reason="is used inside of a shared network",
                help="use it beside, or write the network out here")
        elif name not in names:
            yield unknown(codes.SHARED_NETWORK, pointer, "shared networks", name, names,
                          reason="is defined nowhere")
        elif before is None:
            yield codes.SHARED_NETWORK.at(
                pointer, name=name, reason="has its network only behind this place",
                help="write `network` here and leave it out there")


def same_form(value: Value, other: Value) -> bool:
    """Whether one module can read both: axes of one kind, and tables of equal size.

    Sequences may come from different contexts. What is not known fits.
    """
    if isinstance(value, Features) and isinstance(other, Features):
        return (_same_axes(value.numbers, other.numbers) and len(value.ids) == len(other.ids)
                and all((left.vectors, left.frozen) == (right.vectors, right.frozen)
                        and _same_axis(left.size, right.size)
                        for left, right in zip(value.ids, other.ids, strict=True)))
    if isinstance(value, tuple) and isinstance(other, tuple):
        return _same_axes(value, other)
    return value == other


def _same_axes(shape: Shape, other: Shape) -> bool:
    return len(shape) == len(other) and all(map(_same_axis, shape, other))


def _same_axis(dim: Dim, other: Dim) -> bool:
    if isinstance(dim, Length) and isinstance(other, Length):
        return dim.timed == other.timed
    return dim == other or (not isinstance(dim, Length) and not isinstance(other, Length)
                            and None in (dim, other))


def same_weights(nodes: Iterable[ShapedNode], others: Iterable[ShapedNode]) -> bool:
    """Whether nodes train tensors of the same names and shapes."""
    left, right = _weights(nodes), _weights(others)
    return left.keys() == right.keys() and all(
        _same_axes(left[place], right[place]) for place in left)


def _weights(nodes: Iterable[ShapedNode]) -> dict[tuple[str, str], Shape]:
    return {(node.pointer, name): shape for node in nodes
            for name, shape in node.parameters.items()}
