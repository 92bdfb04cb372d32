"""The network on whole splits, without gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from .metrics import measure
from .predictions import predictions
from .sampling import split_samples
from .session import Session


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One split, evaluated.

    Args:
        samples: the samples of the split, int64 `(rows,)`.
        output: what the network gave, float32 `(rows, width)`, or `(rows, members, width)` of an
            ensemble.
        label: float32 `(rows, columns)`, or int64 `(rows,)` for class numbers.
        measures: `loss` and every metric; None where one is not defined.
    """

    samples: NDArray[np.int64]
    output: NDArray[np.float32]
    label: NDArray[Any]
    measures: dict[str, float | None]
    found: tuple[Diagnostic, ...]


def outputs(session: Session, samples: torch.Tensor) -> torch.Tensor:
    """What the network gives for samples, as `Evaluation.output`, on the device."""
    session.module.eval()
    with torch.inference_mode():
        parts = [session.module(batch) for batch in session.evaluation.of(samples)]
    return torch.cat(parts)


def evaluate(session: Session, split: str) -> Evaluation:
    """Loss and metrics of one split.

    Reports: SC503.
    """
    samples = split_samples(session.plan, split)
    on_device = samples.to(session.device)
    output = outputs(session, on_device)
    label = session.evaluation.labels(on_device)
    with torch.inference_mode():
        weight = session.evaluation.weights(on_device)
        amount = len(samples) if weight is None else weight.sum()
        loss = float(session.mean_loss(session.loss_of(output, label, weight), amount))
        loss = loss if float(amount) else math.nan
    output_array, label_array = output.cpu().numpy(), label.cpu().numpy()
    predicted = predictions(session.plan, output_array, label_array)
    measures, found = measure(session.plan, predicted, samples.numpy(), split)
    if not math.isfinite(loss):
        node = session.plan.graph.loss
        found = (codes.UNDEFINED_METRIC.at(node.pointer, metric=node.type, split=split,
                                           reason=f"its value is {loss}"), *found)
    measures = {"loss": loss if math.isfinite(loss) else None, **measures}
    return Evaluation(samples.numpy(), output_array, label_array, measures, found)


def evaluate_all(session: Session, splits: Iterable[str]) -> dict[str, Evaluation]:
    """Every split by name."""
    return {split: evaluate(session, split) for split in splits}
