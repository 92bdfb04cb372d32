"""Every form of label through a whole run: task, predictions and metrics.

Not checked here: what is refused, for which there is tests/compiler/test_agreement.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import specc

ROWS = 240
RNG = np.random.default_rng(5)
A, B = RNG.normal(size=ROWS), RNG.normal(size=ROWS)
KIND = np.argmax([A, B, -A - B], axis=0)
INDEX = pd.DataFrame({
    "a": A, "b": B,
    "late": (A + B > 0).astype(int), "early": (A > 0.4).astype(int),
    "word": np.where(A - B > 0, "yes", "no"), "color": np.array(["red", "green", "blue"])[KIND],
    "is_red": (KIND == 0).astype(int), "is_green": (KIND == 1).astype(int),
    "is_blue": (KIND == 2).astype(int),
    "number": 3 * A - B + 2, "second": A + B, "share": 1 / (1 + np.exp(-2 * A)),
    "grade": np.clip(np.round(A + 2), 0, 4), "query": np.arange(ROWS) // 8,
    "split": np.where(np.arange(ROWS) < 160, "train", "test"),
})
FUNCTIONS = "sklearn.metrics:"
BCE, CROSS_ENTROPY = "torch.nn:BCEWithLogitsLoss", "torch.nn:CrossEntropyLoss"


def run(folder: Path, columns: list[str], loss: Any, measured: list[dict[str, Any]],
        transformer: str = "identity", epochs: int = 30) -> specc.RunResult:
    result = specc.run({
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": columns,
                                 "transformer": {"type": transformer}},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": loss} if isinstance(loss, str) else loss,
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.05},
        "metrics": measured,
        "training": {"epochs": epochs, "batch_size": 40, "evaluate_every": epochs,
                     "device": "cpu"},
    }, {"index": INDEX}, out=folder)
    assert result.ok, str(result)
    assert None not in result.metrics["test"].values()
    return result


def of_test(result: specc.RunResult) -> pd.DataFrame:
    return result.predictions[result.predictions["split"] == "test"]


def test_two_numbers(tmp_path: Path) -> None:
    result = run(tmp_path, ["late"], BCE, [
        {"type": f"{FUNCTIONS}roc_auc_score"}, {"type": "expected_calibration_error"},
        {"type": "group_auc", "query": "query"}])
    rows = of_test(result)
    assert set(rows["true"]) == {0, 1} and rows["predicted"].between(0, 1).all()
    said = result.metrics["test"]
    assert said["roc_auc_score"] == metrics.roc_auc_score(rows["true"], rows["predicted"])
    assert said["roc_auc_score"] > 0.95 and said["group_auc"] > 0.9


@pytest.mark.parametrize("loss", [BCE, CROSS_ENTROPY])
def test_two_classes(tmp_path: Path, loss: str) -> None:
    result = run(tmp_path, ["word"], loss, [
        {"type": f"{FUNCTIONS}roc_auc_score"}, {"type": "mean_rank"}], "class_index")
    rows = of_test(result)
    assert set(rows["predicted"]) == {"no", "yes"} == set(rows["true"])
    np.testing.assert_allclose(rows["probability_no"] + rows["probability_yes"], 1)
    right = float((rows["true"] == rows["predicted"]).mean())
    assert result.metrics["test"]["mean_rank"] == pytest.approx(2 - right)
    assert right > 0.9


COLORS: list[tuple[list[str], str, str]] = [
    (["color"], CROSS_ENTROPY, "class_index"),
    (["color"], "torch.nn:MultiMarginLoss", "class_index"),
    (["is_red", "is_green", "is_blue"], CROSS_ENTROPY, "identity"),
]


@pytest.mark.parametrize(("columns", "loss", "transformer"), COLORS)
def test_many_classes(tmp_path: Path, columns: list[str], loss: str, transformer: str) -> None:
    result = run(tmp_path, columns, loss, [
        {"type": f"{FUNCTIONS}accuracy_score"}, {"type": "mean_rank"},
        {"type": "recall_at_k", "k": 1}, {"type": "recall_at_k", "k": 2},
        {"type": f"{FUNCTIONS}roc_auc_score", "multi_class": "ovr"}], transformer)
    rows, said = of_test(result), result.metrics["test"]
    assert said["accuracy_score"] == metrics.accuracy_score(rows["true"], rows["predicted"]) > 0.8
    assert said["recall_at_k"] == pytest.approx(said["accuracy_score"])
    assert said["recall_at_k"] < said["recall_at_k_2"]
    assert 1 <= said["mean_rank"] < 1.3
    # The place of the last class is 3 where it is in neither of the best two.
    assert said["mean_rank"] == pytest.approx(3 - said["recall_at_k"] - said["recall_at_k_2"])


def test_several_columns_of_zero_and_one(tmp_path: Path) -> None:
    result = run(tmp_path, ["late", "early"], BCE, [
        {"type": f"{FUNCTIONS}roc_auc_score"}, {"type": f"{FUNCTIONS}f1_score", "average": "macro"},
        {"type": f"{FUNCTIONS}accuracy_score"}, {"type": f"{FUNCTIONS}hamming_loss"},
        {"type": f"{FUNCTIONS}mean_absolute_error"}])
    rows, said = of_test(result), result.metrics["test"]
    true, chances = rows[["true_0", "true_1"]], rows[["predicted_0", "predicted_1"]].to_numpy()
    assert said["roc_auc_score"] == pytest.approx(metrics.roc_auc_score(true, chances))
    assert said["f1_score"] == pytest.approx(
        metrics.f1_score(true, chances >= 0.5, average="macro"))
    assert said["accuracy_score"] <= 1 - said["hamming_loss"]
    assert said["roc_auc_score"] > 0.95


@pytest.mark.parametrize("columns", [["number"], ["number", "second"]])
def test_numbers(tmp_path: Path, columns: list[str]) -> None:
    result = run(tmp_path, columns, "torch.nn:MSELoss", [
        {"type": f"{FUNCTIONS}r2_score"}, {"type": "spearman"}], epochs=150)
    rows, said = of_test(result), result.metrics["test"]
    of = [""] if len(columns) == 1 else ["_0", "_1"]
    wanted = metrics.r2_score(rows[[f"true{one}" for one in of]],
                              rows[[f"predicted{one}" for one in of]])
    assert said["r2_score"] == pytest.approx(wanted) and wanted > 0.9
    assert said["spearman"] > 0.95


def test_a_share_is_predicted_as_a_share(tmp_path: Path) -> None:
    result = run(tmp_path, ["share"], BCE, [{"type": f"{FUNCTIONS}mean_absolute_error"}])
    rows = of_test(result)
    assert rows["predicted"].between(0, 1).all()
    assert result.metrics["test"]["mean_absolute_error"] == pytest.approx(
        (rows["true"] - rows["predicted"]).abs().mean(), abs=1e-6)
    assert result.metrics["test"]["mean_absolute_error"] < 0.1


def test_graded_relevance(tmp_path: Path) -> None:
    result = run(tmp_path, ["grade"], "torch.nn:MSELoss", [
        {"type": "ndcg", "query": "query", "k": 3}], epochs=100)
    rows = of_test(result)
    queries = INDEX["query"][INDEX["split"] == "test"].to_numpy()
    wanted = np.mean([metrics.ndcg_score([group["true"]], [group["predicted"]], k=3)
                      for _, group in rows.groupby(queries)])
    assert result.metrics["test"]["ndcg"] == pytest.approx(wanted, abs=1e-9)
    assert wanted > 0.9


def test_quantiles_of_one_column(tmp_path: Path) -> None:
    levels = [0.1, 0.4, 0.9]
    result = run(tmp_path, ["number"], {"type": "quantile", "quantiles": levels}, [
        {"type": f"{FUNCTIONS}mean_pinball_loss", "alpha": 0.8},
        {"type": f"{FUNCTIONS}mean_absolute_error"}], epochs=150)
    rows, said = of_test(result), result.metrics["test"]
    assert list(rows.columns[-5:]) == [
        "true", "predicted", *(f"predicted_q{one}" for one in levels)]
    np.testing.assert_array_equal(rows["predicted"], rows["predicted_q0.4"])
    assert said["mean_absolute_error"] == pytest.approx(
        metrics.mean_absolute_error(rows["true"], rows["predicted"]), abs=1e-6)
    # The nearest to 0.8 of the quantiles is judged, at 0.8.
    assert said["mean_pinball_loss"] == pytest.approx(metrics.mean_pinball_loss(
        rows["true"], rows["predicted_q0.9"], alpha=0.8), abs=1e-6)
    wanted = np.mean([metrics.mean_pinball_loss(rows["true"], rows[f"predicted_q{one}"], alpha=one)
                      for one in levels])
    assert said["loss"] == pytest.approx(wanted, abs=1e-5)


def test_quantiles_of_several_columns(tmp_path: Path) -> None:
    noise = {"type": "quantile", "quantiles": [0.25, 0.75]}
    result = run(tmp_path, ["number", "second"], noise, [], epochs=5)
    assert list(result.predictions.columns[2:]) == [
        "true_0", "true_1", "predicted_0", "predicted_1", "predicted_0_q0.25",
        "predicted_1_q0.25", "predicted_0_q0.75", "predicted_1_q0.75"]
    rows = of_test(result)
    np.testing.assert_array_equal(rows["predicted_1"], rows["predicted_1_q0.25"])
    assert (rows["predicted_0_q0.25"] != rows["predicted_0_q0.75"]).all()
