"""The linear baseline: a logistic or a ridge regression of scikit-learn, within bounds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..scoring import Scoring
from .features import Features, features_of

Array = NDArray[Any]

ROWS, COLUMNS, OUTPUTS = 20_000, 2_000, 100
"""The most training rows, columns and classes (or label columns)."""

WORK = 20_000_000
"""The most rows times columns times classes; rows are left out until it holds."""

FEWEST = 20
"""Training rows below which no line is fitted."""

CHUNK = 8192
"""Rows that are set out at once."""


class NoModel(Exception):
    """There is no linear baseline; the text says why."""


@dataclass(frozen=True, eq=False)
class Linear:
    """A fitted line.

    Args:
        say: float64 features to values, or to chances: of the known classes, or of 1.
        classes: the classes that were seen in training, int64; empty for other tasks.
        left_out: what the network reads and the line does not.
    """

    session: Scoring
    features: Features
    mean: Array
    scale: Array
    say: Callable[[Array], Array]
    classes: Array
    left_out: tuple[str, ...]

    def of(self, samples: NDArray[np.int64]) -> Array:
        """What the line says of samples, `(samples,)` or `(samples, outputs)`."""
        parts = []
        for start in range(0, max(1, len(samples)), CHUNK):
            part = torch.from_numpy(samples[start:start + CHUNK]).to(self.session.device)
            parts.append(self.say((self.features.of(part) - self.mean) / self.scale))
        return np.concatenate(parts)


def fit_linear(session: Scoring, task: str, labels: Callable[[NDArray[np.int64]], Array],
               draw: Callable[[int], NDArray[np.int64]]) -> Linear:
    """A line on the training rows.

    Args:
        labels: of samples, as `Predictions.true`.
        draw: at most so many training rows.

    Raises NoModel.
    """
    features = features_of(session)
    if not features.frames:
        raise NoModel(f"the network reads nothing but {' and '.join(features.left_out)}")
    if features.width > COLUMNS:
        raise NoModel(f"{features.width:,} columns of features are more than {COLUMNS:,}")
    rows = draw(ROWS)
    true = labels(rows)
    outputs = len(np.unique(true)) if task == "multiclass" else true[:1].size
    if outputs > OUTPUTS:
        raise NoModel(f"{outputs:,} {'classes' if task == 'multiclass' else 'label columns'} are "
                      f"more than {OUTPUTS:,}")
    most = WORK // (features.width * outputs)
    if len(rows) > most:
        rows = draw(most)
        true = labels(rows)
    if len(rows) < FEWEST:
        raise NoModel(f"{len(rows):,} training rows are fewer than {FEWEST:,}"
                      if most >= FEWEST else "there are too many columns for so many outputs")
    numbers = features.of(torch.from_numpy(rows).to(session.device)).astype(np.float64)
    mean, scale = numbers.mean(axis=0), numbers.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    classes = np.unique(true) if task == "multiclass" else np.array([], dtype=np.int64)
    with warnings.catch_warnings():
        # A line that has not settled after its iterations is a baseline still.
        warnings.simplefilter("ignore")
        try:
            say = _fit(task, (numbers - mean) / scale, true)
        except (ValueError, np.linalg.LinAlgError) as error:
            raise NoModel(str(error).partition("\n")[0]) from error
    return Linear(session, features, mean, scale, say, classes, features.left_out)


def _fit(task: str, numbers: Array, true: Array) -> Callable[[Array], Array]:
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regression":
        ridge = Ridge(alpha=1.0).fit(numbers, true)
        return lambda given: np.asarray(ridge.predict(given))
    if task == "multiclass":
        if len(np.unique(true)) < 2:
            raise NoModel("the training rows hold one class alone")
        model = LogisticRegression(max_iter=100).fit(numbers, true)
        return lambda given: np.asarray(model.predict_proba(given))
    columns = true[:, np.newaxis] if true.ndim == 1 else true
    chances: list[Callable[[Array], Array]] = []
    for column in columns.T:
        chances.append(_chance(numbers, column))
    return lambda given: np.stack([chance(given) for chance in chances], axis=1)


def _chance(numbers: Array, true: Array) -> Callable[[Array], Array]:
    """The chance of 1; a constant where the training rows hold one value alone."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(true)) < 2:
        return lambda given: np.full(len(given), float(true[0]))
    model = LogisticRegression(max_iter=100).fit(numbers, true)
    return lambda given: np.asarray(model.predict_proba(given)[:, 1])
