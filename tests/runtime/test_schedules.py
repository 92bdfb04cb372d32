"""Learning rates of real runs, step by step, against torch's classes stepped by hand.

Not checked here: which schedules are refused (tests/compiler/test_schedule_checks.py), that
runs go on where they were stopped (test_checkpoints.py).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import loop, schedules
from specc.runtime.history import History
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session
from specc.schema.constructors import load
from specc.schema.declaration import Type
from torch.optim import lr_scheduler

import specc

CPU = torch.device("cpu")
SCHEDULER = "torch.optim.lr_scheduler:"
EPOCHS, STEPS, LR = 5, 4, 0.05
ROWS = 10 * STEPS
RNG = np.random.default_rng(5)
FRAMES = {"index": pd.DataFrame({
    "a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS), "y": RNG.integers(0, 2, ROWS),
    "split": "train"})}
SGD = {"type": "torch.optim:SGD", "lr": LR, "momentum": 0.5}
LENGTHS = {"T_max": 1.0, "total_steps": 1.0, "total_iters": 1.0, "step_size_up": 0.5}
"""Arguments that may be null -> their share of the steps of the scheduler."""

NULL = {f"{SCHEDULER}CosineAnnealingLR": {"T_max": None},
        f"{SCHEDULER}OneCycleLR": {"total_steps": None}}
"""Those that are null where a spec leaves them out."""


def plan_of(training: Mapping[str, Any] | None = None, **parts: Any) -> Plan:
    # Matrices alone, so that every optimizer can train them.
    compiled = specc.compile({
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "feed_forward", "input_frames": ["x"], "factories": [
            {"type": "torch.nn:Linear", "out_features": 4, "bias": False},
            {"type": "output", "bias": False}]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"}, "optimizer": SGD,
        "training": {"epochs": EPOCHS, "batch_size": 10, "device": "cpu", **(training or {})},
        **parts,
    }, FRAMES)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def trained(plan: Plan) -> tuple[list[dict[str, Any]], History, Session]:
    """The settings of each group of weights in every optimizer step, the history, the session."""
    session = open_session(plan, CPU)
    seen: list[dict[str, Any]] = []

    def look(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        seen.append({key: [group[key] for group in optimizer.param_groups]
                     for key in ("lr", "momentum", "betas") if key in optimizer.param_groups[0]})

    session.optimizer.register_step_pre_hook(look)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # nothing of torch's own reaches the user
        history, _ = loop.train(session, Silent(), lambda row: None)
    return seen, history, session


def rates(training: Mapping[str, Any] | None = None, **parts: Any) -> list[float]:
    """The learning rate of the first group in every optimizer step."""
    return [one["lr"][0] for one in trained(plan_of(training, **parts))[0]]


def by_hand(value: Mapping[str, Any], steps: int) -> list[float]:
    """The rates that torch's own class gives for so many steps; nulls filled in."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=LR, momentum=0.5)
    scheduler = _made(value, optimizer, steps)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
    return found


def _made(value: Mapping[str, Any], optimizer: torch.optim.Optimizer, steps: int) -> Any:
    args = {key: math.ceil(steps * LENGTHS[key]) if inner is None and key in LENGTHS else inner
            for key, inner in {**NULL.get(value["type"], {}), **value}.items() if key != "type"}
    if "schedulers" in args:
        args["schedulers"] = [_made(inner, optimizer, steps) for inner in args["schedulers"]]
    kind = getattr(lr_scheduler, value["type"].rpartition(":")[2])
    return kind(optimizer=optimizer, **args)


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize("entry", load().schedulers, ids=lambda entry: entry.name)
def test_every_scheduler_moves_by_step_and_by_epoch(entry: Type, interval: str) -> None:
    if entry.name.endswith(":ReduceLROnPlateau"):
        return  # it follows the loss: tests/runtime/test_vocabulary.py
    for example in entry.examples:
        value = {"type": entry.name, **example}
        found = rates({"scheduler_interval": interval}, scheduler=value)
        each = 1 if interval == "step" else STEPS
        wanted = np.repeat(by_hand(value, EPOCHS * STEPS // each), each)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize(("name", "by_step"), [
    ("OneCycleLR", True), ("CyclicLR", True), ("StepLR", False), ("SequentialLR", False)])
def test_what_a_step_follows_unless_the_spec_says_so(name: str, by_step: bool) -> None:
    entry = next(one for one in load().schedulers if one.name == SCHEDULER + name)
    value = {"type": entry.name, **entry.examples[0]}
    wanted = rates({"scheduler_interval": "step" if by_step else "epoch"}, scheduler=value)
    other = rates({"scheduler_interval": "epoch" if by_step else "step"}, scheduler=value)
    assert rates(scheduler=value) == wanted != other


# One after the other


HOLD = {"type": f"{SCHEDULER}ConstantLR", "factor": 0.5, "total_iters": 100}
FALL = {"type": f"{SCHEDULER}LinearLR", "start_factor": 1.0, "end_factor": 0.0,
        "total_iters": None}
CYCLE = {"type": f"{SCHEDULER}OneCycleLR", "max_lr": 1.0}
DECAY = {"type": f"{SCHEDULER}ExponentialLR", "gamma": 0.9}


def sequence(*schedulers: dict[str, Any], milestones: list[int]) -> dict[str, Any]:
    return {"type": f"{SCHEDULER}SequentialLR", "schedulers": list(schedulers),
            "milestones": milestones}


@pytest.mark.parametrize("parts", [
    (HOLD, FALL), (FALL, FALL), (HOLD, CYCLE), (CYCLE, FALL), (CYCLE, CYCLE),
    (CYCLE, {**CYCLE, "max_lr": 0.3}, DECAY), (DECAY, {
        "type": f"{SCHEDULER}CyclicLR", "base_lr": 0.2, "max_lr": 0.7, "step_size_up": 3}),
    (HOLD, {"type": f"{SCHEDULER}ChainedScheduler", "schedulers": [DECAY, HOLD]}),
    ({"type": f"{SCHEDULER}CosineAnnealingWarmRestarts", "T_0": 2}, FALL),
], ids=lambda parts: "-".join(part["type"].rpartition(":")[2] for part in parts))
def test_each_turn_is_that_of_its_scheduler_alone(parts: tuple[dict[str, Any], ...]) -> None:
    """As long as its turn, from the learning rate of the spec."""
    bounds = [0, 7, EPOCHS * STEPS] if len(parts) == 2 else [0, 7, 13, EPOCHS * STEPS]
    found = rates({"scheduler_interval": "step"},
                  scheduler=sequence(*parts, milestones=bounds[1:-1]))
    wanted: list[float] = []
    for part, start, end in zip(parts, bounds[:-1], bounds[1:], strict=True):
        wanted += by_hand(part, end - start)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-18)


def test_a_sequence_in_a_sequence_keeps_step() -> None:
    training = {"scheduler_interval": "step"}
    inner = sequence(DECAY, FALL, milestones=[4])
    flat = rates(training, scheduler=sequence(
        HOLD, DECAY, FALL, CYCLE, milestones=[5, 9, 17]))
    assert rates(training, scheduler=sequence(
        HOLD, inner, CYCLE, milestones=[5, 17])) == flat
    assert rates(training, scheduler=sequence(
        sequence(HOLD, DECAY, milestones=[5]), FALL, CYCLE, milestones=[9, 17])) == flat


def test_momentum_is_cycled_in_its_turn_alone() -> None:
    plan = plan_of({"scheduler_interval": "step"},
                   scheduler=sequence(DECAY, CYCLE, DECAY, milestones=[6, 12]))
    moved = [one["momentum"][0] for one in trained(plan)[0]]
    assert moved[:6] == [0.5] * 6 and moved[12:] == [0.5] * 8
    assert moved[6] == 0.95 and min(moved[6:12]) == pytest.approx(0.85, abs=0.02)


# The warm-up


@pytest.mark.parametrize(("warmup", "length"), [
    ({"steps": 10}, 10), ({"epochs": 1.5, "start_factor": 0.2}, 6),
    ({"share": 0.5, "start_factor": 0.0}, 10), ({"steps": 1}, 1), ({"share": 1}, 20),
    ({"steps": 5, "start_factor": 1.0}, 5),
])
@pytest.mark.parametrize("scheduler", [None, DECAY, CYCLE], ids=["none", "decay", "cycle"])
def test_rates_rise_by_the_same_amount(warmup: dict[str, Any], length: int,
                                       scheduler: dict[str, Any] | None) -> None:
    plain = np.array(rates({"scheduler_interval": "step"}, scheduler=scheduler))
    plan = plan_of({"scheduler_interval": "step", "warmup": warmup}, scheduler=scheduler)
    seen, history, session = trained(plan)
    found = np.array([one["lr"][0] for one in seen])
    start = warmup.get("start_factor", 0.01)
    factors = [min(1.0, start + (1 - start) * step / length) for step in range(len(plain))]
    np.testing.assert_allclose(found, plain * factors, rtol=1e-12)
    # Where it has ended the rates are those of a run without it, bit for bit.
    assert found[length:].tolist() == plain[length:].tolist()
    np.testing.assert_array_equal(history.columns["learning_rate"], found[::STEPS])
    if scheduler is None:
        assert session.optimizer.param_groups[0]["lr"] == LR


def test_every_group_rises() -> None:
    plan = plan_of({"warmup": {"steps": 4, "start_factor": 0.5}, "parameter_groups": [
        {"nodes": ["/network/factories/0"], "lr": 0.2}]})
    seen = trained(plan)[0]
    assert [sorted(one["lr"]) for one in seen[:5]] == [
        pytest.approx([LR * factor, 0.2 * factor]) for factor in (0.5, 0.625, 0.75, 0.875, 1.0)]


@pytest.mark.parametrize(("training", "steps"), [
    ({"accumulate": 3}, 2 * EPOCHS), ({"mini_batch_size": 5, "mini_epochs": 2}, 16 * EPOCHS),
    ({"max_steps": 7}, 7)])
def test_a_warmup_counts_optimizer_steps(training: dict[str, Any], steps: int) -> None:
    found = rates({**training, "warmup": {"share": 1, "start_factor": 0.0}})
    np.testing.assert_allclose(found, LR * np.arange(steps) / steps)


@pytest.mark.parametrize("entry", load().optimizers, ids=lambda entry: entry.name)
def test_every_optimizer_warms_up(entry: Type) -> None:
    if entry.name == "torch.optim:SparseAdam":
        return  # takes sparse gradients alone, and is refused: SC308
    for example in entry.examples:
        optimizer = {"type": entry.name, **example}
        plan = plan_of({"warmup": {"epochs": 1, "start_factor": 0.25}}, optimizer=optimizer)
        seen, _, session = trained(plan)
        rate = plan.graph.optimizer.args["lr"]
        assert [one["lr"][0] / rate for one in seen[:6]] == pytest.approx(
            [0.25, 0.4375, 0.625, 0.8125, 1, 1])
        assert all(torch.isfinite(weight).all() for weight in session.module.parameters())


def test_a_step_at_no_rate_leaves_the_weights() -> None:
    plan = plan_of({"warmup": {"steps": 3, "start_factor": 0.0}, "max_steps": 3})
    session = open_session(plan, CPU)
    before = [weight.clone() for weight in session.module.parameters()]
    batch = next(session.training.of(torch.arange(10)))
    loop.run_step(session, batch, 0)
    assert all(map(torch.equal, before, session.module.parameters()))
    loop.run_step(session, batch, 1)
    assert not any(map(torch.equal, before, session.module.parameters()))


def test_a_run_that_trains_on_warms_up_anew(tmp_path: Path) -> None:
    spec = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"}, "optimizer": SGD,
        "training": {"epochs": 2, "batch_size": 10, "device": "cpu",
                     "evaluate_before_training": True,
                     "warmup": {"epochs": 1, "start_factor": 0.1}}}
    first = specc.run(spec, FRAMES, out=tmp_path)
    second = specc.continue_run(first.folder, FRAMES, out=tmp_path)
    assert second.run is not None, str(second)
    history = pd.read_parquet(second.folder / "history.parquet")
    assert history["learning_rate"].tolist() == pytest.approx([LR / 10, LR / 10, LR, LR / 10, LR])


# What `specc plan` shows


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize("scheduler", [None, FALL, CYCLE, sequence(HOLD, CYCLE, milestones=[3])],
                         ids=["none", "fall", "cycle", "sequence"])
def test_the_rates_of_a_plan_are_those_of_its_run(scheduler: dict[str, Any] | None,
                                                  interval: str) -> None:
    plan = plan_of({"scheduler_interval": interval, "warmup": {"steps": 5}}, scheduler=scheduler)
    found = [one["lr"][0] for one in trained(plan)[0]]
    assert schedules.rates_of(plan) == {step: found[step - 1] for step in (1, 6, 10, 20)}


def test_rates_that_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert schedules.rates_of(plan_of()) == {}
    assert schedules.rates_of(plan_of(
        scheduler={"type": f"{SCHEDULER}ReduceLROnPlateau"})) == {}
    monkeypatch.setattr(schedules, "MOST_STEPS", 19)
    assert schedules.rates_of(plan_of(scheduler=FALL))
    assert schedules.rates_of(plan_of({"scheduler_interval": "step"}, scheduler=FALL)) == {}
