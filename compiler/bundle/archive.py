"""Reads the files of a bundle that is a zip into memory; nothing is written to disk."""

from __future__ import annotations

import io
import lzma
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa

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

LARGEST_TOTAL = 8 << 30
"""Bytes that the members of one zip may have in all when they are unpacked."""

LARGEST_COUNT = 10_000
"""Members of one zip."""

_CHUNK = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED = 0x1
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError,
            RuntimeError, ValueError)


def open_archive(path: Path) -> Contents:
    """The Parquet files of a zip: all at its top, or all in one folder.

    Raises: BundleError with SC602 (damaged, encrypted, frames with one name), SC603 (a member
    that points out of the zip), SC625 (more members or bytes than the limits allow).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check(path, members)
            return _read_all(path, archive, members)
    except _DAMAGED as error:
        raise BundleError([unreadable(_why(path, error), str(path))]) from None


def _why(path: Path, error: BaseException) -> str:
    if isinstance(error, zipfile.BadZipFile) and not zipfile.is_zipfile(path):
        return f"{path.name!r} is neither a folder nor a zip file"
    return f"{path.name!r} is damaged: {reason_of(error)}"


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Judges the directory of the zip before a byte of a member is read."""
    found = list(_unsafe(path, members))
    encrypted = [member.filename for member in members if member.flag_bits & _ENCRYPTED]
    if encrypted:
        found.append(unreadable(f"the member {encrypted[0]!r} is encrypted", str(path),
                                help="pack the zip without a password"))
    if len(members) > LARGEST_COUNT:
        found.append(codes.LIMIT.at(file=str(path), what="the number of files in the zip",
                                    got=len(members), limit=LARGEST_COUNT))
    total = sum(member.file_size for member in members)
    if total > LARGEST_TOTAL:
        found.append(_too_large(path, f"{total} bytes"))
    if found:
        raise BundleError(found)


def _unsafe(path: Path, members: Iterable[zipfile.ZipInfo]) -> Iterator[Diagnostic]:
    for member in members:
        # zipfile cuts `filename` at a null byte, so judge the name as it was written.
        name = member.orig_filename
        link = stat.S_ISLNK(member.external_attr >> 16)
        if (name.startswith("/") or "\\" in name or "\0" in name or _DRIVE.match(name)
                or ".." in name.split("/") or link):
            help = "replace the symbolic link with the file itself" if link else None
            yield codes.UNSAFE_ZIP.at(file=str(path), name=name, help=help)


def _too_large(path: Path, got: str) -> Diagnostic:
    return codes.LIMIT.at(file=str(path), what="the unpacked size of the zip", got=got,
                          limit=f"{LARGEST_TOTAL} bytes")


def _wanted(member: zipfile.ZipInfo) -> bool:
    place = PurePosixPath(member.filename)
    if member.is_dir() or any(part.startswith(".") or part == "__MACOSX" for part in place.parts):
        return False
    return frame_name(place.name) is not None


def _read_all(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Contents:
    wanted = [member for member in members if _wanted(member)]
    if not wanted:
        raise no_frames(path)
    folders = {PurePosixPath(member.filename).parent for member in wanted}
    counts = Counter(PurePosixPath(member.filename).name for member in wanted)
    twice = sorted(name for name, count in counts.items() if count > 1)
    found = [unreadable(f"the zip holds {name!r} {counts[name]} times", str(path))
             for name in twice]
    if len(folders) > 1 and not twice:
        found.append(unreadable("the Parquet files of the zip lie in several folders", str(path),
                                help="put all frames into one folder, or at the top"))
    settings_name = str(next(iter(folders)) / SETTINGS_FILE)
    settings = [member for member in members if member.filename == settings_name]
    if len(settings) > 1:
        found.append(unreadable(f"the zip holds {SETTINGS_FILE!r} {len(settings)} times",
                                str(path)))
    settings_file = f"{path}/{settings_name}"
    if settings and settings[0].file_size > LARGEST_SETTINGS:
        found.append(settings_too_large(settings_file, settings[0].file_size))
    if found:
        raise BundleError(found)
    frames: list[FrameFile] = []
    budget = LARGEST_TOTAL
    for member in wanted:
        data = _read(path, archive, member, budget)
        budget -= len(data)
        name = frame_name(PurePosixPath(member.filename).name)
        assert name is not None
        frames.append(FrameFile(name, f"{path}/{member.filename}", pa.py_buffer(data)))
    text = bytes(_read(path, archive, settings[0], budget)) if settings else None
    return Contents(tuple(frames), text, settings_file)


def _read(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: int) -> memoryview:
    """The bytes of one member. The sizes in the directory may lie, so what comes is counted."""
    data = io.BytesIO()
    with archive.open(member) as handle:
        while chunk := handle.read(_CHUNK):
            if data.tell() + len(chunk) > budget:
                raise BundleError([_too_large(path, "larger than its directory says")])
            data.write(chunk)
    return data.getbuffer()
