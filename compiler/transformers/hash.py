"""`hash`: the bucket of a value follows from its text; nothing is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..diagnostics.diagnostic import Diagnostic, Result
from ..stages import Node
from .base import FittedColumn, State, unsupported
from .categories import NULL, READABLE, distinct, texts
from .one_hot import OneHot
from .rows import ColumnRows


@dataclass(frozen=True, eq=False)
class Hash(OneHot):
    """One-hot: the buckets, then NULL.

    Args:
        seed: the key of the hash, 0 to below 2**63.
        empty: no values, of the dtype whose text is hashed.
    """

    seed: int
    empty: pa.Array
    type: ClassVar[str] = "hash"

    @property
    def buckets(self) -> int:
        return len(self.names) - 1

    def places(self, values: pa.Array) -> NDArray[np.int64]:
        categories, places = distinct(values)
        if categories.type != self.empty.type:
            categories = pc.cast(categories, self.empty.type)
        buckets = [self._bucket(text) for text in texts(categories)]
        # one more entry, which NULL reads
        table = np.array([*buckets, self.buckets], dtype=np.int64)
        return table[np.where(places == NULL, len(buckets), places)]

    def _bucket(self, text: str) -> int:
        """The first 8 bytes of BLAKE2b, keyed by the seed, modulo the buckets."""
        digest = blake2b(text.encode(), digest_size=8, key=self.seed.to_bytes(8, "big"))
        return int.from_bytes(digest.digest(), "big") % self.buckets

    def check_values(self, rows: ColumnRows, pointer: str) -> tuple[Diagnostic, ...]:
        return ()

    def state(self) -> State:
        return {"type": self.type, "buckets": self.buckets, "seed": self.seed,
                "on_null": self.on_null}, {"empty": self.empty}

    @classmethod
    def restore(cls, column: str, state: Mapping[str, Any], arrays: Mapping[str, pa.Array]
                ) -> Hash:
        return cls(column, _names(column, state["buckets"]), state["seed"], arrays["empty"],
                   on_null=state["on_null"])

    def describe(self) -> dict[str, Any]:
        return {"transformer": self.type, "buckets": self.buckets, "seed": self.seed}


def _names(column: str, buckets: int) -> tuple[str, ...]:
    return (*(f"{column}_{bucket}" for bucket in range(buckets)), f"{column}_NULL")


def fit_hash(node: Node, rows: ColumnRows) -> Result[FittedColumn]:
    """Reports SC614."""
    if rows.dtype not in READABLE:
        return Result(None, (unsupported(node, rows),))
    names = _names(rows.name, node.args["buckets"])
    empty = distinct(rows.values.slice(0, 0))[0]
    return Result(Hash(rows.name, names, node.args["seed"], empty, on_null=node.args["on_null"]))
