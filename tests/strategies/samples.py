"""The columns of the index frame that say how its rows are used."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import strategies as st

from .columns import Values, column, generators
from .schema import weighted


@st.composite
def splits_of(draw: st.DrawFn, rows: int) -> pa.Array | None:
    """The column `split`, or None."""
    generator = draw(generators())
    train = ["train"] * max(1, rows * 6 // 10)
    rest = rows - len(train)
    scheme = draw(weighted(
        (14, st.just("usual")), (3, st.just("display")), (2, st.just("one row")),
        (1, st.just("train")), (1, st.just("odd")), (1, st.just("nulls")),
        (1, st.just("no train")), (1, st.just("numbers")), (1, st.just("one train")),
        (3, st.just("none")),
    ))
    values: Values = {
        "usual": [*train, *["test"] * rest],
        "display": [*train, *["display", "test", "validation"] * rows][:rows],
        "one row": [*["train"] * (rows - 1), "test"],
        "train": ["train"] * rows,
        "odd": [*train, *["tést", "a/b", None, ""] * rows][:rows],
        "nulls": [None] * rows,
        "no train": ["test"] * rows,
        "numbers": [1] * rows,
        "one train": ["train", *["test"] * (rows - 1)],
        "none": [],
    }[scheme]
    if scheme == "none":
        return None
    order = generator.permutation(rows)
    shuffled = [values[place] for place in order]
    if scheme == "numbers":
        return column(pa.int64(), shuffled)
    return column(draw(st.sampled_from(
        [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])), shuffled)


@st.composite
def priorities(draw: st.DrawFn, rows: int) -> pa.Array | None:
    """The column `priority`, or None."""
    generator = draw(generators())
    values, dtype = draw(weighted(
        (10, st.just(([], None))),
        (2, st.just(([1.0, 0.0, 2.5], pa.float64()))),
        (1, st.just(([1, 2, 0], pa.int32()))),
        (1, st.sampled_from([
            ([-1.0, 1.0], pa.float64()), ([0.0], pa.float64()), ([None, 1.0], pa.float64()),
            ([float("inf")], pa.float64()), (["a"], pa.string()), ([1e308], pa.float64()),
            ([True, False], pa.bool_()), ([float("nan"), 1.0], pa.float64()),
        ])),
    ))
    if dtype is None:
        return None
    return column(dtype, [values[place] for place in generator.integers(0, len(values), rows)])


@st.composite
def weights(draw: st.DrawFn, rows: int) -> pa.Array | None:
    """The column `weight`, or None."""
    generator = draw(generators())
    values, dtype = draw(weighted(
        (6, st.just(([], None))),
        (4, st.just(([1.0, 0.5, 2.0], pa.float64()))),
        (1, st.just(([1, 3], pa.int16()))),
        (1, st.sampled_from([
            ([0.0, 1.0], pa.float32()), ([0.0], pa.float64()), ([-1.0, 1.0], pa.float64()),
            ([None, 1.0], pa.float64()), ([1e30], pa.float64()), ([float("inf")], pa.float64()),
            ([1e-320, 1e-300], pa.float64()), (["a"], pa.string()),
        ])),
    ))
    if dtype is None:
        return None
    return column(dtype, [values[place] for place in generator.integers(0, len(values), rows)])
