"""What kind of label a column is, and which loss and metrics go with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..bundle import Bundle
from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, spelled
from ..data.preparation import PRIORITY, SPLIT
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import did_you_mean
from ..diagnostics.suggest import nearest
from ..diagnostics.wording import count
from ..transformers.rows import LARGEST
from .facts import Facts

MOST_NUMBERED = 10
"""Different whole numbers up to which they are taken for classes."""

MOST_CLASSES = 1000

_ROWS_OF_CLASS = 5
"""Rows that each class has on average, at least."""


@dataclass(frozen=True, eq=False)
class Label:
    """The label column and what is learnt of it.

    Args:
        task: `binary`, `multiclass` or `regression`.
        classes: whether the transformer is `class_index`.
        reason: what of the values says so.
    """

    facts: Facts
    task: str
    classes: bool
    reason: str

    @property
    def transformer(self) -> Mapping[str, Any] | None:
        if self.classes:
            return {"type": "class_index"}
        return {"type": "standard"} if self.task == "regression" else None

    @property
    def loss(self) -> str:
        return {"binary": "torch.nn:BCEWithLogitsLoss", "multiclass": "torch.nn:CrossEntropyLoss",
                "regression": "torch.nn:MSELoss"}[self.task]

    @property
    def metrics(self) -> tuple[str, ...]:
        names = {"binary": ("roc_auc_score", "average_precision_score", "log_loss"),
                 "multiclass": ("accuracy_score", "log_loss"),
                 "regression": ("r2_score", "mean_absolute_error")}[self.task]
        return tuple(f"sklearn.metrics:{name}" for name in names)


def find_frame(bundle: Bundle, label: str) -> Result[str]:
    """The index frame: the one that the bundle names, or the only frame with such a column.

    Reports: SC607, SC616, SC648.
    """
    having = [frame for frame in bundle.frames if label in bundle.schema(frame).names]
    if bundle.index_frame is not None:
        if bundle.index_frame in having:
            return Result(bundle.index_frame)
        known = bundle.columns(bundle.index_frame)
        help = did_you_mean(nearest(label, known), known, "columns") if not having else \
            f"the frame {having[0]!r} has one, and the label stands in the index frame"
        return Result(None, (codes.UNKNOWN_COLUMN.at(
            file=bundle.file(bundle.index_frame), frame=bundle.index_frame, name=label,
            help=help),))
    if len(having) > 1:
        return Result(None, (codes.UNKNOWN_LABEL_FRAME.at(
            file=bundle.name, count=len(having), name=label, frames=", ".join(having)),))
    if not having:
        return Result(None, (codes.NO_INDEX_FRAME.at(
            file=bundle.name, help=f"name it in bundle.json; no frame has a column {label!r}"),))
    return Result(having[0])


def judge_label(facts: Facts, file: str) -> Result[Label]:
    """What is learnt of a column. Reports SC649."""

    def refused(reason: str, help: str) -> Result[Label]:
        found: Diagnostic = codes.BAD_LABEL.at(file=file, name=facts.name, reason=reason,
                                               help=help)
        return Result(None, (found,))

    if facts.name in (SPLIT, PRIORITY):
        return refused(f"{facts.name!r} says how rows are used",
                       "name the column that is to be predicted")
    if not facts.is_plain or facts.kind == DATETIME:
        return refused(f"its values are {spelled(facts.type)}",
                       "name a column of numbers or of classes, or write the spec by hand")
    different, rows = facts.distinct, len(facts.present) - facts.nulls
    if different < 2:
        return refused("it has no values" if not different else "it has one value alone",
                       "name a column whose values differ")
    if facts.kind == BOOLEAN:
        return Result(Label(facts, "binary", False, "its values are true and false"))
    if facts.kind in (INTEGER, FLOAT):
        return _of_numbers(facts, rows) or refused(
            "it holds infinite or huge numbers", "store them as null or as finite numbers")
    if different == 2:
        return Result(Label(facts, "binary", True, "it has two values"))
    if different > MOST_CLASSES or rows < 2 * different:
        return refused(f"its {count(rows, 'value')} are {count(different, 'different text')}",
                       "name a column of numbers, or of classes that repeat")
    return Result(Label(facts, "multiclass", True,
                        f"its values are {count(different, 'different text')}"))


def _of_numbers(facts: Facts, rows: int) -> Result[Label] | None:
    """None for numbers that no network can learn."""
    numbers = facts.numbers[facts.present]
    if not (np.abs(numbers) < LARGEST).all():
        return None
    different = facts.distinct
    low, high = numbers.min(), numbers.max()
    whole = bool((numbers == np.floor(numbers)).all())
    if different == 2 and (low, high) == (0, 1):
        return Result(Label(facts, "binary", False, "its values are 0 and 1"))
    if whole and different == 2:
        return Result(Label(facts, "binary", True, f"its values are {low:g} and {high:g}"))
    if whole and different <= MOST_NUMBERED and rows >= _ROWS_OF_CLASS * different:
        return Result(Label(facts, "multiclass", True,
                            f"its values are {different} whole numbers, {low:g} to {high:g}"))
    return Result(Label(facts, "regression", False,
                        f"its values are {count(different, 'different number')}, "
                        f"{low:g} to {high:g}"))
