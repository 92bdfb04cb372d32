"""The network on whole splits, without gradients."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.network.early_stopping import LOSS
from ..compiler.network.heads import name_in
from ..schema.shapes import counted
from .batches import Labels, by_head
from .drawn_rows import DrawnRows
from .metrics import measure
from .predictions import predictions
from .sampling import split_samples
from .scoring import Scoring

BLOCK = 64
"""Rows that are computed together at least: the libraries of matrix products take other ways for
few rows, whose last digits differ."""

Arrays = NDArray[Any] | Mapping[str, NDArray[Any]]
"""An array, or with heads one by the name of each."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One split, evaluated.

    Args:
        samples: the samples of the split, int64 `(rows,)`.
        output: what the network gave, float32 `(rows, width)`, or `(rows, members, width)` of an
            ensemble; with heads that of each by its name.
        label: float32 `(rows, columns)`, or int64 `(rows,)` for class numbers; with heads that of
            each by its name.
        measures: `loss` and every metric, with heads the loss and the metrics of each as
            `<head>.<name>`; None where one is not defined.
    """

    samples: NDArray[np.int64]
    output: Arrays
    label: Arrays
    measures: dict[str, float | None]
    found: tuple[Diagnostic, ...]


def everything(session: Scoring) -> tuple[Arrays, Arrays]:
    """Output and label of all samples, in their order.

    The same rows in the same order give the same bits here and in a prediction.
    """
    samples = torch.arange(len(session.plan.samples), device=session.device)
    return to_arrays(outputs(session, samples)), to_arrays(session.evaluation.labels(samples))


def outputs(session: Scoring, samples: torch.Tensor) -> Labels:
    """What the network gives for samples, as `Evaluation.output`, on the device.

    The last sample is repeated until their number is a multiple of `BLOCK`.
    """
    session.module.eval()
    count = len(samples)
    if not count:
        return _nothing(session)
    padded = torch.cat([samples, samples[-1:].expand(-count % BLOCK)])
    with torch.inference_mode():
        parts = [session.module(batch) for batch in session.evaluation.of(padded)]
    return _joined(parts, count)


def _joined(parts: list[Any], count: int) -> Labels:
    """The first rows of parts that follow each other."""
    if isinstance(parts[0], Mapping):
        return {name: torch.cat([part[name] for part in parts])[:count] for name in parts[0]}
    return torch.cat(parts)[:count]


def _in_time(session: Scoring, split: str, samples: torch.Tensor,
             drawn: DrawnRows) -> tuple[torch.Tensor, Labels]:
    """The samples that are done in time, one batch and one query at least, and their output."""
    parts, done, count = [], 0, 0
    end = time.perf_counter() + (drawn.seconds or math.inf)
    while done < len(samples) and not (count and time.perf_counter() >= end):
        parts.append(outputs(session, samples[done:done + drawn.batch_size]))
        done = min(done + drawn.batch_size, len(samples))
        # Reading a number waits for the device.
        float(next(iter(by_head(parts[-1]).values())).sum())
        count = drawn.whole(split, done)
    if not parts:
        return samples, _nothing(session)
    return samples[:count], _joined(parts, count)


def _nothing(session: Scoring) -> Labels:
    """The output for no samples, of the shapes that it would have."""
    empty = {}
    for name, view in session.plan.views.items():
        shape = view.shaped.shapes.output
        assert isinstance(shape, tuple)
        sizes = (dim for dim in counted(shape)[1:] if isinstance(dim, int))
        empty[name] = torch.empty(0, *sizes, device=session.device)
    return empty if session.plan.graph.heads else empty[""]


def evaluate(session: Scoring, split: str, drawn: DrawnRows | None = None) -> Evaluation:
    """Loss and metrics of one split.

    Reports: SC503.

    Args:
        drawn: the rows to take, where not all.
    """
    samples = split_samples(session.plan, split) if drawn is None else drawn.of(split)
    on_device = samples.to(session.device)
    if drawn is None or drawn.seconds is None:
        output = outputs(session, on_device)
    else:
        on_device, output = _in_time(session, split, on_device, drawn)
        samples = samples[:len(on_device)]
    label = session.evaluation.labels(on_device)
    with torch.inference_mode():
        weight = session.evaluation.weights(on_device)
        amount = len(samples) if weight is None else weight.sum()
        losses = {
            name: float(session.mean_loss(loss, amount)) if float(amount) else math.nan
            for name, loss in session.losses_of(output, label, weight).items()
        }
    output_arrays, label_arrays = to_arrays(output), to_arrays(label)
    measures: dict[str, float | None] = {LOSS: _or_none(session.total(losses))}
    found: list[Diagnostic] = []
    for name, view in session.plan.views.items():
        loss, node = losses[name], view.graph.loss
        if not math.isfinite(loss):
            found.append(codes.UNDEFINED_METRIC.at(node.pointer, metric=node.type, split=split,
                                                   reason=f"its value is {loss}"))
        predicted = predictions(view, by_head(output_arrays)[name], by_head(label_arrays)[name])
        values, undefined = measure(view, predicted, samples.numpy(), split)
        found += undefined
        for key, value in {LOSS: _or_none(loss), **values}.items():
            measures[name_in(name, key)] = value
    return Evaluation(samples.numpy(), output_arrays, label_arrays, measures, tuple(found))


def to_arrays(values: Labels) -> Arrays:
    """On the processor, as numpy has them."""
    if isinstance(values, Mapping):
        return {name: value.cpu().numpy() for name, value in values.items()}
    array: NDArray[Any] = values.cpu().numpy()
    return array


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def evaluate_all(session: Scoring, splits: Iterable[str],
                 drawn: DrawnRows | None = None) -> dict[str, Evaluation]:
    """Every split by name; with `drawn` those of its rows alone."""
    return {split: evaluate(session, split, drawn) for split in splits}
