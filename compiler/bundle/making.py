"""Makes a bundle of tables: checks frames and keys, writes Parquet files and bundle.json."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..data.arrays import valid
from ..data.dtypes import spelled
from ..data.joins import comparable, duplicates
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.hints import did_you_mean
from ..diagnostics.suggest import nearest
from ..diagnostics.wording import count as count_of
from .bundle import DEFAULT_INDEX_FRAME, Bundle
from .contents import SETTINGS_FILE, SUFFIX
from .database import connected, read_query
from .errors import BundleError, reason_of
from .settings import VERSION
from .sources import Table, read_table, with_dtypes

_Read = Callable[[], tuple[pa.Table, tuple[str, ...]]]

_LONGEST_NAME = 200
_IN_NAMES = re.compile(r"[/\\\0-\x1f\x7f]")


def make(out: Path, tables: Mapping[str, Table], keys: Mapping[str, Sequence[str]],
         index_frame: str | None, dtypes: Mapping[str, Mapping[str, str]], url: str | None,
         queries: Mapping[str, str], force: bool) -> Result[Bundle]:
    """Writes the folder `out`, whole or not at all, and opens it.

    Args:
        keys: frame -> its key columns; a frame of pandas, or a Parquet file written by it, has
            its named index as key where nothing is said.
        index_frame: None takes the frame called `index`, or the only frame.
        dtypes: frame -> column -> one of `sources.DTYPES`.
        url: of the database that `queries` are for.
        force: whether a bundle that is there already is replaced.

    Reports: SC604, SC606, SC607, SC612, SC614, SC616, SC642 to SC647; all that is wrong at once.
    """
    names = [*tables, *queries]
    found = [replace(diagnostic, file=str(out)) for diagnostic in (
        *wrong_frame_names(names), *_check_named(names, keys, index_frame, dtypes))]
    index_frame = index_frame or _only(names)
    if index_frame is None:
        found.append(codes.NO_INDEX_FRAME.at(
            file=str(out),
            help="name the frame whose rows are the samples as the index frame"))
    refused = _refused(out, force)
    if refused is not None:
        found.append(codes.UNWRITABLE_OUTPUT.at(file=str(out), path=str(out), reason=refused[0],
                                                help=refused[1]))
    try:
        return _write(out, _readers(tables, dtypes, url, queries), keys, index_frame, found)
    except BundleError as error:
        return Result(None, (*found, *(replace(diagnostic, file=diagnostic.file or str(out))
                                       for diagnostic in error.diagnostics)))
    except OSError as error:
        return Result(None, (*found, codes.UNWRITABLE_OUTPUT.at(
            file=str(out), path=str(out), reason=error.strerror or reason_of(error))))


def _only(names: Sequence[str]) -> str | None:
    if DEFAULT_INDEX_FRAME in names:
        return DEFAULT_INDEX_FRAME
    return names[0] if len(names) == 1 else None


def wrong_frame_names(names: Sequence[str]) -> Iterator[Diagnostic]:
    """What keeps frames from being files of these names. Reports SC602, SC644."""
    if not names:
        yield codes.UNREADABLE_BUNDLE.at(reason="no frames are given",
                                         help="give at least the index frame")
    for name in names:
        reason = (
            "it is empty" if not name
            else "a file of that name would be hidden" if name.startswith(".")
            else "a file cannot have that name" if _IN_NAMES.search(name)
            else f"it is longer than {_LONGEST_NAME} bytes"
            if len(name.encode("utf-8", "replace")) > _LONGEST_NAME
            else None)
        if reason is not None:
            yield codes.BAD_FRAME_NAME.at(name=name, reason=reason)
    folded = [name.casefold() for name in names]
    for place, name in enumerate(names):
        if folded[place] in folded[:place]:
            yield codes.BAD_FRAME_NAME.at(
                name=name, reason="another frame has the same name in other letters or the same")


def _check_named(names: Sequence[str], keys: Mapping[str, Sequence[str]],
                 index_frame: str | None,
                 dtypes: Mapping[str, object]) -> Iterator[Diagnostic]:
    for name in dict.fromkeys([index_frame, *keys, *dtypes]):
        if name is not None and name not in names:
            yield codes.UNKNOWN_FRAME.at(
                name=name, help=did_you_mean(nearest(name, names), names, "frames"))


def _refused(out: Path, force: bool) -> tuple[str, str] | None:
    """Why `out` cannot be written and what to do; None where it can."""
    elsewhere = "choose another folder"
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        return "it is there, and no folder", elsewhere
    entries = sorted(out.iterdir()) if out.is_dir() else []
    foreign = [entry.name for entry in entries
               if entry.name != SETTINGS_FILE and entry.suffix != SUFFIX]
    if foreign:
        return f"it is there, and holds {foreign[0]!r}, which is no part of a bundle", elsewhere
    if entries and not force:
        return "it is there already", "choose another folder, or replace it with --force"
    return None


def _readers(tables: Mapping[str, Table], dtypes: Mapping[str, Mapping[str, str]],
             url: str | None, queries: Mapping[str, str]) -> Iterator[tuple[str, str, _Read]]:
    """`(frame, file, read)`; a frame is read when its turn comes, so one is in memory at a time.

    Raises: BundleError with SC643.
    """

    def of_table(name: str) -> _Read:
        return lambda: read_table(name, tables[name], dtypes.get(name, {}))

    for name, source in tables.items():
        yield name, str(source) if isinstance(source, str | Path) else name, of_table(name)
    if not queries:
        return
    with ExitStack() as stack:
        connection = stack.enter_context(connected(url or ""))

        def of_query(name: str) -> _Read:
            def read() -> tuple[pa.Table, tuple[str, ...]]:
                table = read_query(name, connection, queries[name])
                return with_dtypes(name, name, table, dtypes.get(name, {})), ()

            return read

        for name in queries:
            yield name, name, of_query(name)


def _write(out: Path, readers: Iterator[tuple[str, str, _Read]],
           keys: Mapping[str, Sequence[str]], index_frame: str | None,
           found: list[Diagnostic]) -> Result[Bundle]:
    """Writes into a folder beside `out`, which is renamed at the end where nothing is wrong."""
    out = out.absolute()
    # A rename is atomic only within one file system, so the place is above `out`; what is wrong
    # already leaves no trace there.
    above = None if found else next(folder for folder in out.parents if folder.exists())
    with tempfile.TemporaryDirectory(prefix=".specc-", dir=above) as folder:
        workplace = Path(folder)
        new = workplace / "new"
        new.mkdir()
        settled: dict[str, tuple[str, ...]] = {}
        for name, file, read in readers:
            try:
                table, own = read()
            except BundleError as error:
                found += (replace(diagnostic, file=diagnostic.file or file)
                          for diagnostic in error.diagnostics)
                continue
            key = tuple(keys.get(name, own))
            found += _check_key(name, file, table, key)
            if key:
                settled[name] = key
            if not found:
                pq.write_table(table.replace_schema_metadata(None), new / f"{name}{SUFFIX}")
        if found:
            return Result(None, tuple(found))
        settings = {"specc_bundle": VERSION, "index_frame": index_frame,
                    "frames": {name: {"key": list(key)} for name, key in settled.items()}}
        text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        (new / SETTINGS_FILE).write_text(text, encoding="utf-8")
        out.parent.mkdir(parents=True, exist_ok=True)
        _put_in_place(new, out, workplace / "old")
    return Result(Bundle.open(out))


def _put_in_place(new: Path, out: Path, old: Path) -> None:
    """Renames `new` to `out`; what is there goes to `old`, and back if that fails."""
    # A temporary folder can be read by its owner alone.
    new.chmod(0o755)
    if not out.exists():
        new.replace(out)
        return
    out.replace(old)
    try:
        new.replace(out)
    except OSError:
        old.replace(out)
        raise


def _check_key(frame: str, file: str, table: pa.Table,
               key: Sequence[str]) -> Iterator[Diagnostic]:
    """Key columns are there, can be compared, and name each row once. Reports SC607, SC612,
    SC614, SC645."""
    known = table.column_names
    missing = [name for name in key if name not in known]
    for name in missing:
        yield codes.UNKNOWN_COLUMN.at(
            file=file, frame=frame, name=name,
            help=did_you_mean(nearest(name, known), known, "columns"))
    if missing or not key:
        return
    wrong = [name for name in key
             if not comparable(*[table.schema.field(name).type] * 2)]
    for name in wrong:
        yield codes.UNSUPPORTED_DTYPE.at(
            file=file, name=name, frame=frame, dtype=spelled(table.schema.field(name).type),
            user="a key", help="keys are numbers, strings, times or booleans")
    if wrong:
        return
    columns = [table.column(name) for name in key]
    words = ", ".join(map(repr, key))
    nulls = int(np.count_nonzero(~np.logical_and.reduce([valid(column) for column in columns])))
    if nulls:
        yield codes.NULL_KEYS.at(file=file, key=words, frame=frame,
                                 rows=count_of(nulls, "row"))
    count, shown = duplicates(columns)
    if count:
        yield codes.DUPLICATE_KEYS.at(file=file, key=words, frame=frame, count=count,
                                      examples=", ".join(shown))
