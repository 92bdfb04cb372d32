"""Names of extractors: what the network reads, and which one is the label."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.hints import known, replace_fix, unknown
from ..diagnostics.suggest import nearest
from ..stages import BatchFrame, NetworkNode
from ..text.pointer import inside, join, touched
from .tree import frames_read, walk

Read = tuple[str, str]
"""The pointer of a mention of an extractor, and the name."""

MOST_GUESSED = 50
"""Unknown names for which the nearest is looked for: more were not written one by one."""

_EXTRACTORS = "/extractors"


def reads_of(network: NetworkNode) -> Iterator[Read]:
    """Every mention of an extractor in the network."""
    for node in walk(network):
        read = frames_read(node)
        if read is not None:
            pointer, names = read
            yield from ((join(pointer, index), name) for index, name in enumerate(names))


def check_reads(reads: Sequence[Read], labels: Collection[str],
                extractors: Mapping[str, BatchFrame],
                holes: Collection[str]) -> Iterator[Diagnostic]:
    """What the network reads, against the extractors that there are.

    Reports: SC201 to SC203, SC207.
    """
    if not reads and not touched("/network", holes):
        yield codes.NO_INPUT.at("/network")
    if _EXTRACTORS in holes:
        return
    features = [name for name in extractors if name not in labels]
    sound = [read for read in reads if not any(inside(read[0], hole) for hole in holes)]
    unread = set(features) - {name for _, name in reads}
    unknown_names = [name for _, name in sound if name not in extractors]
    guessed = len(unknown_names) <= MOST_GUESSED
    strangers = [name for name in unknown_names if guessed and nearest(name, features) is None]
    left_over = min(unread) if len(unread) == 1 else None
    beside: dict[str, list[str]] = {}
    for pointer, name in reads:
        beside.setdefault(_place(pointer), []).append(name)
    seen: set[tuple[str, str]] = set()
    for pointer, name in sound:
        others = beside[_place(pointer)]
        if name in extractors:
            if name in labels:
                yield _label_as_input(pointer, name, left_over, alone=len(others) == 1)
            elif (_place(pointer), name) in seen:
                yield codes.FRAME_TWICE.at(pointer, name=name,
                                           fix=({"op": "remove", "path": pointer},))
        elif any(frame.context == name for frame in extractors.values()):
            yield _whole_context(pointer, name, extractors)
        elif not guessed:
            yield codes.UNKNOWN_EXTRACTOR.at(pointer, name=name,
                                             help=known(features, "extractors"))
        elif left_over is not None and strangers == [name]:
            yield _left_over(codes.UNKNOWN_EXTRACTOR.at(pointer, name=name), left_over)
        else:
            # What is read there already was not meant a second time.
            left = [feature for feature in features if feature not in others]
            yield unknown(codes.UNKNOWN_EXTRACTOR, pointer, "extractors", name, left or features)
        seen.add((_place(pointer), name))


def _whole_context(pointer: str, name: str, extractors: Mapping[str, BatchFrame]) -> Diagnostic:
    """A context is read by its aggregations."""
    given = [frame for frame, source in extractors.items() if source.context == name]
    return codes.UNKNOWN_EXTRACTOR.at(
        pointer, name=name, help=f"read an aggregation of the context: {', '.join(given)}",
        fix=replace_fix(pointer, given[0]) if len(given) == 1 else None)


def _place(pointer: str) -> str:
    """The list that an element stands in."""
    return pointer.rpartition("/")[0]


def _label_as_input(pointer: str, name: str, left_over: str | None, *,
                    alone: bool) -> Diagnostic:
    """The network reads the label: another extractor that nothing reads was meant, or none."""
    if left_over is not None:
        return _left_over(codes.LABEL_AS_INPUT.at(pointer, name=name), left_over)
    fix = None if alone else ({"op": "remove", "path": pointer},)
    return codes.LABEL_AS_INPUT.at(pointer, name=name, fix=fix)


def missing_label(name: str, given: bool, extractors: Mapping[str, BatchFrame],
                  reads: Sequence[Read], holes: Collection[str],
                  pointer: str = "/label") -> Iterator[Diagnostic]:
    """The label is no extractor.

    Reports: SC201, SC206.

    Args:
        given: whether the spec names the label.
        pointer: where it does.
    """
    if _EXTRACTORS in holes or touched(pointer, holes):
        return
    read = {name for _, name in reads}
    unread = [entry for entry in extractors if entry not in read]
    if not given:
        only = unread[0] if len(unread) == 1 else None
        fix = None if only is None else ({"op": "add", "path": pointer, "value": only},)
        yield codes.NO_LABEL.at(_EXTRACTORS, target="key", fix=fix)
        return
    diagnostic = unknown(codes.UNKNOWN_EXTRACTOR, pointer, "extractors", name,
                         [*unread, *(entry for entry in extractors if entry in read)])
    if nearest(name, extractors) is None and len(unread) == 1:
        diagnostic = _left_over(diagnostic, unread[0])
    yield diagnostic


def _left_over(diagnostic: Diagnostic, name: str) -> Diagnostic:
    """An unknown name where exactly one extractor is used by nothing else."""
    return replace(diagnostic, help=f"did you mean {name!r}? nothing else reads it",
                   fix=replace_fix(diagnostic.pointer or "", name))
