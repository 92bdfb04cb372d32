"""Parquet files of a run: what they say of themselves is held against what they may be."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from ...compiler.planning.available import available_memory
from ...compiler.text.written import check_file

_SHARE = 0.5
"""Of the memory that there is, what a table may take."""

_CELL = 8
"""Bytes of a number, a place in a dictionary, or the end of a text."""


_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary,
          pa.types.is_large_binary)


class DamagedTable(Exception):
    """The file is none that a run writes; the text says why."""


def read_table(path: Path, most_rows: int) -> pa.Table:
    """All of a file; nothing is made of its rows before they have shown to find room: a few bytes
    may stand for any number of equal rows, and for any number of copies of a long text.

    Raises DamagedTable.
    """
    try:
        check_file(path)
        with pyarrow.parquet.ParquetFile(path) as file:
            rows, names = file.metadata.num_rows, file.schema_arrow.names
            texts = {field.name: field.type for field in file.schema_arrow
                     if any(kind(field.type) for kind in _TEXTS)}
            nested = [field.name for field in file.schema_arrow if pa.types.is_nested(field.type)]
        if not 0 <= rows <= most_rows:
            raise DamagedTable(f"it has more than {most_rows:,} rows")
        if len(set(names)) < len(names):
            raise DamagedTable("two of its columns have one name")
        if nested:
            raise DamagedTable(f"the column {nested[0]!r} holds lists or structures")
        room = _room()
        if rows * len(names) * _CELL > room:
            raise DamagedTable(f"its {rows:,} rows of {len(names):,} columns find no room")
        with pyarrow.parquet.ParquetFile(path, read_dictionary=list(texts)) as file:
            table = file.read()
        if table.nbytes + sum(_text_bytes(table.column(name)) for name in texts) > room:
            raise DamagedTable("its texts find no room")
        for name, dtype in texts.items():
            place = table.column_names.index(name)
            table = table.set_column(place, name, table.column(name).cast(dtype))
        table.validate(full=True)
        return table
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DamagedTable(reason.partition("\n")[0]) from error


def _room() -> float:
    """Bytes that a table may take."""
    there = available_memory()
    return float("inf") if there is None else there * _SHARE


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Bytes of the texts of a dictionary, each as often as it stands in the column."""
    return sum(pc.sum(pc.binary_length(chunk.dictionary).cast(pa.int64()).take(
        chunk.indices)).as_py() or 0 for chunk in column.chunks)
