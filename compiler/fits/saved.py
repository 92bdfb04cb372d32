"""The fits of an earlier run, read from its model folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..text.written import check_file, read_json
from ..transformers import FittedColumn, restore
from ..transformers.scalers import Scaler, restore_scaler
from ..transformers.vector import LONGEST

STATES, ARRAYS = "transformers.json", "transformers.arrow"
"""The files of a model folder."""

LARGEST_STATE = 2**30
"""Bytes of one of the files."""

_SIZES = ("buckets", "length", "width")
"""Numbers in the state of a transformer that say how many columns it makes."""

BROKEN = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError,
          pa.ArrowException)
"""What a state raises that no run has written."""


@dataclass(frozen=True, eq=False)
class SavedFits:
    """Fitted columns by the name of their extractor.

    Args:
        place: the model folder, for messages.
    """

    place: str
    states: Mapping[str, Any]
    arrays: Mapping[str, pa.Array]

    def columns(self, name: str) -> tuple[FittedColumn, ...] | None:
        """The fitted columns of an extractor; None where the run has no such extractor.

        Raises ValueError for a state that no run has written.
        """
        if name not in self.states:
            return None
        try:
            columns = tuple(
                restore(entry["column"], entry["state"], self._own(name, place, entry))
                for place, entry in enumerate(self.states[name]))
            named = all(isinstance(text, str)
                        for column in columns for text in (column.column, *column.names))
        except BROKEN as error:
            raise ValueError(f"{name!r} is damaged: {error}") from error
        if not named:
            raise ValueError(f"{name!r} is damaged: a column has no name")
        return columns

    def scalers(self, name: str) -> dict[str, Scaler] | None:
        """The scalers of a `group_by` by column, as `columns`."""
        if name not in self.states:
            return None
        try:
            return {
                entry["column"]: restore_scaler(entry["state"], self._own(name, place, entry))
                for place, entry in enumerate(self.states[name])}
        except BROKEN as error:
            raise ValueError(f"{name!r} is damaged: {error}") from error

    def _own(self, name: str, place: int, entry: Mapping[str, Any]) -> dict[str, pa.Array]:
        return {key: self.arrays[f"{name}/{place}/{key}"] for key in entry["arrays"]}


def open_fits(run: Path) -> Result[SavedFits]:
    """The fits of a run, or of a model folder. Reports SC634."""
    folder = run / "model" if (run / "model").is_dir() else run
    try:
        states = read_json(folder / STATES, LARGEST_STATE)
        if not isinstance(states, dict):
            raise ValueError(f"{STATES} is no object")
        _check_sizes(states)
        arrays = read_arrays(folder / ARRAYS)
    except (*BROKEN, OSError) as error:
        return Result(None, (_unreadable(folder, str(error).partition("\n")[0]),))
    return Result(SavedFits(str(folder), states, arrays))


def _check_sizes(states: Mapping[str, Any]) -> None:
    """Nothing is made of a state that would make more columns than there can be.

    Raises one of `BROKEN`.
    """
    for entries in states.values():
        for entry in entries:
            for key in _SIZES:
                size = entry["state"].get(key) or 0
                if not isinstance(size, int) or not 0 <= size <= LONGEST:
                    raise ValueError(f"{STATES} has a transformer of {size} columns")


def read_arrays(path: Path) -> dict[str, pa.Array]:
    """The arrays of a file of one row of lists, by name.

    Raises OSError, or one of `BROKEN` for a file that is none.
    """
    check_file(path, LARGEST_STATE)
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_file(source) as reader:
        table = reader.read_all()
    # Arrow believes what a file says of lengths, and reads beyond its memory if that is wrong.
    table.validate(full=True)
    return {name: table.column(name).chunk(0).flatten() for name in table.column_names
            if table.num_rows}


def _unreadable(folder: Path, reason: str) -> Diagnostic:
    return codes.UNREADABLE_FITS.at(file=str(folder), reason=reason)
