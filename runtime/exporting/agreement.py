"""An exported network held against specc on real rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...compiler.exporting.inputs import Input
from ...compiler.network.heads import name_in
from ..artifacts import no_label
from ..batches import by_head
from ..evaluate import outputs, to_arrays
from ..predictions import predictions
from ..scoring import Scoring
from .formats import Run
from .gathering import gather
from .outputs import Output, expected

TOLERANCE = 1e-5
"""Of a number of the size of its unit, or of its own size where that is larger."""

BATCHES = (1, 2, 64, 5, 1000)
"""Rows that go through an exported network together, in turn."""

MOST_ROWS = 4096

Array = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """Where an exported network is farthest from specc.

    Args:
        sample: the number of the sample.
        share: the difference as a share of what is allowed.
    """

    output: str
    sample: int
    got: float
    wanted: float
    share: float

    @property
    def size(self) -> float:
        return abs(self.got - self.wanted)


def said_by_specc(scoring: Scoring, samples: Tensor) -> dict[str, Array]:
    """What specc says of samples, by the names of the outputs."""
    plan = scoring.plan
    raw = by_head(to_arrays(outputs(scoring, samples)))
    found = {}
    for head, view in plan.views.items():
        said = predictions(view, raw[head], no_label(view, len(samples)))
        for name, value in expected(view, said, raw[head]).items():
            found[name_in(head, name)] = value
    return found


def said_by_file(run: Run, scoring: Scoring, inputs: Sequence[Input],
                 samples: Tensor) -> dict[str, Array]:
    """What an exported network says of samples, in batches of several sizes.

    Raises whatever the library that runs it raises.
    """
    parts: dict[str, list[Array]] = {}
    for batch in _batches(samples):
        tensors = gather(inputs, scoring.plan.graph, scoring.frames, batch)
        for name, value in run(tensors).items():
            parts.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(values) for name, values in parts.items()}


def _batches(samples: Tensor) -> Iterator[Tensor]:
    start = 0
    for size in cycle(BATCHES):
        if start >= len(samples):
            return
        yield samples[start:start + size]
        start += size


def differences(got: Mapping[str, Array], wanted: Mapping[str, Array], said: Sequence[Output],
                samples: Tensor) -> list[Difference]:
    """The farthest place of each output."""
    return [_farthest(one, got[one.name], wanted[one.name], samples.numpy()) for one in said]


def _farthest(one: Output, got: Array, wanted: Array, samples: Array) -> Difference:
    if got.shape != wanted.shape:
        return Difference(one.name, int(samples[0]), np.nan, np.nan, np.inf)
    with np.errstate(invalid="ignore"):
        allowed = TOLERANCE * np.maximum(one.unit, np.abs(wanted))
        share = np.abs(got.astype(np.float64) - wanted) / allowed
    # What is no number, or infinite, has to be so on both sides.
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    share = np.where(same, 0.0, np.where(np.isnan(share), np.inf, share))
    place = np.unravel_index(int(np.argmax(share)), share.shape)
    return Difference(one.name, int(samples[place[0]]), float(got[place]), float(wanted[place]),
                      float(share[place]))


def chosen_samples(count: int, always: NDArray[np.int64]) -> Tensor:
    """Up to `MOST_ROWS` samples that are compared, evenly over all of them, and some others."""
    spread = np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).round().astype(np.int64))
    return torch.from_numpy(np.union1d(spread, always))
