"""fit: BoundGraph -> FittedGraph. The first pass that reads columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bundle import BundleError
from ..data.context_fit import fit_context
from ..data.encode import encode
from ..data.fitting import Population, fit_extractor
from ..data.leaks import label_twins
from ..data.training_labels import reads_label, training_labels
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..fits.saved import SavedFits
from ..network.heads import labels
from ..planning.memory import check_label_memory
from ..stages import (
    UNKNOWN_LABEL,
    BoundExtractor,
    BoundGraph,
    FittedContext,
    FittedExtractor,
    FittedGraph,
    LabelFacts,
)
from ..transformers import ClassIndex, MultiHot, Standard

Rows = NDArray[np.signedinteger[Any]]


def fit(bound: BoundGraph, saved: SavedFits | None = None) -> Result[FittedGraph]:
    """Transformers fitted on the joined training rows; equal extractors are fitted once.

    A row of a frame counts as often as training samples reach it, and training samples
    without a row count as nulls. `"nulls": "error"` is about values in rows: whether a
    sample may lack its row is for `missing_rows` to say. Extractors with mistakes are left
    out of the fitted graph.

    Reports: SC204, SC604, SC614, SC615, SC701 to SC705.
    """
    found: list[Diagnostic] = []
    fitted: dict[str, FittedExtractor] = {}
    shared: dict[str, FittedExtractor] = {}
    samples = Population(bound.samples.training.astype(np.int64), saved=saved)
    label_name = bound.graph.label.name
    label_names = dict.fromkeys(label.name for label in labels(bound.graph))
    # The labels first: some transformers read one, that of the first head.
    for name in sorted(bound.extractors, key=lambda name: name not in label_names):
        entry, is_label = bound.extractors[name], name in label_names
        if samples.labels is None and not is_label and reads_label(entry.extractor) \
                and label_name not in fitted:
            continue
        key = _key(entry, is_label)
        if key not in shared:
            reads = replace(samples, labels=None) if is_label else samples
            result = fit_extractor(entry, bound.bundle, reads, is_label=is_label)
            found += (new for new in result.diagnostics if new not in found)
            if result.stage is None:
                continue
            shared[key] = result.stage
        fitted[name] = replace(shared[key], bound=entry)
        if name == label_name:
            samples = replace(samples, labels=training_labels(bound, fitted[name]))
    fitted = {name: fitted[name] for name in bound.extractors if name in fitted}
    contexts: dict[str, FittedContext] = {}
    for name, seen in bound.contexts.items():
        context = fit_context(seen, bound.bundle, bound.samples, saved)
        found += (new for new in context.diagnostics if new not in found)
        if context.stage is not None:
            contexts[name] = context.stage
    facts = {name: _checked_facts(bound, fitted.get(name), found) for name in label_names}
    try:
        found += label_twins(bound)
    except BundleError as error:
        found += (new for new in error.diagnostics if new not in found)
    return Result(FittedGraph(bound, fitted, contexts, facts[label_name], facts), tuple(found))


def _key(entry: BoundExtractor, is_label: bool) -> str:
    """Equal for extractors that encode the same values of the same rows in the same way."""
    extractor, positions = entry.extractor, entry.positions
    rows = np.ascontiguousarray(positions.rows, dtype=np.int64)
    return json.dumps([
        is_label, positions.frame, hashlib.blake2b(rows.data).hexdigest(),
        [column.name for column in entry.columns],
        extractor.nulls, extractor.fill_value,
        extractor.transformer.type, extractor.transformer.args,
        # What is frozen or given stands under the name of its own extractor.
        extractor.name if extractor.frozen or extractor.vectors is not None else None,
    ], sort_keys=True)


def _checked_facts(bound: BoundGraph, label: FittedExtractor | None,
                   found: list[Diagnostic]) -> LabelFacts:
    """The facts of a label, unknown after a mistake; what is wrong goes to `found`."""
    if label is None:
        return UNKNOWN_LABEL
    wrong = (*_check_classes(label), *check_label_memory(label))
    found += wrong
    return UNKNOWN_LABEL if wrong else _label_facts(bound, label)


def _check_classes(label: FittedExtractor) -> Iterator[Diagnostic]:
    """Class numbers fill one column and tell at least two classes apart."""
    pointer = label.bound.extractor.transformer.pointer
    indices = [column for column in label.columns if isinstance(column, ClassIndex)]
    if indices and len(label.columns) > 1:
        yield codes.CONFLICTING_KEYS.at(
            pointer, name="label", help="take the one column that holds the class",
            reason=f"class numbers fill one column, this takes {len(label.columns)}")
    for column in indices:
        if len(column.values) < 2:
            yield codes.TOO_FEW_CLASSES.at(pointer, name=column.column, count=len(column.values))
    for entry in label.columns:
        if isinstance(entry, MultiHot) and not entry.kept:
            yield codes.TOO_FEW_CLASSES.at(pointer, name=entry.column, count=0,
                                           help="its lists are empty; check the split")
        elif isinstance(entry, MultiHot) and entry.has_other and not entry.rare:
            place = f"{pointer}/on_unseen"
            yield codes.CONFLICTING_KEYS.at(
                place, name="label", help='refuse them: "on_unseen": "error"',
                fix=({"op": "add", "path": place, "value": "error"},),
                reason=f"no training row of {entry.column!r} has a value for the class OTHER")


def _label_facts(bound: BoundGraph, label: FittedExtractor) -> LabelFacts:
    """What the encoded label holds over all samples, as the loss reads it.

    Standardised numbers are never those of classes, even where they happen to be -1 and 1.
    """
    without_row = bool((label.positions == label.reached).any())
    values = encode(label, bound.bundle).dense[: label.reached + without_row]
    first = label.columns[0]
    classes = first.classes if isinstance(first, ClassIndex) else ()
    return LabelFacts(
        form="class_index" if isinstance(first, ClassIndex) else "number",
        columns=label.width,
        classes=classes,
        minimum=float(values.min()),
        maximum=float(values.max()),
        integral=not isinstance(first, Standard) and bool((values == np.floor(values)).all()),
        one_hot=bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all()),
        training=int(bound.samples.training.sum()),
        counts=_counts(values, label.positions[bound.samples.training], len(classes)),
        names=_class_names(label),
    )


def _class_names(label: FittedExtractor) -> tuple[str, ...]:
    """The classes of a `multi_hot` label; those of several columns with the column's name."""
    if not all(isinstance(column, MultiHot) for column in label.columns):
        return ()
    (first, *others) = label.columns
    if others:
        return label.feature_names
    start = len(first.column) + 1
    return tuple(name[start:] for name in first.names)


def _counts(values: NDArray[np.float32], training: Rows, classes: int) -> tuple[int, ...]:
    """How many training samples have each class, or the lowest and the highest label."""
    if values.shape[1] != 1:
        return ()
    column = values[training, 0]
    if classes:
        return tuple(np.bincount(column.astype(np.int64), minlength=classes).tolist())
    return tuple(int((column == value).sum()) for value in (values.min(), values.max()))
