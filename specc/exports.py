"""export: the network of a run as a file that runs without specc, checked against specc."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .api import BundleLike, Validation, open_bundle
from .compiler.diagnostics import codes
from .compiler.diagnostics.diagnostic import Result
from .runs import record_of

if TYPE_CHECKING:
    from .runtime.exporting.export import Exported

FORMATS = ("torch", "onnx")


@dataclass(frozen=True)
class Export(Validation):
    """What is wrong with a run or its network, or the folder where nothing is."""

    exported: Exported | None = field(repr=False, default=None)

    @property
    def folder(self) -> Path:
        """Raises RuntimeError when nothing was exported."""
        return self._done().folder

    @property
    def rows(self) -> int:
        """How many rows were compared. Raises RuntimeError when nothing was exported."""
        return self._done().rows

    @property
    def differences(self) -> Mapping[str, float]:
        """Output -> the largest difference from specc. Raises RuntimeError when nothing was
        exported."""
        return {one.output: one.size for one in self._done().differences}

    def _done(self) -> Exported:
        if self.exported is None:
            raise RuntimeError(f"nothing was exported\n{self}")
        return self.exported


def export(run: str | Path, out: str | Path, *, format: str = "onnx",
           bundle: BundleLike | None = None) -> Export:
    """Writes the network of a run into the new folder `out`, with its preprocessing as data and
    rows to check both with.

    The file is run on rows of the bundle and must say what specc says; else nothing is written.

    Args:
        run: a run folder, or with a bundle its folder `model` alone.
        format: `torch` or `onnx`.
        bundle: any that the model can predict; by default where the run found its own.

    Reports: SC508 to SC511, SC514, SC517, SC527 to SC531, SC537, and what a prediction reports.

    Raises: ValueError for another format.
    """
    if format not in FORMATS:
        raise ValueError(f"{format!r} is none of {', '.join(FORMATS)}")
    from .compiler.prediction.compile import compile_prediction
    from .compiler.prediction.saved import open_model
    from .runtime.exporting.export import absent_packages, free_folder
    from .runtime.exporting.export import export as write

    opened = open_model(Path(run))
    saved = opened.stage
    if saved is None:
        return Export(opened.diagnostics)
    refused = (*free_folder(Path(out)), *absent_packages(format))
    if refused:
        return Export(refused)
    if bundle is None:
        place = _bundle_of(run)
        if place.stage is None:
            return Export(place.diagnostics)
        bundle = place.stage
    frames = open_bundle(bundle)
    if frames.stage is None:
        return Export(frames.diagnostics)
    plan = compile_prediction(saved, frames.stage)
    if plan.stage is None:
        return Export(plan.diagnostics, saved.source)
    result = write(plan.stage, saved, format, Path(out))
    return Export(result.diagnostics, saved.source, result.stage)


def _bundle_of(run: str | Path) -> Result[str]:
    """Where a run found its bundle. Reports SC514, SC517."""
    from .runtime.run_folder import FolderError

    try:
        place = record_of(run).inputs.bundle
    except FolderError as error:
        return Result(None, (error.diagnostic,))
    if place is None:
        return Result(None, (codes.UNKNOWN_BUNDLE.at(
            file=str(run), help="name it: specc export RUN BUNDLE"),))
    return Result(place)
