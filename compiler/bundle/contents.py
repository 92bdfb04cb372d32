"""What a bundle holds before any of it is parsed: Parquet files and bundle.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from .errors import BundleError

SETTINGS_FILE = "bundle.json"
SUFFIX = ".parquet"
LARGEST_SETTINGS = 1 << 20
"""Bytes of bundle.json."""


@dataclass(frozen=True)
class FrameFile:
    """The file of one frame.

    Args:
        name: of the frame.
        file: its place, for diagnostics.
        source: a path, or the bytes as an Arrow buffer.
    """

    name: str
    file: str
    source: Any


@dataclass(frozen=True)
class Contents:
    """The files of a bundle. `settings` is the text of bundle.json, if there is one."""

    frames: tuple[FrameFile, ...]
    settings: bytes | None
    settings_file: str


def frame_name(file_name: str) -> str | None:
    """`planes` for `planes.parquet`; None for a hidden file or another kind of file."""
    if not file_name.endswith(SUFFIX) or file_name.startswith("."):
        return None
    return file_name.removesuffix(SUFFIX)


def unreadable(reason: str, file: str | None = None, help: str | None = None) -> Diagnostic:
    """SC602 for the bundle, or for one file of it."""
    return codes.UNREADABLE_BUNDLE.at(file=file, reason=reason, help=help)


def settings_too_large(file: str, size: int) -> Diagnostic:
    """SC625 for bundle.json."""
    return codes.LIMIT.at(
        file=file, what="the size of bundle.json", got=f"{size} bytes",
        limit=f"{LARGEST_SETTINGS} bytes",
    )


def no_frames(path: Path) -> BundleError:
    """SC602 for a bundle without any Parquet file."""
    return BundleError([
        unreadable(f"{path.name or str(path)!r} holds no Parquet file", str(path),
                   help="a bundle is a folder, or a zip, of files such as index.parquet"),
    ])
