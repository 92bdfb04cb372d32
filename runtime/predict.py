"""A plan of a trained model and its weights: predictions, or metrics, of another bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from ..compiler.bundle import BundleError
from ..compiler.diagnostics.diagnostic import Diagnostic, Result
from ..compiler.prediction.facts import ColumnFacts, Drift, drift
from ..compiler.stages import Plan
from .artifacts import final_metrics, predictions_table
from .batches import LabelSource
from .device import choose_device, threads
from .evaluate import evaluate_all, outputs, to_arrays
from .frames import frame_of
from .scoring import Scoring, build_scoring, label_sources, load_plan_frames
from .stored_weights import load_weights, read_weights


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model says of a bundle.

    Args:
        table: one row for each sample, as `predictions_table` without labels.
        drift: each column that was read, held against training.
    """

    table: pa.Table
    drift: tuple[Drift, ...]


def predict(plan: Plan, weights: Path, training: Mapping[tuple[str, str], ColumnFacts],
            batch_size: int | None = None) -> Result[Predicted]:
    """The predictions of every sample of a plan.

    Reports: SC510, SC511, SC604, SC659.

    Args:
        training: what the model saw of each column.
        batch_size: rows that go through the network together; as in the run by default.
    """
    try:
        with threads(plan.threads):
            opened = open_scoring(plan, weights, labelled=False)
            scoring = opened.stage
            if scoring is None:
                return Result(None, opened.diagnostics)
            differences = tuple(drift(plan.shaped.fitted, training))
            if batch_size is not None:
                scoring.evaluation = scoring.evaluation.of_size(batch_size)
            samples = torch.arange(len(plan.samples), device=scoring.device)
            table = predictions_table(plan, to_arrays(outputs(scoring, samples)), None)
    except BundleError as error:
        return Result(None, error.diagnostics)
    return Result(Predicted(table, differences))


Metrics = Mapping[str, Mapping[str, float | None]]
"""Split -> loss and metrics."""


def evaluate(plan: Plan, weights: Path) -> Result[Metrics]:
    """Loss and metrics of every split of a plan.

    Reports: SC503, SC510, SC511, SC604, SC659.
    """
    try:
        with threads(plan.threads):
            opened = open_scoring(plan, weights, labelled=True)
            if opened.stage is None:
                return Result(None, opened.diagnostics)
            evaluations = evaluate_all(opened.stage, plan.evaluate_on)
    except BundleError as error:
        return Result(None, error.diagnostics)
    found: list[Diagnostic] = []
    for evaluation in evaluations.values():
        found += evaluation.found
    return Result(final_metrics(evaluations), tuple(found))


def open_scoring(plan: Plan, path: Path, *, labelled: bool,
                 device: torch.device | None = None) -> Result[Scoring]:
    """Network with its weights over the frames of a plan. Raises BundleError.

    Reports: SC510, SC511.

    Args:
        device: None for that of the spec where it is there, else the processor: a model may be
            trained elsewhere.
    """
    device = device or choose_device(plan.graph.training.device) or torch.device("cpu")
    weights = read_weights(path, plan)
    if weights.stage is None:
        return Result(None, weights.diagnostics)
    frames = load_plan_frames(plan, device)
    sources = label_sources(plan, frames) if labelled else {
        name: _no_label(plan, device) for name in plan.views}
    scoring = build_scoring(plan, device, frames, sources)
    wrong = load_weights(scoring.network, weights.stage, path)
    return Result(None if wrong else scoring, wrong)


def _no_label(plan: Plan, device: torch.device) -> LabelSource:
    """A label of no columns."""
    empty = np.empty((len(plan.samples), 0), dtype=np.float32)
    return LabelSource(frame_of(empty, device), class_numbers=False)
