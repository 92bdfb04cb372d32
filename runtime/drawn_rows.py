"""The rows of evaluations that are limited: a draw of each split, the same in every epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compiler.network.evaluation_limits import PLACE, coarsest, ranking_metrics
from ..compiler.seeds import derive_seed
from ..compiler.stages import Plan
from .sampling import split_samples

if TYPE_CHECKING:
    from .evaluate import Evaluation


class DrawnRows:
    """Which rows the evaluations of a run see while it trains.

    Rows are drawn evenly, each once, by the seed of the spec and the name of the split, so that
    measures of all epochs compare and tell of the whole split without bias. Where rankings are
    measured, whole queries are drawn: as many as fit the limit, and one at least.

    Attributes: `batch_size`, rows of a batch; `seconds`, what one split may take, None without a
    limit.
    """

    def __init__(self, plan: Plan) -> None:
        limits = plan.graph.training.evaluation_limits
        self.batch_size = plan.graph.training.batch_size
        self.seconds = None if limits is None else limits.max_seconds
        self._batches = None if limits is None else limits.max_batches
        self._plan = plan
        self._rows: dict[str, Tensor] = {}
        self._ends: dict[str, NDArray[np.int64]] = {}
        ranking = coarsest(ranking_metrics(plan.graph))
        self._query = None if ranking is None else \
            plan.shaped.fitted.bound.queries[ranking.pointer]

    @property
    def everything(self) -> bool:
        """Whether an evaluation takes all rows."""
        return self._batches is None and self.seconds is None

    def of(self, split: str) -> Tensor:
        """The samples of a split, int64 `(rows,)`: in the order of the index frame, or, where time
        may cut them, in the order of the draw."""
        if split not in self._rows:
            self._rows[split] = self._draw(split)
        return self._rows[split]

    def whole(self, split: str, done: int) -> int:
        """Of so many rows from the first those that are whole queries; 0 where not one is."""
        if split not in self._ends:
            return done
        ends = self._ends[split]
        return int(ends[ends <= done].max(initial=0))

    def batches(self, splits: Iterable[str]) -> int:
        """Batches of one evaluation of these splits, if time does not end it."""
        return sum(-(-len(self.of(split)) // self.batch_size) for split in splits)

    def _draw(self, split: str) -> Tensor:
        samples = split_samples(self._plan, split)
        most = len(samples) if self._batches is None else self._batches * self.batch_size
        if most >= len(samples) and self.seconds is None:
            return samples
        generator = torch.Generator().manual_seed(
            derive_seed(self._plan.graph.seed, PLACE, f"rows of {split}"))
        if self._query is None:
            places = torch.randperm(len(samples), generator=generator)[:most]
        else:
            places, ends = _whole_queries(self._query[samples.numpy()], most, generator)
            self._ends[split] = ends
        return samples[places if self.seconds is not None else places.sort().values]


def _whole_queries(query: NDArray[np.int64], most: int,
                   generator: torch.Generator) -> tuple[Tensor, NDArray[np.int64]]:
    """Places of rows, query after query in a drawn order, and where each query ends."""
    _, dense = np.unique(query, return_inverse=True)
    turns = torch.randperm(int(dense.max(initial=-1)) + 1, generator=generator).numpy()[dense]
    ends = np.bincount(turns).cumsum()
    ends = ends[:max(1, int((ends <= most).sum()))]
    places = np.argsort(turns, kind="stable")[:ends[-1] if len(ends) else 0]
    return torch.from_numpy(places), ends


class EvaluationBudget:
    """What all evaluations while training may take, and have taken, in batches and seconds.

    The evaluation of the last epoch is not counted, and always done.
    """

    def __init__(self, plan: Plan) -> None:
        limits = plan.graph.training.evaluation_limits
        self._most_batches = None if limits is None else limits.max_run_batches
        self._most_seconds = None if limits is None else limits.max_run_seconds
        self._batches, self._seconds = 0, 0.0

    def allows(self, rows: DrawnRows, splits: Iterable[str]) -> bool:
        """Whether there is enough left for one more evaluation."""
        if self._most_seconds is not None and self._seconds >= self._most_seconds:
            return False
        return self._most_batches is None or \
            self._batches + rows.batches(splits) <= self._most_batches

    def spend(self, evaluations: Iterable[Evaluation], batch_size: int, seconds: float) -> None:
        """Counts what was evaluated."""
        self._batches += sum(-(-len(one.samples) // batch_size) for one in evaluations)
        self._seconds += seconds

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"batches": self._batches, "seconds": self._seconds}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on with what a checkpoint holds."""
        self._batches, self._seconds = int(state["batches"]), float(state["seconds"])
