"""What an older system of this kind got wrong, end to end.

What the compiler answers for is in tests/compiler/test_regressions.py; T10 and T14 are beside
the modules that answer for them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score
from specc.compiler.stages import Plan
from specc.runtime.contexts import AggregateFrame
from specc.runtime.evaluate import evaluate, outputs
from specc.runtime.frames import DeviceFrame
from specc.runtime.loop import train
from specc.runtime.progress import Silent
from specc.runtime.sampling import mini_batch_order, training_order
from specc.runtime.session import build_session, load_plan_frames, open_session

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


def order(plan: Plan, epoch: int = 1) -> list[int]:
    return training_order(plan, epoch).tolist()


@pytest.mark.parametrize("sampler", [
    {"type": "shuffled"}, {"type": "even", "column": "word"},
    {"type": "even", "column": "word", "replacement": False, "size": 0.5},
])
def test_t3_every_order_follows_from_the_seed(sampler: dict[str, Any]) -> None:
    training = {"sampler": sampler, "mini_batch_size": 3, "batch_size": 9}
    first, same, other = (plan_of(seed=seed, training=training) for seed in (1, 1, 2))
    assert order(first) == order(same) != order(other)
    assert order(first) != order(first, 2)
    of_batch = [mini_batch_order(plan, 1, 1, 1, 9).tolist() for plan in (first, same, other)]
    assert of_batch[0] == of_batch[1] != of_batch[2]


def test_t3_splits_that_are_made_follow_from_the_seed() -> None:
    def split(seed: int) -> list[int]:
        prepare = [{"type": "random_split", "parts": {"train": 0.5, "test": 0.5}}]
        return plan_of(seed=seed, bundle={"prepare": prepare}).samples.split.tolist()

    assert split(1) == split(1) != split(2)


@pytest.mark.parametrize("sampler", [
    {"type": "shuffled"}, {"type": "sequential"}, {"type": "even", "column": "word"}])
def test_t4_equal_rows_are_samples_of_their_own(sampler: dict[str, Any]) -> None:
    same = {name: frame.assign(drift=1.0, word="common", y=np.arange(ROWS) % 2)
            if name == "index" else frame for name, frame in frames().items()}
    plan = specc.compile(spec(training={"sampler": sampler, "batch_size": 7}), same).plan
    assert plan is not None and len(order(plan)) == plan.epoch_rows == 40
    drawn = len(set(order(plan)))
    assert drawn > 20 if sampler["type"] == "even" else drawn == 40


def test_t4_a_row_that_is_drawn_twice_is_trained_twice() -> None:
    training = {"sampler": {"type": "even", "column": "word", "size": 3.0}, "batch_size": 7,
                "epochs": 1}
    plan = plan_of(training=training)
    assert len(order(plan)) == 120 > len(set(order(plan)))
    history, _ = train(open_session(plan, torch.device("cpu")), Silent(), lambda row: None)
    assert history.columns["rows"] == [120]


def test_t11_limits_are_those_of_the_run() -> None:
    plan = plan_of(training={"epochs": 100, "max_steps": 9, "batch_size": 7})
    history, _ = train(open_session(plan, torch.device("cpu")), Silent(), lambda row: None)
    assert history.columns["rows"] == [40, 21]


def test_t15_training_rows_are_shuffled_unless_the_spec_says_otherwise() -> None:
    rows = np.flatnonzero(plan_of().samples.training).tolist()
    assert sorted(order(plan_of())) == rows != order(plan_of())
    assert order(plan_of(training={"sampler": {"type": "sequential"}})) == rows


# Contexts: T5, T6


def history(sequence: dict[str, Any] | None = None) -> Plan:
    """Each shop's earlier rows of the index frame: none to 59 of them, as numbers and steps."""
    bundle = frames()
    bundle["index"] = bundle["index"].assign(
        time=pd.date_range("2024-01-01", periods=ROWS, freq="h"))
    bundle["earlier"] = bundle["index"][["shop", "time", "y"]]
    document = spec()
    document["extractors"]["x"] = {
        "type": "context", "frame": "earlier", "on": "shop", "size": 9,
        "as_of": {"sample": "time", "row": "time"},
        "extractor": {"type": "plain", "take_columns": ["y"]},
        "aggregations": {
            "steps": {"type": "sequence"},
            "numbers": {"type": "group_by", "functions": [
                "mean", "std", "median", "last", "decayed_mean", "since_last", "count"],
                "sizes": [2, 5]}}}
    document["network"] = {"type": "output", "input_frames": ["x.numbers"]}
    if sequence is not None:
        document["network"] = {"type": "feed_forward", "input_frames": ["x.steps"],
                               "factories": [sequence, {"type": "output"}]}
    compiled = specc.compile(document, bundle)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def test_t5_numbers_kept_are_those_computed_for_each_batch() -> None:
    """Whether an extractor is computed once or batch by batch is for memory to decide."""
    plan = history()
    fitted = plan.shaped.fitted
    context = fitted.contexts["x"]
    unkept = {name: replace(entry, values=None) for name, entry in context.aggregates.items()}
    other = replace(plan, shaped=replace(plan.shaped, fitted=replace(
        fitted, contexts={"x": replace(context, aggregates=unkept)})))
    device = torch.device("cpu")
    kept, per_batch = (load_plan_frames(each, device)["x.numbers"] for each in (plan, other))
    assert isinstance(kept, DeviceFrame) and isinstance(per_batch, AggregateFrame)
    for samples in (torch.arange(ROWS), torch.tensor([59, 3, 3, 0])):
        one, two = (torch.empty(len(samples), frame.width) for frame in (kept, per_batch))
        kept.write(kept.order(samples), one)
        per_batch.write(per_batch.order(samples), two)
        assert one.equal(two) and one.any()


@pytest.mark.parametrize("sequence", [
    {"type": "lstm", "width": 5, "bidirectional": True},
    {"type": "feed_forward", "factories": [
        {"type": "torch.nn:Linear", "out_features": 4}, {"type": "self_attention", "heads": 2},
        {"type": "attention_pooling"}]},
])
def test_t6_a_sample_is_the_same_whatever_is_padded_beside_it(sequence: dict[str, Any]) -> None:
    session = open_session(history(sequence), torch.device("cpu"))
    together = outputs(session, torch.arange(ROWS))
    alone = torch.cat([outputs(session, torch.tensor([sample])) for sample in range(ROWS)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)
    assert together.std() > 0


# T7, T9, T11


@pytest.mark.parametrize("trained", [False, True])
def test_t7_frozen_vectors_are_frozen_and_the_plan_says_so(trained: bool) -> None:
    bundle = frames()
    bundle["vectors"] = pd.DataFrame({"word": ["common", "rare"], "a": [1.0, 2.0],
                                      "b": [3.0, 5.0]}).set_index("word")
    document = spec(network={"type": "feed_forward", "input_frames": ["x"], "factories": [
        {"type": "embedding"}, {"type": "output"}]})
    document["extractors"]["x"] = {"type": "embedding", "take_columns": ["word"],
                                   "vectors": {"frame": "vectors", "trained": trained}}
    plan = specc.compile(document, bundle).plan
    assert plan is not None
    (node,) = [node for node in plan.description["network"]["nodes"] if node["type"] == "embedding"]
    assert (node["trainable"] > 0) == trained and node["parameters"] > 0
    session = open_session(plan, torch.device("cpu"))
    before = {name: tensor.clone() for name, tensor in session.network.state().items()}
    train(session, Silent(), lambda row: None)
    changed = {name.rpartition("/")[2] for name, tensor in session.network.state().items()
               if not tensor.equal(before[name])}
    vectors = {name for name in changed if name.startswith("0:")}
    assert bool(vectors) == trained and changed > vectors


def test_t9_the_network_needs_no_label() -> None:
    """`specc predict` does not exist yet; this is what it will stand on."""
    plan = plan_of()
    session = open_session(plan, torch.device("cpu"))
    samples = torch.arange(ROWS)
    wanted = outputs(session, samples)
    with torch.inference_mode():
        given = torch.cat([session.module(replace(batch, label=None))
                           for batch in session.evaluation.of(samples)])
    assert given.equal(wanted)
    label = plan.graph.label.name
    unlabelled = load_plan_frames(plan, torch.device("cpu"))
    label_frame = unlabelled[label]
    assert isinstance(label_frame, DeviceFrame)
    unlabelled[label] = replace(label_frame, dense=torch.full_like(label_frame.dense, torch.nan))
    same = build_session(plan, torch.device("cpu"), unlabelled)
    assert outputs(same, samples).equal(wanted)


def test_t11_evaluation_keeps_no_gradients() -> None:
    session = open_session(plan_of(), torch.device("cpu"))
    seen = []
    session.module.register_forward_hook(
        lambda module, given, output: seen.append((module.training, output.requires_grad)))
    evaluate(session, "test")
    assert seen and set(seen) == {(False, False)}


def test_t11_training_can_end_early_and_its_steps_be_tamed(tmp_path: Path) -> None:
    training = {"epochs": 50, "batch_size": 7, "accumulate": 2, "gradient_clipping": 0.1,
                "evaluate_on": ["test"], "early_stopping": {"split": "test", "patience": 2}}
    document = spec(training=training, optimizer={"type": "torch.optim:SGD", "lr": 0.5},
                    scheduler={"type": "torch.optim.lr_scheduler:StepLR", "step_size": 1})
    result = specc.run(document, frames(), out=tmp_path)
    assert result.ok, str(result)
    assert 3 <= len(result.history) < 50
    rates = result.history["learning_rate"]
    assert rates.iloc[1] == pytest.approx(rates.iloc[0] / 10)
