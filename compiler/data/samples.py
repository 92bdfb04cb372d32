"""Which rows of the index frame are samples, in which split, and how often they are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import known, unknown
from ..stages import Graph, Node, Samples, Training
from ..text.pointer import join, touched
from .arrays import codes_of
from .dtypes import STRING, classify, spelled
from .preparation import (
    PRIORITY,
    SPLIT,
    SPLIT_STEPS,
    Splits,
    prepare_priority,
    prepare_split,
)
from .prepared import Prepared
from .weights import priorities, sample_weights

MOST_SPLITS = 1_000
"""Splits that one spec may use."""

_TRAIN, _DISPLAY = "train", "display"
_DEFAULT_TRAIN_ON = (_TRAIN, _DISPLAY)


def bind_samples(graph: Graph, bundle: Bundle, frame: str,
                 prepared: Prepared) -> Result[Samples]:
    """The samples of the index frame `frame`; a row that a filter drops has no split.

    Reports: SC401, SC406, SC607, SC614, SC617 to SC620, SC623 to SC625.
    Raises: BundleError for damaged pages.
    """
    if touched("/bundle/prepare", graph.holes | graph.assumed):
        return Result(None)
    if not bundle.rows(frame):
        return Result(None, (codes.EMPTY_FRAME.at(file=bundle.file(frame), frame=frame),))
    steps = graph.bundle.prepare
    split_step, twice = _only([step for step in steps if step.type in SPLIT_STEPS], SPLIT)
    priority_step, priority_twice = _only([step for step in steps if step.type == PRIORITY],
                                          PRIORITY)
    found = [*twice, *priority_twice]
    splits = (stored_splits(bundle, frame) if split_step is None
              else prepare_split(split_step, bundle, frame, graph.seed,
                                 prepared.allowed(split_step)))
    found += splits.diagnostics
    if splits.stage is None:
        if priority_step is not None:
            every = np.ones(bundle.rows(frame), dtype=np.bool_)
            found += prepare_priority(priority_step, bundle, frame, every).diagnostics
        return Result(None, tuple(found))
    there = filtered(splits.stage, prepared.allowed())
    train_on, names, wrong = _choose(graph.training, there)
    found += wrong
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    place = {name: index for index, name in enumerate(names)}
    # One more entry for the code -1, which indexes the last.
    used = np.array([*(place.get(name, -1) for name in there.names), -1], dtype=np.int16)
    split = used[there.codes]
    training = (split >= 0) & (split < len(train_on))
    priority = priorities(graph, bundle, frame, training, priority_step)
    weight = sample_weights(graph.training.sample_weight, bundle, frame, split >= 0, training)
    found += [*priority.diagnostics, *weight.diagnostics]
    if any(diagnostic.is_error for diagnostic in found):
        return Result(None, tuple(found))
    rows = np.flatnonzero(split >= 0)
    return Result(
        Samples(
            rows=rows,
            split=split[rows],
            names=names,
            training=training[rows],
            priority=None if priority.stage is None else priority.stage[rows],
            weight=None if weight.stage is None else weight.stage[rows],
        ),
        tuple(found),
    )


def _only(steps: list[Node], column: str) -> tuple[Node | None, list[Diagnostic]]:
    """The one step that makes a column. Reports SC624 for each further one."""
    twice = [
        codes.BAD_PREPARATION.at(step.pointer, step=step.type, help="remove one of the two steps",
                                 reason=f"a step before it makes the column {column!r} already")
        for step in steps[1:]
    ]
    return (steps[0] if steps else None), twice


def stored_splits(bundle: Bundle, frame: str) -> Result[Splits]:
    """What the column `split` says. Reports SC614, SC617. Raises BundleError for damaged pages."""
    schema = bundle.schema(frame)
    file = bundle.file(frame)
    if SPLIT not in schema.names:
        return Result(None, (codes.NO_SPLIT.at(file=file, frame=frame),))
    dtype = schema.field(SPLIT).type
    if classify(dtype) != STRING:
        return Result(None, (
            codes.UNSUPPORTED_DTYPE.at(file=file, name=SPLIT, frame=frame, dtype=spelled(dtype),
                                       user="the split", help="splits are named by strings"),
        ))
    value_codes, values = codes_of(bundle.read(frame, [SPLIT]).column(0))
    values = values.to_pylist()
    names = sorted(value for value in values if value is not None)
    order = {name: index for index, name in enumerate(names)}
    renumber = np.array([order.get(value, -1) for value in values], dtype=np.int64)
    return Result(Splits(renumber[value_codes], tuple(names)))


def filtered(splits: Splits, allowed: NDArray[np.bool_] | None) -> Splits:
    """The splits of the rows that filters keep."""
    if allowed is None:
        return splits
    kept = np.where(allowed, splits.codes, -1)
    there = np.unique(kept[kept >= 0])
    renumber = np.full(len(splits.names) + 1, -1, dtype=np.int64)
    renumber[there] = np.arange(len(there))
    return Splits(renumber[kept], tuple(splits.names[code] for code in there))


def _choose(
    training: Training, splits: Splits
) -> tuple[tuple[str, ...], tuple[str, ...], list[Diagnostic]]:
    """The splits to train on, all splits in use (those first), and what is wrong.

    Splits that the spec names must have rows; of the default `train` and `display` one must.
    """
    found: list[Diagnostic] = []
    if training.train_on == _DEFAULT_TRAIN_ON:
        train_on = tuple(name for name in _DEFAULT_TRAIN_ON if name in splits.names)
        if not train_on:
            found.append(_no_rows(splits))
    else:
        train_on = tuple(dict.fromkeys(training.train_on))
        found += _unknown("/training/train_on", training.train_on, splits)
    if training.evaluate_on is None:
        evaluate_on = tuple(name for name in splits.names
                            if name != _TRAIN or _DISPLAY not in splits.names)
    else:
        evaluate_on = training.evaluate_on
        found += _unknown("/training/evaluate_on", training.evaluate_on, splits)
    names = tuple(dict.fromkeys((*train_on, *evaluate_on)))
    if len(names) > MOST_SPLITS:
        found.append(codes.LIMIT.at("/training/evaluate_on", what="the number of splits",
                                    got=len(names), limit=MOST_SPLITS))
    return train_on, names, found


def _no_rows(splits: Splits) -> Diagnostic:
    there = known(splits.names, "splits") if splits.names else \
        "the column 'split' is null everywhere"
    return codes.SPLIT_WITHOUT_ROWS.at("/training/train_on", name=_TRAIN, help=there)


def _unknown(pointer: str, names: tuple[str, ...], splits: Splits) -> Iterator[Diagnostic]:
    for index, name in enumerate(names):
        if name not in splits.names:
            yield unknown(codes.UNKNOWN_SPLIT, join(pointer, index), "splits", name, splits.names)
