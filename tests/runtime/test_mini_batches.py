"""Batches cut into mini-batches: which rows go through the network when, and what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.planning.epochs import parts_of as sizes_of
from specc.compiler.stages import Plan
from specc.runtime import loop
from specc.runtime.batches import Batch
from specc.runtime.lookup import CodedInput
from specc.runtime.mini_batches import parts_of, rows_of
from specc.runtime.progress import Silent
from specc.runtime.sampling import training_order
from specc.runtime.session import open_session
from specc.runtime.timing import time_steps
from specc.schema.networks.modules.values import Features, Sequence

import specc

CPU = torch.device("cpu")
ROWS = 50
RNG = np.random.default_rng(4)
INDEX = pd.DataFrame({
    "a": RNG.normal(size=ROWS), "word": [f"w{row}" for row in range(ROWS)],
    "y": np.arange(ROWS) % 2, "split": ["train"] * 40 + ["test"] * 10})


def spec_of(**training: Any) -> dict[str, Any]:
    return {
        "specc": 1, "seed": 5,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "word"],
                             "transformer": {"type": "auto", "categorical": {
                                 "type": "categorical", "max_values": 100}}}},
        "network": {"type": "fully_connected", "sizes": [3, 1], "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
        "training": {"epochs": 2, "batch_size": 12, "device": "cpu", **training},
    }


def plan_of(**training: Any) -> Plan:
    compiled = specc.compile(spec_of(**training), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


PLAN = plan_of()


def epoch_of(plan: Plan, epoch: int = 1) -> list[tuple[int, int, Batch]]:
    session = open_session(plan, CPU)
    order = training_order(plan, epoch)
    return [(part.batch, part.mini_epoch, Batch(
        {key: value.clone() for key, value in part.rows.inputs.items()}, part.rows.label.clone()))
        for part in parts_of(plan, session.training.of(order), epoch)]


def rows_in(batch: Batch) -> list[float]:
    (values,) = batch.inputs.values()
    return values[:, 0].tolist()


def test_each_pass_goes_through_all_rows_of_its_batch() -> None:
    parts = epoch_of(plan_of(mini_batch_size=5, mini_epochs=3))
    whole = epoch_of(plan_of())
    sizes = [len(part) for _, _, part in parts]
    assert sizes == [5, 5, 2] * 9 + [4] * 3
    orders = []
    for number, (_, _, batch) in enumerate(whole, start=1):
        for mini_epoch in (1, 2, 3):
            rows = [row for at, passed, part in parts if (at, passed) == (number, mini_epoch)
                    for row in rows_in(part)]
            assert sorted(rows) == sorted(rows_in(batch))
            orders.append(rows)
    assert orders[0] != orders[1] != orders[2]


def test_rows_keep_their_labels() -> None:
    label = dict(zip(INDEX["a"].astype("float32"), INDEX["y"], strict=True))
    for _, _, part in epoch_of(plan_of(mini_batch_size=5)):
        mean, scale = INDEX["a"][:40].mean(), INDEX["a"][:40].std(ddof=0)
        for value, wanted in zip(rows_in(part), part.label[:, 0].tolist(), strict=True):
            nearest = min(label, key=lambda known: abs((known - mean) / scale - value))
            assert label[nearest] == wanted


def test_a_batch_without_mini_batches_is_one_step_a_pass() -> None:
    parts = epoch_of(plan_of(mini_epochs=2))
    assert [(number, passed, len(part)) for number, passed, part in parts] == [
        (number, passed, size) for number, size in enumerate([12, 12, 12, 4], start=1)
        for passed in (1, 2)]


def test_mini_batches_of_the_size_of_a_batch_train_the_same_weights_but_for_rounding() -> None:
    def weights(**training: Any) -> torch.Tensor:
        session = open_session(plan_of(**training), CPU)
        loop.train(session, Silent(), lambda row: None)
        return torch.cat([weight.flatten() for weight in session.module.parameters()])

    torch.testing.assert_close(weights(mini_batch_size=12), weights())
    assert not torch.allclose(weights(mini_batch_size=4), weights())
    assert not torch.allclose(weights(mini_epochs=2), weights())


def test_equal_seeds_give_equal_bits() -> None:
    def trained(seed: int) -> list[float]:
        document = spec_of(mini_batch_size=5, mini_epochs=2, report="mini_epoch") | {"seed": seed}
        plan = specc.compile(document, {"index": INDEX}).plan
        assert plan is not None
        told: list[float] = []
        loop.train(open_session(plan, CPU), Silent(), lambda row: None,
                   lambda row: told.append(row["loss"] or 0.0))
        return told

    assert trained(5) == trained(5) != trained(6)


@given(rows=st.integers(1, 60), batch=st.integers(1, 25), mini=st.integers(1, 25) | st.none(),
       passes=st.integers(1, 3))
def test_parts_are_counted_as_they_are_cut(rows: int, batch: int, mini: int | None,
                                           passes: int) -> None:
    training = replace(PLAN.graph.training, batch_size=batch, mini_batch_size=mini,
                       mini_epochs=passes)
    plan = replace(PLAN, shaped=replace(PLAN.shaped, fitted=replace(
        PLAN.shaped.fitted, bound=replace(PLAN.shaped.fitted.bound, graph=replace(
            PLAN.graph, training=training)))))
    batches = [Batch({}, labels) for labels in torch.zeros(rows, 1).split(batch)]
    sizes: dict[int, int] = {}
    for part in parts_of(plan, batches, 1):
        sizes[len(part.rows)] = sizes.get(len(part.rows), 0) + 1
    assert sizes == sizes_of(training, rows)


def test_steps_and_totals_of_schedulers_follow() -> None:
    plan = plan_of(mini_batch_size=5, mini_epochs=3)
    assert plan.steps_per_epoch == 3 * (3 * 3 + 1) and plan.steps == 60
    document = spec_of(mini_batch_size=5, mini_epochs=3) | {"scheduler": {
        "type": "torch.optim.lr_scheduler:OneCycleLR", "max_lr": 0.1}}
    plan = specc.compile(document, {"index": INDEX}).plan
    assert plan is not None
    session = open_session(plan, CPU)
    assert session.scheduler.total_steps == 60
    history, _ = loop.train(session, Silent(), lambda row: None)
    assert history.columns["rows"] == [120, 120]
    assert session.scheduler.last_epoch == 60
    assert time_steps(plan) is not None


def test_a_last_mini_batch_of_one_row_is_refused_for_batch_normalization() -> None:
    def codes(**training: Any) -> list[tuple[str, str | None]]:
        document = spec_of(**training)
        document["network"]["normalization"] = "batch_norm"
        return [(found.code, found.pointer)
                for found in specc.compile(document, {"index": INDEX}).diagnostics]

    assert codes(mini_batch_size=11) == [("SC403", "/training/mini_batch_size")]
    assert codes(mini_batch_size=3) == [("SC403", "/training/mini_batch_size")]
    assert codes(mini_batch_size=4) == []
    assert codes(batch_size=13) == [("SC403", "/training/batch_size")]


# Rows of an input, whatever its form


def test_rows_of_every_form_of_input() -> None:
    index = torch.tensor([3, 0, 3])
    numbers = torch.arange(8.0).reshape(4, 2)
    torch.testing.assert_close(rows_of(numbers, index), numbers[index])
    coded = rows_of(CodedInput(numbers, numbers.int()), index)
    torch.testing.assert_close(coded.dense, numbers[index])
    torch.testing.assert_close(coded.codes, numbers.int()[index])
    steps = torch.arange(24.0).reshape(4, 3, 2)
    mask = torch.rand(4, 3) < 0.5
    features = Features(steps, steps.long())
    for ages in (None, torch.rand(4, 3)):
        taken = rows_of(Sequence(features, mask, ages), index)
        assert isinstance(taken, Sequence) and isinstance(taken.values, Features)
        torch.testing.assert_close(taken.values.numbers, steps[index])
        torch.testing.assert_close(taken.values.ids, steps.long()[index])
        assert torch.equal(taken.mask, mask[index])
        assert taken.ages is None if ages is None else torch.equal(taken.ages, ages[index])


def test_wide_one_hot_columns_are_cut_too() -> None:
    index = pd.DataFrame({
        "word": [f"w{row % 600}" for row in range(1200)], "y": np.arange(1200) % 2,
        "split": "train"})
    document = spec_of(mini_batch_size=50, batch_size=400, epochs=1)
    document["extractors"]["x"] = {
        "type": "plain", "take_columns": ["word"], "transformer": {"type": "auto", "categorical": {
            "type": "categorical", "max_values": 1000}}}
    plan = specc.compile(document, {"index": index}).plan
    assert plan is not None and plan.shaped.fitted.extractors["x"].codes
    history, _ = loop.train(open_session(plan, CPU), Silent(), lambda row: None)
    assert history.columns["rows"] == [1200]


# What is told within an epoch


@pytest.mark.parametrize(("report", "rows", "mini_epochs"), [
    ("batch", [24, 24, 24, 8], [None] * 4),
    ("mini_epoch", [12, 12] * 3 + [4, 4], [1, 2] * 4),
])
def test_losses_within_an_epoch_are_told(tmp_path: Path, report: str, rows: list[int],
                                         mini_epochs: list[int | None]) -> None:
    document = spec_of(mini_batch_size=5, mini_epochs=2, report=report)
    run = specc.run(document, {"index": INDEX}, out=tmp_path)
    told = pd.read_parquet(run.folder / "batches.parquet")
    assert list(told) == ["epoch", "batch", "mini_epoch", "rows", "loss"]
    assert told["epoch"].tolist() == [1] * len(rows) + [2] * len(rows)
    assert told["rows"].tolist() == rows * 2
    passes = [None if np.isnan(value) else value
              for value in told["mini_epoch"].astype(float)]
    assert passes == mini_epochs * 2
    for epoch, group in told.groupby("epoch"):
        mean = (group["loss"] * group["rows"]).sum() / group["rows"].sum()
        assert mean == pytest.approx(run.history["loss_train"][epoch - 1], rel=1e-5)
    assert len(pd.read_csv(run.folder / "batches.csv")) == len(told)
    log = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert [entry["loss"] for entry in log if entry["event"] == "batch"] == told["loss"].tolist()


def test_nothing_is_told_within_an_epoch_unless_asked_for(tmp_path: Path) -> None:
    run = specc.run(spec_of(), {"index": INDEX}, out=tmp_path)
    assert not list(run.folder.glob("batches.*"))
    assert '"batch"' not in (run.folder / "log.jsonl").read_text()
