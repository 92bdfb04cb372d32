"""load: a trained model, which predicts and is evaluated on other bundles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import BundleLike, Validation, open_bundle
from .compiler.diagnostics.diagnostic import Diagnostic, Result
from .compiler.reporters import render_text
from .compiler.stages import Source

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .compiler.prediction.saved import SavedModel

REPORT_FORMAT = 1

Metrics = Mapping[str, Mapping[str, float | None]]
"""Split -> loss and metrics."""


class Refused(RuntimeError):
    """A model or a bundle has mistakes; the text tells them as the command line does.

    Args:
        diagnostics: the mistakes.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], source: Source | None = None) -> None:
        super().__init__(render_text(diagnostics, source, color=False))
        self.diagnostics = tuple(diagnostics)


@dataclass(frozen=True)
class Prediction(Validation):
    """What is wrong with a bundle, and the predictions where nothing is.

    Args:
        table: one row for each row of the index frame.
        report: nulls, unseen values and numbers out of range of each column, as JSON data.
    """

    table: pa.Table | None = field(repr=False, default=None)
    report: Mapping[str, Any] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class ModelEvaluation(Validation):
    """What is wrong with a bundle, and the metrics of each split where nothing is."""

    metrics: Metrics | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model; `specc.load` opens one. It reads its folder when it predicts."""

    folder: Path
    _saved: SavedModel = field(repr=False)

    def predict(self, bundle: BundleLike) -> pd.DataFrame:
        """One row for each row of the index frame, in its order: its key, and what is predicted,
        as in `predictions.parquet`. Neither labels nor splits are needed.

        `attrs["report"]` holds, of each column, the counts of nulls, of values that training did
        not have and of numbers out of the range of training. Raises Refused.
        """
        found = self.prediction(bundle)
        if found.table is None:
            raise Refused(found.diagnostics, found.source)
        frame: pd.DataFrame = found.table.to_pandas()
        frame.attrs["report"] = dict(found.report)
        return frame

    def evaluate(self, bundle: BundleLike, splits: Iterable[str] = ()) -> Metrics:
        """Loss and metrics of each split; of all splits where none is named. Raises Refused.

        Splits are those of the spec's preparation, else of the column `split`, else all rows with
        a label are one split, `all`.
        """
        found = self.evaluation(bundle, splits)
        if found.metrics is None:
            raise Refused(found.diagnostics, found.source)
        return found.metrics

    def prediction(self, bundle: BundleLike, *, batch_size: int | None = None) -> Prediction:
        """As `predict`, with mistakes as diagnostics.

        Args:
            batch_size: rows that go through the network together; None decides by its size.
        """
        from .compiler.prediction.compile import compile_prediction
        from .compiler.prediction.facts import as_json
        from .runtime.predict import predict

        source = self._saved.source
        opened = open_bundle(bundle)
        if opened.stage is None:
            return Prediction(opened.diagnostics, source)
        plan = compile_prediction(self._saved, opened.stage)
        if plan.stage is None:
            return Prediction(plan.diagnostics, source)
        result = predict(plan.stage, self._saved.weights, self._saved.training, batch_size)
        if result.stage is None:
            return Prediction(result.diagnostics, source)
        predicted = result.stage
        return Prediction(result.diagnostics, source, predicted.table, {
            "format": REPORT_FORMAT, "plan": plan.stage.hash, "rows": predicted.table.num_rows,
            "columns": [as_json(entry) for entry in predicted.drift]})

    def evaluation(self, bundle: BundleLike, splits: Iterable[str] = ()) -> ModelEvaluation:
        """As `evaluate`, with mistakes as diagnostics."""
        from .compiler.prediction.compile import compile_prediction
        from .runtime.predict import evaluate

        source = self._saved.source
        opened = open_bundle(bundle)
        if opened.stage is None:
            return ModelEvaluation(opened.diagnostics, source)
        plan = compile_prediction(self._saved, opened.stage, tuple(splits))
        if plan.stage is None:
            return ModelEvaluation(plan.diagnostics, source)
        result = evaluate(plan.stage, self._saved.weights)
        return ModelEvaluation(result.diagnostics, source, result.stage)


def load(run: str | Path) -> Model:
    """The model of a run folder, or of its folder `model` alone. Raises Refused."""
    opened = open_run(Path(run))
    if opened.stage is None:
        raise Refused(opened.diagnostics)
    return opened.stage


def open_run(run: Path) -> Result[Model]:
    """As `load`, with mistakes as diagnostics. Reports SC508 to SC510."""
    from .compiler.prediction.saved import open_model

    opened = open_model(run)
    if opened.stage is None:
        return Result(None, opened.diagnostics)
    return Result(Model(opened.stage.folder, opened.stage))
