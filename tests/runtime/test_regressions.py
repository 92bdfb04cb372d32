"""What an older system of this kind got wrong, end to end.

T3, T4, T10, T14 and T15 are beside the modules that answer for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score
from specc.compiler.stages import Plan
from specc.runtime.session import load_plan_frames

import specc

ROWS = 60


def frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    split = np.where(np.arange(ROWS) < 40, "train", "test")
    index = pd.DataFrame({
        # Early rows differ from late ones, and test rows from all that train.
        "drift": np.arange(ROWS) + np.where(split == "test", 1e6, 0.0),
        "word": np.where(np.arange(ROWS) < 30, "common", "rare"),
        "shop": rng.integers(0, 9, ROWS), "y": np.arange(ROWS) % 2, "split": split})
    index.loc[50:, "word"] = "new"
    index.loc[55:, "word"] = None
    shops = pd.DataFrame({"shop": [1, 2], "area": [1.0, 2.0]}).set_index("shop")
    return {"index": index, "shops": shops}


def spec(**parts: Any) -> dict[str, Any]:
    return {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": ["y"]},
            "x": {"type": "plain", "take_columns": ["drift", "word"],
                  "transformer": {"type": "auto"}}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "training": {"epochs": 1, "batch_size": 7, "device": "cpu"}, **parts,
    }


def encoded(plan: Plan, name: str) -> dict[str, np.ndarray]:
    """Encoded column -> its value for each sample."""
    frame = load_plan_frames(plan, torch.device("cpu"))[name]
    values = frame.dense[frame.positions.long()].numpy()
    names = plan.shaped.fitted.extractors[name].feature_names
    return {column: values[:, place] for place, column in enumerate(names)}


def plan_of(**parts: Any) -> Plan:
    plan = specc.compile(spec(**parts), frames()).plan
    assert plan is not None
    return plan


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_t1_fit_sees_all_training_rows_and_no_other(batch_size: int) -> None:
    plan = plan_of(training={"batch_size": batch_size})
    drift = encoded(plan, "x")["drift"]
    training = plan.samples.training
    assert drift[training].mean() == pytest.approx(0, abs=1e-5)
    assert drift[training].std() == pytest.approx(1, abs=1e-5)
    assert drift[~training].min() > 1000


def test_t2_unseen_and_missing_values_have_columns_of_their_own() -> None:
    columns = encoded(plan_of(), "x")
    word = frames()["index"]["word"]
    for name, wanted in (("word_common", word == "common"), ("word_rare", word == "rare"),
                         ("word_OTHER", word == "new"), ("word_NULL", word.isna())):
        np.testing.assert_array_equal(columns[name], wanted.to_numpy(float))


def test_t2_unseen_values_can_be_refused() -> None:
    document = spec()
    document["extractors"]["x"]["transformer"] = {
        "type": "auto", "categorical": {"type": "categorical", "on_unseen": "error"}}
    (found,) = [one for one in specc.compile(document, frames()).diagnostics if one.is_error]
    assert found.code == "SC702" and "new" in found.message and "'word'" in found.message


def test_t8_unknown_extractor_in_input_frames_is_an_error() -> None:
    network = {"type": "output", "input_frames": ["x", "passengers"]}
    (found,) = specc.validate(spec(network=network)).diagnostics
    assert (found.code, found.pointer) == ("SC201", "/network/input_frames/1")
    assert "'passengers'" in found.message


def test_t8_unknown_extractor_in_an_extraction_is_an_error() -> None:
    network = {"type": "feed_forward", "factories": [
        {"type": "extraction", "frames": ["xx"]}, {"type": "output"}]}
    found = [one for one in specc.validate(spec(network=network)).diagnostics if one.is_error]
    assert [(one.code, one.pointer) for one in found] == [
        ("SC201", "/network/factories/0/frames/0")]


def test_t8_frame_that_the_bundle_lacks_is_an_error() -> None:
    document = spec()
    document["extractors"]["x"] = {"type": "plain", "joins": [{"frame": "stores", "on": "shop"}]}
    (found,) = [one for one in specc.compile(document, frames()).diagnostics if one.is_error]
    assert (found.code, found.pointer) == ("SC606", "/extractors/x/joins/0/frame")


def test_t16_missing_rows_are_told_with_frame_key_count_and_examples() -> None:
    document = spec()
    document["extractors"]["x"] = {
        "type": "plain", "joins": [{"frame": "shops", "on": "shop"}], "missing_rows": "error",
        "transformer": {"type": "auto"}}
    (found,) = [one for one in specc.compile(document, frames()).diagnostics if one.is_error]
    shop = frames()["index"]["shop"]
    missing = shop[~shop.isin([1, 2])]
    assert found.code == "SC613"
    for part in (str(len(missing)), str(ROWS), "'shops'", "shop"):
        assert part in found.message
    examples = found.message.rpartition("such as ")[2].split(", ")
    assert 1 <= len(examples) <= 5
    assert {int(example) for example in examples} <= set(missing)


def test_t12_metrics_read_labels_of_several_columns(tmp_path: Path) -> None:
    """Each gets the form that it needs: decided labels, probabilities, or plain numbers."""
    document = spec(metrics=[{"type": f"sklearn.metrics:{name}"} for name in (
        "accuracy_score", "roc_auc_score", "mean_absolute_error")])
    document["extractors"]["label"]["take_columns"] = ["y", "z"]
    document["extractors"]["x"]["take_columns"] = ["word"]
    bundle = frames()
    bundle["index"]["z"] = np.arange(ROWS) // 3 % 2
    result = specc.run(document, bundle, out=tmp_path)
    assert result.ok, str(result)
    rows = result.predictions[result.predictions["split"] == "test"]
    true, chances = (rows[[f"{side}_0", f"{side}_1"]].to_numpy() for side in ("true", "predicted"))
    said = result.metrics["test"]
    assert said["accuracy_score"] == accuracy_score(true, chances >= 0.5)
    assert said["roc_auc_score"] == pytest.approx(roc_auc_score(true, chances))
    assert said["mean_absolute_error"] == pytest.approx(
        np.abs(np.log(chances / (1 - chances)) - true).mean(), abs=1e-6)


def test_t12_a_metric_of_one_column_is_refused_on_several() -> None:
    document = spec(metrics=[{"type": "sklearn.metrics:log_loss"}])
    document["extractors"]["label"]["take_columns"] = ["y", "z"]
    bundle = frames()
    bundle["index"]["z"] = np.arange(ROWS) // 3 % 2
    (found,) = [one for one in specc.compile(document, bundle).diagnostics if one.is_error]
    assert (found.code, found.pointer) == ("SC307", "/metrics/0/type")
