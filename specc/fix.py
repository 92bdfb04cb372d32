"""`specc validate --fix`: the certain fixes of a spec, written into its file."""

from __future__ import annotations

import codecs
import difflib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from . import api
from .compiler.diagnostics.diagnostic import Diagnostic, one_line
from .compiler.reporters import Paint
from .compiler.stages import Source
from .compiler.text.repair import repair

_STYLES = {"-": "removed", "+": "added", "@": "dim"}
_CONTEXT = 3
"""Lines around a difference that are shown with it."""
_MAX_COMPARED = 5_000
"""Lines of a text that is compared; beyond, the comparison takes minutes, and nobody reads it."""


def fixed(source: Source, bundle: Path | None) -> str:
    """The text of a spec after all its certain fixes, those that need the bundle with them."""

    def find(text: str) -> tuple[Diagnostic, ...]:
        return api.validate(text, bundle).diagnostics

    # Other text is no object, so it has no key to fix, and `validate` takes it for a path.
    return repair(source.text, find) if source.text.lstrip().startswith("{") else source.text


def write_text(path: Path, before: str, after: str) -> None:
    """Replaces the text of a file in one step; permissions and a byte order mark are kept.

    A reader sees the old file or the new one. Raises OSError, also when the file no longer
    holds `before`.
    """
    target = path.resolve()
    data = target.read_bytes()
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    if data != mark + before.encode():
        raise OSError("the file was changed in the meantime")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(mark + after.encode())
            file.flush()
            os.fsync(handle)
        Path(name).chmod(stat.S_IMODE(target.stat().st_mode))
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def difference(name: str, before: str, after: str, paint: Paint) -> Iterator[str]:
    """The lines of a unified diff; none where nothing differs."""
    old, new = _lines(before), _lines(after)
    if before != after and len(old) + len(new) > 2 * _MAX_COMPARED:
        yield f"{one_line(name)}: repaired; the difference of {len(new):,} lines is not shown"
        return
    lines = difflib.unified_diff(old, new, one_line(name), one_line(name), n=_CONTEXT, lineterm="")
    for number, line in enumerate(lines):
        shown = "\t".join(map(one_line, line.split("\t")))
        style = "strong" if number < 2 else _STYLES.get(line[0])
        yield paint(style, shown) if style else shown


def _lines(text: str) -> list[str]:
    """Lines without their breaks; `str.splitlines` would break at rare characters too."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
