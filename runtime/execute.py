"""Plan -> run folder: rehearse, train, evaluate, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compiler.bundle import BundleError
from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.stages import Plan
from . import artifacts, run_folder
from .device import choose_device, threads
from .environment import environment
from .evaluate import Evaluation, evaluate_all
from .history import History, Row
from .loop import Stopped, train
from .metrics import directions_of
from .progress import Progress
from .rehearse import rehearse
from .session import Session, open_session

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Args:
        folder: where everything was written.
        plan: what was run.
        metrics: split -> loss and metrics after the last epoch.
    """

    folder: Path
    plan: Plan
    history_columns: History
    metrics: Mapping[str, Mapping[str, float | None]]

    @property
    def history(self) -> pd.DataFrame:
        """One row for each epoch."""
        return self.history_columns.to_pandas()

    @property
    def predictions(self) -> pd.DataFrame:
        """One row for each evaluated sample, as in `predictions.parquet`."""
        import pandas as pd

        return pd.read_parquet(self.folder / "predictions.parquet")


Outcome = tuple[Run | None, tuple[Diagnostic, ...]]


def execute(plan: Plan, parent: Path, progress: Callable[[Plan], Progress]) -> Outcome:
    """Runs a plan and writes its run folder below `parent`.

    Nothing is written before the rehearsal on a sample batch has passed.

    Reports: SC301, SC310, SC404, SC501 to SC504, SC604.
    """
    device = choose_device(plan.graph.training.device)
    if device is None:
        return None, (codes.UNAVAILABLE_DEVICE.at("/training/device",
                                                  device=plan.graph.training.device),)
    refused = rehearse(plan)
    if refused:
        return None, refused
    try:
        with threads(plan.threads):
            return _run(open_session(plan, device), parent, progress)
    except BundleError as error:
        return None, error.diagnostics
    except Stopped as error:
        return None, (error.diagnostic,)
    except run_folder.FolderError as error:
        return None, (error.diagnostic,)


def _run(session: Session, parent: Path, progress: Callable[[Plan], Progress]) -> Outcome:
    plan = session.plan
    about = environment(plan, session.device)
    folder = run_folder.create(parent, plan.graph.name, plan.hash)
    run_folder.write_text(folder / "spec.json", plan.graph.source.text)
    run_folder.write_json(folder / "plan.json", plan.description)
    run_folder.write_json(folder / "environment.json", about)
    log = artifacts.Log(folder)
    log.add("start", time=time.time(), plan=plan.hash)
    reports = History()

    def report(row: Row) -> None:
        reports.add(row)
        log.add("batch", time=time.time(), **row)

    with progress(plan) as shown:
        history, evaluations = train(
            session, shown, lambda row: log.add("epoch", time=time.time(), **row), report
        )
    rest = [name for name in plan.samples.names if name not in evaluations]
    everything = {**evaluations, **evaluate_all(session, rest)}
    found = tuple(
        diagnostic for evaluation in evaluations.values() for diagnostic in evaluation.found
    )
    artifacts.write_history(folder, history)
    if len(reports):
        artifacts.write_history(folder, reports, "batches")
    artifacts.write_metrics(folder, history.kept, evaluations)
    artifacts.write_predictions(folder, artifacts.predictions_table(plan, everything))
    artifacts.write_model(folder, plan, session.network)
    _write_report(folder, plan, history, evaluations, about, found)
    log.add("end", time=time.time())
    return Run(folder, plan, history, artifacts.final_metrics(evaluations)), found


def _write_report(folder: Path, plan: Plan, history: History,
                  evaluations: Mapping[str, Evaluation], about: Mapping[str, Any],
                  found: tuple[Diagnostic, ...]) -> None:
    from .report import ReportInput, write_report

    page = write_report(ReportInput(
        title=folder.name,
        spec_text=plan.graph.source.text,
        plan=plan.description,
        history=history.columns,
        metrics=artifacts.final_metrics(evaluations),
        directions=directions_of(plan.graph),
        environment=_flat(about),
        warnings=[diagnostic.message for diagnostic in found],
    ))
    run_folder.write_text(folder / "report.html", page)


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested facts as one level of `a.b` names."""
    flat: dict[str, str] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = str(value)
    return flat


__all__ = ["Run", "execute"]
