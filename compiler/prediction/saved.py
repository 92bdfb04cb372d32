"""A model folder read back: every file checked before anything is made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..fits.saved import ARRAYS, BROKEN, STATES, SavedFits, open_fits, read_arrays
from ..stages import LabelFacts, Source
from ..text.source import read_source
from ..text.written import read_json
from ..transformers import ClassIndex
from .document import COLUMNS, DOCUMENT_SCHEMA, FORMAT, MODEL, SPEC, WEIGHTS, digest_of
from .facts import ColumnFacts

FILES = (WEIGHTS, STATES, ARRAYS, COLUMNS, SPEC)
"""The files of a model beside `model.json`."""


@dataclass(frozen=True, eq=False)
class SavedModel:
    """What a run has left to predict with.

    Args:
        folder: the model folder.
        source: the resolved spec.
        document: `model.json`, as `DOCUMENT_SCHEMA` has it.
        dtypes: `(frame, column)` -> the dtype in training, for all that is read.
        training: `(extractor, column)` -> what training saw.
    """

    folder: Path
    source: Source
    document: Mapping[str, Any]
    fits: SavedFits
    labels: Mapping[str, LabelFacts]
    dtypes: Mapping[tuple[str, str], pa.DataType]
    training: Mapping[tuple[str, str], ColumnFacts]

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS

    def columns(self, *, evaluation: bool) -> Iterator[tuple[str, str]]:
        """Frame and name of each column that is read, those of labels with an evaluation."""
        for entry in self.document["columns"]:
            if evaluation or not entry["evaluation"]:
                yield entry["frame"], entry["column"]


class _Damaged(Exception):
    """Carries what is wrong."""


def open_model(run: Path) -> Result[SavedModel]:
    """The model of a run folder, or a model folder itself.

    Reports: SC508, SC509, SC510.
    """
    folder = run / "model" if (run / "model").is_dir() else run
    if not folder.is_dir():
        reason = "it is no folder" if folder.exists() else "there is no such folder"
        return Result(None, (codes.NO_MODEL.at(file=str(run), path=str(run), reason=reason),))
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not (folder / MODEL).is_file():
        if set(missing) <= {COLUMNS}:
            return Result(None, (codes.OLD_MODEL.at(
                file=str(folder), reason=f"the folder has no {MODEL}"),))
        return Result(None, (codes.NO_MODEL.at(
            file=str(run), path=str(run), reason=f"it has no {MODEL}"),))
    try:
        document = _document(folder / MODEL)
        if document["format"] != FORMAT:
            return Result(None, (codes.OLD_MODEL.at(
                file=str(folder / MODEL), reason=f"its format is {document['format']}, this "
                f"version reads {FORMAT}",
                help="use the version of specc that wrote it, or train it again"),))
        if missing:
            raise _Damaged(f"{missing[0]} is missing")
        _check(document, folder)
        return Result(_model(folder, document))
    except _Damaged as error:
        return Result(None, (_damaged(folder, str(error)),))
    except BROKEN as error:
        return Result(None, (_damaged(folder, f"{type(error).__name__}: {error}"),))
    except OSError as error:
        reason = error.strerror or str(error)
        return Result(None, (codes.NO_MODEL.at(file=str(folder), path=str(run), reason=reason),))


def _damaged(folder: Path, reason: str) -> Diagnostic:
    return codes.DAMAGED_MODEL.at(file=str(folder), reason=reason.partition("\n")[0][:300])


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = read_json(path)
    except ValueError as error:
        raise _Damaged(f"{MODEL}: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise _Damaged(f"{MODEL} names no format")
    return document


def _check(document: Mapping[str, Any], folder: Path) -> None:
    """The document by its schema, then it and all files by their hashes."""
    from jsonschema import Draft202012Validator

    wrong = next(Draft202012Validator(DOCUMENT_SCHEMA).iter_errors(document), None)
    if wrong is not None:
        place = "/".join(map(str, wrong.absolute_path))
        raise _Damaged(f"{MODEL} is not as a run writes it, at /{place}")
    if document["digest"] != digest_of(document):
        raise _Damaged(f"{MODEL} was changed")
    for name in FILES:
        if document["files"].get(name) != file_digest(folder / name):
            raise _Damaged(f"{name} is not the file that the run wrote")


def file_digest(path: Path) -> str:
    """BLAKE2b of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _model(folder: Path, document: Mapping[str, Any]) -> SavedModel:
    source = read_source(folder / SPEC)
    fits = open_fits(folder)
    found = (*source.diagnostics, *fits.diagnostics)
    if source.stage is None or fits.stage is None:
        raise _Damaged(found[0].message)
    arrays = read_arrays(folder / COLUMNS)
    return SavedModel(
        folder=folder, source=source.stage, document=document, fits=fits.stage,
        labels={name: _label(name, facts, fits.stage)
                for name, facts in document["labels"].items()},
        dtypes={(entry["frame"], entry["column"]): arrays[f"{place}/dtype"].type
                for place, entry in enumerate(document["columns"])},
        training={(entry["extractor"], entry["column"]): ColumnFacts(
            **entry, values=arrays.get(f"{place}/values"))
            for place, entry in enumerate(document["training"])},
    )


def _label(name: str, facts: Mapping[str, Any], fits: SavedFits) -> LabelFacts:
    columns = fits.columns(name)
    if not columns:
        raise _Damaged(f"{STATES} lacks the label {name!r}")
    first = columns[0]
    classes = first.classes if isinstance(first, ClassIndex) else ()
    if sum(len(column.names) for column in columns) != facts["columns"] \
            or (facts["form"] == "class_index") != isinstance(first, ClassIndex):
        raise _Damaged(f"{MODEL} and {STATES} differ in the label {name!r}")
    return LabelFacts(**{**facts, "classes": classes, "counts": tuple(facts["counts"]),
                         "names": tuple(facts["names"])})
