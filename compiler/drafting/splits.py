"""How a draft shares the samples out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.dtypes import DATETIME, STRING
from ..data.joins import duplicates
from ..data.preparation import SPLIT
from .facts import Columns, Facts
from .guesses import Guess, percent
from .labels import Label

_TRAIN = ("train", "display")
_CALLED_TRAIN = ("train", "training", "fit", "learn")
_FEW_TIMES = 10
_LEAST_TIMED = 0.9
_STEP = "/bundle/prepare"


@dataclass(frozen=True)
class Split:
    """One way to share the samples out.

    Args:
        step: the step that makes the column; None where the bundle has it.
        training: what `training` says of it.
    """

    step: Mapping[str, Any] | None
    guess: Guess
    training: Mapping[str, Any] = field(default_factory=dict)


def sample_time(columns: Columns, frame: str) -> Facts | None:
    """The column that says when a sample is: of the times of a frame the one that varies most."""
    times = [facts for facts in columns.all(frame)
             if facts.kind == DATETIME and facts.distinct >= _FEW_TIMES
             and facts.nulls <= (1 - _LEAST_TIMED) * len(facts.present)]
    return max(times, key=lambda facts: (-facts.nulls, facts.distinct), default=None)


def splits(columns: Columns, frame: str, label: Label) -> list[Split]:
    """The ways to split, the best first; a later one is for where an earlier one fails."""
    found = [*_stored(columns, frame)]
    rows = len(label.facts.present) - label.facts.nulls
    parts = _parts(rows)
    condition = {"only_where_not_null": label.facts.name} if label.facts.nulls else {}
    key = columns.bundle.key(frame)
    if key and duplicates([columns.of(frame, name).stored for name in key])[0]:
        found.append(Split(
            {"type": "grouped_split", "columns": list(key), "parts": parts, **condition},
            Guess(_STEP, f"split by {', '.join(key)}", "the key of the index frame repeats, and "
                  "rows of one key belong together")))
    time = sample_time(columns, frame)
    if time is not None:
        found.append(Split(
            {"type": "time_split", "column": time.name,
             "parts": [{"split": name, "fraction": parts[name]} for name in parts], **condition},
            Guess(_STEP, f"split by time, {time.name}", "each sample has a time, and the model "
                  "will be used on later ones")))
    without = "the bundle has no column 'split'"
    if SPLIT in columns.bundle.schema(frame).names:
        without = "nothing in the column 'split' says which rows train"
    words = ", ".join(f"{name} {percent(share)}" for name, share in parts.items())
    if label.classes or label.task != "regression":
        found.append(Split(
            {"type": "stratified_split", "column": label.facts.name, "parts": parts, **condition},
            Guess(_STEP, f"split at random, {words}",
                  f"{without}; each class gets its share of each part")))
    found.append(Split(
        {"type": "random_split", "parts": parts, **condition},
        Guess(_STEP, f"split at random, {words}", without)))
    return found


def _stored(columns: Columns, frame: str) -> Sequence[Split]:
    if SPLIT not in columns.bundle.schema(frame).names:
        return ()
    facts = columns.of(frame, SPLIT)
    if facts.kind != STRING:
        return ()
    names = sorted(facts.values.to_pylist())
    listed = ", ".join(names[:6])
    if set(names) & set(_TRAIN):
        return (Split(None, Guess("", "split as the bundle has it",
                                  f"the column 'split' holds {listed}")),)
    called = [name for name in names if name.lower() in _CALLED_TRAIN]
    if not called:
        return ()
    return (Split(None, Guess("/training/train_on", f"train on {called[0]}",
                              f"the column 'split' holds {listed}"), {"train_on": called[:1]}),)


def _parts(rows: int) -> dict[str, float]:
    """Shares of which each is at least one row."""
    if rows >= 20:
        return {"train": 0.7, "validation": 0.1, "test": 0.2}
    return {"train": 0.8, "test": 0.2} if rows >= 5 else {"train": 0.5, "test": 0.5}


def trained_rows(columns: Columns, frame: str, split: Split) -> Any:
    """Which rows a stored split trains on, and which it uses at all, two masks `[rows]`."""
    facts = columns.of(frame, SPLIT)
    names = facts.values.to_pylist()
    train_on = split.training.get("train_on", _TRAIN)
    wanted = np.array([*(name in train_on for name in names), False])
    return wanted[facts.codes], facts.codes >= 0
