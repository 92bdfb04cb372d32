"""What only the real libraries can tell becomes SC310 before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import rehearse as module
from specc.runtime.frames import load_frames
from specc.runtime.rehearse import rehearse, sample_of
from specc.runtime.session import load_plan_frames

import specc

ROWS = 40
SCHEDULER = "torch.optim.lr_scheduler:"
FRAMES = {
    "index": pd.DataFrame({
        "a": np.arange(ROWS) / 7, "shop": [None if row % 5 == 0 else row % 4 + 1.0
                                           for row in range(ROWS)],
        "y": np.arange(ROWS) % 2, "split": ["test", "train", "train", "train"] * 10}),
    "shops": pd.DataFrame({"shop": [1.0, 2.0, 3.0, 4.0], "size": [3.0, None, 5.0, 6.0]}
                          ).set_index("shop"),
}


def spec(**parts: Any) -> dict[str, Any]:
    return {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a"]},
                       "shop": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"}],
                                "transformer": {"type": "auto"}}},
        "network": {"type": "output", "input_frames": ["x", "shop"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.1},
        "training": {"epochs": 3, "batch_size": 8, "device": "cpu"}, **parts,
    }


def plan_of(**parts: Any) -> Plan:
    compiled = specc.compile(spec(**parts), FRAMES)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def scheduler(name: str, **args: Any) -> dict[str, Any]:
    return {"scheduler": {"type": SCHEDULER + name, **args}}


STEP = {"type": SCHEDULER + "StepLR", "step_size": 1}
CYCLE = {"type": SCHEDULER + "OneCycleLR", "max_lr": 0.1, "cycle_momentum": False}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "one cycle shorter than the run": (
        scheduler("OneCycleLR", max_lr=0.1, total_steps=11, cycle_momentum=False), "/scheduler"),
    "one cycle that rises in its first step": (
        scheduler("OneCycleLR", max_lr=0.1, total_steps=20, pct_start=0.05,
                  cycle_momentum=False), "/scheduler"),
    "one cycle that never falls": (
        scheduler("OneCycleLR", max_lr=0.1, pct_start=1, cycle_momentum=False), "/scheduler"),
    "momentum of an optimizer without": (
        {**scheduler("CyclicLR", base_lr=0.1, max_lr=1.0),
         "optimizer": {"type": "torch.optim:Adagrad"}}, "/scheduler"),
    "milestones that do not fit the schedulers": (
        scheduler("SequentialLR", schedulers=[STEP, STEP], milestones=[1, 2]), "/scheduler"),
    "plateau in a sequence": (
        scheduler("SequentialLR", schedulers=[STEP, {"type": SCHEDULER + "ReduceLROnPlateau"}],
                  milestones=[1]), "/scheduler"),
    "plateau in a chain": (
        scheduler("ChainedScheduler", schedulers=[{"type": SCHEDULER + "ReduceLROnPlateau"}]),
        "/scheduler"),
    "cycle inside that ends too early": (
        scheduler("SequentialLR", milestones=[1],
                  schedulers=[STEP, {**CYCLE, "total_steps": 1}]), "/scheduler"),
    "nesterov without momentum": (
        {"optimizer": {"type": "torch.optim:SGD", "lr": 0.1, "nesterov": True}}, "/optimizer"),
    "nesterov with dampening": (
        {"optimizer": {"type": "torch.optim:SGD", "nesterov": True, "momentum": 0.9,
                       "dampening": 0.1}}, "/optimizer"),
    "fused and foreach": (
        {"optimizer": {"type": "torch.optim:Adam", "fused": True, "foreach": True}}, "/optimizer"),
    "bounds the wrong way round": (
        {"network": {"type": "feed_forward", "input_frames": ["x", "shop"], "factories": [
            {"type": "output"}, {"type": "torch.nn:Hardtanh", "min_val": -1, "max_val": -2}]}},
        "/network/factories/1"),
    "random factors the wrong way round": (
        {"network": {"type": "feed_forward", "input_frames": ["x", "shop"], "factories": [
            {"type": "output"}, {"type": "torch.nn:RReLU", "lower": 0.5, "upper": 0.1}]}},
        "/network/factories/1"),
}


@pytest.fixture
def unjudged(monkeypatch) -> None:
    """The compiler without what it knows of the libraries: the libraries must say it."""
    monkeypatch.setattr("specc.compiler.pipeline.check_conflicts", lambda graph: ())
    monkeypatch.setattr("specc.compiler.passes.lower.check_schedule", lambda *_: ())


@pytest.mark.usefixtures("unjudged")
@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_the_library(name: str, tmp_path: Path) -> None:
    parts, pointer = REFUSED[name]
    (found,) = specc.compile(spec(**parts), FRAMES).diagnostics
    assert (found.code, found.pointer) == ("SC310", pointer)
    result = specc.run(spec(**parts), FRAMES, out=tmp_path)
    assert [one.code for one in result.diagnostics] == ["SC310"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", REFUSED)
def test_refused_once_at_its_place(name: str) -> None:
    """By the compiler where it knows the rule, by the library where not, and never by both."""
    parts, pointer = REFUSED[name]
    (found,) = specc.compile(spec(**parts), FRAMES).diagnostics
    assert found.code in ("SC204", "SC310") and (found.pointer or "").startswith(pointer)


ACCEPTED: dict[str, dict[str, Any]] = {
    "one cycle of the run": scheduler("OneCycleLR", max_lr=0.1, cycle_momentum=False),
    "one cycle as long as the run": scheduler("OneCycleLR", max_lr=0.1, total_steps=12,
                                              cycle_momentum=False),
    "momentum is moved": {**scheduler("CyclicLR", base_lr=0.1, max_lr=1.0),
                          "optimizer": {"type": "torch.optim:SGD", "momentum": 0.9}},
    "sequence of three": scheduler("SequentialLR", schedulers=[STEP, STEP, STEP],
                                   milestones=[1, 2]),
    "cycle inside": scheduler("SequentialLR", schedulers=[STEP, CYCLE], milestones=[1]),
    "nesterov": {"optimizer": {"type": "torch.optim:SGD", "nesterov": True, "momentum": 0.9}},
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_runs(name: str, tmp_path: Path) -> None:
    assert specc.compile(spec(**ACCEPTED[name]), FRAMES).ok
    assert specc.run(spec(**ACCEPTED[name]), FRAMES, out=tmp_path).run is not None


@pytest.mark.usefixtures("unjudged")
def test_last_steps_of_a_long_schedule_are_tried(monkeypatch) -> None:
    monkeypatch.setattr(module, "SCHEDULER_STEPS", 3)
    short = spec(**scheduler("OneCycleLR", max_lr=0.1, total_steps=11, cycle_momentum=False))
    assert [one.code for one in specc.compile(short, FRAMES).diagnostics] == ["SC310"]
    assert specc.compile(spec(**ACCEPTED["one cycle as long as the run"]), FRAMES).ok


def test_rehearsal_leaves_nothing_behind() -> None:
    plan = plan_of(network={"type": "fully_connected", "sizes": [4, 1], "dropout": 0.5,
                            "input_frames": ["x", "shop"]})
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    assert rehearse(plan) == () and rehearse(plan) == ()
    assert torch.equal(torch.rand(2), wanted)


def test_shape_that_breaks_its_own_rule_is_told(monkeypatch) -> None:
    plan = plan_of()
    shapes = plan.shaped.shapes
    monkeypatch.setattr(type(shapes), "output", ("batch", 9), raising=False)
    object.__setattr__(shapes, "output", ("batch", 9))
    (found,) = rehearse(plan)
    assert found.code in ("SC301", "SC310")


@pytest.mark.parametrize("rows", [1, 5, 16, 1000])
def test_sample_holds_the_first_training_rows_alone(rows: int) -> None:
    plan = plan_of()
    sample = sample_of(plan, rows)
    training = np.flatnonzero(plan.samples.training)[:rows]
    assert sample.training_rows == len(training)
    whole, part = load_plan_frames(plan, torch.device("cpu")), load_frames(
        sample.shaped.fitted.extractors, plan.shaped.fitted.bound.bundle, torch.device("cpu"))
    for name, frame in part.items():
        wanted = whole[name].dense[whole[name].positions[training].long()]
        assert torch.equal(frame.dense[frame.positions.long()], wanted)
        assert len(frame.dense) <= len(training) + 1


def test_device_that_is_not_there() -> None:
    missing = next((name for name in ("cuda", "mps") if not {
        "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}[name]), None)
    if missing is None:
        return  # a machine with both: nothing is missing
    document = spec(training={"device": missing, "batch_size": 8})
    assert [(one.code, one.pointer) for one in specc.compile(document, FRAMES).diagnostics] == [
        ("SC404", "/training/device")]


def test_weights_that_a_step_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss of the sample batch is finite, and so are the arguments. Numbers that large are
    refused by the fit, so what it knows is taken away."""
    monkeypatch.setattr("specc.compiler.transformers.base.LARGEST_TO_TRAIN", 1e38)
    frames = {"index": FRAMES["index"].assign(atoms=1e33)}
    large = {
        **spec(), "optimizer": {"type": "torch.optim:SGD", "lr": 1e6},
        "network": {"type": "output", "input_frames": ["atoms"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    }
    large["extractors"] = {
        "label": large["extractors"]["label"],
        "atoms": {"type": "plain", "take_columns": ["atoms"]},
    }
    found = [(one.code, one.pointer) for one in specc.compile(large, frames).diagnostics]
    assert found == [("SC311", "/optimizer")]
    assert specc.validate(large, frames).ok
    assert specc.run(large, frames, out=tmp_path).run is None
    assert list(tmp_path.iterdir()) == []
