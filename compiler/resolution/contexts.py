"""Objects of a spec -> `Context` records, and what no schema of one property can say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.contexts import OF_TIMES
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Context, Join
from ..text.pointer import join
from .conditions import check_words
from .extractors import IDS, check_extractor, check_joins, joins, matched, node, place
from .extractors import row_extractors as parts_of

CONTEXT = "context"

KEEPS_ORDER = ("pivot", "sequence")
"""The aggregations that give each row a place of its own."""


def context(pointer: str, name: str, value: Mapping[str, Any]) -> Context:
    """The record of a `context`."""
    columns, key_columns = matched(value["on"])
    as_of = place(join(pointer, "as_of"), value["as_of"])
    order_by = value["order_by"]
    return Context(
        pointer=pointer,
        name=name,
        joins=joins(join(pointer, "joins"), value["joins"]),
        # Columns without partners are called alike on both sides: rows of a context need no key.
        on=Join(pointer, value["frame"], columns, columns if key_columns is None else key_columns),
        place=as_of or place(join(pointer, "at"), value["at"]),
        strict=as_of is not None,
        order_by=(order_by,) if isinstance(order_by, str) else tuple(order_by),
        direction=value["direction"],
        size=value["size"],
        within=value["within"],
        include_self=value["include_self"],
        where=value["where"],
        extractors=tuple(parts_of(join(pointer, "extractor"), name, value["extractor"])),
        aggregations={
            inner: node(join(pointer, "aggregations", inner), aggregation)
            for inner, aggregation in value["aggregations"].items()
        },
    )


def check_context(entry: Context, value: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Properties that contradict each other. Reports SC204.

    Args:
        value: the object that the record was made from, defaults filled in.
    """
    yield from check_joins(entry.joins)
    yield from check_words(join(entry.pointer, "where"), entry.where)
    yield from _check_place(entry, value)
    for extractor in entry.extractors:
        yield from check_extractor(extractor)
        if extractor.frame is not None:
            yield _conflict(extractor.pointer, "frame", "a context starts from its own frame",
                            "remove it, or put the frame into `joins`", removed=True)
    for aggregation in entry.aggregations:
        yield from _check_aggregation(entry, aggregation)


def _conflict(pointer: str, key: str, reason: str, help: str, *,
              removed: bool = False) -> Diagnostic:
    """SC204 at a property; `removed` says that to remove it is the repair."""
    place = join(pointer, key)
    return codes.CONFLICTING_KEYS.at(place, target="key", name=key, reason=reason, help=help,
                                     fix=({"op": "remove", "path": place},) if removed else None)


def _check_place(entry: Context, value: Mapping[str, Any]) -> Iterator[Diagnostic]:
    if value["as_of"] is not None and value["at"] is not None:
        yield _conflict(entry.pointer, "at", "`as_of` says already where the sample stands",
                        "remove one of the two", removed=True)
    elif entry.strict and entry.include_self:
        yield _conflict(entry.pointer, "include_self", "`as_of` shows no row of the sample's own "
                        "time", 'remove it, or use "at" in place of "as_of"', removed=True)
    elif entry.strict and entry.direction != "before":
        yield _conflict(entry.pointer, "direction", "`as_of` shows no row after the sample",
                        'remove it, or use "at" in place of "as_of"', removed=True)
    elif entry.place is None and entry.direction == "around":
        yield _conflict(entry.pointer, "direction", "around what, no `at` says",
                        'add "at": {"sample": ..., "row": ...}')
    elif entry.place is None and entry.within is not None:
        yield _conflict(entry.pointer, "within", "nothing says from where: it needs `as_of` or "
                        "`at`", 'add "as_of": {"sample": ..., "row": ...}')
    if not entry.on.columns and entry.size is None and entry.within is None:
        yield _conflict(entry.pointer, "frame", "without `on` every row of the frame would belong "
                        "to every sample", 'add "on", or a window: "within": "PT6H"')


def _check_aggregation(entry: Context, name: str) -> Iterator[Diagnostic]:
    aggregation = entry.aggregations[name]
    args, pointer = aggregation.args, aggregation.pointer
    ids = any(extractor.transformer.type == IDS for extractor in entry.extractors)
    if aggregation.type in KEEPS_ORDER and entry.size is None and args["size"] is None:
        yield codes.CONFLICTING_KEYS.at(
            pointer, name=name, reason=f"`{aggregation.type}` gives each row a place of its own, "
            "and nothing says how many there are", help='add "size": 10')
    if aggregation.type != "sequence" and ids:
        yield codes.CONFLICTING_KEYS.at(
            pointer, name=name, reason=f"`{aggregation.type}` computes with numbers, an "
            "`embedding` gives ids", help='use "sequence", with an `embedding` in the network')
    if aggregation.type == "sequence" and args["folded"] and ids:
        yield _conflict(pointer, "folded", "ids of two rows cannot be one", "remove it",
                        removed=True)
    elif aggregation.type == "sequence" and args["folded"] and entry.direction != "around":
        yield _conflict(pointer, "folded", f"the rows stand {entry.direction} the sample, so "
                        "there are no pairs", 'write "direction": "around", or remove it',
                        removed=True)
    if aggregation.type == "group_by" and entry.place is None:
        timed = [function for function in args["functions"] if function in OF_TIMES]
        wanting = timed[0] if timed else "spans" if args["spans"] is not None else None
        if wanting is not None:
            yield codes.CONFLICTING_KEYS.at(
                pointer, name=name, reason=f"`{wanting}` needs the times of sample and rows",
                help='add "as_of": {"sample": ..., "row": ...} to the context')
