"""What a person sees of a run."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
from specc.compiler.stages import Plan
from specc.runtime.progress import Lines, Live, Silent, epoch_line

import specc

SPEC: dict[str, Any] = {
    "specc": 1,
    "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                   "x": {"type": "plain", "take_columns": ["a"]}},
    "network": {"type": "output", "input_frames": ["x"]},
    "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    "training": {"epochs": 2, "batch_size": 4, "device": "cpu", "evaluate_every": 2},
}
FRAMES = {"index": pd.DataFrame({"a": [float(row) for row in range(12)], "y": [0, 1] * 6,
                                 "split": ["train"] * 10 + ["test"] * 2})}


def plan_of(**parts: Any) -> Plan:
    plan = specc.compile({**SPEC, **parts}, FRAMES).plan
    assert plan is not None
    return plan


def test_lines_say_one_line_for_each_epoch(tmp_path) -> None:
    stream = io.StringIO()
    result = specc.run(SPEC, FRAMES, out=tmp_path, progress=lambda plan: Lines(plan, stream))
    first, second = stream.getvalue().splitlines()
    losses = [f"{value:.4f}" for value in result.history["loss_train"]]
    assert first.startswith(f"epoch 1/2  loss_train {losses[0]}")
    assert second.startswith(f"epoch 2/2  loss_train {losses[1]}")
    tested = f"test {result.metrics['test']['loss']:.4f}"
    assert tested in second and "test" not in first
    assert first.endswith(" rows/s") and "seconds" not in first


def test_silence_is_the_default(tmp_path, capsys) -> None:
    assert specc.run(SPEC, FRAMES, out=tmp_path).run is not None
    assert capsys.readouterr() == ("", "")


def test_first_metric_is_shown_and_none_is_undefined() -> None:
    plan = plan_of(metrics=[{"type": "sklearn.metrics:roc_auc_score"},
                            {"type": "sklearn.metrics:log_loss"}])
    row: dict[str, float | int | None] = {
        "epoch": 2, "rows": 1000, "seconds": 0.5, "learning_rate": 0.1, "loss_train": 0.25,
        "loss_test": 0.75, "roc_auc_score_train": 0.5, "roc_auc_score_test": None,
        "log_loss_test": 0.3}
    assert epoch_line(row, plan) == (
        "epoch 2/2  loss_train 0.2500  roc_auc_score: train 0.5000, test undefined  2,000 rows/s")


def test_live_bar_takes_a_whole_run(tmp_path, capsys) -> None:
    result = specc.run(SPEC, FRAMES, out=tmp_path, progress=Live)
    assert result.run is not None
    shown = capsys.readouterr()
    assert shown.out == "" and "epoch 1/2" in shown.err and "epoch 2/2" in shown.err


def test_every_form_takes_the_same_calls() -> None:
    plan = plan_of()
    for form in (Silent(), Lines(plan, io.StringIO()), Live(plan)):
        with form as shown:
            shown.batch(1, 4, 0.5)
            shown.epoch({"epoch": 1, "rows": 4, "seconds": 0.1, "loss_train": 0.5})
