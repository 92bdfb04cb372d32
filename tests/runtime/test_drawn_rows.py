"""Limits of evaluations: which rows they see, when they end, and what they leave alone.

Not checked here: which limits a spec may set (tests/golden).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.checkpoint_file import BROKEN, read_checkpoint, write_checkpoint
from specc.runtime.drawn_rows import DrawnRows
from specc.runtime.evaluate import Evaluation, evaluate, evaluate_all
from specc.runtime.history import History
from specc.runtime.progress import Silent
from specc.runtime.session import open_session
from specc.runtime.training_state import TrainingState

import specc

CPU = torch.device("cpu")
RNG = np.random.default_rng(9)
TRAIN, TEST = 40, 33
ROWS = TRAIN + TEST
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "y": RNG.integers(0, 2, ROWS),
    # Queries of one to nine rows that lie between each other.
    "user": np.minimum(RNG.integers(0, 12, ROWS), RNG.integers(0, 12, ROWS)),
    "day": RNG.integers(0, 3, ROWS), "split": ["train"] * TRAIN + ["test"] * TEST})
RANKING = [{"type": "ndcg", "query": ["user", "day"]}, {"type": "group_auc", "query": "user"}]
Limits = dict[str, Any]


def spec_of(limits: Limits | None, metrics: Any = (), **training: Any) -> dict[str, Any]:
    return {
        "specc": 1, "seed": 4,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "fully_connected", "sizes": [4, 1], "input_frames": ["x"],
                    "dropout": 0.2},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "metrics": list(metrics) or [{"type": "sklearn.metrics:roc_auc_score"}],
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.5},
        "training": {"epochs": 4, "batch_size": 5, "device": "cpu",
                     "evaluation_limits": limits, **training},
    }


def plan_of(limits: Limits | None, *metrics: Any, **training: Any) -> Plan:
    compiled = specc.compile(spec_of(limits, metrics, **training), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


class Seen:
    """Every evaluation of a run, by the splits in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch,
                 after: Callable[[], None] = lambda: None) -> None:
        self.all: list[dict[str, Evaluation]] = []

        def watched(*args: Any) -> dict[str, Evaluation]:
            self.all.append(evaluate_all(*args))
            after()
            return self.all[-1]

        monkeypatch.setattr(loop, "evaluate_all", watched)

    def rows(self) -> list[tuple[int, ...]]:
        return [tuple(len(one.samples) for one in found.values()) for found in self.all]


def trained(plan: Plan) -> tuple[History, dict[str, Evaluation]]:
    return loop.train(open_session(plan, CPU), Silent(), lambda row: None)


# Rows


def test_an_evaluation_sees_the_same_rows_in_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(monkeypatch)
    _, final = trained(plan_of({"max_batches": 3}, evaluate_before_training=True))
    # Epochs 0 to 4 on 15 rows of each split, and the end on all.
    assert seen.rows() == [(15, 15)] * 5 + [(TRAIN, TEST)]
    for split in ("train", "test"):
        first, *others = (found[split].samples.tolist() for found in seen.all[:-1])
        assert all(other == first for other in others)
        # Drawn from the whole split, each row once, and in the order of the index frame.
        assert sorted(set(first)) == first and max(first) - min(first) > 15
        assert len(final[split].samples) == {"train": TRAIN, "test": TEST}[split]
    assert {*seen.all[0]["test"].samples} <= {*range(TRAIN, ROWS)}


def test_draws_tell_seeds_and_splits_apart() -> None:
    drawn = DrawnRows(plan_of({"max_batches": 3}))
    again = DrawnRows(plan_of({"max_batches": 3, "max_run_batches": 5}, epochs=9))
    assert drawn.of("test").equal(again.of("test"))
    more = DrawnRows(plan_of({"max_batches": 4})).of("test")
    # A larger draw holds the smaller one.
    assert set(drawn.of("test").tolist()) < set(more.tolist())
    other = specc.compile({**spec_of({"max_batches": 3}), "seed": 5}, {"index": INDEX}).plan
    assert other is not None and not DrawnRows(other).of("test").equal(drawn.of("test"))


def test_draws_are_even() -> None:
    counts = np.zeros(ROWS)
    document = spec_of({"max_batches": 2})
    for seed in range(60):
        plan = specc.compile({**document, "seed": seed}, {"index": INDEX}).plan
        assert plan is not None
        counts[DrawnRows(plan).of("test").numpy()] += 1
    # 10 of 33 rows in each of 60 draws: each row 18 times, give or take four deviations.
    assert counts[TRAIN:].min() >= 4 and counts[TRAIN:].max() <= 32


@pytest.mark.parametrize("limits", [{"max_batches": 7}, {"max_batches": 10**12}, {}])
def test_a_limit_that_leaves_everything_changes_nothing(limits: Limits) -> None:
    whole, measured = trained(plan_of(None))
    limited, same = trained(plan_of(limits))
    # All 33 rows of test; train has 40.
    for name in ("loss_test", "roc_auc_score_test"):
        assert whole.columns[name] == limited.columns[name]
    assert {name: one.measures for name, one in measured.items()} == \
        {name: one.measures for name, one in same.items()}


def test_the_measures_are_those_of_the_rows() -> None:
    plan = plan_of({"max_batches": 3})
    session, drawn = open_session(plan, CPU), DrawnRows(plan)
    rows = drawn.of("test")
    measured = evaluate(session, "test", drawn)
    whole = evaluate(session, "test")
    assert measured.samples.tolist() == rows.tolist()
    assert isinstance(measured.output, np.ndarray) and isinstance(whole.output, np.ndarray)
    places = rows.numpy() - TRAIN
    np.testing.assert_array_equal(measured.output, whole.output[places])
    np.testing.assert_array_equal(measured.label, np.asarray(whole.label)[places])
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(measured.output), torch.from_numpy(np.asarray(measured.label)))
    assert measured.measures["loss"] == float(wanted) != whole.measures["loss"]


# Queries


@pytest.mark.parametrize("limits", [{"max_batches": 3}, {"max_batches": 3, "max_seconds": 1e9},
                                    {"max_batches": 1}, {"max_seconds": 1e-9}])
def test_queries_are_drawn_whole(limits: Limits) -> None:
    plan = plan_of(limits, *RANKING)
    found = evaluate(open_session(plan, CPU), "test", DrawnRows(plan))
    seen = set(found.samples.tolist())
    users = INDEX["user"].to_numpy()
    of_test = np.arange(TRAIN, ROWS)
    for user in {users[sample] for sample in seen}:
        assert set(of_test[users[TRAIN:] == user].tolist()) <= seen
    assert len(seen) == len(found.samples)
    assert len(seen) <= 15 or len({users[sample] for sample in seen}) == 1
    assert found.measures["group_auc"] is not None or len(seen) < 6


def test_a_query_that_is_longer_than_the_limit_is_taken_whole() -> None:
    index = INDEX.assign(user=0)
    plan = specc.compile(spec_of({"max_batches": 1}, RANKING[1:]), {"index": index}).plan
    assert plan is not None
    assert len(DrawnRows(plan).of("test")) == TEST


def test_queries_that_no_draw_keeps_whole_are_refused() -> None:
    said = specc.compile(spec_of({"max_batches": 3}, [
        {"type": "ndcg", "query": "day"}, {"type": "group_auc", "query": "user"}]),
        {"index": INDEX}).diagnostics
    assert [(one.code, one.pointer) for one in said] == [
        ("SC417", "/training/evaluation_limits")]
    for limits in ({"max_run_batches": 3}, None):
        assert specc.compile(spec_of(limits, [
            {"type": "ndcg", "query": "day"}, {"type": "group_auc", "query": "user"}]),
            {"index": INDEX}).ok


# Seconds


def test_max_seconds_ends_an_evaluation_with_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    plan = plan_of({"max_seconds": 2.5})
    session = open_session(plan, CPU)
    batches = session.evaluation.of

    def slow(samples: torch.Tensor) -> Any:
        now[0] += 1.0
        return batches(samples)

    monkeypatch.setattr(session.evaluation, "of", slow)
    drawn = DrawnRows(plan)
    assert drawn.of("test").tolist() != sorted(drawn.of("test").tolist())
    for split in ("train", "test"):
        found = evaluate(session, split, drawn)
        # Three batches of five rows, those of the draw that come first.
        assert found.samples.tolist() == drawn.of(split)[:15].tolist()
        assert len(np.asarray(found.output)) == len(np.asarray(found.label)) == 15


def test_some_rows_are_always_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(monkeypatch)
    trained(plan_of({"max_seconds": 1e-9, "max_batches": 3}))
    assert seen.rows() == [(5, 5)] * 4 + [(TRAIN, TEST)]


# The whole run


@pytest.mark.parametrize(("limits", "epochs"), [
    # Eight batches of train and seven of test for one evaluation.
    ({"max_run_batches": 14}, [4]), ({"max_run_batches": 15}, [1, 4]),
    ({"max_run_batches": 44}, [1, 2, 4]), ({"max_run_batches": 45}, [1, 2, 3, 4]),
    ({"max_run_batches": 1000}, [1, 2, 3, 4]),
    ({"max_run_batches": 4, "max_batches": 1}, [1, 2, 4]),
    ({"max_run_seconds": 1.5}, [1, 2, 4]), ({"max_run_seconds": 1}, [1, 4]),
])
def test_the_limits_of_a_run_end_evaluations_until_the_last_epoch(
        limits: Limits, epochs: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def second() -> None:
        now[0] += 1.0

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    Seen(monkeypatch, second)
    history, final = trained(plan_of(limits))
    evaluated = [epoch for epoch, loss in enumerate(history.columns["loss_test"], 1)
                 if loss is not None]
    assert evaluated == epochs
    assert {split: len(one.samples) for split, one in final.items()} == {
        "train": TRAIN, "test": TEST}


def test_early_stopping_watches_the_drawn_rows() -> None:
    stopping = {"split": "test", "patience": 1, "min_change": 10.0}
    history, final = trained(plan_of({"max_batches": 2}, early_stopping=stopping))
    # The first is the best, the second is behind.
    assert len(history) == 2 and history.kept == 1
    assert len(final["test"].samples) == TEST
    # Without evaluations it does not see anything between.
    blind, _ = trained(plan_of({"max_run_batches": 15}, early_stopping=stopping))
    assert len(blind) == 4


@pytest.mark.parametrize("limits", [{"max_batches": 2}, {"max_run_batches": 1},
                                    {"max_seconds": 1e-9}, {"max_run_seconds": 1e-9}])
def test_the_end_does_not_depend_on_limits(limits: Limits, tmp_path: Path) -> None:
    whole = specc.run(spec_of(None), {"index": INDEX}, out=tmp_path)
    limited = specc.run(spec_of(limits), {"index": INDEX}, out=tmp_path)
    for name in ("metrics.json", "predictions.parquet", "model/weights.safetensors"):
        assert (whole.folder / name).read_bytes() == (limited.folder / name).read_bytes()
    # The plan names the limits, for the history depends on them.
    plans = [json.loads((run.folder / "plan.json").read_text())["training"]
             for run in (whole, limited)]
    assert plans[0] == {key: value for key, value in plans[1].items()
                        if key != "evaluation_limits"} != plans[1]
    assert not whole.history.equals(limited.history)


# Going on


class Stop(Exception):
    """Ends training where a test wants it."""


class After:
    """Keeps the state after an epoch, and ends the run there."""

    def __init__(self, place: Path, epoch: int) -> None:
        self.place, self.at = place, epoch

    def step(self, state: TrainingState) -> None:
        return None

    def epoch(self, state: TrainingState) -> None:
        if state.next_epoch - 1 == self.at:
            write_checkpoint(self.place, state.tree())
            raise Stop


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("limits", [{"max_batches": 2}, {"max_run_batches": 30},
                                    {"max_batches": 1, "max_run_batches": 4}])
def test_a_run_that_goes_on_has_what_is_left(limits: Limits, epoch: int, tmp_path: Path) -> None:
    plan = plan_of(limits)
    wanted, _ = trained(plan)
    state = TrainingState(open_session(plan, CPU))
    with pytest.raises(Stop):
        loop.train(state.session, Silent(), lambda row: None, state=state,
                   keeper=After(tmp_path / "c", epoch))
    again = TrainingState(open_session(plan, CPU))
    again.load(read_checkpoint(tmp_path / "c"))
    history, _ = loop.train(again.session, Silent(), lambda row: None, state=again)
    for name in wanted.columns:
        if name != "seconds":
            assert history.columns[name] == wanted.columns[name], name


@pytest.mark.parametrize("change", [
    lambda tree: tree.pop("evaluations"), lambda tree: tree["evaluations"].pop("batches"),
    lambda tree: tree["evaluations"].update(seconds="many"),
])
def test_a_checkpoint_without_what_was_spent_is_refused(change: Callable[[Any], Any]) -> None:
    plan = plan_of({"max_run_batches": 30})
    tree = TrainingState(open_session(plan, CPU)).tree()
    change(tree)
    with pytest.raises(BROKEN):
        TrainingState(open_session(plan, CPU)).load(tree)
