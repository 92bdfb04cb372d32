"""The labels of the training samples, in folds, for transformers that read them."""

from __future__ import annotations

import numpy as np

from ...schema.transformers.categories import FOLDS
from ..bundle import BundleError
from ..seeds import derive_seed
from ..stages import BoundGraph, Extractor, FittedExtractor
from ..transformers import ClassIndex
from .encode import encode
from .fitting import TrainingLabels

TARGET_ENCODING = "target_encoding"


def training_labels(bound: BoundGraph, label: FittedExtractor) -> TrainingLabels | None:
    """None where no transformer reads the label, or it cannot be read.

    Class numbers become one column for each class, or for the second of two.
    """
    if not any(reads_label(entry.extractor) for entry in bound.extractors.values()):
        return None
    try:
        encoded = encode(label, bound.bundle).dense
    except BundleError:
        return None
    training = bound.samples.training
    values = encoded[label.positions[training]].astype(np.float64)
    suffixes = tuple(f"_{name}" for name in label.feature_names) if values.shape[1] > 1 else ("",)
    first = label.columns[0]
    if isinstance(first, ClassIndex):
        classes = len(first.classes)
        chosen = range(1, 2) if classes == 2 else range(classes)
        suffixes = ("",) if classes == 2 else tuple(f"_{name}" for name in first.classes)
        values = np.stack([values[:, 0] == number for number in chosen], axis=1).astype(np.float64)
    generator = np.random.default_rng(
        derive_seed(bound.graph.seed, label.bound.extractor.pointer, "folds"))
    fold_of = np.full(len(training), -1, dtype=np.int8)
    # Folds of equal size, give or take one.
    fold_of[training] = generator.permutation(np.arange(len(values)) % FOLDS)
    return TrainingLabels(values, suffixes, fold_of, FOLDS)


def reads_label(extractor: Extractor) -> bool:
    """Whether a transformer of the extractor reads the label of the training samples."""
    return _reads(extractor.transformer.type, extractor.transformer.args)


def _reads(name: str, args: object) -> bool:
    if name == TARGET_ENCODING:
        return True
    inner = args.values() if isinstance(args, dict) else ()
    return any(isinstance(value, dict) and "type" in value and _reads(
        value["type"], {key: value[key] for key in value if key != "type"}) for value in inner)
