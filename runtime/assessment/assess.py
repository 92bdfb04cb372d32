"""All that is said of a finished run beside its metrics, as the files of its folder have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..evaluate import Evaluation
from ..finished.documents import (
    IMPORTANCE_FORMAT,
    METRICS_FORMAT,
    TIMING_FORMAT,
)
from ..scoring import Scoring
from .baselines import Baseline, baselines
from .importance import Importance, importance
from .intervals import Intervals, intervals
from .node_times import NodeTimes, node_times
from .resampling import LEVEL


@dataclass(frozen=True)
class Assessment:
    """See the modules of this package.

    Args:
        intervals: split -> name of a measure -> its interval.
        baselines: name of a baseline -> what it gets.
    """

    intervals: Mapping[str, Intervals]
    baselines: Mapping[str, Baseline]
    importance: Importance | None
    times: NodeTimes | None


def assess(session: Scoring, evaluations: Mapping[str, Evaluation]) -> Assessment:
    """Everything, on the evaluated splits, with the weights that are kept. Changes nothing: not
    the weights, nor the state of any random numbers."""
    return Assessment(
        {split: intervals(session, evaluation, split)
         for split, evaluation in evaluations.items()},
        baselines(session, evaluations),
        importance(session, evaluations),
        node_times(session, evaluations),
    )


def metrics_document(epoch: int, measures: Mapping[str, Mapping[str, float | None]],
                     assessment: Assessment) -> dict[str, Any]:
    """`metrics.json`. It holds no times, so equal runs give equal bytes."""
    return {
        "format": METRICS_FORMAT,
        "epoch": epoch,
        "splits": measures,
        "level": LEVEL,
        "intervals": {
            split: {name: interval and asdict(interval) for name, interval in found.items()}
            for split, found in assessment.intervals.items()},
        "baselines": {name: asdict(baseline) for name, baseline in assessment.baselines.items()},
    }


def importance_document(found: Importance) -> dict[str, Any]:
    """`importance.json`."""
    return {"format": IMPORTANCE_FORMAT, **asdict(found)}


def timing_document(found: NodeTimes) -> dict[str, Any]:
    """`timing.json`."""
    return {"format": TIMING_FORMAT, **asdict(found)}
