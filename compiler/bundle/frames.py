"""One frame: a Parquet file on disk or in memory, or an Arrow table."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ..diagnostics import codes
from .errors import LIBRARY_FAILURES, BundleError, reason_of

_CHUNK = 1 << 20
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__\Z")


class Frame(Protocol):
    """What a bundle needs of a frame. `file` is its name in diagnostics."""

    name: str
    file: str
    schema: pa.Schema
    rows: int

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        """The named columns. Raises BundleError (SC604) for damaged pages."""

    def null_counts(self) -> Mapping[str, int]:
        """Nulls of the columns for which they are known without reading."""

    def fingerprint(self) -> str:
        """BLAKE2b of the frame's bytes, in hex."""


class ParquetFrame:
    """A Parquet file; opening it reads the footer and nothing else.

    Raises: BundleError (SC604) for a file that is no whole Parquet file.
    """

    def __init__(self, name: str, file: str, source: Path | pa.Buffer) -> None:
        self.name = name
        self.file = file
        self._source = source
        try:
            with self._open() as handle:
                parquet = pq.ParquetFile(handle)
                self._metadata = parquet.metadata
                self.schema: pa.Schema = parquet.schema_arrow
                names = [str(column) for column in self.schema.names]
        except LIBRARY_FAILURES as error:
            raise _unreadable(name, file, reason_of(error)) from None
        self.rows: int = self._metadata.num_rows
        check_names(name, file, names)

    def _open(self) -> pa.NativeFile:
        if isinstance(self._source, Path):
            return pa.OSFile(str(self._source))
        return pa.BufferReader(self._source)

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        try:
            with self._open() as handle:
                parquet = pq.ParquetFile(handle, metadata=self._metadata)
                # A name also selects the nested fields below it, so pick by name once more.
                table = parquet.read(columns=list(columns), use_pandas_metadata=False)
            found = {column: table.column(column) for column in columns}
            for column in found.values():
                # A string that is not UTF-8 would otherwise surface wherever it is first shown.
                column.validate(full=True)
                if len(column) != self.rows:
                    raise ValueError(f"the pages hold {len(column)} rows, the footer {self.rows}")
        except (*LIBRARY_FAILURES, KeyError) as error:
            raise _unreadable(self.name, self.file, reason_of(error)) from None
        return found

    def null_counts(self) -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        unknown = set()
        for group in range(self._metadata.num_row_groups):
            row_group = self._metadata.row_group(group)
            for index in range(row_group.num_columns):
                chunk = row_group.column(index)
                statistics = chunk.statistics
                if statistics is None or not statistics.has_null_count:
                    unknown.add(chunk.path_in_schema)
                else:
                    counts[chunk.path_in_schema] += statistics.null_count
        return {path: count for path, count in counts.items() if path not in unknown}

    def fingerprint(self) -> str:
        digest = hashlib.blake2b()
        try:
            with self._open() as handle:
                while chunk := handle.read(_CHUNK):
                    digest.update(chunk)
        except LIBRARY_FAILURES as error:
            raise _unreadable(self.name, self.file, reason_of(error)) from None
        return digest.hexdigest()


class TableFrame:
    """An Arrow table in memory."""

    def __init__(self, name: str, table: pa.Table) -> None:
        self.name = name
        self.file = name
        self._table = table
        self.schema: pa.Schema = table.schema
        self.rows: int = table.num_rows
        check_names(name, name, table.schema.names)

    def read(self, columns: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        return {column: self._table.column(column) for column in columns}

    def null_counts(self) -> Mapping[str, int]:
        return {name: self._table.column(name).null_count for name in self.schema.names}

    def fingerprint(self) -> str:
        sink = _Digest()
        stream = pa.PythonFile(sink, mode="w")
        with pa.ipc.new_stream(stream, self.schema) as writer:
            writer.write_table(self._table)
        return sink.digest.hexdigest()


class _Digest:
    """A file to write to that keeps nothing but the hash."""

    closed = False

    def __init__(self) -> None:
        self.digest = hashlib.blake2b()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def is_unnamed_index(column: str) -> bool:
    """Whether pandas made up the name of the column to store an index without a name."""
    return _UNNAMED_INDEX.match(column) is not None


def pandas_key(schema: pa.Schema) -> tuple[str, ...]:
    """The named pandas index of a frame, or () if it has none, or one only partly named."""
    try:
        written: Any = json.loads((schema.metadata or {})[b"pandas"])
        index = written["index_columns"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    columns = set(schema.names)
    if isinstance(index, list):
        # A range has no column in the file; `range_index` makes one of that name.
        index = [entry.get("name") if isinstance(entry, dict) else entry for entry in index]
    if not isinstance(index, list) or not all(
        isinstance(name, str) and name in columns and not is_unnamed_index(name) for name in index
    ):
        return ()
    return tuple(index)


def check_names(frame: str, file: str, names: Sequence[str]) -> None:
    """Raises BundleError (SC604) when two columns share a name."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BundleError(
            [
                codes.UNREADABLE_FRAME.at(
                    file=file, frame=frame, reason=f"{len(twice)} column names stand twice, such "
                    f"as {twice[0]!r}", help="give every column a name of its own",
                )
            ]
        )


def _unreadable(frame: str, file: str, reason: str) -> BundleError:
    return BundleError([codes.UNREADABLE_FRAME.at(file=file, frame=frame, reason=reason)])
