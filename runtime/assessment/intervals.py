"""How sure the loss and the metrics of evaluated splits are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from ...compiler.network.early_stopping import LOSS, metric_names
from ...compiler.network.heads import name_in
from ...compiler.seeds import derive_seed
from ...compiler.stages import Plan
from ..batches import by_head
from ..constructors import build_loss
from ..evaluate import Evaluation
from ..predictions import predictions
from ..scoring import Scoring
from ..weights import WeightedLoss
from .measured import measured, without_sums
from .resampling import Array, Interval, Measured, Statistic, percentile_interval, some_of
from .statistics import Mean

LOSS_ROWS = 10_000
"""The most rows over which a loss is drawn."""

Intervals = dict[str, Interval | None]
"""Name of a measure -> its interval, None where there is none."""


def intervals(session: Scoring, evaluation: Evaluation, split: str) -> Intervals:
    """The interval of every measure of a split."""
    plan = session.plan
    found: Intervals = dict.fromkeys(evaluation.measures)
    found |= _of_losses(session, evaluation, split)
    outputs, labels = by_head(evaluation.output), by_head(evaluation.label)
    queries = plan.shaped.fitted.bound.queries
    for head, view in plan.views.items():
        said = predictions(view, outputs[head], labels[head])
        nodes = view.graph.metrics
        for name, node in zip(metric_names(nodes), nodes, strict=True):
            key = name_in(head, name)
            value = evaluation.measures[key]
            if value is None or not np.isfinite(said.scores).all():
                continue
            query = queries.get(node.pointer)
            mean, value, rows = without_sums(node, value, len(said.true))
            seed = seed_of(plan, key, split)
            statistic = measured(mean, said, value, seed,
                                 None if query is None else query[evaluation.samples])
            interval = None if statistic is None else percentile_interval(statistic, seed)
            if interval is not None:
                found[key] = replace(interval, low=interval.low * rows, high=interval.high * rows)
    return found


def seed_of(plan: Plan, measure: str, split: str) -> int:
    """The seed of the resamples of one measure."""
    return derive_seed(plan.graph.seed, "/metrics", f"resamples of {measure} on {split}")


def _of_losses(session: Scoring, evaluation: Evaluation, split: str) -> Intervals:
    """That of the loss of each head, and of their sum."""
    plan, total = session.plan, len(evaluation.samples)
    seed = seed_of(plan, LOSS, split)
    rows = some_of(total, LOSS_ROWS, seed)
    parts: dict[str, Mean] = {}
    for head, view in plan.views.items():
        value = evaluation.measures.get(name_in(head, LOSS))
        mean = _by_row(session, view, evaluation, head, rows)
        if value is None or mean is None:
            return {}
        if len(rows) == total and not math.isclose(mean.whole(), value, rel_tol=1e-3, abs_tol=1e-6):
            return {}
        parts[head] = mean
    found: Intervals = {
        name_in(head, LOSS): percentile_interval(
            Measured(mean, evaluation.measures[name_in(head, LOSS)] or 0.0, total), seed)
        for head, mean in parts.items()}
    whole = evaluation.measures[LOSS]
    if plan.graph.heads and whole is not None:
        found[LOSS] = percentile_interval(Measured(_Total(session, parts), whole, total), seed)
    return found


class _Total(Statistic):
    """The weighted sum of the losses of heads, over the same rows."""

    def __init__(self, session: Scoring, parts: Mapping[str, Mean]) -> None:
        self._session, self._parts = session, parts
        self.units = next(iter(parts.values())).units

    def of(self, counts: Array) -> float:
        return float(self._session.total(
            {head: mean.of(counts) for head, mean in self._parts.items()}))


def _by_row(session: Scoring, view: Plan, evaluation: Evaluation, head: str,
            rows: Array) -> Mean | None:
    """The loss of a head as a mean of rows; None where a row has none of its own."""
    node = view.graph.loss
    if "reduction" not in node.args or len(rows) < 2:
        return None
    loss = build_loss(node, session.device, weighted=True)
    assert isinstance(loss, WeightedLoss)
    output = torch.from_numpy(by_head(evaluation.output)[head][rows]).to(session.device)
    label = torch.from_numpy(by_head(evaluation.label)[head][rows]).to(session.device)
    samples = torch.from_numpy(evaluation.samples[rows]).to(session.device)
    weight = session.evaluation.weights(samples)
    if weight is None:
        weight = torch.ones(len(rows), device=session.device)
    members = output.shape[1] if output.ndim == 3 else 1
    if output.ndim == 3:
        output = output.flatten(0, 1)
        label, weight = (each.repeat_interleave(members, dim=0) for each in (label, weight))
    with torch.inference_mode():
        losses, counted = loss.by_row(output, label, weight)
    values = (weight * losses).double().cpu().numpy().reshape(-1, members).mean(axis=1)
    counts = counted.double().cpu().numpy().reshape(-1, members).mean(axis=1)
    there = counts > 0
    return Mean(np.divide(values, counts, out=np.zeros_like(values), where=there), counts)
