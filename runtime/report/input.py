"""What the report is made of: plain data, so that a report needs neither torch nor pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...schema.constructors.types import Direction

History = Mapping[str, Sequence[float | None]]
"""Column -> one value for each epoch; None, or a value that is not finite, is a gap."""


Measures = Mapping[str, Mapping[str, Any]]
"""Split -> name of a measure -> what there is of it."""


@dataclass(frozen=True)
class Confusion:
    """How often each class was said to be each.

    Args:
        counts: rows are true classes, columns decided ones, in the order of `classes`.
    """

    classes: Sequence[str]
    counts: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Bin:
    """Samples with like chances: the mean chance, the share that it came true for, how many."""

    said: float
    came: float
    count: int


@dataclass(frozen=True)
class Residuals:
    """What numbers were said to be.

    Args:
        true, said: those of some samples, `(points,)`.
        edges: of the bars of `said - true`.
        counts: samples in each bar; what lies outside of the edges is in the outer ones.
    """

    true: Sequence[float]
    said: Sequence[float]
    edges: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True)
class Judged:
    """What predictions show of one split and head; parts that do not apply are None or empty.

    Args:
        head: its name; empty without heads.
        calibration: with two classes of the second one, else of the decided class.
        coverage: quantile -> the share of samples below it.
        column: of several label columns the one that `residuals` show.
    """

    split: str
    head: str
    confusion: Confusion | None = None
    calibration: Sequence[Bin] = ()
    residuals: Residuals | None = None
    coverage: Mapping[float, float] = field(default_factory=dict)
    column: str = ""


@dataclass(frozen=True)
class ReportInput:
    """One finished run.

    Args:
        title: the name of the run.
        spec_text: the spec as given.
        plan: the plan as JSON; a part that is missing is left out of the page.
        history: columns `epoch`, `rows`, `seconds` (of each epoch), `loss_<split>` and
            `<metric>_<split>`. Any other column gets a figure of its own.
        metrics: split -> metric name -> final value, None where it is not defined.
        directions: metric name -> which way it gets better.
        environment: versions and hardware, name -> value.
        warnings: one line each.
        intervals: split -> measure -> `low` and `high`, None where there are none.
        baselines: `constant` or `linear` -> `splits` (split -> metric -> value) and `reason`.
        judged: what predictions show, split by split.
        importance, timing: the JSON of these files of the run folder; empty where there is none.
    """

    title: str
    spec_text: str
    plan: Mapping[str, Any]
    history: History
    metrics: Mapping[str, Mapping[str, float | None]]
    directions: Mapping[str, Direction] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    intervals: Measures = field(default_factory=dict)
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    judged: Sequence[Judged] = ()
    importance: Mapping[str, Any] = field(default_factory=dict)
    timing: Mapping[str, Any] = field(default_factory=dict)
