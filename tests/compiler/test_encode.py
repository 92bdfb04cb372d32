"""A fitted extractor as dense columns and codes that together are its features."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from specc.compiler.data.encode import Encoded, encode
from specc.compiler.stages import (
    BoundExtractor,
    Column,
    Extractor,
    FittedExtractor,
    Node,
    Positions,
)
from specc.compiler.transformers import ColumnRows, fit_column
from specc.compiler.transformers.rows import canonical
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema.assemble import assemble

AUTO = with_defaults({"$ref": "#/$defs/transformer", "$defs": assemble()["$defs"]},
                     {"type": "auto"})
TABLE = pa.table({
    "kind": ["a", "b", None, "a", "c"],
    "size": [1.0, 2.0, None, 4.0, 5.0],
    "city": pa.array(["x", "y", "x", None, "z"]).dictionary_encode(),
    "flag": [True, False, True, None, False],
})


class FakeBundle:
    """One frame in memory."""

    def read(self, frame: str, columns: Iterable[str]) -> pa.Table:
        return TABLE.select(list(columns))


def extractor(rows: list[int] | None, codes: Iterable[str] = (), nulls: str = "keep",
              fill_value: Any = None, columns: Iterable[str] = TABLE.column_names
              ) -> FittedExtractor:
    """All columns of the table, fitted on all of its rows."""
    fitted = []
    for name in columns:
        values = canonical(TABLE.column(name))
        node = Node("/t", "auto", {key: value for key, value in AUTO.items() if key != "type"})
        result = fit_column(node, ColumnRows("f", name, values, np.ones(5, dtype=np.int64)))
        assert result.stage is not None
        fitted.append(result.stage)
    settings = Extractor("/e", "e", None, (), (), (), "null", nulls, fill_value, node)
    reached = 5 if rows is None else len(rows)
    bound = BoundExtractor(settings, Positions("f", np.arange(5), ()),
                           tuple(Column(name, "other") for name in columns))
    return FittedExtractor(bound, None if rows is None else np.array(rows, dtype=np.int64), reached,
                           np.arange(5), tuple(fitted), frozenset(codes))


def run(fitted: FittedExtractor) -> Encoded:
    return encode(fitted, cast(Any, FakeBundle()))


def features(encoded: Encoded) -> NDArray[np.float32]:
    """Dense columns and codes put back into the feature order."""
    width = encoded.dense.shape[1] + sum(encoded.code_widths)
    full = np.zeros((len(encoded.dense), width), dtype=np.float32)
    full[:, encoded.dense_features] = encoded.dense
    for place, offset in enumerate(encoded.code_offsets):
        full[np.arange(len(full)), offset + encoded.codes[:, place]] = 1
    return full


def test_the_last_row_is_the_null_row() -> None:
    encoded = run(extractor(None, columns=["kind", "flag"]))
    assert encoded.dense.tolist()[-1] == [0, 0, 0, 0, 1, 0, 1]
    assert encoded.dense.tolist()[2] == [0, 0, 0, 0, 1, 1, 0]


def test_every_reached_row_is_encoded_once_in_order() -> None:
    every, some = run(extractor(None)), run(extractor([1, 4]))
    assert every.dense.shape[0] == 6
    np.testing.assert_array_equal(some.dense, every.dense[[1, 4, 5]])


def test_arrays_are_contiguous_and_of_one_dtype() -> None:
    encoded = run(extractor(None, codes=["city"]))
    assert encoded.dense.flags.c_contiguous
    assert (encoded.dense.dtype, encoded.codes.dtype) == (np.float32, np.int32)
    assert encoded.codes[:, 0].tolist() == [0, 1, 0, 4, 2, 4]
    assert encoded.code_widths == (5,)


def test_fill_reaches_the_null_row() -> None:
    encoded = run(extractor(None, nulls="fill", fill_value="a", columns=["kind"]))
    np.testing.assert_array_equal(encoded.dense[[2, 5]], encoded.dense[[0, 0]])


@settings(deadline=None)
@given(codes=st.sets(st.sampled_from(["kind", "city"])),
       order=st.permutations(TABLE.column_names),
       rows=st.one_of(st.none(), st.sets(st.integers(0, 4)).map(sorted)))
def test_dense_and_codes_together_are_the_features(codes: set[str], order: list[str],
                                                   rows: list[int] | None) -> None:
    fitted = extractor(rows, codes, columns=order)
    plain = run(replace(fitted, codes=frozenset()))
    assert plain.codes.shape == (fitted.reached + 1, 0)
    assert plain.dense.shape == (fitted.reached + 1, fitted.width)
    np.testing.assert_array_equal(features(run(fitted)), plain.dense)
