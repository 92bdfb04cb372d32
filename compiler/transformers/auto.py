"""`auto`: a transformer for each dtype."""

from __future__ import annotations

from collections.abc import Mapping

from ..data.dtypes import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING
from ..diagnostics import codes
from ..diagnostics.diagnostic import Result
from ..stages import Node
from .base import child, unsupported
from .rows import ColumnRows

CHOICES: Mapping[str, str] = {
    BOOLEAN: "boolean",
    INTEGER: "continuous",
    FLOAT: "continuous",
    STRING: "categorical",
    DATETIME: "datetime",
}


def choose(node: Node, rows: ColumnRows) -> Result[Node]:
    """The transformer that an `auto` gives a column. Reports SC204, SC614."""
    if rows.dtype not in CHOICES:
        return Result(None, (unsupported(node, rows),))
    key = CHOICES[rows.dtype]
    chosen = child(node, key)
    assert chosen is not None
    if chosen.type == node.type:
        return Result(None, (codes.CONFLICTING_KEYS.at(
            f"{chosen.pointer}/type", name=key, reason="an `auto` cannot choose `auto` again",
            help="name the transformer for columns of this dtype"),))
    return Result(chosen)
