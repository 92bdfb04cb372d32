"""How long an epoch is, against batches that are written out one by one.

Not checked here: that training takes these steps (tests/runtime/test_epoch_limits.py), and the
text of the plan (golden/lower/ok/limits_and_pace).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.planning.epochs import (
    parts_in_batch,
    parts_of,
    rows_taken,
    steps_of_run,
    steps_per_epoch,
)
from specc.compiler.resolution.training import training as record
from specc.compiler.stages import Training
from specc.compiler.vocabulary.defaults import with_defaults
from specc.schema import load_schema

import specc

DEFAULTS = with_defaults(load_schema(), {
    "specc": 1, "extractors": {}, "network": {"type": "output"},
    "loss": {"type": "torch.nn:MSELoss"}})["training"]


def training_of(**settings: Any) -> Training:
    return record({**DEFAULTS, **settings})


def written_out(training: Training, rows: int) -> list[list[int]]:
    """The rows of each part of an epoch, in order, without a limit."""
    found = []
    for start in range(0, rows, training.batch_size):
        batch = list(range(start, min(start + training.batch_size, rows)))
        size = training.mini_batch_size or training.batch_size
        for _ in range(training.mini_epochs):
            found += [batch[at:at + size] for at in range(0, len(batch), size)]
    return found


@given(rows=st.integers(1, 60), batch_size=st.integers(1, 20), mini=st.none() | st.integers(1, 20),
       mini_epochs=st.integers(1, 3), accumulate=st.integers(1, 4),
       most=st.none() | st.integers(1, 40), epochs=st.integers(1, 5))
def test_an_epoch_is_its_parts_up_to_the_limit(rows: int, batch_size: int, mini: int | None,
                                               mini_epochs: int, accumulate: int,
                                               most: int | None, epochs: int) -> None:
    training = training_of(batch_size=batch_size, mini_batch_size=mini, mini_epochs=mini_epochs,
                           accumulate=accumulate, max_epoch_steps=most, epochs=epochs)
    parts = written_out(training, rows)
    if most is not None:
        parts = parts[:most * accumulate]
    sizes = [len(part) for part in parts]
    assert parts_of(training, rows) == {size: sizes.count(size) for size in set(sizes)}
    assert steps_per_epoch(training, rows) == -(-len(parts) // accumulate)
    assert most is None or steps_per_epoch(training, rows) <= most
    assert steps_of_run(training, rows) == epochs * steps_per_epoch(training, rows)
    if most is not None or mini_epochs == 1:
        # Mini-batches of a later pass hold other rows, but no more of them.
        assert rows_taken(training, rows) == len({row for part in parts for row in part})
    first = min(rows, batch_size)
    assert parts_in_batch(training, first) == len(written_out(training, first))


FRAMES = {"index": pd.DataFrame({"a": range(24), "y": [0, 1] * 12, "split": ["train"] * 24})}
NORMALIZED = {"type": "fully_connected", "sizes": [2, 1], "normalization": "batch_norm",
              "input_frames": ["x"]}


@pytest.mark.parametrize(("training", "wanted"), [
    ({"batch_size": 8, "max_epoch_steps": 2, "sampler": {"type": "sequential"}},
     [("SC419", "/training/max_epoch_steps")]),
    ({"batch_size": 8, "max_epoch_steps": 3, "sampler": {"type": "sequential"}}, []),
    ({"batch_size": 8, "max_epoch_steps": 2}, []),
    ({"batch_size": 23}, [("SC403", "/training/batch_size")]),
    # The batch of one row is never reached.
    ({"batch_size": 23, "max_epoch_steps": 1}, []),
])
def test_what_is_said_of_the_rows_left_out(training: dict[str, Any],
                                           wanted: list[tuple[str, str]]) -> None:
    spec = {"specc": 1, "network": NORMALIZED, "training": training,
            "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                           "x": {"type": "plain", "take_columns": ["a"]}},
            "loss": {"type": "torch.nn:BCEWithLogitsLoss"}}
    said = specc.compile(spec, FRAMES).diagnostics
    assert [(one.code, one.pointer) for one in said] == wanted
