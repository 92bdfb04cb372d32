"""The run folder: every file in it is whole or absent."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic


class FolderError(Exception):
    """The run folder cannot be made or written; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def create(parent: Path, name: str, plan_hash: str,
           files: Mapping[str, str] | None = None) -> Path:
    """Makes `<parent>/<name>-<hash>-<n>` with the first free number, and files in it.

    A folder that is there has these files, whenever the process ends.

    Args:
        files: name -> text.

    Raises FolderError (SC502).
    """
    temporary = parent / f".{name}-{plan_hash}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        for file, text in (files or {}).items():
            write_text(temporary / file, text)
        return _named(temporary, f"{name}-{plan_hash}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FolderError(codes.UNWRITABLE_FOLDER.at(path=str(parent), reason=reason)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _named(temporary: Path, name: str) -> Path:
    """The folder under the name with the first free number."""
    number = 1
    while True:
        folder = temporary.with_name(f"{name}-{number}")
        try:
            if not folder.exists():
                # A folder that is not empty is not replaced: two runs that start together take
                # two numbers.
                temporary.rename(folder)
                _sync_folder(folder.parent)
                return folder
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
        number += 1


def check_own(folder: Path) -> None:
    """Raises FolderError (SC514) where what a run goes on to write would go elsewhere."""
    for name in ("checkpoints", "model", "log.jsonl"):
        if (folder / name).is_symlink():
            raise FolderError(codes.NO_RUN.at(
                file=str(folder), path=str(folder),
                reason=f"{name} is a link, and a run writes into its own folder",
                help=f"put what {name} links to in its place"))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a run folder against other processes; one that is killed lets go of it.

    Raises FolderError (SC518) while another process holds it. Without locks, as on Windows,
    nothing is held.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(codes.RUN_IN_USE.at(
                file=str(folder), path=str(folder))) from None
        except OSError:
            # A file system without locks is no reason not to run.
            pass
        yield
    finally:
        os.close(descriptor)


def write(path: Path, produce: Callable[[Path], None]) -> None:
    """Writes a file under another name, syncs it and renames it.

    Args:
        produce: writes the content to the path that it is given.

    Raises FolderError (SC502).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        # A link of this name would be followed.
        temporary.unlink(missing_ok=True)
        try:
            produce(temporary)
            _sync(temporary)
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FolderError(codes.UNWRITABLE_FOLDER.at(path=str(path), reason=reason)) from error


def _sync_folder(path: Path) -> None:
    """Makes a new name last; only POSIX opens folders."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    write_text(path, json_text(value))


def json_text(value: Mapping[str, Any]) -> str:
    """JSON as it stands in a run folder. Raises ValueError for a number that JSON has not."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
