"""The moving average of the weights.

Not checked here: that such runs go on from any step (test_checkpoints.py).
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file
from specc.compiler.stages import Plan
from specc.runtime import checkpoints, loop
from specc.runtime.averaging import Averaging
from specc.runtime.checkpoint_file import read_checkpoint, write_checkpoint
from specc.runtime.history import Row
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session
from specc.runtime.training_state import TrainingState

import specc

CPU = torch.device("cpu")
ROWS = 150
RNG = np.random.default_rng(6)
A = RNG.normal(size=ROWS)
INDEX = pd.DataFrame({
    "a": A, "b": RNG.normal(size=ROWS), "word": RNG.choice(["p", "q", "r"], ROWS),
    "late": (A + RNG.normal(size=ROWS) > 0).astype(int),
    "split": ["train"] * 100 + ["test"] * 50,
})
WEIGHTS = "model/weights.safetensors"
EQUAL = ("metrics.json", "predictions.parquet", WEIGHTS)


def spec_of(average: dict[str, Any] | None, **training: Any) -> dict[str, Any]:
    return {
        "specc": 1, "name": "averaged",
        "extractors": {"label": {"type": "plain", "take_columns": ["late"]},
                       "x": {"type": "plain", "take_columns": ["a", "b", "word"],
                             "transformer": {"type": "auto"}}},
        "network": {"type": "fully_connected", "sizes": [8, 1], "input_frames": ["x"],
                    "normalization": "batch_norm", "dropout": 0.2},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.05},
        "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
        "training": {"epochs": 4, "batch_size": 20, "device": "cpu", "weight_average": average,
                     **training},
    }


def plan_of(*args: Any, **training: Any) -> Plan:
    compiled = specc.compile(spec_of(*args, **training), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


Tensors = dict[str, torch.Tensor]


def copied(session: Session) -> Tensors:
    return {name: tensor.clone() for name, tensor in session.module.state_dict().items()}


class Recorder:
    """Notes the weights of training after each step, and what evaluations see."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[tuple[int, Tensors]] = []
        self.evaluated: list[Tensors] = []
        step, evaluate = Averaging.step, loop.evaluate_all

        def noted(average: Averaging, epoch: int) -> None:
            self.steps.append((epoch, {name: tensor.clone() for name, tensor
                                       in average._module.state_dict().items()}))
            step(average, epoch)

        def seen(session: Any, *rest: Any) -> Any:
            self.evaluated.append(copied(session))
            return evaluate(session, *rest)

        monkeypatch.setattr(Averaging, "step", noted)
        monkeypatch.setattr(loop, "evaluate_all", seen)


def by_hand(steps: list[tuple[int, Tensors]], decay: float, start: int, every: int) -> Tensors:
    """The average of the noted weights, in double precision."""
    taken = [tensors for epoch, tensors in steps if epoch >= start][every - 1::every]
    average = {name: tensor.double() for name, tensor in taken[0].items()}
    for done, tensors in enumerate(taken[1:], start=1):
        keep = min(decay, (1 + done) / (10 + done))
        for name, tensor in tensors.items():
            average[name] = keep * average[name] + (1 - keep) * tensor.double() \
                if tensor.is_floating_point() else tensor.double()
    return average


@pytest.mark.parametrize(("decay", "start", "every"), [(0.999, 1, 1), (0.3, 1, 1), (0.0, 1, 1),
                                                       (0.5, 3, 2)])
def test_the_average_is_that_of_the_steps(decay: float, start: int, every: int,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Recorder(monkeypatch)
    session = open_session(plan_of({"decay": decay, "start_epoch": start, "every_steps": every}),
                           CPU)
    loop.train(session, Silent(), lambda row: None)
    assert len(seen.steps) == 20
    wanted = by_hand(seen.steps, decay, start, every)
    for name, tensor in session.module.state_dict().items():
        torch.testing.assert_close(tensor.double(), wanted[name], rtol=1e-5, atol=1e-6)
    own = seen.steps[-1][1]
    moved = [name for name, tensor in own.items() if tensor.is_floating_point()
             and not torch.allclose(tensor, session.module.state_dict()[name])]
    # Means and variances of batch normalization are averaged with the weights.
    assert any("running_mean" in name for name in moved) == (decay > 0)


def test_training_goes_on_with_its_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        averaged = Recorder(patched)
        loop.train(open_session(plan_of({"decay": 0.9}), CPU), Silent(), lambda row: None)
    plain = Recorder(monkeypatch)
    loop.train(open_session(plan_of(None), CPU), Silent(), lambda row: None)
    for (_, one), (_, other) in zip(averaged.steps, plain.steps, strict=True):
        assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_evaluations_see_the_average_from_its_first_epoch_on(
        monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Recorder(monkeypatch)
    loop.train(open_session(plan_of({"decay": 0.9, "start_epoch": 3},
                                    evaluate_before_training=True), CPU),
               Silent(), lambda row: None)
    assert len(seen.evaluated) == 5
    for epoch in (1, 2):
        own = seen.steps[5 * epoch - 1][1]
        assert all(torch.equal(tensor, own[name])
                   for name, tensor in seen.evaluated[epoch].items())
    for epoch in (3, 4):
        wanted = by_hand(seen.steps[:5 * epoch], 0.9, 3, 1)
        for name, tensor in seen.evaluated[epoch].items():
            torch.testing.assert_close(tensor.double(), wanted[name], rtol=1e-5, atol=1e-6)


def test_weights_are_their_own_again_after_an_evaluation_that_fails() -> None:
    session = open_session(plan_of({"decay": 0.9}), CPU)
    state = TrainingState(session)
    for tensor in session.module.parameters():
        tensor.data.add_(1.0)
    state.average.step(1)
    for tensor in session.module.parameters():
        tensor.data.add_(1.0)
    own = copied(session)
    with pytest.raises(KeyboardInterrupt), state.average.in_use():
        assert not all(torch.equal(tensor, own[name]) for name, tensor in copied(session).items())
        raise KeyboardInterrupt
    assert all(torch.equal(tensor, own[name]) for name, tensor in copied(session).items())


# Whole runs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("averaged") / "bundle"
    folder.mkdir()
    INDEX.to_parquet(folder / "index.parquet")
    return folder


def run(spec: dict[str, Any], bundle: Path, out: Path) -> specc.RunResult:
    result = specc.run(spec, bundle, out=out)
    assert result.run is not None, str(result)
    return result


def test_model_metrics_and_predictions_are_those_of_the_average(bundle: Path,
                                                                tmp_path: Path) -> None:
    result = run(spec_of({"decay": 0.9}), bundle, tmp_path)
    model = specc.load(result.folder)
    assert model.evaluate(bundle) == result.metrics
    assert model.predict(bundle)["predicted"].to_numpy().tobytes() == \
        result.predictions["predicted"].to_numpy().tobytes()
    last = result.history.iloc[-1]
    assert last["loss_test"] == result.metrics["test"]["loss"]
    plain = run(spec_of(None), bundle, tmp_path)
    assert plain.metrics != result.metrics
    tree = read_checkpoint(result.folder / checkpoints.LAST)
    stored, kept = load_file(result.folder / WEIGHTS), tree["average"]["weights"]
    own = load_file(plain.folder / WEIGHTS)
    for name, weight in stored.items():
        key = next(key for key in kept if key.endswith(name.partition(":")[2])
                   and kept[key].shape == weight.shape
                   and np.array_equal(kept[key].numpy(), weight))
        # The checkpoint has the weights of training beside them, to go on with.
        np.testing.assert_array_equal(tree["network"][key].numpy(), own[name])


def test_early_stopping_keeps_the_best_average(bundle: Path, tmp_path: Path) -> None:
    # A rate at which weights jump, so that the last epoch is hardly the best one.
    spec = spec_of({"decay": 0.5}, epochs=12,
                   early_stopping={"split": "test", "patience": 3})
    spec["optimizer"]["lr"] = 0.5
    result = run(spec, bundle, tmp_path)
    history = result.history.set_index("epoch")
    best = int(history["loss_test"].idxmin())
    assert json.loads((result.folder / "metrics.json").read_text())["epoch"] == best
    assert best < history.index[-1]
    assert result.metrics["test"]["loss"] == history.loc[best, "loss_test"]
    assert specc.load(result.folder).evaluate(bundle) == result.metrics


class Pressed(Silent):
    """Presses Ctrl-C after so many steps, or after the epoch of this number."""

    def __init__(self, steps: int | None = None, epoch: int | None = None) -> None:
        self.left, self.at = steps, epoch

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        if self.left is not None:
            self.left -= 1
            if not self.left:
                signal.raise_signal(signal.SIGINT)

    def epoch(self, row: Row) -> None:
        if row["epoch"] == self.at:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("when", [{"steps": 3}, {"steps": 13}, {"epoch": 2}],
                         ids=["before", "amid", "after an epoch"])
def test_an_interrupted_run_goes_on(when: dict[str, int], bundle: Path, tmp_path: Path) -> None:
    spec = spec_of({"decay": 0.9, "start_epoch": 2, "every_steps": 2}, precision="float16",
                   early_stopping={"split": "test", "patience": 3})
    whole = run(spec, bundle, tmp_path / "whole")
    cut = specc.run(spec, bundle, out=tmp_path / "cut", progress=lambda plan: Pressed(**when))
    assert cut.run is None and cut.interrupted
    (folder,) = (tmp_path / "cut").iterdir()
    assert specc.resume(folder).run is not None
    for name in EQUAL:
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_a_run_that_was_stopped_after_its_training_keeps_the_average(
        bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of({"decay": 0.9})
    whole = run(spec, bundle, tmp_path / "whole")
    with monkeypatch.context() as patched:
        def stop(*_: Any) -> Any:
            raise KeyboardInterrupt

        patched.setattr("specc.runtime.execute.everything", stop)
        cut = specc.run(spec, bundle, out=tmp_path / "cut")
        assert cut.run is None
    (folder,) = (tmp_path / "cut").iterdir()
    assert specc.resume(folder).run is not None
    for name in EQUAL:
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_a_run_is_continued_with_its_average(bundle: Path, tmp_path: Path) -> None:
    first = run(spec_of({"decay": 0.9}), bundle, tmp_path / "first")
    # Without a step there is nothing but what it starts with.
    still = specc.continue_run(first.folder, bundle, out=tmp_path / "still", overrides=[
        "/training/epochs=1", "/optimizer/lr=0", "/training/weight_average=null"])
    assert still.run is not None, str(still)
    start, after = load_file(first.folder / WEIGHTS), load_file(still.folder / WEIGHTS)
    for name, weight in start.items():
        if "running" not in name and "num_batches" not in name:
            np.testing.assert_array_equal(weight, after[name])
    straight = specc.continue_run(first.folder, bundle, out=tmp_path / "straight",
                                  overrides=["/training/weight_average/start_epoch=2"])
    assert straight.run is not None, str(straight)
    # Epochs are those of the run, so averages begin in the sixth of all.
    state = read_checkpoint(straight.folder / checkpoints.LAST)["average"]
    assert state["steps"] == state["count"] == 15
    cut = specc.continue_run(first.folder, bundle, out=tmp_path / "cut",
                             overrides=["/training/weight_average/start_epoch=2"],
                             progress=lambda plan: Pressed(steps=8))
    assert cut.interrupted
    (folder,) = (tmp_path / "cut").iterdir()
    assert specc.resume(folder).run is not None
    for name in EQUAL:
        assert (folder / name).read_bytes() == (straight.folder / name).read_bytes(), name


Damage = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize("damage", [
    lambda tree: tree.pop("average"),
    lambda tree: tree.update(average=None),
    lambda tree: tree["average"].pop("count"),
    lambda tree: tree["average"]["weights"].popitem(),
    lambda tree: tree["average"].update(weights={}),
    lambda tree: tree["average"]["weights"].update(more=torch.zeros(2)),
    lambda tree: tree["average"]["weights"].update(
        {name: value.double() for name, value in tree["average"]["weights"].items()}),
    lambda tree: tree.pop("scaler"),
    lambda tree: tree.update(scaler=None),
    lambda tree: tree["scaler"].update(scale="large"),
    lambda tree: tree["scaler"].pop("growth_factor"),
], ids=["no average", "null", "no count", "a weight less", "no weights", "a weight more",
        "another dtype", "no scaler", "null scaler", "a scale in words", "half a scaler"])
def test_damage_is_refused(damage: Damage, tmp_path: Path, bundle: Path) -> None:
    spec = spec_of({"decay": 0.9}, precision="float16")
    cut = specc.run(spec, bundle, out=tmp_path, progress=lambda plan: Pressed(steps=7))
    assert cut.interrupted
    (folder,) = tmp_path.iterdir()
    tree = read_checkpoint(folder / checkpoints.LAST)
    assert tree["average"]["count"] == 7
    damage(tree)
    write_checkpoint(folder / checkpoints.LAST, tree)
    (found,) = specc.resume(folder).diagnostics
    assert found.code == "SC515", found


def test_memory_counts_the_average() -> None:
    with_it, without = (plan_of(average).description["memory"] for average in ({}, None))
    assert with_it["weights"] == 2 * without["weights"]
    assert {**with_it, "weights": 0} == {**without, "weights": 0}
