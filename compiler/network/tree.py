"""Walking the resolved network: a tree of factories."""

from __future__ import annotations

from collections.abc import Iterator

from ..stages import NetworkNode
from ..text.pointer import join

EXTRACTION = "extraction"


def children(node: NetworkNode) -> Iterator[NetworkNode]:
    """The nodes directly below a network node, in the order of the data."""
    for key in node.declaration.children:
        inner = node.args[key]
        if inner is not None:
            yield from inner if isinstance(inner, list) else (inner,)


def walk(node: NetworkNode) -> Iterator[NetworkNode]:
    """A network node and all below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def frames_read(node: NetworkNode) -> tuple[str, tuple[str, ...]] | None:
    """`(pointer, names)` of the frames that a node extracts, or None if it extracts none."""
    for key in ("frames", "input_frames"):
        if node.args.get(key):
            return join(node.pointer, key), tuple(node.args[key])
    return None


def extractions(network: NetworkNode) -> Iterator[tuple[str, tuple[str, ...]]]:
    """`(pointer of the extraction, names of its extractors)` in the order of the data.

    The prepended extraction of `input_frames` stands at `<pointer>/input_frames`.
    """
    for node in walk(network):
        read = frames_read(node)
        if read is not None:
            pointer, names = read
            yield (node.pointer if node.type == EXTRACTION else pointer), names
