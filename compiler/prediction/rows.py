"""Which rows of the index frame are predicted, and which are evaluated in which split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..bundle import Bundle
from ..data.population import Population
from ..data.preparation import SPLIT, SPLIT_STEPS, Splits, prepare_split
from ..data.prepared import Prepared
from ..data.samples import filtered, stored_splits
from ..data.weights import sample_weights
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import did_you_mean, known
from ..diagnostics.suggest import nearest
from ..network.heads import labels
from ..stages import Graph, Samples
from ..transformers import null_mask, read_columns

ALL = "all"
"""Every row that has a label, as one split; the name of a split of the bundle comes first."""

Rows = NDArray[np.int64]

Taken = Mapping[str, Sequence[str]]
"""Extractor -> the columns that the model takes."""


def all_rows(bundle: Bundle, frame: str, prepared: Prepared) -> Samples:
    """Every row of the index frame that its filters keep, in order."""
    allowed = prepared.allowed()
    rows = np.arange(bundle.rows(frame)) if allowed is None else np.flatnonzero(allowed)
    return _samples(rows, np.zeros(len(rows), dtype=np.int16), (ALL,))


def _samples(rows: Rows, split: NDArray[np.int16], names: tuple[str, ...],
             weight: NDArray[np.float32] | None = None) -> Samples:
    return Samples(rows, split, names, np.zeros(len(rows), dtype=np.bool_), None, weight)


def rows_of_splits(graph: Graph, bundle: Bundle, frame: str, prepared: Prepared,
                   wanted: Sequence[str], taken: Taken) -> Result[Samples]:
    """The rows of the splits that are wanted, in order; of all splits where none is named.

    Splits are those of the spec's step, else of the column `split`; without either, and where
    `all` is wanted, every row with a label is in one split.

    Reports: SC406, SC607, SC614, SC617, SC618, SC623, SC624, SC660. Raises BundleError for
    damaged pages.
    """
    steps = [step for step in graph.bundle.prepare if step.type in SPLIT_STEPS]
    stored = SPLIT in bundle.schema(frame).names
    if tuple(wanted) == (ALL,) or not (steps or stored):
        splits = Result(_labelled(graph, bundle, frame, taken))
    elif steps:
        splits = prepare_split(steps[0], bundle, frame, graph.seed, prepared.allowed(steps[0]))
    else:
        splits = stored_splits(bundle, frame)
    found = [one for one in splits.diagnostics if one.is_error]
    if splits.stage is None:
        return Result(None, tuple(found))
    there = filtered(splits.stage, prepared.allowed())
    found += (_unknown(name, there) for name in wanted if name not in there.names)
    names = tuple(dict.fromkeys(wanted)) or there.names
    if not found and not names:
        found.append(codes.NOTHING_TO_EVALUATE.at(
            file=bundle.file(frame), reason=f"no row of {frame!r} has a label and a split"))
    if found:
        return Result(None, tuple(found))
    place = {name: number for number, name in enumerate(names)}
    used = np.array([*(place.get(name, -1) for name in there.names), -1], dtype=np.int16)
    split = used[there.codes]
    weight = sample_weights(graph.training.sample_weight, bundle, frame, split >= 0, split >= 0)
    if weight.stage is None and weight.diagnostics:
        return Result(None, weight.diagnostics)
    rows = np.flatnonzero(split >= 0)
    return Result(_samples(rows, split[rows], names,
                           None if weight.stage is None else weight.stage[rows]))


def _unknown(name: str, there: Splits) -> Diagnostic:
    guess = nearest(name, there.names)
    return codes.NOTHING_TO_EVALUATE.at(
        reason=f"no row has the split {name!r}",
        help=known(there.names, "splits") if guess is None
        else did_you_mean(guess, there.names, "splits"))


def _labelled(graph: Graph, bundle: Bundle, frame: str, taken: Taken) -> Splits:
    """All rows whose labels are there, as the one split `all`."""
    rows = np.arange(bundle.rows(frame))
    whole = np.ones(len(rows), dtype=np.bool_)
    population = Population(graph, bundle, frame, frame, rows, (), taken=taken)
    for label in labels(graph):
        chain = population.chains.resolve(label.pointer, label.frame, label.joins).stage
        # What is wrong with a label is told when it is bound.
        positions = None if chain is None else population.matching.positions(
            label.pointer, label.joins, chain).stage
        if positions is None or label.nulls == "fill":
            continue
        for values in read_columns(bundle, positions.frame, taken[label.name], None):
            missing = np.append(null_mask(values), True)
            whole &= ~missing[positions.rows]
    names = (ALL,) if whole.any() else ()
    return Splits(np.where(whole, 0, -1).astype(np.int64), names)
