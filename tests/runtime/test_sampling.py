"""Which training rows come in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.stages import Plan
from specc.runtime.sampling import split_samples, training_order

import specc

ROWS = 60
SPLIT = np.array(["train", "test", "display"])[np.arange(ROWS) % 3]


def plan_of(seed: int = 0, sampler: str = "auto", priority: Any = None,
            arguments: Mapping[str, Any] | None = None, **columns: Any) -> Plan:
    index = pd.DataFrame({"a": np.arange(ROWS) / ROWS, "y": np.arange(ROWS) % 2, "split": SPLIT})
    index = index.assign(**columns)
    if priority is not None:
        index["priority"] = priority
    spec = {
        "specc": 1, "seed": seed,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "training": {"epochs": 2, "batch_size": 7,
                     "sampler": {"type": sampler, **(arguments or {})}},
    }
    compiled = specc.compile(spec, {"index": index})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def order(plan: Plan, epoch: int = 1) -> list[int]:
    return training_order(plan, epoch).tolist()


def training_samples(plan: Plan) -> list[int]:
    return np.flatnonzero(plan.samples.training).tolist()


def test_t15_training_rows_are_shuffled_by_default() -> None:
    plan = plan_of()
    assert order(plan) != training_samples(plan)
    assert sorted(order(plan)) == training_samples(plan)


def test_training_rows_are_those_of_train_and_display() -> None:
    plan = plan_of()
    rows = plan.samples.rows[training_samples(plan)]
    assert set(SPLIT[rows]) == {"train", "display"} and len(rows) == 40


def test_sequential_is_the_order_of_the_index_frame() -> None:
    plan = plan_of(sampler="sequential")
    assert order(plan) == order(plan, 2) == training_samples(plan)
    rows = plan.samples.rows[order(plan)]
    assert (np.diff(rows) > 0).all()


def test_epochs_differ_and_repeat_themselves() -> None:
    plan, again = plan_of(), plan_of()
    assert order(plan, 1) != order(plan, 2)
    for epoch in (1, 2, 3):
        assert order(plan, epoch) == order(again, epoch)
    # An epoch depends on its number, not on the epochs before it.
    assert order(plan, 3) == training_order(again, 3).tolist()


@pytest.mark.parametrize("sampler", ["shuffled", "priority"])
def test_t3_every_order_follows_the_seed(sampler: str) -> None:
    priority = np.ones(ROWS)
    first, same, other = (plan_of(seed, sampler, priority) for seed in (1, 1, 2))
    assert order(first) == order(same) != order(other)


def test_t4_duplicate_rows_are_samples_of_their_own() -> None:
    plan = plan_of(a=0.5, y=np.arange(ROWS) // 30)
    assert len(set(order(plan))) == len(order(plan)) == 40


def test_priority_is_the_chance_to_be_drawn() -> None:
    priority = np.where(np.arange(ROWS) % 2 == 0, 3.0, 1.0)
    priority[:6] = 0
    plan = plan_of(priority=priority)
    assert plan.sampler.type == "priority"
    drawn = np.concatenate([order(plan, epoch) for epoch in range(1, 301)])
    samples = np.array(training_samples(plan))
    assert len(drawn) == 300 * len(samples)
    counts = np.bincount(drawn, minlength=len(plan.samples))
    assert counts[~plan.samples.training].sum() == 0
    chances = priority[plan.samples.rows[samples]]
    assert (counts[samples][chances == 0] == 0).all() and (chances == 0).any()
    wanted = len(drawn) * chances / chances.sum()
    kept = wanted > 0
    chi_square = ((counts[samples][kept] - wanted[kept]) ** 2 / wanted[kept]).sum()
    # The mean of the statistic is its degrees of freedom; ten standard deviations above it
    # a bug is likelier than bad luck, and the seed is fixed.
    freedom = kept.sum() - 1
    assert chi_square < freedom + 10 * np.sqrt(2 * freedom)


def test_priority_draws_with_replacement() -> None:
    plan = plan_of(priority=np.ones(ROWS))
    assert len(set(order(plan))) < len(order(plan)) == 40


def test_size_is_the_length_of_an_epoch() -> None:
    for size, rows in ((1.0, 40), (0.5, 20), (2.5, 100), (0.001, 1)):
        plan = plan_of(priority=np.ones(ROWS), sampler="priority", arguments={"size": size})
        assert len(order(plan)) == plan.epoch_rows == rows
        assert plan.steps_per_epoch == -(-rows // 7)
        assert plan.training_rows == 40


def test_without_replacement_no_row_comes_twice_and_none_without_priority() -> None:
    priority = np.where(np.arange(ROWS) < 30, 0.0, 1.0 + np.arange(ROWS) % 5)
    plan = plan_of(priority=priority, sampler="priority", arguments={"replacement": False})
    drawn = order(plan)
    assert len(drawn) == len(set(drawn)) == plan.epoch_rows == 20
    assert (priority[plan.samples.rows[drawn]] > 0).all()
    assert order(plan, 2) != drawn


def test_without_replacement_the_first_row_has_the_chance_of_its_priority() -> None:
    priority = np.where(np.arange(ROWS) % 2 == 0, 3.0, 1.0)
    plan = plan_of(priority=priority, sampler="priority",
                   arguments={"replacement": False, "size": 0.025})
    assert plan.epoch_rows == 1
    firsts = np.array([order(plan, epoch)[0] for epoch in range(1, 1001)])
    share = (priority[plan.samples.rows[firsts]] == 3.0).mean()
    # 750 are expected, with a standard deviation of 14.
    assert 0.68 < share < 0.82


@pytest.mark.parametrize(("magnitude", "rare"), [(0.0, 0.1), (1.0, 0.5)])
def test_even_draws_each_value_equally_often(magnitude: float, rare: float) -> None:
    kind = np.where(np.arange(ROWS) % 10 == 0, "rare", "common")
    plan = plan_of(sampler="even", kind=kind,
                   arguments={"column": "kind", "magnitude": magnitude, "size": 50})
    share = (kind[plan.samples.rows[order(plan)]] == "rare").mean()
    assert share == pytest.approx(rare, abs=0.05)


def test_even_leaves_stored_priorities_alone() -> None:
    with_priority = plan_of(sampler="even", arguments={"column": "y"},
                            priority=np.arange(ROWS) == 0)
    assert order(with_priority) == order(plan_of(sampler="even", arguments={"column": "y"}))


def test_a_column_to_even_out_is_still_a_feature() -> None:
    plan = plan_of(sampler="even", arguments={"column": "a"})
    assert plan.shaped.fitted.extractors["x"].feature_names == ("a",)
    (index,) = plan.description["data"]["frames"]
    uses = {column["name"]: column["read_as"] for column in index["columns"]}
    assert uses["a"] == ["feature", "sampling"]


@pytest.mark.parametrize("sampler", ["priority", "even"])
@pytest.mark.parametrize("replacement", [True, False])
def test_t3_every_draw_follows_the_seed(sampler: str, replacement: bool) -> None:
    arguments: dict[str, Any] = {"replacement": replacement}
    if sampler == "even":
        arguments["column"] = "y"
    first, same, other = (
        plan_of(seed, sampler, np.ones(ROWS), arguments) for seed in (1, 1, 2))
    assert order(first) == order(same) != order(other)
    assert order(first) != order(first, 2)


def test_a_sampler_that_cannot_draw_so_many_rows_is_refused() -> None:
    document = {
        "specc": 1, "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                                   "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "training": {"sampler": {"type": "priority", "replacement": False, "size": 1.5}},
    }
    (found,) = specc.validate(document).diagnostics
    assert (found.code, found.pointer) == ("SC204", "/training/sampler/size")


def test_priority_of_rows_that_do_not_train_counts_for_nothing() -> None:
    priority = np.where(SPLIT == "test", 1e6, 1.0)
    plan = plan_of(priority=priority)
    assert set(order(plan)) <= set(training_samples(plan))


@pytest.mark.parametrize("split", ["train", "test", "display"])
def test_splits_are_evaluated_in_the_order_of_the_index_frame(split: str) -> None:
    plan = plan_of()
    rows = plan.samples.rows[split_samples(plan, split).numpy()]
    assert rows.tolist() == np.flatnonzero(split == SPLIT).tolist()
