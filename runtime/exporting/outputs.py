"""What an exported network gives: raw outputs, and predictions as `runtime.predictions` reads
them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...compiler.exporting.inputs import BATCH
from ...compiler.network.heads import name_in
from ...compiler.stages import Plan
from ...compiler.transformers import ClassIndex, Standard
from ...compiler.transformers.categories import texts
from ...schema.agreement import loss_rule
from ...schema.shapes import counted, members_of
from ..predictions import (
    Predictions,
    counts_by_logarithm,
    middle,
    probability_form,
    tells_shares,
)

OUTPUT, PREDICTION, QUANTILES = "output", "prediction", "quantiles"

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Output:
    """One tensor that the network gives, float32.

    Args:
        name: `output`, `prediction` or `quantiles`, with heads behind the name of the head.
        shape: behind the axis of the batch.
        meaning: what its numbers say.
        facts: what else is told of it: classes, columns, quantiles.
        unit: the size up to which a difference counts as it is, and beyond which by its share.
    """

    name: str
    head: str
    shape: tuple[int, ...]
    meaning: str
    facts: dict[str, Any]
    unit: float = 1.0

    def document(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {"name": self.name, "dtype": "float32", "shape": [BATCH, *self.shape],
                "head": self.head or None, "meaning": self.meaning, **self.facts}


def outputs_of(plan: Plan) -> tuple[Output, ...]:
    """The outputs of all heads in order."""
    return tuple(one for head, view in plan.views.items() for one in _of_head(head, view))


def _of_head(head: str, plan: Plan) -> list[Output]:
    shape = plan.shaped.shapes.output
    assert isinstance(shape, tuple)
    sizes = tuple(dim for dim in counted(shape)[1:] if isinstance(dim, int))
    members = members_of(shape)
    said = "what the network gives" + ("" if members is None else " for each of its members")
    found = [Output(name_in(head, OUTPUT), head, sizes, said, {})]
    label, width = plan.shaped.fitted.label, sizes[-1]
    name, task = name_in(head, PREDICTION), plan.shaped.task
    if task == "regression":
        levels = loss_rule(plan.graph.loss.type, plan.graph.loss.args).quantiles
        columns = width // (len(levels) or 1)
        names = {"columns": list(_label_columns(plan))}
        found.append(Output(name, head, (columns,), "the value, on the scale of the label",
                            names, unit(plan)))
        if levels:
            found.append(Output(
                name_in(head, QUANTILES), head, (columns, len(levels)), "each quantile of the "
                "value, on the scale of the label", {**names, "levels": list(levels)},
                unit(plan)))
    elif task == "binary":
        classes = _classes(plan) or [label.minimum, label.maximum]
        found.append(Output(name, head, (1,), "the chance of the second class",
                            {"classes": classes}))
    elif task == "multilabel":
        columns_ = list(label.names) or list(_label_columns(plan))
        found.append(Output(name, head, (width,), "the chance of each", {"columns": columns_}))
    else:
        classes = _classes(plan) or list(_label_columns(plan))
        found.append(Output(name, head, (width,), "the chance of each class",
                            {"classes": classes}))
    return found


def _label(plan: Plan) -> Any:
    return plan.shaped.fitted.extractors[plan.graph.label.name]


def _label_columns(plan: Plan) -> tuple[str, ...]:
    names: tuple[str, ...] = _label(plan).feature_names
    return names


def _classes(plan: Plan) -> list[Any]:
    """The classes as JSON has them; as text where it has no such value."""
    column = _label(plan).columns[0]
    if not isinstance(column, ClassIndex):
        return []
    dtype = column.values.type
    plain = pa.types.is_boolean(dtype) or pa.types.is_integer(dtype)
    return list(column.values.to_pylist()) if plain else texts(column.values)


def _scaling(plan: Plan) -> list[tuple[float, float]]:
    """Scale and centre by which each label column is undone."""
    found = []
    for column in _label(plan).columns:
        own = (column.scale.scale, column.scale.center) if isinstance(column, Standard) \
            else (1.0, 0.0)
        found += [own] * len(column.names)
    return found


def unit(plan: Plan) -> float:
    """What 1 of the network is on the scale of the label, at most."""
    return max(abs(scale) for scale, _ in _scaling(plan))


class Predicting(nn.Module):
    """Raw output `(batch, width)`, or `(batch, members, width)` -> the outputs of a head."""

    def __init__(self, head: str, plan: Plan) -> None:
        super().__init__()
        self.head = head
        self.task = plan.shaped.task
        self.form = probability_form(plan)
        self.raises = counts_by_logarithm(plan)
        self.shares = tells_shares(plan)
        self.levels = loss_rule(plan.graph.loss.type, plan.graph.loss.args).quantiles
        scaling = torch.tensor(_scaling(plan), dtype=torch.float32).reshape(-1, 2)
        self.register_buffer("scale", scaling[:, :1].clone())
        self.register_buffer("center", scaling[:, 1:].clone())

    scale: Tensor
    center: Tensor

    def forward(self, output: Tensor) -> dict[str, Tensor]:
        found = {OUTPUT: output.clone(), **self._predicted(output)}
        return {name_in(self.head, name): value for name, value in found.items()}

    def _predicted(self, output: Tensor) -> dict[str, Tensor]:
        chances = self._probabilities(output)
        values = output.exp() if self.raises else output
        if output.ndim == 3:
            # What the members predict is averaged, not what they give.
            values, chances = values.mean(1), chances.mean(1)
        if self.task == "regression":
            return self._numbers(chances if self.shares else values)
        return {PREDICTION: chances[:, -1:] if self.task == "binary" else chances}

    def _probabilities(self, output: Tensor) -> Tensor:
        if self.form == "logarithm":
            return output.exp()
        if self.form == "sigmoid":
            return output.sigmoid()
        if self.form == "softmax":
            return output.softmax(-1)
        return output.clamp(0.0, 1.0) if self.form == "clip" else output.clone()

    def _numbers(self, values: Tensor) -> dict[str, Tensor]:
        columns = len(self.scale)
        by_column = values.reshape(values.shape[0], columns, -1)
        by_column = by_column * self.scale + self.center
        found = {PREDICTION: by_column[..., middle(self.levels)]}
        return {**found, QUANTILES: by_column} if self.levels else found


def expected(plan: Plan, said: Predictions, raw: Array) -> dict[str, Array]:
    """What specc says, in the form of the outputs of an exported network without heads."""
    rows = len(raw)
    values = said.values if plan.shaped.task == "regression" else said.probabilities
    found = {OUTPUT: raw, PREDICTION: values.reshape(rows, -1)}
    if said.quantiles:
        found[QUANTILES] = np.stack(
            [each.reshape(rows, -1) for each in said.quantiles.values()], axis=2)
    return found
