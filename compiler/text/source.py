"""The file of a spec to its text."""

from __future__ import annotations

from pathlib import Path

from ..diagnostics.codes import NOT_UTF8, TOO_LARGE, UNREADABLE_SPEC
from ..diagnostics.diagnostic import Result
from ..stages import Source

MAX_CHARACTERS = 10_000_000
"""The longest spec; a hand-written one has a few thousand characters."""

_MAX_BYTES = 4 * MAX_CHARACTERS + 3
"""No text within the limit is longer than this: 4 bytes a character and a byte order mark."""


def read_source(path: str | Path) -> Result[Source]:
    """The text of the file at `path`, a byte order mark removed, line ends kept.

    Reports SC001, SC002 and SC008. At most 40 MB are read, so that a device file or a
    data file given by mistake cannot fill the memory.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path.
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        reason = reason[:1].lower() + reason[1:]
        return Result(None, (UNREADABLE_SPEC.at(file=name, path=name, reason=reason),))
    if len(data) > _MAX_BYTES:
        size = f"more than {MAX_CHARACTERS:,}"
        return Result(None, (TOO_LARGE.at(file=name, size=size, limit=f"{MAX_CHARACTERS:,}"),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the byte order mark.
        mark = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        return Result(None, (NOT_UTF8.at(file=name, byte=error.start + mark),))
    return Result(Source(name, text))
