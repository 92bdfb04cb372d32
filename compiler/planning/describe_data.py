"""The data plan as JSON data: samples, frames, joins, columns, encodings."""

from __future__ import annotations

from typing import Any

from ..stages import FittedGraph, Samples
from .describe_extractors import describe_extractor
from .describe_frames import describe_frames


def describe_data(fitted: FittedGraph) -> dict[str, Any]:
    """What is read and how it is stored; equal specs on equal bundles give equal data.

    Raises BundleError when a frame cannot be read.
    """
    bound = fitted.bound
    return {
        "index_frame": bound.index_frame,
        "samples": len(bound.samples),
        "splits": _splits(bound.samples),
        **({"prepare": [dict(step) for step in bound.prepared]} if bound.prepared else {}),
        "label": None if bound.graph.heads else describe_label(fitted),
        "frames": list(describe_frames(bound)),
        "extractors": [describe_extractor(bound.bundle, entry, bound.index_frame)
                       for entry in fitted.extractors.values()],
    }


def _splits(samples: Samples) -> dict[str, int]:
    return {
        name: int((samples.split == index).sum()) for index, name in enumerate(samples.names)
    }


def describe_label(fitted: FittedGraph) -> dict[str, Any]:
    """The label of the graph, or of a view of it: its extractor, and what its values are."""
    label = fitted.label
    described: dict[str, Any] = {"extractor": fitted.bound.graph.label.name, "form": label.form,
                                 "columns": label.columns}
    if label.classes:
        return {**described, "classes": [str(value) for value in label.classes]}
    if label.names:
        described["names"] = list(label.names)
    return {**described, "minimum": label.minimum, "maximum": label.maximum}
