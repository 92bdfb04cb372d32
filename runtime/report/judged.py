"""Predictions as the few numbers that the page draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..finished.told import Told
from .input import Bin, Confusion, Judged, Residuals

CLASSES = 15
"""The most classes of a confusion matrix; the rarer ones are put together."""

BINS, BARS, POINTS = 10, 31, 300
"""Of a calibration, of a histogram; points of a scatter."""

OTHER = "others"

Array = NDArray[Any]


def judged(split: str, head: str, told: Told) -> Judged:
    """What the predictions of a split show."""
    said = told.said
    if told.task == "regression":
        several = said.true.ndim == 2
        true, values = (said.true[:, 0], said.values[:, 0]) if several else \
            (said.true, said.values)
        coverage = {level: float((said.true <= each).mean())
                    for level, each in sorted(said.quantiles.items())}
        return Judged(split, head, residuals=_residuals(true, values), coverage=coverage,
                      column="0" if several else "")
    if told.task == "multilabel":
        return Judged(split, head,
                      calibration=_calibration(said.probabilities.ravel(), said.true.ravel()))
    return Judged(split, head, confusion=_confusion(said.true, said.labels, told.classes),
                  calibration=_of_classes(told) if told.scored else ())


def _of_classes(told: Told) -> tuple[Bin, ...]:
    chances, true = told.said.probabilities, told.said.true
    if chances.ndim == 2:
        return _calibration(chances.max(axis=1), chances.argmax(axis=1) == true)
    return _calibration(chances, true)


def _calibration(chances: Array, true: Array) -> tuple[Bin, ...]:
    """Bins of equal width from 0 to 1; those without samples are left out."""
    keep = np.isfinite(chances)
    chances, true = chances[keep], true[keep]
    place = np.clip((chances * BINS).astype(np.int64), 0, BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    said, came = (np.bincount(place, weights=values, minlength=BINS)
                  for values in (chances, true.astype(np.float64)))
    return tuple(Bin(float(said[row] / count), float(came[row] / count), int(count))
                 for row, count in enumerate(counts) if count)


def _confusion(true: Array, decided: Array, classes: tuple[str, ...]) -> Confusion | None:
    if not len(true) or max(true.max(), decided.max()) >= len(classes):
        return None
    names = list(classes)
    if len(names) > CLASSES:
        common = np.sort(np.argsort(-np.bincount(true, minlength=len(names)), kind="stable")
                         [:CLASSES - 1])
        places = np.full(len(names), len(common))
        places[common] = np.arange(len(common))
        true, decided = places[true], places[decided]
        names = [*(names[place] for place in common), OTHER]
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (true, decided), 1)
    return Confusion(names, counts.tolist())


def _residuals(true: Array, values: Array) -> Residuals | None:
    keep = np.isfinite(true) & np.isfinite(values)
    true, values = true[keep], values[keep]
    if len(true) < 2:
        return None
    order = np.argsort(true, kind="stable")
    shown = order[np.unique(np.linspace(0, len(order) - 1, min(POINTS, len(order))).astype(int))]
    error = values - true
    reach = float(np.quantile(np.abs(error), 0.995)) or 1.0
    edges = np.linspace(-reach, reach, BARS + 1)
    counts, _ = np.histogram(np.clip(error, -reach, reach), bins=edges)
    return Residuals(true[shown].tolist(), values[shown].tolist(), edges.tolist(),
                     counts.tolist())
