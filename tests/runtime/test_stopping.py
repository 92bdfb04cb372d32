"""What ends a run before its last epoch, and which weights it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import loop, stopping
from specc.runtime.evaluate import evaluate
from specc.runtime.history import Row
from specc.runtime.progress import Lines, Silent
from specc.runtime.session import Session, open_session

import specc

CPU = torch.device("cpu")
ROWS = 40
RNG = np.random.default_rng(6)
INDEX = pd.DataFrame({"a": RNG.normal(size=ROWS), "y": RNG.integers(0, 2, ROWS),
                      "split": ["train"] * 24 + ["valid"] * 8 + ["test"] * 8})
STOPPING = {"split": "valid", "metric": "roc_auc_score", "patience": 2}


def spec_of(**training: Any) -> dict[str, Any]:
    return {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.5},
        "metrics": [{"type": "sklearn.metrics:roc_auc_score"},
                    {"type": "sklearn.metrics:log_loss"}],
        "training": {"epochs": 5, "batch_size": 10, "device": "cpu", **training},
    }


def plan_of(**training: Any) -> Plan:
    compiled = specc.compile(spec_of(**training), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def trained(**training: Any) -> tuple[Session, Any]:
    session = open_session(plan_of(**training), CPU)
    history, _ = loop.train(session, Silent(), lambda row: None)
    return session, history


def weights(session: Session) -> list[float]:
    return torch.cat([weight.detach().flatten()
                      for weight in session.module.parameters()]).tolist()


# Limits of the run


@pytest.mark.parametrize(("most", "rows"), [
    (1, [10]), (3, [24]), (4, [24, 10]), (6, [24, 24]), (100, [24] * 5),
])
def test_max_steps_ends_the_run_in_the_middle_of_an_epoch(most: int, rows: list[int]) -> None:
    session, history = trained(max_steps=most)
    plan = session.plan
    assert history.columns["rows"] == rows
    assert (plan.steps, plan.epochs) == (min(most, 15), len(rows))
    # The last epoch is evaluated, however short it was.
    assert history.columns["loss_test"][-1] is not None
    assert history.kept == len(rows)


def test_a_run_that_was_cut_short_is_the_start_of_the_long_one() -> None:
    _, whole = trained()
    _, short = trained(max_steps=6)
    for name in ("loss_train", "loss_test"):
        assert whole.columns[name][:2] == short.columns[name]


def test_schedules_are_as_long_as_the_run() -> None:
    document = spec_of(max_steps=4) | {"scheduler": {
        "type": "torch.optim.lr_scheduler:OneCycleLR", "max_lr": 0.1, "cycle_momentum": False}}
    document["optimizer"] = {"type": "torch.optim:SGD", "momentum": 0.9}
    plan = specc.compile(document, {"index": INDEX}).plan
    assert plan is not None
    assert open_session(plan, CPU).scheduler.total_steps == 4
    document["scheduler"] = {"type": "torch.optim.lr_scheduler:CosineAnnealingLR"}
    plan = specc.compile(document, {"index": INDEX}).plan
    assert plan is not None
    assert open_session(plan, CPU).scheduler.T_max == 2


def test_max_seconds_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(stopping.time, "perf_counter", lambda: now[0])

    class Clock(Silent):
        def batch(self, epoch: int, rows: int, loss: float) -> None:
            now[0] += 1.0

    history, evaluations = loop.train(open_session(plan_of(max_seconds=4.5), CPU), Clock(),
                                      lambda row: None)
    assert history.columns["rows"] == [24, 20]
    assert set(evaluations) == {"train", "valid", "test"}


# Early stopping


def follow(values: list[float | None], **args: Any) -> tuple[int, int]:
    """After how many values training ends, and whose weights are kept; all count from 1."""
    plan = plan_of(early_stopping={**STOPPING, **args})
    watch, history, module = stopping.Watch(plan), loop.History(), torch.nn.Linear(1, 1)
    column = f"{args.get('metric', 'roc_auc_score')}_valid"
    for epoch, value in enumerate(values, start=1):
        torch.nn.init.constant_(module.weight, epoch)
        row: Row = {"epoch": epoch, column: value}
        history.kept = epoch
        if watch.sees(row, module):
            break
    watch.restore(module, history)
    assert module.weight.item() == history.kept
    return epoch, history.kept


@pytest.mark.parametrize(("values", "args", "wanted"), [
    ([0.5, 0.6, 0.6, 0.6, 0.9], {}, (4, 2)),
    ([0.5, 0.6, 0.55, 0.7, 0.8], {}, (5, 5)),
    ([0.5, 0.4, 0.3, 0.9], {"metric": "loss"}, (4, 3)),
    ([0.5, 0.4, 0.6, 0.7], {"metric": "log_loss"}, (4, 2)),
    ([0.5, 0.55, 0.59, 0.9], {"min_change": 0.1}, (3, 1)),
    ([0.5, 0.55, 0.61, 0.9], {"min_change": 0.1}, (4, 4)),
    ([None, 0.5, None, 0.4, 0.9], {}, (4, 2)),
    ([None, None, 0.9], {}, (2, 2)),
    ([0.5, 0.6, 0.6, 0.6, 0.9], {"restore_best": False}, (4, 4)),
    ([0.9, 0.5, 0.9], {"patience": 1}, (2, 1)),
])
def test_what_is_watched(values: list[float | None], args: dict[str, Any],
                         wanted: tuple[int, int]) -> None:
    assert follow(values, **args) == wanted


def test_the_best_weights_are_kept_and_measured(tmp_path: Path) -> None:
    document = spec_of(epochs=30, early_stopping={**STOPPING, "metric": "loss"})
    document["optimizer"]["lr"] = 20.0
    run = specc.run(document, {"index": INDEX}, out=tmp_path)
    losses = run.history["loss_valid"]
    best = int(losses.idxmin())
    assert len(losses) == best + 3 < 30
    said = json.loads((run.folder / "metrics.json").read_text())
    assert said["epoch"] == best + 1
    for split in ("train", "valid", "test"):
        # The loss of training itself stands under the name of the split.
        if split != "train":
            assert said["splits"][split]["loss"] == run.history[f"loss_{split}"][best]
    plain = specc.run(spec_of(epochs=best + 1) | {"optimizer": document["optimizer"]},
                      {"index": INDEX}, out=tmp_path)
    for name in ("model/weights.safetensors", "predictions.parquet"):
        assert (run.folder / name).read_bytes() == (plain.folder / name).read_bytes()


def test_watching_changes_no_number() -> None:
    session, history = trained()
    watched, same = trained(early_stopping={**STOPPING, "patience": 100, "restore_best": False})
    assert weights(session) == weights(watched)
    assert history.columns["loss_train"] == same.columns["loss_train"]


@pytest.mark.parametrize(("change", "found"), [
    ({"metric": "accuracy_score"}, ("SC410", "/training/early_stopping/metric")),
    ({"metric": "roc_auc_score_valid"}, ("SC410", "/training/early_stopping/metric")),
    ({"split": "validation"}, ("SC204", "/training/early_stopping/split")),
])
def test_what_cannot_be_watched(change: dict[str, Any], found: tuple[str, str]) -> None:
    said = specc.compile(spec_of(early_stopping={**STOPPING, **change}), {"index": INDEX})
    assert [(one.code, one.pointer) for one in said.diagnostics] == [found]


def test_a_split_that_is_not_evaluated_cannot_be_watched() -> None:
    said = specc.compile(spec_of(early_stopping=STOPPING, evaluate_on=["test"]),
                         {"index": INDEX}).diagnostics
    assert [(one.code, one.pointer) for one in said] == [
        ("SC204", "/training/early_stopping/split")]


# Evaluation before training


def test_the_untrained_network_is_epoch_0(tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(evaluate_before_training=True, epochs=2)
    untrained = {split: evaluate(open_session(plan, CPU), split).measures["loss"]
                 for split in ("train", "test")}
    history, _ = loop.train(open_session(plan, CPU), Lines(plan), lambda row: None)
    columns = history.columns
    assert columns["epoch"] == [0, 1, 2] and columns["rows"] == [0, 24, 24]
    assert columns["loss_train"][0] == untrained["train"]
    assert columns["loss_test"][0] == untrained["test"]
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("epoch 0/2  loss_train ")
    _, without = trained(epochs=2)
    assert without.columns["loss_test"] == columns["loss_test"][1:]
    run = specc.run(spec_of(evaluate_before_training=True), {"index": INDEX}, out=tmp_path)
    assert (run.folder / "report.html").exists()
    assert run.history["epoch"].tolist() == [0, 1, 2, 3, 4, 5]
