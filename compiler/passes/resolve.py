"""resolve: Spec -> Graph. Defaults are filled in and every name is looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...schema import load_schema
from ...schema.declaration import NetworkType
from ...schema.networks import NETWORKS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..network.references import check_reads, missing_label, reads_of
from ..stages import (
    BundleSettings,
    Extractor,
    Graph,
    Join,
    NetworkNode,
    Node,
    Selector,
    Spec,
    Training,
)
from ..text.pointer import join, touched
from ..vocabulary.defaults import with_defaults

_NETWORKS: Mapping[str, NetworkType] = {entry.name: entry for entry in NETWORKS}

Object = Mapping[str, Any]


def resolve(spec: Spec) -> Result[Graph]:
    """Names and defaults. A spec with mistakes gives a graph too; see `Graph.holes`.

    Reports: SC201 to SC207.
    """
    value = with_defaults(load_schema(), spec.value)
    holes = set(spec.holes)
    extractors = {
        name: _extractor(join("/extractors", name), name, inner)
        for name, inner in value["extractors"].items()
    }
    network = _network("/network", value["network"])
    # What contradicts itself is told, and not judged further.
    torn = [entry for entry in extractors.values() if _contradicts(entry)
            and not touched(join(entry.pointer, "nulls"), spec.assumed)]
    found = list(_check_fills(torn))
    holes |= {entry.pointer for entry in torn}
    reads = list(reads_of(network))
    label = extractors.get(value["label"])
    if label is None:
        label = _unknown_label(value["label"])
        holes.add(label.pointer)
        found += missing_label(value["label"], "label" in spec.value, extractors, reads,
                               spec.holes | spec.assumed)
    found += check_reads(reads, label.name, extractors, spec.holes)
    used = {name for _, name in reads} | {label.name}
    sound = not spec.mended and not holes and not any(diagnostic.is_error for diagnostic in found)
    if sound:
        found += [
            codes.UNUSED_EXTRACTOR.at(entry.pointer, target="key", name=name)
            for name, entry in extractors.items() if name not in used
        ]
    scheduler = value["scheduler"]
    graph = Graph(
        source=spec.source,
        holes=frozenset(holes),
        assumed=spec.assumed,
        moved=spec.moved,
        written=spec.value,
        resolved=value,
        name=value["name"],
        description=value["description"],
        seed=value["seed"],
        bundle=_bundle(value["bundle"]),
        extractors=tuple(
            entry for name, entry in extractors.items() if name in used or not sound
        ),
        label=label,
        network=network,
        loss=_node("/loss", value["loss"]),
        optimizer=_node("/optimizer", value["optimizer"]),
        scheduler=_node("/scheduler", scheduler) if scheduler is not None else None,
        metrics=tuple(_nodes("/metrics", value["metrics"])),
        training=_training(value["training"]),
    )
    return Result(graph, tuple(found))


def _node(pointer: str, value: Object) -> Node:
    args = {key: inner for key, inner in value.items() if key != "type"}
    return Node(pointer, value["type"], args)


def _nodes(pointer: str, values: list[Object]) -> Iterator[Node]:
    for index, value in enumerate(values):
        yield _node(join(pointer, index), value)


def _network(pointer: str, value: Object) -> NetworkNode:
    declaration = _NETWORKS[value["type"]]
    args = {key: inner for key, inner in value.items() if key != "type"}
    for key in declaration.children:
        inner = value[key]
        args[key] = (
            [_network(join(pointer, key, index), child) for index, child in enumerate(inner)]
            if isinstance(inner, list)
            else _network(join(pointer, key), inner)
        )
    return NetworkNode(pointer, value["type"], args, declaration)


def _unknown_label(name: str) -> Extractor:
    """Stands where the label would, and is not judged."""
    pointer = join("/extractors", name)
    return Extractor(pointer, name, None, (), (), (), "null", "keep", None,
                     Node(join(pointer, "transformer"), "identity", {}))


def _contradicts(entry: Extractor) -> bool:
    return (entry.nulls == "fill") != (entry.fill_value is not None)


def _check_fills(torn: Iterable[Extractor]) -> Iterator[Diagnostic]:
    for entry in torn:
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


def _extractor(pointer: str, name: str, value: Object) -> Extractor:
    return Extractor(
        pointer=pointer,
        name=name,
        frame=value["frame"],
        joins=tuple(
            _join(join(pointer, "joins", index), inner)
            for index, inner in enumerate(value["joins"])
        ),
        take=tuple(_selectors(join(pointer, "take_columns"), value["take_columns"])),
        drop=tuple(_selectors(join(pointer, "drop_columns"), value["drop_columns"])),
        missing_rows=value["missing_rows"],
        nulls=value["nulls"],
        fill_value=value["fill_value"],
        transformer=_node(join(pointer, "transformer"), value["transformer"]),
    )


def _join(pointer: str, value: Object) -> Join:
    on = value["on"]
    if isinstance(on, str):
        on = [on]
    names = tuple(on.values()) if isinstance(on, dict) else None
    return Join(pointer, value["frame"], tuple(on), names, value["max_missing"])


def _selectors(pointer: str, values: list[str | Object]) -> Iterator[Selector]:
    for index, value in enumerate(values):
        place = join(pointer, index)
        if isinstance(value, str):
            yield Selector(place, value, None)
        else:
            yield Selector(place, None, value["dtype"])


def _bundle(value: Object) -> BundleSettings:
    keys = {
        frame: (key,) if isinstance(key, str) else tuple(key)
        for frame, key in value["keys"].items()
    }
    prepare = tuple(_nodes("/bundle/prepare", value["prepare"]))
    return BundleSettings(value["index_frame"], keys, prepare)


def _training(value: Object) -> Training:
    evaluate_on = value["evaluate_on"]
    return Training(
        epochs=value["epochs"],
        batch_size=value["batch_size"],
        train_on=tuple(value["train_on"]),
        evaluate_on=None if evaluate_on is None else tuple(evaluate_on),
        evaluate_every=value["evaluate_every"],
        sampling=value["sampling"],
        device=value["device"],
        threads=value["threads"],
    )
