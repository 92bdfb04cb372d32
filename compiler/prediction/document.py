"""`model/model.json`: what a prediction has to know beside weights, fits and the spec."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from ..data.arrays import decoded
from ..network.frames import frames_of
from ..stages import FittedGraph, LabelFacts, Plan
from .facts import ColumnFacts, training_facts
from .needs import Needs, evaluation_needs, prediction_needs

FORMAT = 1

MODEL, COLUMNS, SPEC, WEIGHTS = "model.json", "columns.arrow", "spec.json", "weights.safetensors"
"""The files of a model folder, with those of `fits.saved`."""

Arrays = dict[str, pa.Array]


def model_document(plan: Plan, specc: str | None) -> tuple[dict[str, Any], Arrays]:
    """The document without its hashes, and the arrays of `columns.arrow`: the dtype of the k-th
    column as `k/dtype`, the values of the k-th of `training` as `k/values`.

    Raises BundleError when a frame cannot be read any more.

    Args:
        specc: the version.
    """
    fitted = plan.shaped.fitted
    bound = fitted.bound
    needs, beside = prediction_needs(bound), evaluation_needs(bound)
    arrays: Arrays = {}
    columns: list[dict[str, Any]] = []
    for frame, name, for_evaluation in _columns(needs, beside):
        dtype = bound.bundle.schema(frame).field(name).type
        arrays[f"{len(columns)}/dtype"] = decoded(pa.nulls(0, dtype))
        columns.append({"frame": frame, "column": name, "evaluation": for_evaluation})
    training = list(training_facts(fitted))
    for place, facts in enumerate(training):
        if facts.values is not None:
            arrays[f"{place}/values"] = facts.values
    return {
        "format": FORMAT,
        "specc": specc,
        "plan": plan.hash,
        "threads": plan.threads,
        "index_frame": bound.index_frame,
        "keys": {frame: list(key) for frame, key in {**beside.keys, **needs.keys}.items()},
        "steps": {"prediction": list(needs.steps), "evaluation": list(beside.steps)},
        "features": _features(fitted),
        "labels": {name: _label(facts) for name, facts in fitted.labels.items()},
        "columns": columns,
        "frames": sorted({*needs.columns}),
        "training": [_facts(facts) for facts in training],
    }, arrays


def _columns(needs: Needs, beside: Needs) -> Iterator[tuple[str, str, bool]]:
    """Frame and name of each column, and whether an evaluation alone reads it."""
    for frame, names in needs.columns.items():
        for name in names:
            yield frame, name, False
    for frame, names in beside.columns.items():
        for name in names:
            if name not in needs.columns.get(frame, ()):
                yield frame, name, True


def _features(fitted: FittedGraph) -> dict[str, list[str]]:
    """The columns of each frame of the batch, for people and other programs; those of ids too."""
    found: dict[str, list[str]] = {}
    graph = fitted.bound.graph
    for name in frames_of(graph, fitted):
        frame = graph.frames[name]
        if frame.context is None:
            found[name] = [column for part in frame.extractors
                           for column in _of_extractor(fitted, part)]
            continue
        context = fitted.contexts[frame.context]
        aggregate = context.aggregates.get(frame.aggregation or "")
        found[name] = list(aggregate.names) if aggregate is not None else [
            column for entry in context.extractors.values() for column in entry.feature_names]
    return found


def _of_extractor(fitted: FittedGraph, name: str) -> Iterator[str]:
    entry = fitted.extractors[name]
    for column in entry.columns:
        for inner in column.names:
            yield f"{entry.bound.extractor.prefix}{inner}"


def _label(facts: LabelFacts) -> dict[str, Any]:
    """Without the classes, which stand with their dtype among the fits."""
    return {
        "form": facts.form, "columns": facts.columns, "minimum": facts.minimum,
        "maximum": facts.maximum, "integral": facts.integral, "one_hot": facts.one_hot,
        "training": facts.training, "counts": list(facts.counts), "names": list(facts.names),
    }


def _facts(facts: ColumnFacts) -> dict[str, Any]:
    return {"extractor": facts.extractor, "column": facts.column, "rows": facts.rows,
            "nulls": facts.nulls, "minimum": _finite(facts.minimum),
            "maximum": _finite(facts.maximum)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def digest_of(document: Mapping[str, Any]) -> str:
    """The hash of a document without its own `digest`, in hex."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def sealed(document: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """The document with the hashes of the other files, and its own."""
    whole = {**document, "files": dict(files)}
    return {**whole, "digest": digest_of(whole)}


_NAME = {"type": "string"}
_NAMES = {"type": "array", "items": _NAME}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**53}
_STEPS = {"type": "array", "items": _COUNT}
_NUMBER = {"type": "number"}
_MAYBE = {"type": ["number", "null"]}
_YES_NO = {"type": "boolean"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties),
            "additionalProperties": False}


DOCUMENT_SCHEMA: Mapping[str, Any] = _object(
    format={"const": FORMAT},
    specc={"type": ["string", "null"]},
    plan={"type": "string", "pattern": "^[0-9a-f]{8}$"},
    threads={"type": "integer", "minimum": 1, "maximum": 100_000},
    index_frame=_NAME,
    keys={"type": "object", "additionalProperties": _NAMES},
    steps=_object(prediction=_STEPS, evaluation=_STEPS),
    features={"type": "object", "additionalProperties": _NAMES},
    labels={"type": "object", "minProperties": 1, "additionalProperties": _object(
        form={"enum": ["class_index", "number"]}, columns=_COUNT, minimum=_NUMBER, maximum=_NUMBER,
        integral=_YES_NO, one_hot=_YES_NO, training=_COUNT,
        counts={"type": "array", "items": _COUNT}, names=_NAMES)},
    columns={"type": "array", "items": _object(frame=_NAME, column=_NAME, evaluation=_YES_NO)},
    frames=_NAMES,
    training={"type": "array", "items": _object(
        extractor=_NAME, column=_NAME, rows=_COUNT, nulls=_COUNT, minimum=_MAYBE,
        maximum=_MAYBE)},
    files={"type": "object", "additionalProperties": {"type": "string"}},
    digest={"type": "string"},
)
"""JSON Schema of `model.json`."""
