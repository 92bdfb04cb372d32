"""The run folder: every file in it is whole or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic


class FolderError(Exception):
    """The run folder cannot be made or written; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def create(parent: Path, name: str, plan_hash: str) -> Path:
    """Makes `<parent>/<name>-<hash>-<n>` with the first free number.

    Raises FolderError (SC502).
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = parent / f"{name}-{plan_hash}-{number}"
            try:
                # mkdir is atomic: two runs that start together take two numbers.
                folder.mkdir()
                return folder
            except FileExistsError:
                number += 1
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FolderError(codes.UNWRITABLE_FOLDER.at(path=str(parent), reason=reason)) from error


def write(path: Path, produce: Callable[[Path], None]) -> None:
    """Writes a file under another name, syncs it and renames it.

    Args:
        produce: writes the content to the path that it is given.

    Raises FolderError (SC502).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            produce(temporary)
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FolderError(codes.UNWRITABLE_FOLDER.at(path=str(path), reason=reason)) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """A whole file of bytes. Raises FolderError (SC502)."""
    write(path, lambda temporary: _put(temporary, content))


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """A whole UTF-8 file. Raises FolderError (SC502)."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """A whole JSON file, indented, keys in their order. Raises FolderError (SC502)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
