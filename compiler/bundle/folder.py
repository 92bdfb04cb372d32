"""Lists the files of a bundle that is a folder."""

from __future__ import annotations

import stat
from pathlib import Path

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from .contents import (
    LARGEST_SETTINGS,
    SETTINGS_FILE,
    Contents,
    FrameFile,
    frame_name,
    no_frames,
    settings_too_large,
    unreadable,
)
from .errors import BundleError, reason_of


def open_folder(path: Path) -> Contents:
    """The Parquet files that lie directly in a folder.

    Raises: BundleError with SC602 (unreadable, no Parquet file, a link that leaves the folder),
    SC604 (a frame that is no regular file), SC625 (a huge bundle.json).
    """
    try:
        root = path.resolve(strict=True)
        entries = sorted(path.iterdir())
    except (OSError, RuntimeError) as error:
        raise BundleError([unreadable(reason_of(error), str(path))]) from None
    frames: list[FrameFile] = []
    found: list[Diagnostic] = []
    settings: bytes | None = None
    for entry in entries:
        name = frame_name(entry.name)
        if name is None and entry.name != SETTINGS_FILE:
            continue
        problem = _problem(entry, root, name)
        if problem is not None:
            found.append(problem)
        elif name is not None:
            frames.append(FrameFile(name, str(entry), entry))
        else:
            try:
                settings = _read_settings(entry)
            except BundleError as error:
                found += error.diagnostics
    if found:
        raise BundleError(found)
    if not frames:
        raise no_frames(path)
    return Contents(tuple(frames), settings, str(path / SETTINGS_FILE))


def _problem(entry: Path, root: Path, frame: str | None) -> Diagnostic | None:
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        return unreadable(f"the file name {entry.name!r} is not UTF-8")
    file = str(entry)
    try:
        target = entry.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError) as error:
        return unreadable(f"{entry.name!r}: {reason_of(error)}", file)
    if not target.is_relative_to(root):
        return unreadable(f"{entry.name!r} is a link to a place outside of the bundle", file,
                          help="put the file itself into the folder")
    if not stat.S_ISREG(mode):
        # Opening a named pipe would wait for a writer for ever.
        reason = "it is a folder, not a file" if stat.S_ISDIR(mode) else "it is no regular file"
        if frame is None:
            return unreadable(f"{entry.name!r}: {reason}", file)
        return codes.UNREADABLE_FRAME.at(file=file, frame=frame, reason=reason,
                                         help="write the frame as one Parquet file")
    return None


def _read_settings(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            data = handle.read(LARGEST_SETTINGS + 1)
            if len(data) > LARGEST_SETTINGS:
                raise BundleError([settings_too_large(str(path), path.stat().st_size)])
    except OSError as error:
        raise BundleError([unreadable(reason_of(error), str(path))]) from None
    return data
