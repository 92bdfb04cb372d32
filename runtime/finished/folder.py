"""The files of a finished run, each checked before anything is made of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...compiler.diagnostics import codes
from ...compiler.diagnostics.diagnostic import Diagnostic, Result, one_line
from ...compiler.pipeline import check, read
from ...compiler.stages import Graph, Source
from ...compiler.text.source import read_source
from ...compiler.text.written import read_json
from . import documents
from .tables import DamagedTable, read_table

MOST_EPOCHS = 1_000_000

_LONGEST_REASON = 200

Document = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a run has left behind.

    Args:
        spec_text: the spec as it was given.
        graph: the spec as it ran; None where this version does not accept it any more.
        plan, environment: the JSON of these files.
        history: column -> one value for each epoch.
        metrics: `metrics.json`, of any version.
        importance, timing, findings: the JSON of these files, None where a run has none.
    """

    folder: Path
    spec_text: str
    graph: Graph | None
    plan: Document
    environment: Document
    history: Mapping[str, Sequence[float | None]]
    metrics: Document
    importance: Document | None = None
    timing: Document | None = None
    findings: Document | None = None

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def splits(self) -> Mapping[str, Mapping[str, float | None]]:
        """Split -> measure -> value."""
        found: Mapping[str, Mapping[str, float | None]] = self.metrics["splits"]
        return found

    def interval(self, split: str, measure: str) -> Document | None:
        """`low`, `high` and how they were found; None where there is none."""
        found: Document | None = self.metrics.get("intervals", {}).get(split, {}).get(measure)
        return found


class DamagedRun(Exception):
    """A file of a run folder is not as a run writes it; carries the diagnostic."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.diagnostic: Diagnostic = codes.DAMAGED_RUN.at(
            file=str(path), name=path.name, reason=one_line(reason)[:_LONGEST_REASON])


@dataclass
class _Files:
    """Reads the files of a folder and notes each that cannot be read."""

    folder: Path
    found: list[Diagnostic] = field(default_factory=list)

    def json(self, name: str, schema: Document) -> Any:
        """A JSON file of this form; None where it is not there, or noted."""
        path = self.folder / name
        if not os.path.lexists(path):
            return None
        try:
            return _json(path, schema)
        except DamagedRun as error:
            self.found.append(error.diagnostic)
            return None

    def history(self) -> Any:
        try:
            return _history(self.folder / "history.parquet")
        except DamagedRun as error:
            self.found.append(error.diagnostic)
            return None


NEEDED = ("spec.json", "plan.json", "metrics.json", "history.parquet", "model/spec.json")
"""Files without which a run has not finished."""


def open_finished(folder: Path) -> Result[FinishedRun]:
    """A finished run.

    Reports: SC514, SC519, SC526.
    """
    try:
        if not folder.is_dir():
            reason = "it is no folder" if folder.exists() else "there is no such folder"
            return _no_run(folder, reason)
        missing = [name for name in NEEDED if not (folder / name).is_file()]
    except (OSError, ValueError) as error:
        return _no_run(folder, getattr(error, "strerror", None) or str(error))
    if len(missing) == len(NEEDED):
        return _no_run(folder, "it has none of the files of a run")
    if missing:
        return Result(None, (codes.UNFINISHED_RUN.at(file=str(folder), path=str(folder)),))
    files = _Files(folder)
    source = read_source(folder / "spec.json")
    files.found += source.diagnostics
    if source.stage is not None:
        files.found += _not_a_spec(folder / "spec.json", source.stage)
    run = {
        "plan": files.json("plan.json", documents.PLAN),
        "environment": files.json("environment.json", documents.ENVIRONMENT) or {},
        "history": files.history(),
        "metrics": files.json("metrics.json", documents.METRICS),
        "importance": files.json("importance.json", documents.IMPORTANCE),
        "timing": files.json("timing.json", documents.TIMING),
        "findings": files.json("findings.json", documents.FINDINGS),
    }
    if files.found or source.stage is None:
        return Result(None, tuple(files.found))
    return Result(FinishedRun(folder=folder, spec_text=source.stage.text,
                              graph=_graph(folder / "model" / "spec.json"), **run))


def _no_run(folder: Path, reason: str) -> Result[FinishedRun]:
    return Result(None, (codes.NO_RUN.at(file=str(folder), path=str(folder), reason=reason),))


def _not_a_spec(path: Path, source: Source) -> tuple[Diagnostic, ...]:
    """A page shows the text of the spec, and no other text that stands in its place."""
    parsed = read(source, ())
    if parsed.stage is not None:
        return ()
    return (DamagedRun(path, parsed.diagnostics[0].message).diagnostic,)


def _graph(path: Path) -> Graph | None:
    """The graph of the resolved spec; None where this version does not accept it."""
    source = read_source(path).stage
    document = None if source is None else read(source, ()).stage
    if document is None:
        return None
    checked = check(document)
    refused = any(diagnostic.is_error for diagnostic in checked.diagnostics)
    return None if refused else checked.stage


def _json(path: Path, schema: Document) -> Any:
    from jsonschema import Draft202012Validator

    try:
        value = read_json(path)
    except (OSError, ValueError) as error:
        raise DamagedRun(path, getattr(error, "strerror", None) or str(error)) from error
    wrong = next(Draft202012Validator(schema).iter_errors(value), None)
    if wrong is not None:
        place = "".join(f"/{part}" for part in wrong.absolute_path)
        where = f"at {place} " if place else ""
        raise DamagedRun(path, f"{where}it is not as a run writes it")
    return value


def table_of(path: Path, most_rows: int) -> pa.Table:
    """A Parquet file of a run. Raises DamagedRun."""
    try:
        return read_table(path, most_rows)
    except DamagedTable as error:
        raise DamagedRun(path, str(error)) from error


def _history(path: Path) -> dict[str, list[float | None]]:
    table = table_of(path, MOST_EPOCHS)
    for column in table.schema:
        kind = column.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
            raise DamagedRun(path, f"the column {column.name!r} holds no numbers")
    return {name: table.column(name).to_pylist() for name in table.column_names}
