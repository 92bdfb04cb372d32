"""The whole of an export, top to bottom: trace, write, read again, compare, keep."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ...compiler.bundle import BundleError
from ...compiler.diagnostics import codes
from ...compiler.diagnostics.diagnostic import Diagnostic, Result, one_line
from ...compiler.exporting.inputs import Input, inputs
from ...compiler.exporting.preprocessing import preprocessing
from ...compiler.exporting.telling import telling_samples
from ...compiler.prediction.saved import SavedModel
from ...compiler.stages import Plan
from .. import run_folder
from ..artifacts import write_arrow
from ..device import threads
from ..predict import open_scoring
from ..run_folder import FolderError
from ..scoring import Scoring
from . import reference
from .agreement import Difference, chosen_samples, differences, said_by_file, said_by_specc
from .formats import FORMATS, CannotExpress, Format, missing, reason_of, traced
from .outputs import Output, outputs_of
from .silence import silence

FORMAT = 1

DOCUMENT, STEPS, ARRAYS = "export.json", "preprocessing.json", "preprocessing.arrow"


@dataclass(frozen=True)
class Exported:
    """A folder that was written.

    Args:
        rows: how many rows were compared.
        differences: where the file is farthest from specc, one for each output.
    """

    folder: Path
    rows: int
    differences: tuple[Difference, ...]


class _Refused(Exception):
    """Carries what is wrong."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def free_folder(folder: Path) -> tuple[Diagnostic, ...]:
    """What keeps a folder from being written: it holds something already. Reports SC530."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        reason = "something is there already" if taken else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    return () if reason is None else (_unwritable(folder, reason),)


def absent_packages(form: str) -> tuple[Diagnostic, ...]:
    """What is not installed for a format. Reports SC529."""
    with silence():
        lacking = missing(FORMATS[form])
    if not lacking:
        return ()
    return (codes.NO_EXPORTER.at(form=form, packages=", ".join(lacking)),)


def export(plan: Plan, model: SavedModel, form: str, folder: Path) -> Result[Exported]:
    """Writes the network of a model, checked on the rows of a plan, whole or not at all.

    Reports: SC510, SC511, SC527, SC528, SC530, SC531, SC537, SC604, SC659.

    Args:
        plan: of `compile_prediction`.
        form: one of `FORMATS`.
    """
    if not len(plan.samples):
        return Result(None, (codes.NOTHING_TO_COMPARE.at(
            file=plan.shaped.fitted.bound.bundle.file(plan.shaped.fitted.bound.index_frame)),))
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        with threads(plan.threads):
            opened = open_scoring(plan, model.weights, labelled=False, device=torch.device("cpu"))
            if opened.stage is None:
                return Result(None, opened.diagnostics)
            written = _written(opened.stage, model, FORMATS[form], temporary)
        _keep(temporary, folder)
    except _Refused as error:
        return Result(None, (error.diagnostic,))
    except BundleError as error:
        return Result(None, error.diagnostics)
    except FolderError as error:
        reason = error.diagnostic.message.rpartition(": ")[2]
        return Result(None, (_unwritable(folder, reason),))
    except OSError as error:
        return Result(None, (_unwritable(folder, error.strerror or str(error)),))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Result(Exported(folder, *written))


def _unwritable(folder: Path, reason: str) -> Diagnostic:
    return codes.UNWRITABLE_EXPORT.at(file=str(folder), path=str(folder), reason=reason)


def _keep(temporary: Path, folder: Path) -> None:
    """The finished folder under its name; an empty one there makes room."""
    try:
        temporary.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        raise _Refused(_unwritable(folder, "something is there already")) from error


def _written(scoring: Scoring, model: SavedModel, form: Format,
             folder: Path) -> tuple[int, tuple[Difference, ...]]:
    """Everything in the folder; how many rows agree, and how well."""
    plan = scoring.plan
    fitted = plan.shaped.fitted
    read, said = inputs(fitted), outputs_of(plan)
    telling = telling_samples(fitted)
    samples = chosen_samples(len(plan.samples), telling)
    _write_network(scoring, form, folder, read, said)
    found = _compared(scoring, form, folder, read, said, samples)
    document, arrays = preprocessing(fitted, model)
    run_folder.write_json(folder / STEPS, document)
    run_folder.write(folder / ARRAYS, lambda path: write_arrow(path, arrays))
    reference.write_tensors(folder, scoring, read, telling)
    raw = reference.write_raw(folder, scoring, model, telling)
    reference.write_document(folder, scoring, form, telling, raw, len(samples), found)
    # The last of the files: it holds the hashes of all others.
    run_folder.write_json(folder / DOCUMENT, {
        "format": FORMAT,
        "exported": form.name,
        "network": form.file,
        "specc": model.document["specc"],
        "plan": plan.hash,
        "task": plan.shaped.task,
        "inputs": [one.document() for one in read],
        "outputs": [one.document() for one in said],
        "files": _hashes(folder),
    })
    return len(samples), tuple(found)


def _write_network(scoring: Scoring, form: Format, folder: Path, read: tuple[Input, ...],
                   said: tuple[Output, ...]) -> None:
    names, given = [one.name for one in read], [one.name for one in said]
    try:
        with silence():
            network = traced(scoring.plan, scoring.network, read)
            network.write(form, folder / form.file, names, given)
    except CannotExpress as error:
        node = "the network" if error.pointer is None else f"the node {error.pointer}"
        raise _Refused(codes.NOT_EXPORTABLE.at(
            error.pointer, node=node, form=form.name, reason=one_line(error.reason))) from error


def _compared(scoring: Scoring, form: Format, folder: Path, read: tuple[Input, ...],
              said: tuple[Output, ...], samples: torch.Tensor) -> list[Difference]:
    wanted = said_by_specc(scoring, samples)
    try:
        with silence():
            run = form.open(folder / form.file, [one.name for one in said])
            got = said_by_file(run, scoring, read, samples)
    except BundleError:
        raise
    except Exception as error:  # whatever the library that runs the file raises
        raise _Refused(codes.EXPORT_DOES_NOT_RUN.at(
            form=form.name, reason=one_line(reason_of(error)))) from error
    found = differences(got, wanted, said, samples)
    worst = max(found, key=lambda one: one.share)
    if worst.share > 1:
        key = reference.keys_of(scoring, np.array([worst.sample]))
        place = ", ".join(f"{name} {values[0]}" for name, values in key.items())
        raise _Refused(codes.EXPORT_DIFFERS.at(
            output=worst.output, row=one_line(place), got=f"{worst.got:.9g}",
            wanted=f"{worst.wanted:.9g}", size=f"{worst.size:.2g}"))
    return found


def _hashes(folder: Path) -> Mapping[str, str]:
    """SHA-256 of every file, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found: dict[str, str] = {}
    for path in files:
        with path.open("rb") as file:
            found[path.relative_to(folder).as_posix()] = \
                hashlib.file_digest(file, "sha256").hexdigest()
    return found
