"""Frames out of a SQL database, through SQLAlchemy, which is imported only here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ..diagnostics import codes
from .errors import LIBRARY_FAILURES, BundleError, reason_of
from .frames import check_names

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_ROWS_AT_ONCE = 50_000
_IN_MEMORY = (None, "", ":memory:")

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection to the database, on which nothing is ever committed.

    Raises: BundleError with SC643. The URL is never shown: it may hold a password.
    """
    try:
        import sqlalchemy
    except ModuleNotFoundError:
        raise _failed("", "SQLAlchemy is not installed",
                      help="install it: pip install 'specc[sql]'") from None
    try:
        engine = _engine(url)
        connection = engine.connect()
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, OSError, ValueError) as error:
        missing = isinstance(error, ImportError)
        raise _failed("", reason_of(error), help="install the driver of the database"
                      if missing else None) from None
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()


def _engine(url: str) -> Engine:
    import sqlalchemy

    parsed = sqlalchemy.make_url(url)
    # SQLite makes an empty database of a path with a mistake in it.
    if (parsed.get_backend_name() == "sqlite" and parsed.database not in _IN_MEMORY
            and not Path(str(parsed.database).partition("?")[0].removeprefix("file:")).is_file()):
        raise ValueError(f"there is no file {parsed.database!r}")
    return sqlalchemy.create_engine(parsed)


def read_query(frame: str, connection: Connection, query: str) -> pa.Table:
    """The rows that a query gives.

    The query goes to the driver as it is. Exact decimals become floats. Text of which every
    value is an ISO 8601 date or time becomes times, as in a CSV file: SQLite has no others.

    Raises: BundleError with SC604, SC643.
    """
    import sqlalchemy

    try:
        result = connection.execution_options(stream_results=True).exec_driver_sql(query)
        if not result.returns_rows:
            raise _failed(frame, "the query gives no rows", help="write a select")
        names = [*result.keys()]
        check_names(frame, frame, names)
        parts = [_part(names, rows) for rows in result.partitions(_ROWS_AT_ONCE)]
        if not parts:
            return pa.Table.from_arrays([pa.nulls(0) for _ in names], names=names)
        table = pa.concat_tables(parts, promote_options="permissive")
    except (sqlalchemy.exc.SQLAlchemyError, *LIBRARY_FAILURES, TypeError) as error:
        raise _failed(frame, reason_of(error)) from None
    return pa.Table.from_arrays([_with_times(column) for column in table.columns], names=names)


def _part(names: Sequence[str], rows: Sequence[Any]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays([_array(list(column)) for column in columns], names=list(names))


def _array(values: list[Any]) -> pa.Array:
    if any(isinstance(value, Decimal) for value in values):
        values = [None if value is None else float(value) for value in values]
    return pa.array(values)


def _with_times(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text that is times in every value, as times."""
    if not pa.types.is_string(values.type) or values.null_count == len(values):
        return values
    for pattern, dtype in ((_DATE, pa.date32()), (_TIME, pa.timestamp("us"))):
        if pc.all(pc.match_substring_regex(values, pattern)).as_py():
            try:
                return values.cast(dtype)
            except pa.ArrowInvalid:
                # Digits in the form of a date that the calendar has not.
                return values
    return values


def _failed(frame: str, reason: str, help: str | None = None) -> BundleError:
    return BundleError([codes.UNREADABLE_QUERY.at(
        what=f"the frame {frame!r}" if frame else "the database", reason=reason, help=help)])
