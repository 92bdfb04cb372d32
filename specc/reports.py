"""report, compare: finished runs in, pages out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import Validation
from .compiler.diagnostics.diagnostic import Diagnostic, distinct

if TYPE_CHECKING:
    from .runtime.comparing.differences import MetricDifference
    from .runtime.comparing.side_by_side import SideBySide
    from .runtime.finished.folder import FinishedRun

PAGE = "report.html"


@dataclass(frozen=True)
class Report(Validation):
    """What is wrong with a run folder, and the page where nothing is.

    Args:
        path: where the page was written; None where it was not.
    """

    path: Path | None = None


@dataclass(frozen=True)
class RunComparison(Validation):
    """What is wrong with run folders, and what the runs differ in where nothing is.

    Args:
        path: where the page was written; None where none was asked for.
    """

    found: SideBySide | None = field(repr=False, default=None)
    path: Path | None = None

    @property
    def metrics(self) -> tuple[MetricDifference, ...]:
        """The differences of all measures against the first run. Raises RuntimeError where a run
        cannot be read."""
        return tuple(self._compared().metrics)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON data, as `specc compare --format json` prints it. Raises RuntimeError
        where a run cannot be read."""
        from .runtime.comparing.side_by_side import as_json

        return as_json(self._compared())

    def _compared(self) -> SideBySide:
        if self.found is None:
            raise RuntimeError(f"the runs were not compared\n{super().__str__()}")
        return self.found

    def __str__(self) -> str:
        if self.found is None:
            return super().__str__()
        from .compiler.reporters import painter
        from .runtime.comparing.side_by_side import as_text

        return "\n".join(as_text(self.found, painter(False)))


def report(run: str | Path, *, out: str | Path | None = None) -> Report:
    """Makes the page of a finished run anew, from its folder alone.

    Args:
        out: where to; `report.html` in the run folder by default.
    """
    from .runtime.report.gather import report_of

    folder = Path(run)
    page = report_of(folder)
    if page.stage is None:
        return Report(page.diagnostics)
    path = folder / PAGE if out is None else Path(out)
    refused = _write(path, page.stage)
    return Report((*page.diagnostics, *refused), path=None if refused else path)


def compare(*runs: str | Path, out: str | Path | None = None) -> RunComparison:
    """What runs differ in, each against the first: in their specs, in what they were made from,
    and in their metrics, with whether that is more than noise.

    Args:
        runs: two run folders or more.
        out: where to write the page; none is written by default.

    Raises ValueError with fewer than two.
    """
    if len(runs) < 2:
        raise ValueError("compare takes two runs or more")
    from .differences import diff
    from .runtime.comparing.page import render_comparison
    from .runtime.comparing.side_by_side import side_by_side
    from .runtime.finished.folder import DamagedRun, open_finished

    opened = [open_finished(Path(run)) for run in runs]
    finished: list[FinishedRun] = [each.stage for each in opened if each.stage is not None]
    if len(finished) < len(runs):
        return RunComparison(_once(each.diagnostics for each in opened))
    specs = [diff(finished[0].folder, run.folder) for run in finished[1:]]
    wrong = _once(_not_accepted(run.folder, checked) for run, found in zip(
        finished[1:], specs, strict=True) if not found.ok
        for run, checked in ((finished[0], found.first), (run, found.second)))
    compared = [found.comparison for found in specs if found.comparison is not None]
    if len(compared) < len(specs):
        return RunComparison(wrong)
    try:
        found = side_by_side(finished, compared)
    except DamagedRun as error:
        return RunComparison((error.diagnostic,))
    if out is None:
        return RunComparison((), found=found)
    refused = _write(Path(out), render_comparison(found))
    return RunComparison(refused, found=found, path=None if refused else Path(out))


def _not_accepted(run: Path, spec: Validation) -> tuple[Diagnostic, ...]:
    """What is wrong with the spec of a run, told of its file."""
    from .runtime.finished.folder import DamagedRun

    return tuple(
        DamagedRun(run / "model" / "spec.json", f"{found.message} at {found.pointer or '/'}; this "
                   "version of specc does not accept it").diagnostic
        for found in spec.diagnostics if found.is_error)


def _once(found: Any) -> tuple[Diagnostic, ...]:
    """Every diagnostic, in order; a run that is named twice is told of once."""
    return distinct(each for part in found for each in part)


def _write(path: Path, text: str) -> tuple[Diagnostic, ...]:
    from .runtime.run_folder import FolderError, write_text

    try:
        write_text(path, text)
    except FolderError as error:
        return (error.diagnostic,)
    return ()
