"""What a run was made from, as it was named: `inputs.json` of a run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..compiler.diagnostics import codes
from ..compiler.text.written import LARGEST, check_file, read_json
from .run_folder import FolderError

INPUTS, ENVIRONMENT, SPEC, LOG = "inputs.json", "environment.json", "spec.json", "log.jsonl"
"""Files of a run folder."""

INPUTS_FORMAT = 1


@dataclass(frozen=True)
class Inputs:
    """Where the parts of a run came from; None for what was no file.

    Args:
        spec, bundle, fits: paths as they were given.
        set: values that were set beside the spec, as `/training/epochs=3`.
        continues: the run folder whose weights this run trains on.
    """

    spec: str | None = None
    bundle: str | None = None
    fits: str | None = None
    set: tuple[str, ...] = ()
    continues: str | None = None

    def document(self, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """`inputs.json`; with the spec as it was understood, to tell later what changed."""
        return {"format": INPUTS_FORMAT, **asdict(self), "resolved": dict(resolved)}


@dataclass(frozen=True)
class Record:
    """What a run folder says of its run.

    Args:
        text: the spec as it was given.
        environment: `environment.json`.
        resolved: the spec as it was understood when the run started.
        finished: whether the run is done.
    """

    folder: Path
    text: str
    inputs: Inputs
    environment: Mapping[str, Any]
    resolved: Mapping[str, Any]
    finished: bool


def read_record(folder: Path) -> Record:
    """Raises FolderError (SC514) for a folder that no run has written."""
    try:
        if not folder.is_dir():
            raise ValueError("it is no folder" if folder.exists() else "there is no such folder")
        document = _json(folder / INPUTS)
        if document.get("format") != INPUTS_FORMAT:
            raise ValueError(f"{INPUTS} has the format {document.get('format')!r}")
        places = {name: document[name] for name in ("spec", "bundle", "fits", "continues")}
        overrides, resolved = document["set"], document["resolved"]
        if not all(place is None or isinstance(place, str) for place in places.values()) \
                or not isinstance(overrides, list) or not isinstance(resolved, dict) \
                or not all(isinstance(text, str) for text in overrides):
            raise ValueError(f"{INPUTS} is not what a run writes")
        environment = _json(folder / ENVIRONMENT)
        if not isinstance(environment.get("versions"), dict) or not isinstance(
                environment.get("bundle", {}).get("frames"), dict):
            raise ValueError(f"{ENVIRONMENT} is not what a run writes")
        return Record(folder, _text(folder / SPEC), Inputs(**places, set=tuple(overrides)),
                      environment, resolved, _finished(folder / LOG))
    except (OSError, LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, OSError) and error.filename is not None:
            reason = f"{Path(error.filename).name}: {reason[:1].lower()}{reason[1:]}"
        if isinstance(error, KeyError):
            reason = f"{INPUTS} has no {error}"
        raise FolderError(codes.NO_RUN.at(
            file=str(folder), path=str(folder), reason=reason)) from error


def _text(path: Path) -> str:
    try:
        check_file(path, LARGEST)
        return path.read_text(encoding="utf-8")
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} is not an object")
    return value


def _finished(log: Path) -> bool:
    """Whether the last line of the log is the end of the run; a line may have been cut."""
    try:
        check_file(log)
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4096))
            *_, last = file.read().splitlines() or [b""]
        return bool(json.loads(last)["event"] == "end")
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False
