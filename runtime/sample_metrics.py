"""Our own metrics that are means over samples.

Each takes what `Predictions` holds and raises ValueError where it is not defined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def mean_rank(true: Array, probabilities: Array) -> float:
    """Place of the true class by falling probability, averaged over samples; 1 is best.

    Equal probabilities share the mean of their places.

    Args:
        true: class numbers, `(rows,)`.
        probabilities: `(rows,)` of class 1, or `(rows, classes)`.
    """
    above, equal = _places(true, probabilities)
    return float((above + (equal + 1) / 2).mean())


def recall_at_k(true: Array, probabilities: Array, *, k: int) -> float:
    """Share of samples whose true class is among the `k` most probable, `(rows, classes)`.

    Among equal probabilities the true class is counted last, so that a network that says
    nothing gets nothing.
    """
    above, equal = _places(true, probabilities)
    return float((above + equal <= k).mean())


def expected_calibration_error(true: Array, probabilities: Array, *, bins: int) -> float:
    """Distance of confidence and accuracy, averaged over bins of confidence by their rows.

    The confidence of a sample is the probability of the class that it is said to have. The bins
    are `(0, 1/bins]`, `(1/bins, 2/bins]` and so on.

    Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, 2017, "On Calibration of Modern Neural
    Networks"; after M. Naeini, G. Cooper and M. Hauskrecht, 2015.
    """
    if probabilities.ndim == 1:
        said = (probabilities >= 0.5).astype(np.int64)
        confidence = np.maximum(probabilities, 1 - probabilities)
    else:
        said, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    place = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)
    # The sum over the rows of a bin, not their mean, weighs the bin by its rows.
    distance = np.bincount(place, weights=(said == true) - confidence, minlength=bins)
    return float(np.abs(distance).sum() / len(true))


def spearman(true: Array, values: Array) -> float:
    """Correlation of the ranks of predictions and label, averaged over label columns.

    Equal numbers share the mean of their ranks.

    Source: C. Spearman, 1904, "The Proof and Measurement of Association between Two Things".

    Args:
        true: `(rows,)` or `(rows, columns)`.
        values: same shape.
    """
    columns = [true[:, np.newaxis], values[:, np.newaxis]] if true.ndim == 1 else [true, values]
    correlations = []
    for left, right in zip(columns[0].T, columns[1].T, strict=True):
        ranks = _ranks(left), _ranks(right)
        if min(np.ptp(one) for one in ranks) == 0:
            raise ValueError("the label or the predictions are constant")
        correlations.append(np.corrcoef(*ranks)[0, 1])
    return float(np.mean(correlations))


def _places(true: Array, probabilities: Array) -> tuple[Array, Array]:
    """For each sample the classes above the true one, and those equal to it, itself included."""
    chances = probabilities if probabilities.ndim == 2 else \
        np.stack([1 - probabilities, probabilities], axis=1)
    own = np.take_along_axis(chances, true[:, np.newaxis], axis=1)
    return (chances > own).sum(axis=1), (chances == own).sum(axis=1)


def _ranks(values: Array) -> Array:
    """Ranks from 1; equal values share their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
