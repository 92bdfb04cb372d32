"""resolve: Spec -> Graph. Defaults are filled in and every name is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...schema import load_schema
from ...schema.declaration import NetworkType
from ...schema.heads import HEADS, LOSS, REPLACED, written_out
from ...schema.networks import NETWORKS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Result
from ..network.early_stopping import check_metric
from ..network.ensembles import check_ensembles
from ..network.evaluation_limits import check_evaluation_limits
from ..network.heads import check_heads, check_trunk
from ..network.loss_repair import MEAN_SQUARES
from ..network.parameter_groups import check_nodes
from ..network.references import check_reads, missing_label, reads_of
from ..network.shared import check_shared
from ..network.weight_average import check_average_epochs
from ..resolution.conditions import check_steps, step_of
from ..resolution.contexts import CONTEXT, check_context, context
from ..resolution.extractors import IDS, check_extractor, node, row_extractors, unknown_label
from ..resolution.frames import batch_frames, extractor_of
from ..resolution.quiet_hours import check_quiet_hours
from ..resolution.training import training
from ..stages import (
    BatchFrame,
    BundleSettings,
    Context,
    Extractor,
    Graph,
    Head,
    NetworkNode,
    Node,
    Spec,
)
from ..text.pointer import join, touched
from ..vocabulary.defaults import with_defaults

_NETWORKS: Mapping[str, NetworkType] = {entry.name: entry for entry in NETWORKS}

Object = Mapping[str, Any]


def resolve(spec: Spec) -> Result[Graph]:
    """Names and defaults. A spec with mistakes gives a graph too; see `Graph.holes`.

    Reports: SC201 to SC208, SC316, SC317, SC326, SC415 to SC418.
    """
    value, holes = with_defaults(load_schema(), spec.value), set(spec.holes)
    if value[HEADS] is None and value[LOSS] is None:
        # Heads that were wrong are gone, and nothing says what stands in their place.
        value = with_defaults(load_schema(), {**spec.value, LOSS: {"type": MEAN_SQUARES}})
        holes |= {join("", key) for key in REPLACED}
    untold = frozenset(holes | spec.assumed)
    objects = value["extractors"]
    extractors = {
        part.name: part for name, inner in objects.items() if inner["type"] != CONTEXT
        for part in row_extractors(join("/extractors", name), name, inner)
    }
    contexts = {
        name: context(join("/extractors", name), name, inner)
        for name, inner in objects.items() if inner["type"] == CONTEXT
    }
    frames, found = batch_frames(objects, contexts)
    network = _network("/network", value["network"])
    # What contradicts itself is told, and not judged further.
    for extractor in extractors.values():
        if not touched(join(extractor.pointer, "nulls"), spec.assumed):
            found += check_extractor(extractor)
    for entry in contexts.values():
        found += check_context(entry, objects[entry.name])
    holes |= {extractor_of(diagnostic.pointer) for diagnostic in found}
    torn_steps = check_steps(value["bundle"]["prepare"], spec.holes | spec.assumed)
    found += torn_steps
    holes |= {step_of(diagnostic.pointer) for diagnostic in torn_steps}
    reads = list(reads_of(network))

    def label_at(pointer: str, name: str, given: bool) -> Extractor:
        label = extractors.get(name) if name in objects else None
        if label is None:
            label = unknown_label(name)
            found.extend(missing_label(name, given, frames, reads, untold, pointer))
            holes.add(label.pointer)
        elif label.transformer.type == IDS:
            holes.add(label.pointer)
            found.append(codes.CONFLICTING_KEYS.at(
                pointer, name="label", reason="an `embedding` gives ids of features", help="number "
                'the classes with a `plain` extractor and the transformer "class_index"'))
        return label

    heads = tuple(_head(name, inner, label_at) for name, inner in (value[HEADS] or {}).items())
    label = heads[0].label if heads else label_at(
        "/label", value["label"], "label" in spec.value)
    labels = {label.name, *(head.label.name for head in heads)}
    found += check_reads(reads, labels, frames, spec.holes)
    torn = [*check_trunk(network, len(heads))]
    for head in heads or (None,):
        roots = (network,) if head is None else (network, head.network)
        torn += (one for one in (*check_shared(roots, spec.holes | spec.assumed),
                                 *check_ensembles(roots, len(heads))) if one not in torn)
    found += torn
    holes |= {diagnostic.pointer for diagnostic in torn if diagnostic.pointer is not None}
    used = {name for _, name in reads} | labels
    sound = not spec.mended and not holes and not any(diagnostic.is_error for diagnostic in found)
    if sound:
        found += [
            codes.UNUSED_EXTRACTOR.at(frame.pointer, target="key", name=name)
            for name, frame in frames.items() if name not in used
        ]
    kept = {name: frame for name, frame in frames.items() if name in used or not sound}
    scheduler = value["scheduler"]
    graph = Graph(
        source=spec.source,
        holes=frozenset(holes),
        assumed=spec.assumed,
        moved=spec.moved,
        written=spec.value,
        resolved=written_out(value),
        name=value["name"],
        description=value["description"],
        seed=value["seed"],
        bundle=_bundle(value["bundle"]),
        extractors=tuple(
            extractors[name] for frame in kept.values() for name in frame.extractors
        ),
        contexts=tuple(_read_of(entry, kept) for entry in contexts.values()
                       if any(frame.context == entry.name for frame in kept.values())),
        frames=kept,
        label=label,
        network=network,
        loss=heads[0].loss if heads else node("/loss", value[LOSS]),
        optimizer=node("/optimizer", value["optimizer"]),
        scheduler=node("/scheduler", scheduler) if scheduler is not None else None,
        metrics=heads[0].metrics if heads else tuple(_nodes("/metrics", value["metrics"])),
        heads=heads,
        training=training(value["training"]),
    )
    return Result(graph, (*found, *check_nodes(graph), *check_metric(graph),
                          *check_heads(graph), *check_quiet_hours(graph),
                          *check_evaluation_limits(graph), *check_average_epochs(graph)))


def _read_of(entry: Context, frames: Mapping[str, BatchFrame]) -> Context:
    """A context with those of its aggregations that are frames of the batch."""
    read = {frame.aggregation for frame in frames.values() if frame.context == entry.name}
    return replace(entry, aggregations={
        name: aggregation for name, aggregation in entry.aggregations.items() if name in read})


def _head(name: str, value: Object,
          label_at: Callable[[str, str, bool], Extractor]) -> Head:
    pointer = join("", HEADS, name)
    return Head(
        pointer=pointer,
        name=name,
        label=label_at(join(pointer, "label"), value["label"], True),
        network=_network(join(pointer, "network"), value["network"]),
        loss=node(join(pointer, "loss"), value["loss"]),
        weight=value["weight"],
        metrics=tuple(_nodes(join(pointer, "metrics"), value["metrics"])),
    )


def _nodes(pointer: str, values: list[Object]) -> Iterator[Node]:
    for index, value in enumerate(values):
        yield node(join(pointer, index), value)


def _network(pointer: str, value: Object) -> NetworkNode:
    declaration = _NETWORKS[value["type"]]
    args = {key: inner for key, inner in value.items() if key != "type"}
    for key in declaration.children:
        inner = value[key]
        if isinstance(inner, list):
            args[key] = [_network(join(pointer, key, index), child)
                         for index, child in enumerate(inner)]
        elif inner is not None:
            args[key] = _network(join(pointer, key), inner)
    return NetworkNode(pointer, value["type"], args, declaration)


def _bundle(value: Object) -> BundleSettings:
    keys = {
        frame: (key,) if isinstance(key, str) else tuple(key)
        for frame, key in value["keys"].items()
    }
    prepare = tuple(_nodes("/bundle/prepare", value["prepare"]))
    return BundleSettings(value["index_frame"], keys, prepare)
