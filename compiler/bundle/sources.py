"""Tables of a user, CSV, JSON lines, Parquet or pandas, as Arrow tables for a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, spelled
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.suggest import nearest
from .errors import LIBRARY_FAILURES, BundleError, reason_of
from .frames import ParquetFrame, check_names, is_unnamed_index, pandas_key
from .range_index import with_range_index

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = "str | Path | pd.DataFrame | pa.Table"
"""What a frame can be made of: a file by its path, or rows in memory."""

DTYPES: Mapping[str, pa.DataType] = {
    BOOLEAN: pa.bool_(), INTEGER: pa.int64(), FLOAT: pa.float64(), STRING: pa.string(),
    DATETIME: pa.timestamp("us"),
}
"""What a column can be read as, and how it is then stored."""

_PACKED = (".gz", ".bz2", ".zst")
_LARGEST_LINE = 1 << 28
"""Bytes of one line of JSON."""

_FIRST_LINE = 1 << 16
_DELIMITERS = ",;\t|"


def read_table(frame: str, source: Table,
               dtypes: Mapping[str, str]) -> tuple[pa.Table, tuple[str, ...]]:
    """The rows of a source, and the key that it names itself, by a pandas index.

    Args:
        dtypes: column -> one of DTYPES, for columns that would be read as something else.

    Raises: BundleError with SC604 (two columns of one name), SC607, SC642, SC647.
    """
    if isinstance(source, str | Path):
        table, key = _read_file(frame, Path(source), dtypes)
        file = str(source)
    else:
        table, key = _in_memory(frame, source)
        file = frame
    check_names(frame, file, [str(name) for name in table.column_names])
    return with_dtypes(frame, file, table, dtypes), key


def with_dtypes(frame: str, file: str, table: pa.Table, dtypes: Mapping[str, str]) -> pa.Table:
    """The table with some columns as another dtype.

    Raises: BundleError with SC607, SC647; all that is wrong at once.
    """
    found: list[Diagnostic] = []
    for name, dtype in dtypes.items():
        if name not in table.column_names:
            near = nearest(name, table.column_names)
            found.append(codes.UNKNOWN_COLUMN.at(
                file=file, frame=frame, name=name,
                help=None if near is None else f"did you mean {near!r}?"))
            continue
        place = table.column_names.index(name)
        try:
            table = table.set_column(place, name, _cast(table.column(place), DTYPES[dtype]))
        except LIBRARY_FAILURES as error:
            found.append(codes.NOT_OF_DTYPE.at(file=file, name=name, frame=frame, dtype=dtype,
                                               reason=reason_of(error)))
    if found:
        raise BundleError(found)
    return table


def _cast(values: pa.ChunkedArray, dtype: pa.DataType) -> pa.ChunkedArray:
    """Text of a time with a zone becomes a time in UTC; all else is Arrow's cast."""
    if not pa.types.is_timestamp(dtype):
        return values.cast(dtype)
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return values
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        raise ValueError(f"it is {spelled(values.type)}; times are read from ISO 8601 text")
    try:
        return values.cast(dtype)
    except pa.ArrowInvalid:
        return values.cast(pa.timestamp("us", "UTC"))


def _in_memory(frame: str, source: pd.DataFrame | pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    if isinstance(source, pa.Table):
        return source.replace_schema_metadata(None), ()
    named = all(level is not None for level in source.index.names)
    try:
        table = pa.Table.from_pandas(source, preserve_index=named)
    except (*LIBRARY_FAILURES, TypeError) as error:
        raise BundleError([codes.UNREADABLE_FRAME.at(
            file=frame, frame=frame, reason=reason_of(error),
            help="give every column one dtype and a name of its own")]) from None
    return table.replace_schema_metadata(None), pandas_key(table.schema)


def _read_file(frame: str, path: Path,
               dtypes: Mapping[str, str]) -> tuple[pa.Table, tuple[str, ...]]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in _PACKED
    suffix = next(iter(suffixes[-2:-1] if packed else suffixes[-1:]), "")
    read = _READERS.get(suffix)
    if read is None or (packed and suffix == ".parquet"):
        raise _unreadable(frame, path, f"its kind is not known by the suffix "
                          f"{path.suffix!r}", help="give a file whose name ends in "
                          f"{', '.join(sorted(_READERS))}; a text file may be packed with gzip")
    try:
        if not path.is_file():
            raise _unreadable(frame, path, "it is not a file" if path.exists()
                              else "there is no such file", help="check the path")
        return read(frame, path, dtypes)
    except LIBRARY_FAILURES as error:
        raise _unreadable(frame, path, reason_of(error)) from None


def _unreadable(frame: str, path: Path, reason: str, help: str | None = None) -> BundleError:
    return BundleError([codes.UNREADABLE_SOURCE.at(file=str(path), path=str(path), frame=frame,
                                                   reason=reason, help=help)])


def _csv(frame: str, path: Path,
         dtypes: Mapping[str, str]) -> tuple[pa.Table, tuple[str, ...]]:
    """Arrow tells integers, floats, true and false, and ISO dates and times from text.

    An empty field is a null, and so are `NA`, `NULL`, `nan` and the like, unless quoted.
    """
    from pyarrow import csv

    with pa.input_stream(str(path), compression="detect") as stream:
        head = bytes(stream.read(_FIRST_LINE)).split(b"\n")[0].decode("utf-8", "replace")
    options = csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False,
                                 column_types=dict.fromkeys(dtypes, pa.string()))
    tabs = ".tsv" in (suffix.lower() for suffix in path.suffixes)
    parse = csv.ParseOptions(delimiter="\t" if tabs else _delimiter(head),
                             newlines_in_values=True)
    table = csv.read_csv(str(path), parse_options=parse, convert_options=options)
    for field in table.schema:
        if pa.types.is_binary(field.type):
            raise _unreadable(frame, path, f"the column {field.name!r} is not UTF-8",
                              help="save the file with the encoding UTF-8")
    return table, ()


def _delimiter(head: str) -> str:
    """What stands most often between the names in the first line; of equals, the comma."""
    return max(_DELIMITERS, key=head.count)


def _json_lines(frame: str, path: Path,
                dtypes: Mapping[str, str]) -> tuple[pa.Table, tuple[str, ...]]:
    from pyarrow import json

    with pa.input_stream(str(path), compression="detect") as stream:
        if bytes(stream.read(1)) == b"[":
            raise _unreadable(frame, path, "it holds one list, not one object on each line",
                              help="write each row as an object on a line of its own")
    with pa.input_stream(str(path), compression="detect") as stream:
        table = json.read_json(stream, json.ReadOptions(block_size=_LARGEST_LINE))
    return table, ()


def _parquet(frame: str, path: Path,
             dtypes: Mapping[str, str]) -> tuple[pa.Table, tuple[str, ...]]:
    file = with_range_index(ParquetFrame(frame, str(path), path))
    names = [name for name in file.schema.names if not is_unnamed_index(name)]
    return pa.table(file.read(names)), pandas_key(file.schema)


_Reader: TypeAlias = Callable[[str, Path, Mapping[str, str]], tuple[pa.Table, Any]]

_READERS: Mapping[str, _Reader] = {
    ".csv": _csv, ".tsv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines,
    ".parquet": _parquet,
}
