"""Objects of a spec -> `Extractor` records; the parts of a `combined` one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Extractor, Join, Node, Place, Selector, Vectors
from ..text.pointer import join

Object = Mapping[str, Any]

COMBINED, EMBEDDING = "combined", "embedding"

IDS = "ids"
"""The transformer of an `embedding`, which a spec does not name."""

_OF_IDS = ("max_values", "min_count", "on_unseen")


def row_extractors(pointer: str, name: str, value: Object, prefix: str = "") -> Iterator[Extractor]:
    """The extractors that stand side by side in one frame: one, or the parts of a `combined`."""
    if value["type"] != COMBINED:
        yield _extractor(pointer, name, value, prefix)
        return
    for part, inner in value["extractors"].items():
        yield from row_extractors(join(pointer, "extractors", part), f"{name}.{part}", inner,
                                  f"{prefix}{part}.")


def _extractor(pointer: str, name: str, value: Object, prefix: str) -> Extractor:
    transformer = Node(pointer, IDS, {key: value[key] for key in _OF_IDS}) \
        if value["type"] == EMBEDDING else node(join(pointer, "transformer"), value["transformer"])
    return Extractor(
        pointer=pointer,
        name=name,
        frame=value["frame"],
        joins=joins(join(pointer, "joins"), value["joins"]),
        take=selectors(join(pointer, "take_columns"), value["take_columns"]),
        drop=selectors(join(pointer, "drop_columns"), value["drop_columns"]),
        missing_rows=value["missing_rows"],
        nulls=value["nulls"],
        fill_value=value["fill_value"],
        transformer=transformer,
        vectors=_vectors(join(pointer, "vectors"), value.get("vectors")),
        prefix=prefix,
        frozen=value["fit"] == "frozen",
    )


def node(pointer: str, value: Object) -> Node:
    """A typed object as a node."""
    return Node(pointer, value["type"], {key: value[key] for key in value if key != "type"})


def joins(pointer: str, values: list[Object]) -> tuple[Join, ...]:
    """A chain of joins."""
    return tuple(_join(join(pointer, index), value) for index, value in enumerate(values))


def _join(pointer: str, value: Object) -> Join:
    columns, key_columns = matched(value["on"])
    as_of = place(join(pointer, "as_of"), value["as_of"])
    if as_of is not None and key_columns is None:
        # The key of such a frame need not be what is matched: a time may be part of it.
        key_columns = columns
    return Join(pointer, value["frame"], columns, key_columns, value["max_missing"], as_of)


def matched(on: str | list[str] | Mapping[str, str] | None) -> tuple[
        tuple[str, ...], tuple[str, ...] | None]:
    """The columns here, and those there where they are named."""
    if on is None:
        return (), ()
    if isinstance(on, str):
        return (on,), None
    return tuple(on), tuple(on.values()) if isinstance(on, Mapping) else None


def place(pointer: str, value: Object | None) -> Place | None:
    """`as_of` or `at`."""
    return None if value is None else Place(pointer, value["sample"], value["row"])


def selectors(pointer: str, values: list[str | Object]) -> tuple[Selector, ...]:
    """Columns by name, glob or dtype."""
    return tuple(
        Selector(join(pointer, index), value, None) if isinstance(value, str)
        else Selector(join(pointer, index), None, value["dtype"])
        for index, value in enumerate(values)
    )


def _vectors(pointer: str, value: Object | None) -> Vectors | None:
    if value is None:
        return None
    return Vectors(pointer, value["frame"], selectors(join(pointer, "columns"), value["columns"]),
                   value["trained"])


def unknown_label(name: str) -> Extractor:
    """Stands where the label would, and is not judged."""
    pointer = join("/extractors", name)
    return Extractor(pointer, name, None, (), (), (), "null", "keep", None,
                     Node(join(pointer, "transformer"), "identity", {}))


def check_extractor(entry: Extractor) -> Iterator[Diagnostic]:
    """Properties that contradict each other. Reports SC204."""
    yield from _check_fill(entry)
    yield from check_joins(entry.joins)


def check_joins(chain: Iterable[Join]) -> Iterator[Diagnostic]:
    """Reports SC204 for a join without columns to match and without a time."""
    for step in chain:
        if not step.columns and step.as_of is None:
            yield codes.CONFLICTING_KEYS.at(
                join(step.pointer, "on"), name="on", help="name the columns to match",
                reason="null takes the rows of every key, which needs `as_of` to choose one")


def _check_fill(entry: Extractor) -> Iterator[Diagnostic]:
    if (entry.nulls == "fill") == (entry.fill_value is not None):
        return
    if entry.nulls == "fill":
        yield codes.CONFLICTING_KEYS.at(
            join(entry.pointer, "nulls"), name="nulls",
            reason="'fill' needs a 'fill_value'", help='add "fill_value": 0',
        )
    else:
        yield codes.CONFLICTING_KEYS.at(
            join(entry.pointer, "fill_value"), target="key", name="fill_value",
            reason=f"is read only with \"nulls\": \"fill\", here it is {entry.nulls!r}",
            help='write "nulls": "fill", or remove fill_value',
        )
