"""Features that are the label, and keys that both train and test."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import specc

ROWS = 40


def frame(**columns: Any) -> pd.DataFrame:
    split = ["train", "test"] * (ROWS // 2)
    late = [index % 3 == 0 for index in range(ROWS)]
    return pd.DataFrame({
        "late": [float(value) for value in late],
        "price": [float(index) for index in range(ROWS)],
        "size": [float(index % 7) for index in range(ROWS)],
        "split": split,
        **columns,
    })


def warnings(index: pd.DataFrame, label: str = "late") -> list[tuple[str, str | None]]:
    spec = {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": [label]},
            "own": {"type": "plain", "transformer": {"type": "auto"}},
        },
        "network": {"type": "output", "input_frames": ["own"]},
        "loss": {"type": "torch.nn:L1Loss"},
        "training": {"batch_size": 4},
    }
    result = specc.validate(spec, {"index": index})
    assert result.ok, str(result)
    return [(entry.code, entry.pointer) for entry in result.diagnostics
            if entry.code in ("SC706", "SC628")]


@pytest.mark.parametrize("twin", [
    ["yes" if index % 3 == 0 else "no" for index in range(ROWS)],
    [index % 3 != 0 for index in range(ROWS)],
    [7 if index % 3 == 0 else -1 for index in range(ROWS)],
])
def test_a_column_that_tells_the_label(twin: list[Any]) -> None:
    assert warnings(frame(twin=twin)) == [("SC706", "/extractors/own")]


def test_columns_that_do_not_tell_the_label() -> None:
    near = ["yes" if index % 3 == 0 else "no" for index in range(ROWS)]
    near[5] = "yes"
    assert warnings(frame(near=near, constant=1)) == []


def test_a_label_of_many_values_is_told_by_equal_values_alone() -> None:
    assert warnings(frame(other=[float(-index) for index in range(ROWS)]), "price") == []
    assert warnings(frame(same=[float(index) for index in range(ROWS)]), "price") == [
        ("SC706", "/extractors/own")]


def test_a_key_that_trains_and_tests() -> None:
    keyed = frame().assign(customer=[index // 2 for index in range(ROWS)]).set_index("customer")
    assert warnings(keyed) == [("SC628", None)]


def test_a_key_on_one_side() -> None:
    customers = [index % 2 * 100 + index // 4 for index in range(ROWS)]
    assert warnings(frame().assign(customer=customers).set_index("customer")) == []
