"""`predictions.parquet` read back as what metrics read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...compiler.network.heads import name_in
from ..predictions import Predictions
from .folder import DamagedRun, FinishedRun, table_of

NAME = "predictions.parquet"

MOST_ROWS = 50_000_000

_CHANCE = "probability_"

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Told:
    """What a head, or the network, says of the samples of one split.

    Args:
        task: `binary`, `multiclass`, `multilabel` or `regression`.
        classes: their names; empty where the label has none.
        scored: whether the file has a score for each class, not the decided one alone.
    """

    task: str
    said: Predictions
    classes: tuple[str, ...] = ()
    scored: bool = True


def tasks(run: FinishedRun) -> dict[str, str]:
    """Name of a head -> its task; without heads under the empty name."""
    heads = run.plan.get("heads")
    if not isinstance(heads, Mapping) or not heads:
        return {"": str(run.plan.get("task"))}
    return {name: str(head.get("task")) if isinstance(head, Mapping) else ""
            for name, head in heads.items()}


def read_predictions(run: FinishedRun) -> pa.Table | None:
    """The table; None where the run has none. Raises DamagedRun (SC526)."""
    path = run.folder / NAME
    if not os.path.lexists(path):
        return None
    table = table_of(path, MOST_ROWS)
    split = table.schema.get_field_index("split")
    if split < 0 or not pa.types.is_string(table.schema.field(split).type):
        raise DamagedRun(path, "it has no column 'split' of names")
    return table


def told(run: FinishedRun, table: pa.Table, split: str) -> dict[str, Told]:
    """What each head says of a split; a head whose columns are missing is left out.

    Raises DamagedRun (SC526).
    """
    part = of_split(table, split)
    found = {}
    try:
        for head, task in tasks(run).items():
            one = _told(part, head, task)
            if one is not None and len(one.said.true):
                found[head] = one
    except (pa.ArrowException, ValueError, TypeError, KeyError, IndexError) as error:
        raise DamagedRun(run.folder / NAME, str(error).partition("\n")[0]) from error
    return found


def of_split(table: pa.Table, split: str) -> pa.Table:
    """The rows of one split."""
    import pyarrow.compute as pc

    return table.filter(pc.equal(table.column("split"), split))


def _told(table: pa.Table, head: str, task: str) -> Told | None:
    true, predicted = name_in(head, "true"), name_in(head, "predicted")
    names = table.column_names
    if task == "regression":
        return _numbers(table, true, predicted)
    if task == "multilabel":
        sides = [np.stack(list(_numbered(table, side)), axis=1)
                 for side in _pairs(names, true, predicted)]
        if len(sides) != 2:
            return None
        chances = sides[1]
        return Told(task, Predictions(_ones(sides[0]), chances, chances, chances,
                                      (chances >= 0.5).astype(np.int64)))
    if task not in ("binary", "multiclass") or true not in names or predicted not in names:
        return None
    prefix = name_in(head, _CHANCE)
    classes = tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    if classes:
        chances = np.stack([_column(table, prefix + name) for name in classes], axis=1)
        return Told(task, _classes(_coded(table, true, classes), chances, task), classes)
    if task == "binary":
        chance = _column(table, predicted)
        return Told(task, Predictions(_ones(_column(table, true)), chance, chance, chance,
                                      (chance >= 0.5).astype(np.int64)), ("0", "1"))
    decided = _column(table, predicted).astype(np.int64)
    real = _column(table, true).astype(np.int64)
    count = int(max(decided.max(initial=0), real.max(initial=0))) + 1
    if count > 10_000 or min(decided.min(initial=0), real.min(initial=0)) < 0:
        raise ValueError("the classes are no class numbers")
    nothing = np.full((len(real), count), np.nan)
    return Told(task, Predictions(real, nothing, nothing, nothing, decided),
                tuple(map(str, range(count))), scored=False)


def _classes(true: Array, chances: Array, task: str) -> Predictions:
    if task == "binary" and chances.shape[1] == 2:
        chance = chances[:, 1]
        return Predictions(true, chance, chance, chance, (chance >= 0.5).astype(np.int64))
    return Predictions(true, chances, chances, chances, chances.argmax(axis=1))


def _numbers(table: pa.Table, true: str, predicted: str) -> Told | None:
    sides = _pairs(table.column_names, true, predicted)
    if len(sides) != 2:
        return None
    real, values = (np.stack(list(_numbered(table, side)), axis=1) for side in sides)
    if real.shape[1] == 1:
        real, values = real[:, 0], values[:, 0]
    quantiles = {}
    for level in _levels(table.column_names, sides[1][0]):
        parts = list(_numbered(table, [f"{name}_q{level}" for name in sides[1]]))
        quantiles[float(level)] = parts[0] if len(parts) == 1 else np.stack(parts, axis=1)
    return Told("regression", Predictions(real, values, values, values, values, quantiles))


def _levels(names: Sequence[str], first: str) -> list[str]:
    found = [name.removeprefix(f"{first}_q") for name in names if name.startswith(f"{first}_q")]
    return [level for level in found if level.replace(".", "", 1).isdigit()]


def _pairs(names: Sequence[str], true: str, predicted: str) -> list[list[str]]:
    """The columns of the label, and those of what is predicted in the same order; empty where
    they do not go together."""
    if true in names and predicted in names:
        return [[true], [predicted]]
    parts = [name.removeprefix(true) for name in names if name.startswith(f"{true}_")]
    sides = [[side + part for part in parts] for side in (true, predicted)]
    return sides if parts and all(name in names for name in sides[1]) else []


def _numbered(table: pa.Table, names: Sequence[str]) -> Iterator[Array]:
    for name in names:
        yield _column(table, name)


def _column(table: pa.Table, name: str) -> Array:
    column = table.column(name).combine_chunks()
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ValueError(f"the column {name!r} holds no numbers")
    if column.null_count:
        raise ValueError(f"the column {name!r} holds nulls")
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _coded(table: pa.Table, name: str, classes: Sequence[str]) -> Array:
    """Class numbers of a column of classes."""
    column = table.column(name).combine_chunks().dictionary_encode()
    places = {each: place for place, each in enumerate(classes)}
    known = [places[str(value)] for value in column.dictionary.to_pylist()]
    codes: Array = np.array(known, dtype=np.int64)[column.indices.to_numpy(zero_copy_only=False)]
    return codes


def _ones(true: Array) -> Array:
    ones: Array = (true > 0).astype(np.int64)
    return ones
