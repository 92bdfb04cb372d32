"""The files of a run folder and what goes into each. Nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import safetensors.torch

from ..compiler.fits.saved import ARRAYS, STATES
from ..compiler.fits.state import fitted_state
from ..compiler.network.heads import name_in
from ..compiler.stages import LabelFacts, Plan
from . import run_folder
from .batches import by_head
from .build import Network
from .evaluate import Evaluation
from .history import History
from .predictions import predictions

METRICS_FORMAT = 1


def write_history(folder: Path, history: History, name: str = "history") -> None:
    """`history.parquet` and `history.csv`, one row for each epoch; or what was reported within
    epochs under the name `batches`."""
    table = pa.table(history.columns)
    run_folder.write(folder / f"{name}.parquet",
                     lambda path: pyarrow.parquet.write_table(table, path))
    run_folder.write(folder / f"{name}.csv", lambda path: pyarrow.csv.write_csv(table, path))


def final_metrics(evaluations: Mapping[str, Evaluation]) -> dict[str, dict[str, float | None]]:
    """Split -> loss and metrics of the last epoch."""
    return {split: evaluation.measures for split, evaluation in evaluations.items()}


def write_metrics(folder: Path, epoch: int, evaluations: Mapping[str, Evaluation]) -> None:
    """`metrics.json`: loss and metrics of each split with the weights of `epoch`, which the run
    keeps. Holds no times, so equal runs give equal bytes."""
    run_folder.write_json(folder / "metrics.json", {
        "format": METRICS_FORMAT, "epoch": epoch, "splits": final_metrics(evaluations),
    })


def predictions_table(plan: Plan, evaluations: Mapping[str, Evaluation]) -> pa.Table:
    """One row for each evaluated sample, in the order of the index frame.

    Columns: the key of the index frame (`row`, the row number, where it has none), `split`,
    `true` and `predicted`: the probability of 1 for two numeric values, the class for
    classes (with `probability_<class>` beside it), else the value; numbered by column where
    the label has several, named by class for a `multi_hot` label. Numbers are on the scale of
    the label's raw columns. A loss of quantiles adds `predicted_q<quantile>` for each. With
    heads the columns of each are called `<head>.true` and so on.
    """
    parts = list(evaluations.items())
    samples = np.concatenate([evaluation.samples for _, evaluation in parts])
    order = np.argsort(samples, kind="stable")
    names = np.repeat(np.arange(len(parts)), [len(entry.samples) for _, entry in parts])[order]
    columns = _key_columns(plan, plan.samples.rows[samples[order]])
    columns["split"] = pa.DictionaryArray.from_arrays(
        pa.array(names, pa.int32()), pa.array([split for split, _ in parts])
    ).cast(pa.string())
    for head, view in plan.views.items():
        output = np.concatenate([by_head(entry.output)[head] for _, entry in parts])[order]
        label = np.concatenate([by_head(entry.label)[head] for _, entry in parts])[order]
        columns |= {name_in(head, name): values
                    for name, values in _values(view, output, label).items()}
    return pa.table(columns)


def _key_columns(plan: Plan, rows: Any) -> dict[str, pa.Array]:
    bound = plan.shaped.fitted.bound
    key = bound.bundle.key(bound.index_frame)
    if not key:
        return {"row": pa.array(rows)}
    table = bound.bundle.read(bound.index_frame, key).take(pa.array(rows))
    bound.bundle.release()
    return {name: table.column(name).combine_chunks() for name in key}


def _values(plan: Plan, output: Any, label: Any) -> dict[str, pa.Array]:
    facts = plan.shaped.fitted.label
    said = predictions(plan, output, label)
    if facts.classes:
        return _classes(facts, said)
    predicted = said.probabilities if plan.shaped.task != "regression" else said.values
    if plan.shaped.task == "multiclass":
        return {"true": pa.array(said.true), "predicted": pa.array(said.labels)}
    if plan.shaped.task == "regression":
        label = said.true if said.true.ndim == 2 else said.true[:, None]
    if predicted.ndim == 1:
        return {"true": pa.array(label[:, 0]), "predicted": pa.array(predicted), **{
            f"predicted_q{level}": pa.array(np.ascontiguousarray(values))
            for level, values in said.quantiles.items()}}
    sides = {"true": label, "predicted": predicted}
    names = facts.names or range(predicted.shape[1])
    return {
        **{f"{side}_{name}": pa.array(np.ascontiguousarray(values[:, column]))
           for side, values in sides.items() for column, name in enumerate(names)},
        **{f"predicted_{column}_q{level}": pa.array(np.ascontiguousarray(values[:, column]))
           for level, values in said.quantiles.items() for column in range(values.shape[1])},
    }


def _classes(facts: LabelFacts, said: Any) -> dict[str, pa.Array]:
    classes = pa.array(facts.classes)
    chances = said.probabilities
    if chances.ndim == 1:
        chances = np.stack([1 - chances, chances], axis=1)
    return {
        "true": classes.take(pa.array(said.true)),
        "predicted": classes.take(pa.array(said.labels)),
        **{
            f"probability_{name}": pa.array(np.ascontiguousarray(chances[:, index]))
            for index, name in enumerate(facts.classes)
        },
    }


def write_predictions(folder: Path, table: pa.Table) -> None:
    """`predictions.parquet`."""
    run_folder.write(folder / "predictions.parquet",
                     lambda path: pyarrow.parquet.write_table(table, path))


def write_model(folder: Path, plan: Plan, network: Network) -> None:
    """`model/`: the weights, the fitted transformers and the resolved spec."""
    model = folder / "model"
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state().items()}
    run_folder.write_bytes(model / "weights.safetensors", safetensors.torch.save(weights))
    states, arrays = fitted_state(plan.shaped.fitted)
    run_folder.write_json(model / STATES, states)
    run_folder.write(model / ARRAYS, lambda path: _write_arrow(path, arrays))
    run_folder.write_json(model / "spec.json", dict(plan.graph.resolved))


def _write_arrow(path: Path, arrays: Mapping[str, pa.Array]) -> None:
    """One row of lists, because the arrays differ in length."""
    lists = {
        name: pa.ListArray.from_arrays(pa.array([0, len(array)], pa.int32()), array)
        for name, array in arrays.items()
    }
    table = pa.table(lists) if lists else pa.table({"": pa.array([], pa.null())})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


class Log:
    """`log.jsonl`: one whole line for each event, written as it happens."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log.jsonl"

    def add(self, event: str, **facts: Any) -> None:
        """Appends one event."""
        line = json.dumps({"event": event, **facts}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
