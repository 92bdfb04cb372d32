"""One step of the optimizer: on the gradients of several batches, and clipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session

import specc

CPU = torch.device("cpu")
ROWS = 36
RNG = np.random.default_rng(7)
INDEX = pd.DataFrame({"a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS),
                      "y": RNG.integers(0, 2, ROWS), "split": "train"})


def plan_of(reduction: str = "mean", **training: Any) -> Plan:
    compiled = specc.compile({
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss", "reduction": reduction},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
        "training": {"epochs": 2, "batch_size": 6, "device": "cpu",
                     "sampler": {"type": "sequential"}, **training},
    }, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def trained(*args: Any, **training: Any) -> tuple[Session, Any]:
    session = open_session(plan_of(*args, **training), CPU)
    history, _ = loop.train(session, Silent(), lambda row: None)
    return session, history


def weights(session: Session) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in session.module.parameters()])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("parts", "whole"), [
    ({"batch_size": 6, "accumulate": 3}, {"batch_size": 18}),
    # The last step of the epoch has fewer batches, and its last batch fewer rows.
    ({"batch_size": 5, "accumulate": 4}, {"batch_size": 20}),
    ({"batch_size": 12, "mini_batch_size": 6, "accumulate": 6}, {"batch_size": 36}),
    ({"batch_size": 6, "accumulate": 100}, {"batch_size": 36}),
])
def test_accumulated_steps_are_those_of_one_large_batch(
        reduction: str, parts: dict[str, int], whole: dict[str, int]) -> None:
    added, history = trained(reduction, **parts)
    once, wanted = trained(reduction, **whole)
    torch.testing.assert_close(weights(added), weights(once))
    assert history.columns["loss_train"] == pytest.approx(wanted.columns["loss_train"])
    assert added.plan.steps_per_epoch == once.plan.steps_per_epoch


def test_progress_counts_steps_and_all_rows() -> None:
    class Counted(Silent):
        def __init__(self) -> None:
            self.rows: list[int] = []

        def batch(self, epoch: int, rows: int, loss: float) -> None:
            self.rows.append(rows)

    seen = Counted()
    plan = plan_of(batch_size=5, accumulate=3)
    loop.run_epoch(open_session(plan, CPU), 1, seen)
    assert seen.rows == [15, 15, 6] and plan.steps_per_epoch == 3


def test_limits_count_optimizer_steps() -> None:
    session, history = trained(accumulate=2, max_steps=4)
    assert session.plan.steps_per_epoch == 3
    assert history.columns["rows"] == [36, 12]


@pytest.mark.parametrize("accumulate", [1, 3])
def test_gradients_are_clipped_to_their_norm(accumulate: int) -> None:
    def first_step(**training: Any) -> torch.Tensor:
        plan = plan_of("sum", accumulate=accumulate, max_steps=1, **training)
        session = open_session(plan, CPU)
        before = weights(session)
        loop.train(session, Silent(), lambda row: None)
        return (before - weights(session)) / 0.1

    free, clipped = first_step(), first_step(gradient_clipping=0.5)
    assert free.norm() > 0.5
    assert clipped.norm() == pytest.approx(0.5, rel=1e-3)
    torch.testing.assert_close(clipped, free * (0.5 / free.norm()), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(first_step(gradient_clipping=1e6), free)
