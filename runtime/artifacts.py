"""The files of a run folder and what goes into each. Nothing is pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import safetensors.torch
from numpy.typing import NDArray

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.fits.saved import ARRAYS, STATES
from ..compiler.fits.state import fitted_state
from ..compiler.network.heads import name_in
from ..compiler.prediction.document import COLUMNS, MODEL, SPEC, WEIGHTS, model_document, sealed
from ..compiler.prediction.saved import FILES, file_digest
from ..compiler.stages import LabelFacts, Plan
from . import run_folder
from .assessment.assess import (
    Assessment,
    importance_document,
    metrics_document,
    timing_document,
)
from .batches import by_head
from .build import Network
from .environment import version_of
from .evaluate import Arrays, Evaluation
from .finished.documents import FINDINGS_FORMAT
from .history import History
from .predictions import predictions
from .scoring import reads_class_numbers


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


def write_assessment(folder: Path, epoch: int, evaluations: Mapping[str, Evaluation],
                     assessment: Assessment) -> None:
    """`metrics.json`, with the weights of `epoch`, which the run keeps; `importance.json` and
    `timing.json`, where there is something to tell. Only the last holds times, so equal runs give
    equal bytes of the others."""
    run_folder.write_json(folder / "metrics.json", metrics_document(
        epoch, final_metrics(evaluations), assessment))
    if assessment.importance is not None:
        run_folder.write_json(folder / "importance.json",
                              importance_document(assessment.importance))
    if assessment.times is not None:
        run_folder.write_json(folder / "timing.json", timing_document(assessment.times))


def write_findings(folder: Path, found: Sequence[Diagnostic]) -> None:
    """`findings.json`: what was found in the spec and the bundle, and warnings of the run."""
    run_folder.write_json(folder / "findings.json", {
        "format": FINDINGS_FORMAT,
        "findings": [{
            "code": each.code, "severity": each.severity.value, "pointer": each.pointer,
            "message": each.message, "help": each.help} for each in found],
    })


def predictions_table(plan: Plan, output: Arrays, label: Arrays | None) -> pa.Table:
    """One row for each sample, in the order of the index frame.

    Columns: the key of the index frame (`row`, the row number, where it has none), `split`,
    `true` and `predicted`: the probability of 1 for two numeric values, the class for
    classes (with `probability_<class>` beside it), else the value; numbered by column where
    the label has several, named by class for a `multi_hot` label. Numbers are on the scale of
    the label's raw columns. A loss of quantiles adds `predicted_q<quantile>` for each. With
    heads the columns of each are called `<head>.true` and so on. Without labels there are
    neither `split` nor `true`.

    Args:
        output, label: of all samples, as in `Evaluation`.
    """
    columns = key_columns(plan, plan.samples.rows)
    if label is not None:
        columns["split"] = pa.DictionaryArray.from_arrays(
            pa.array(plan.samples.split.astype(np.int32)), pa.array(plan.samples.names)
        ).cast(pa.string())
    for head, view in plan.views.items():
        known = no_label(view, len(plan.samples)) if label is None else by_head(label)[head]
        columns |= {name_in(head, name): values
                    for name, values in _values(view, by_head(output)[head], known).items()
                    if label is not None or not name.startswith("true")}
    return pa.table(columns)


def no_label(view: Plan, samples: int) -> NDArray[Any]:
    """Stands where labels would; what is made of it is not shown."""
    if reads_class_numbers(view):
        return np.zeros(samples, dtype=np.int64)
    return np.zeros((samples, view.shaped.fitted.label.columns), dtype=np.float32)


def key_columns(plan: Plan, rows: Any) -> dict[str, pa.Array]:
    """The key of the index frame of some of its rows; `row`, the row number, where it has none."""
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
    """`model/`: the weights, the fitted transformers, the resolved spec, and what a prediction has
    to know beside them.

    Raises BundleError when a frame cannot be read any more.
    """
    model = folder / "model"
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state().items()}
    run_folder.write_bytes(model / WEIGHTS, safetensors.torch.save(weights))
    states, arrays = fitted_state(plan.shaped.fitted)
    run_folder.write_json(model / STATES, states)
    run_folder.write(model / ARRAYS, lambda path: write_arrow(path, arrays))
    run_folder.write_json(model / SPEC, dict(plan.graph.resolved))
    document, columns = model_document(plan, version_of("specc"))
    run_folder.write(model / COLUMNS, lambda path: write_arrow(path, columns))
    # The last of the files: a folder that has it is whole.
    hashes = {name: file_digest(model / name) for name in FILES}
    run_folder.write_json(model / MODEL, sealed(document, hashes))


def write_arrow(path: Path, arrays: Mapping[str, pa.Array]) -> None:
    """One row of lists, because the arrays differ in length."""
    lists = {
        name: pa.ListArray.from_arrays(pa.array([0, len(array)], pa.int32()), array)
        for name, array in arrays.items()
    }
    table = pa.table(lists) if lists else pa.table({"": pa.array([], pa.null())})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


class Log:
    """`log.jsonl`: one line for each event, written as it happens. The last line of a run that
    was killed may be cut; the next event then begins a line of its own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log.jsonl"

    def add(self, event: str, **facts: Any) -> None:
        """Appends one event. Raises FolderError (SC502)."""
        line = json.dumps({"event": event, **facts}, ensure_ascii=False).encode()
        try:
            with self._path.open("a+b") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    line = line if file.read(1) == b"\n" else b"\n" + line
                file.write(line + b"\n")
        except OSError as error:
            reason = error.strerror or str(error)
            raise run_folder.FolderError(codes.UNWRITABLE_FOLDER.at(
                path=str(self._path), reason=reason)) from error
