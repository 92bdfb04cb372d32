"""Labels that a transformer changes: what is trained on, measured and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error

import specc

ROWS = 60
GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=ROWS)
TAGS = [[tag for tag, bound in (("red", 0.0), ("blue", 0.8)) if value > bound] for value in X]
INDEX = pd.DataFrame({
    "x": X, "price": 5000 + 300 * X, "weight": 2 - 0.1 * X, "flag": np.arange(ROWS) % 2,
    "tags": TAGS, "more": [tags[:1] for tags in TAGS],
    "split": ["train"] * 40 + ["test"] * 20})
TRAIN = INDEX.head(40)


def spec_of(label: Any, transformer: dict[str, Any], loss: str, **more: Any) -> dict[str, Any]:
    columns = [label] if isinstance(label, str) else label
    return {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": columns,
                                 "transformer": transformer},
                       "x": {"type": "plain", "take_columns": ["x"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": f"torch.nn:{loss}"},
        "optimizer": {"type": "torch.optim:AdamW", "lr": 0.2},
        "training": {"epochs": 20, "batch_size": 8, "device": "cpu"}, **more,
    }


def run(folder: Path, *args: Any, **more: Any) -> specc.RunResult:
    result = specc.run(spec_of(*args, **more), {"index": INDEX}, out=folder / "runs")
    assert result.ok, str(result)
    return result


def compiled(*args: Any, **more: Any) -> Any:
    return specc.compile(spec_of(*args, **more), {"index": INDEX})


def test_standardised_label_is_predicted_on_its_own_scale(tmp_path: Path) -> None:
    result = run(tmp_path, "price", {"type": "standard"}, "MSELoss",
                 metrics=[{"type": "sklearn.metrics:mean_absolute_error"}])
    said = result.predictions
    np.testing.assert_allclose(said["true"], INDEX["price"], rtol=1e-6)
    assert np.abs(said["predicted"] - INDEX["price"]).mean() < 30
    test = said[said["split"] == "test"]
    assert result.metrics["test"]["mean_absolute_error"] == pytest.approx(
        mean_absolute_error(test["true"], test["predicted"]))
    # The loss reads what is trained on: errors in standard deviations.
    scale = TRAIN["price"].std(ddof=0)
    assert result.metrics["test"]["loss"] == pytest.approx(
        (((test["true"] - test["predicted"]) / scale) ** 2).mean(), rel=1e-4)


def test_each_label_column_has_a_scale_of_its_own(tmp_path: Path) -> None:
    said = run(tmp_path, ["price", "weight"], {"type": "standard"}, "L1Loss").predictions
    for place, (name, near) in enumerate((("price", 60), ("weight", 0.02))):
        np.testing.assert_allclose(said[f"true_{place}"], INDEX[name], rtol=1e-6)
        assert np.abs(said[f"predicted_{place}"] - INDEX[name]).mean() < near


def test_quantiles_come_back_to_the_scale_of_the_label(tmp_path: Path) -> None:
    spec = spec_of("price", {"type": "standard"}, "MSELoss")
    spec["loss"] = {"type": "quantile", "quantiles": [0.1, 0.5, 0.9]}
    result = specc.run(spec, {"index": INDEX}, out=tmp_path / "runs")
    assert result.ok, str(result)
    for level in (0.1, 0.5, 0.9):
        assert np.abs(result.predictions[f"predicted_q{level}"] - INDEX["price"]).mean() < 200


def test_standardised_zeros_and_ones_are_no_classes() -> None:
    # 0 and 1 in equal shares become exactly -1 and 1, the two values of a margin.
    plan = compiled("flag", {"type": "standard"}, "MSELoss").plan
    assert plan.shaped.task == "regression"
    found = compiled("flag", {"type": "standard"}, "BCEWithLogitsLoss")
    assert [entry.code for entry in found.diagnostics] == ["SC306"]


def test_several_classes_a_row_are_named_by_class(tmp_path: Path) -> None:
    result = run(tmp_path, "tags", {"type": "multi_hot", "on_unseen": "error"},
                 "BCEWithLogitsLoss")
    assert result._finished().plan.shaped.task == "multilabel"
    said = result.predictions
    for name in ("red", "blue"):
        held = np.array([name in tags for tags in TAGS])
        assert (said[f"true_{name}"] == held).all()
        assert ((said[f"predicted_{name}"] > 0.5) == held).mean() > 0.85
    assert set(said) == {"row", "split", "true_red", "true_blue", "predicted_red",
                         "predicted_blue"}


def test_classes_of_several_columns_keep_the_name_of_the_column(tmp_path: Path) -> None:
    said = run(tmp_path, ["tags", "more"], {"type": "multi_hot", "on_unseen": "ignore"},
               "BCEWithLogitsLoss").predictions
    assert [name for name in said if name.startswith("true")] == [
        "true_tags_red", "true_tags_blue", "true_more_red"]


def test_other_is_no_class_unless_a_training_row_has_it() -> None:
    found = compiled("tags", {"type": "multi_hot"}, "BCEWithLogitsLoss").diagnostics
    assert [(entry.code, entry.pointer) for entry in found] == [
        ("SC204", "/extractors/label/transformer/on_unseen")]
    cut = compiled("tags", {"type": "multi_hot", "max_values": 1}, "BCEWithLogitsLoss")
    assert cut.plan.shaped.fitted.label.names == ("red", "OTHER")


def test_a_null_list_is_no_label() -> None:
    index = INDEX.assign(tags=[None, *TAGS[1:]])
    spec = spec_of("tags", {"type": "multi_hot", "on_unseen": "error"}, "BCEWithLogitsLoss")
    found = specc.validate(spec, {"index": index}).diagnostics
    assert [entry.code for entry in found] == ["SC615"]


def test_lists_that_are_all_empty_are_no_label() -> None:
    index = INDEX.assign(tags=[[]] * 40 + [["red"]] * 20)
    spec = spec_of("tags", {"type": "multi_hot", "on_unseen": "ignore"}, "BCEWithLogitsLoss")
    found = specc.validate(spec, {"index": index}).diagnostics
    assert "SC705" in [entry.code for entry in found]
