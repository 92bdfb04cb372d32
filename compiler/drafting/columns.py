"""Which columns a draft leaves out, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.dtypes import DATETIME, FLOAT, INTEGER, STRING, spelled
from ..data.leaks import FEWEST_SAMPLES
from ..data.times import tick
from ..transformers.datetimes import FARTHEST
from ..transformers.rows import LARGEST
from .facts import Facts, Rows
from .guesses import percent

ALMOST_ALL = 0.95
"""The share of nulls from which a column is left out."""

ID_SHARE = 0.5
"""The share of different values from which text is an id."""

_FEW = 20
"""Different values up to which nothing is taken for an id."""

_STRAIGHT = 0.999999
"""The correlation from which one number is another in other units."""

_ID_NAME = re.compile(r"(^|_)(id|uuid|guid)$|[a-z]Id$", re.IGNORECASE)


def unfit(facts: Facts) -> str | None:
    """Why nothing can be learnt from a column; None where something may be."""
    rows, different = len(facts.present), facts.distinct if facts.is_plain else 0
    if not facts.is_plain:
        return f"`auto` reads no values of {spelled(facts.type)}"
    if not different:
        return "it is null in every row"
    if facts.nulls > ALMOST_ALL * rows:
        return f"it is null in {percent(facts.nulls / rows)} of the rows"
    if different == 1 and not facts.nulls:
        return "it has one value in all rows"
    if facts.is_numeric and not (np.abs(facts.numbers[facts.present]) < LARGEST).all():
        return "it holds infinite or huge numbers"
    if facts.kind == DATETIME:
        seconds = facts.numbers[facts.present] * (tick(facts.type) / 1e9)
        if not (np.abs(seconds) < FARTHEST).all():
            return "it holds times beyond the calendar"
    return _id(facts)


def _id(facts: Facts) -> str | None:
    """Why a column names rows rather than telling of them."""
    if facts.distinct <= _FEW:
        return None
    share = facts.distinct / (len(facts.present) - facts.nulls)
    if facts.kind == STRING and share > ID_SHARE:
        return f"{percent(share)} of its values are different texts, as of an id"
    if facts.kind == INTEGER and share == 1:
        numbers = facts.numbers[facts.present]
        ascending = bool((np.diff(numbers) > 0).all())
        if ascending or numbers.max() - numbers.min() + 1 == len(numbers):
            return "it numbers the rows"
    if facts.kind in (INTEGER, STRING) and _ID_NAME.search(facts.name):
        return "it is called an id"
    return None


def telling(facts: Facts, rows: Rows, label: Facts, label_rows: Rows,
            classes: bool) -> str | None:
    """Why a column of the samples' own rows gives the label away; None where it does not.

    Args:
        rows: the row of each sample in the column's frame, -1 for none, `[samples]`.
        label_rows: the row of each sample in the label's frame, `[samples]`.
        classes: whether the label is one of classes, numbered or not.
    """
    if len(label_rows) < FEWEST_SAMPLES:
        return None
    mine, wanted = facts.codes[rows], label.codes[label_rows]
    mine = np.where(rows < 0, -1, mine)
    both = (mine >= 0) & (wanted >= 0)
    if np.count_nonzero(both) < FEWEST_SAMPLES:
        return None
    mine, wanted = mine[both], wanted[both]
    different = len(np.unique(mine))
    pairs = len(np.unique(mine * (int(wanted.max()) + 1) + wanted))
    if pairs == different == len(np.unique(wanted)) > 1 and (
            different <= len(mine) // 2 or _same(facts, label, rows[both], label_rows[both])):
        return "each of its values goes with one value of the label, and the other way round"
    if not facts.is_numeric:
        return None
    numbers = facts.numbers[rows[both]]
    if classes:
        return _parted(numbers, wanted) if different > 2 else None
    return _straight(numbers, label.numbers[label_rows[both]])


def _same(facts: Facts, other: Facts, rows: Rows, other_rows: Rows) -> bool:
    return (facts.is_numeric and other.is_numeric
            and np.array_equal(facts.numbers[rows], other.numbers[other_rows]))


def _parted(numbers: NDArray[np.float64], classes: Rows) -> str | None:
    """Whether a threshold between numbers tells every class."""
    order = np.argsort(numbers, kind="stable")
    numbers, classes = numbers[order], classes[order]
    changes = np.flatnonzero(np.diff(classes))
    parted = len(changes) + 1 == len(np.unique(classes)) > 1
    if parted and bool((numbers[changes] < numbers[changes + 1]).all()):
        return "a threshold on it tells the label, so it is likely known only afterwards"
    return None


def _straight(numbers: NDArray[np.float64], label: NDArray[np.float64]) -> str | None:
    with np.errstate(all="ignore"):
        together = abs(np.corrcoef(numbers, label)[0, 1])
    if together > _STRAIGHT:
        return "it is the label in other units"
    return None


def copies(columns: Sequence[Facts]) -> Mapping[str, str]:
    """Column -> why it says nothing that an earlier one does not: it has equal values."""
    found: dict[str, str] = {}
    groups: dict[tuple[str, int, int], list[Facts]] = {}
    for facts in columns:
        if not facts.is_plain:
            continue
        alike = groups.setdefault((facts.kind, facts.distinct, facts.nulls), [])
        for other in alike:
            if _equal(facts, other):
                found[facts.name] = f"it has the values of {other.name!r}"
                break
        else:
            alike.append(facts)
    return found


def _equal(facts: Facts, other: Facts) -> bool:
    if not np.array_equal(facts.present, other.present):
        return False
    if facts.is_numeric or facts.kind == FLOAT:
        return np.array_equal(facts.numbers, other.numbers, equal_nan=True)
    # Codes ascend in the order of first appearance, so equal columns have equal codes.
    return facts.type == other.type and bool(
        np.array_equal(facts.codes, other.codes) and facts.values.equals(other.values))
