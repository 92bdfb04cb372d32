"""Which columns an extractor takes: selectors by name, glob or dtype against a frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.hints import unknown
from ..resolution.globs import is_glob
from ..stages import Selector
from .dtypes import FLOAT, INTEGER

NUMBER = "number"
"""The dtype of a selector that stands for integer and float."""

_EVERYTHING = "*"
_MOST_LISTED = 8


@dataclass(frozen=True)
class Selection:
    """The outcome for one extractor.

    Args:
        columns: name -> the selector that took it, in the order of the selectors and, within
            one selector, of the frame.
        diagnostics: SC607 for selectors that match nothing.
    """

    columns: Mapping[str, Selector]
    diagnostics: tuple[Diagnostic, ...]


def select(take: Sequence[Selector], drop: Sequence[Selector], dtypes: Mapping[str, str],
           frame: str, hidden: Collection[str] = ()) -> Selection:
    """The columns that `take` picks and `drop` does not.

    Reports: SC607 and SC627 for a selector that matches no column; `*` may match none.

    Args:
        take: a name that is a column wins over its reading as a glob.
        drop: may name any column of the frame, taken or not.
        dtypes: column -> one of `dtypes.DTYPES`, in the order of the frame.
        frame: its name, for messages.
        hidden: columns that only their exact name takes, such as keys.
    """
    found: list[Diagnostic] = []
    open_columns = [column for column in dtypes if column not in hidden]
    taken: dict[str, Selector] = {}
    for selector in take:
        columns = _matched(selector, dtypes, open_columns)
        if not columns and selector.name != _EVERYTHING:
            found.append(_nothing(selector, frame, dtypes))
        for column in columns:
            taken.setdefault(column, selector)
    dropped: set[str] = set()
    for selector in drop:
        columns = _matched(selector, dtypes, list(dtypes))
        if not columns and selector.name != _EVERYTHING:
            found.append(_nothing(selector, frame, dtypes))
        dropped.update(columns)
    kept = {column: selector for column, selector in taken.items() if column not in dropped}
    return Selection(kept, tuple(found))


def _matched(selector: Selector, dtypes: Mapping[str, str], candidates: list[str]) -> list[str]:
    if selector.dtype is not None:
        wanted = (INTEGER, FLOAT) if selector.dtype == NUMBER else (selector.dtype,)
        return [column for column in candidates if dtypes[column] in wanted]
    assert selector.name is not None
    if selector.name in dtypes:
        return [selector.name]
    return list(_globbed(selector.name, candidates))


def _globbed(pattern: str, candidates: list[str]) -> Iterator[str]:
    if is_glob(pattern):
        yield from (column for column in candidates if fnmatchcase(column, pattern))


def _nothing(selector: Selector, frame: str, dtypes: Mapping[str, str]) -> Diagnostic:
    if selector.dtype is not None:
        return codes.NO_COLUMN_OF_DTYPE.at(
            selector.pointer, frame=frame, dtype=selector.dtype,
            help=f"dtypes of the frame: {', '.join(sorted(set(dtypes.values())))}",
        )
    assert selector.name is not None
    globs = _globs(dtypes) if is_glob(selector.name) else ()
    return unknown(codes.UNKNOWN_COLUMN, selector.pointer, "columns", selector.name, dtypes,
                   frame=frame, also=globs)


def _globs(columns: Collection[str]) -> list[str]:
    """The globs for columns that share what stands in front of, or behind, an underscore."""
    ends = Counter(end for column in columns for place, letter in enumerate(column)
                   if letter == "_" for end in (f"{column[:place]}_*", f"*_{column[place + 1:]}"))
    return [end for end, count in ends.items() if count > 1]
