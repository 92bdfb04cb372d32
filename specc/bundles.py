"""Bundles made of the tables that a user has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .api import Validation
from .compiler.diagnostics.diagnostic import distinct

if TYPE_CHECKING:
    from .compiler.bundle import Bundle
    from .compiler.bundle.sources import Table


@dataclass(frozen=True)
class MadeBundle(Validation):
    """What is wrong with the tables, or the bundle that was made of them."""

    bundle: Bundle | None = field(repr=False, default=None)


def make_bundle(out: str | Path, frames: Mapping[str, Table] | None = None, *,
                keys: Mapping[str, str | Sequence[str]] | None = None,
                index_frame: str | None = None,
                dtypes: Mapping[str, Mapping[str, str]] | None = None,
                sql: str | None = None, queries: Mapping[str, str] | None = None,
                force: bool = False) -> MadeBundle:
    """Makes the folder `out` a bundle: a Parquet file for each frame, and bundle.json.

    The folder is written whole or not at all. One frame at a time is held in memory.

    Args:
        frames: frame -> a CSV, JSON lines or Parquet file, a DataFrame, or an Arrow table.
        keys: frame -> its key columns, which name each row once and hold no null.
        index_frame: the frame whose rows are the samples; the one called `index`, or the only
            one, where it is left out.
        dtypes: frame -> column -> `boolean`, `integer`, `float`, `string` or `datetime`, for
            columns that would be read as something else.
        sql: the address of a database as SQLAlchemy writes it, such as `sqlite:///shop.db`.
        queries: frame -> the query whose rows it holds.
        force: whether a bundle that is there already is replaced.

    Reports: SC604, SC606, SC607, SC612, SC614, SC616, SC642 to SC647.

    Raises: ValueError for `queries` without `sql`, a frame that is given twice, or a dtype that
        is none of the five.
    """
    from .compiler.bundle.making import make
    from .compiler.bundle.sources import DTYPES

    frames, queries, dtypes = frames or {}, queries or {}, dtypes or {}
    if queries and sql is None:
        raise ValueError("queries need the address of a database: sql")
    twice = sorted(set(frames) & set(queries))
    if twice:
        raise ValueError(f"the frame {twice[0]!r} is given twice")
    for wanted in dtypes.values():
        for dtype in wanted.values():
            if dtype not in DTYPES:
                raise ValueError(f"{dtype!r} is none of {', '.join(DTYPES)}")
    named = {frame: (key,) if isinstance(key, str) else tuple(key)
             for frame, key in (keys or {}).items()}
    made = make(Path(out), frames, named, index_frame, dtypes, sql, queries, force)
    return MadeBundle(distinct(made.diagnostics), bundle=made.stage)
