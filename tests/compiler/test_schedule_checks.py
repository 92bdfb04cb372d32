"""Rules about schedulers and warm-up, held against the real classes of torch.

Not checked here: the wording (tests/golden/lower), what a run makes of a schedule
(tests/runtime/test_schedules.py).
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.network.conflicts import check_conflicts
from specc.compiler.network.schedule_checks import check_schedule, empty_phase
from specc.compiler.network.schedules import complete, turns, warmup_of
from specc.compiler.pipeline import read, resolve_document
from specc.compiler.stages import Graph, Source
from specc.runtime.schedules import scheduler_of
from torch.optim import lr_scheduler

SCHEDULER = "torch.optim.lr_scheduler:"
HOLD, LINE = {"type": f"{SCHEDULER}ConstantLR"}, {"type": f"{SCHEDULER}LinearLR"}
CYCLE = {"type": f"{SCHEDULER}OneCycleLR", "max_lr": 0.1}
RESTARTS = {"type": f"{SCHEDULER}CosineAnnealingWarmRestarts", "T_0": 1}


def graph(scheduler: dict[str, Any] | None, optimizer: str = "torch.optim:SGD",
          **training: Any) -> Graph:
    text = json.dumps({
        "specc": 1,
        "extractors": {"label": {"type": "plain"}, "x": {"type": "plain"}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": "torch.nn:MSELoss"},
        "optimizer": {"type": optimizer},
        "scheduler": scheduler,
        "training": {"epochs": 3, **training},
    })
    document = read(Source("spec.json", text)).stage
    assert document is not None
    resolved = resolve_document(document).stage
    assert resolved is not None
    return resolved


def sequence(*schedulers: dict[str, Any], milestones: list[int]) -> dict[str, Any]:
    return {"type": f"{SCHEDULER}SequentialLR", "schedulers": list(schedulers),
            "milestones": milestones}


def chain(*schedulers: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"{SCHEDULER}ChainedScheduler", "schedulers": list(schedulers)}


def of_conflicts(judged: Graph) -> list[tuple[str, str | None]]:
    return [(entry.code, entry.pointer) for entry in check_conflicts(judged)]


def of_schedule(judged: Graph, steps: int, per_epoch: int) -> list[tuple[str, str | None]]:
    warmup = warmup_of(judged.training, steps, per_epoch)
    return [(entry.code, entry.pointer)
            for entry in check_schedule(judged, steps, per_epoch, warmup)]


# However long the run is


@pytest.mark.parametrize(("scheduler", "optimizer", "pointer"), [
    (CYCLE, "torch.optim:Adagrad", "/cycle_momentum"),
    ({"type": f"{SCHEDULER}CyclicLR", "base_lr": 0.1, "max_lr": 0.2}, "torch.optim:Adagrad",
     "/cycle_momentum"),
    (sequence(HOLD, LINE, milestones=[]), "torch.optim:SGD", "/milestones"),
    (sequence(HOLD, LINE, LINE, milestones=[2, 2]), "torch.optim:SGD", "/milestones"),
    (sequence(HOLD, LINE, LINE, milestones=[2, 1]), "torch.optim:SGD", "/milestones"),
    (chain({"type": f"{SCHEDULER}ReduceLROnPlateau"}), "torch.optim:SGD", "/schedulers/0/type"),
    (sequence(HOLD, {"type": f"{SCHEDULER}ReduceLROnPlateau"}, milestones=[1]),
     "torch.optim:SGD", "/schedulers/1/type"),
    (chain({"type": f"{SCHEDULER}CyclicLR", "base_lr": 0.1, "max_lr": 0.2}),
     "torch.optim:Adagrad", "/schedulers/0/cycle_momentum"),
    (chain(CYCLE, LINE), "torch.optim:SGD", "/schedulers/0/type"),
    (chain(LINE, RESTARTS), "torch.optim:SGD", "/schedulers/1/type"),
    (chain(LINE, sequence(HOLD, LINE, milestones=[1])), "torch.optim:SGD", "/schedulers/1/type"),
])
def test_schedulers_that_do_not_fit(scheduler: dict[str, Any], optimizer: str,
                                    pointer: str) -> None:
    assert of_conflicts(graph(scheduler, optimizer)) == [("SC204", f"/scheduler{pointer}")]


@pytest.mark.parametrize(("scheduler", "optimizer"), [
    ({"type": f"{SCHEDULER}CyclicLR", "base_lr": 0.1, "max_lr": 0.2}, "torch.optim:SGD"),
    ({**CYCLE, "cycle_momentum": False}, "torch.optim:Adagrad"),
    (sequence(HOLD, chain(LINE, HOLD), milestones=[2]), "torch.optim:SGD"),
    (sequence(HOLD, sequence(LINE, CYCLE, milestones=[1]), milestones=[2]), "torch.optim:SGD"),
    (chain(CYCLE), "torch.optim:SGD"),
])
def test_schedulers_that_fit(scheduler: dict[str, Any], optimizer: str) -> None:
    assert of_conflicts(graph(scheduler, optimizer)) == []


def test_the_loss_of_an_epoch_is_not_there_at_a_step() -> None:
    plateau = {"type": f"{SCHEDULER}ReduceLROnPlateau"}
    assert of_conflicts(graph(plateau, scheduler_interval="step")) == [
        ("SC204", "/training/scheduler_interval")]
    for interval in ("auto", "epoch"):
        assert of_conflicts(graph(plateau, scheduler_interval=interval)) == []


@pytest.mark.parametrize(("warmup", "found"), [
    ({"steps": 3}, False), ({"epochs": 0.5}, False), ({"share": 1}, False), (None, False),
    ({}, True), ({"start_factor": 0.1}, True), ({"steps": 3, "epochs": 1}, True),
    ({"steps": 3, "epochs": 1, "share": 0.1}, True),
])
def test_one_key_says_how_long_the_warmup_is(warmup: Any, found: bool) -> None:
    wanted = [("SC204", "/training/warmup")] if found else []
    assert of_conflicts(graph(None, warmup=warmup)) == wanted


# Against the length of the run


@pytest.mark.parametrize(("total", "start", "steps", "pointer"), [
    (5, 0.3, 4, "/total_steps"),
    (None, 0.5, 1, None),
    (None, 0.25, 4, "/pct_start"),
    (None, 0.25, 3, None),
    (20, 0.05, 4, "/pct_start"),
    (None, 1, 4, "/pct_start"),
])
def test_one_cycle_against_the_length_of_the_run(total: int | None, start: float, steps: int,
                                                 pointer: str | None) -> None:
    judged = graph({**CYCLE, "total_steps": total, "pct_start": start})
    found = [one for one in of_schedule(judged, steps if total is None else 3 * steps, steps)
             if one[0] != "SC313"]
    assert found == ([] if pointer is None else [("SC204", f"/scheduler{pointer}")])


def refuses(make: Callable[[torch.optim.Optimizer], Any], steps: int) -> type[Exception] | None:
    """What torch raises while a scheduler is made and takes so many steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            scheduler = make(optimizer)
            for _ in range(steps):
                scheduler.step()
        except (ArithmeticError, ValueError) as error:
            return type(error)
    return None


@st.composite
def cycles(draw: st.DrawFn) -> tuple[int, float, bool, int]:
    """`(total_steps, pct_start, three_phase, steps)`, often where a phase is near to nothing."""
    total = draw(st.integers(1, 60))
    near = st.builds(lambda part, off: min(1.0, max(0.0, part + off)), st.sampled_from(
        [1 / total, (total + 1) / (2 * total), 0.5, 1.0, 0.0, 1 / (2 * total)]),
        st.sampled_from([0.0, 0.0, 1e-16, -1e-16, 1e-3]))
    share = draw(near | st.floats(0, 1))
    last = draw(st.sampled_from([total, total - 1]) | st.integers(0, total))
    return total, share, draw(st.booleans()), last


@given(cycles())
def test_phases_without_length_are_those_that_torch_divides_by(
        drawn: tuple[int, float, bool, int]) -> None:
    total, share, three, last = drawn
    raised = refuses(lambda optimizer: lr_scheduler.OneCycleLR(
        optimizer, 0.1, total_steps=total, pct_start=share, three_phase=three), last)
    assert raised in (None, ZeroDivisionError)
    assert (empty_phase(total, share, three, last) is not None) == (raised is not None)


@pytest.mark.parametrize("three", [False, True])
def test_every_phase_of_a_short_cycle(three: bool) -> None:
    """Each share that ends a phase at a step, or halfway, for every number of steps taken."""
    broken = 0
    for total in range(1, 13):
        for part in range(2 * total + 2):
            share = min(1.0, part / (2 * total))
            for last in {0, 1, total - 1, total} - {total + 1}:
                if last > total:
                    continue
                raised = refuses(lambda optimizer, total=total, share=share:
                                 lr_scheduler.OneCycleLR(
                                     optimizer, 0.1, total_steps=total, pct_start=share,
                                     three_phase=three), last)
                found = empty_phase(total, share, three, last) is not None
                assert found == (raised is ZeroDivisionError), (total, share, last)
                broken += found
    assert broken > 10


@st.composite
def compositions(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """A OneCycleLR or CyclicLR in some turn of a SequentialLR, or alone, and steps of a run."""
    steps = draw(st.integers(1, 14))
    cycle = draw(st.sampled_from([
        {**CYCLE, "total_steps": total, "pct_start": share, "three_phase": three}
        for total in (None, 1, 2, 4, 9) for share in (0.0, 0.25, 0.5, 0.625, 1.0)
        for three in (False, True)]))
    others = draw(st.lists(st.sampled_from([HOLD, LINE]), max_size=2))
    parts = draw(st.permutations([cycle, *others]))
    milestones = sorted(draw(st.sets(st.integers(1, 16), min_size=len(others),
                                     max_size=len(others))))
    return (sequence(*parts, milestones=milestones) if others else cycle), steps


@given(compositions())
def test_a_schedule_is_refused_where_a_run_would_break(
        drawn: tuple[dict[str, Any], int]) -> None:
    scheduler, steps = drawn
    judged = graph(scheduler, scheduler_interval="step")
    assert judged.scheduler is not None
    value = {"type": judged.scheduler.type, **judged.scheduler.args}
    raised = refuses(lambda optimizer: scheduler_of(complete(value, steps), optimizer), steps)
    found = [code for code, _ in of_schedule(judged, steps, steps) if code == "SC204"]
    assert bool(found) == (raised is not None)


@pytest.mark.parametrize("steps", [2047, 2048, 2049])
def test_cycles_that_are_halved_too_often(steps: int) -> None:
    args = {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 1, "mode": "triangular2"}
    raised = refuses(lambda optimizer: lr_scheduler.CyclicLR(optimizer, **args), steps)
    found = of_schedule(graph({"type": f"{SCHEDULER}CyclicLR", **args}), steps, steps)
    assert raised is (OverflowError if steps >= 2048 else None)
    assert found == ([("SC204", "/scheduler/mode")] if raised else [])


@pytest.mark.parametrize(("scheduler", "pointer"), [
    ({"type": f"{SCHEDULER}StepLR", "step_size": 2}, None),
    ({"type": f"{SCHEDULER}StepLR", "step_size": 3}, "/step_size"),
    ({"type": f"{SCHEDULER}MultiStepLR", "milestones": [1, 2]}, None),
    ({"type": f"{SCHEDULER}MultiStepLR", "milestones": [1, 3, 9]}, "/milestones/1"),
    ({**LINE, "total_iters": 3}, None),
    ({**LINE, "total_iters": None}, None),
    ({**LINE, "total_iters": 4}, "/total_iters"),
    ({"type": f"{SCHEDULER}CosineAnnealingLR", "T_max": 4}, "/T_max"),
    ({**RESTARTS, "T_0": 4}, "/T_0"),
    (sequence({**LINE, "total_iters": 1}, {**LINE, "total_iters": 2}, milestones=[1]), None),
    (sequence({**LINE, "total_iters": 2}, {**LINE, "total_iters": 2}, milestones=[1]),
     "/schedulers/0/total_iters"),
    (sequence({**LINE, "total_iters": 2}, LINE, milestones=[3]), "/milestones/0"),
])
def test_changes_beyond_the_end(scheduler: dict[str, Any], pointer: str | None) -> None:
    found = of_schedule(graph(scheduler), 30, 10)
    assert found == ([] if pointer is None else [("SC313", f"/scheduler{pointer}")])
    longer = {**scheduler, "milestones": [20]} if "schedulers" in scheduler else scheduler
    assert of_schedule(graph(longer, scheduler_interval="step"), 30, 10) == []


@pytest.mark.parametrize(("warmup", "steps"), [
    ({"steps": 30}, 30), ({"steps": 7}, 7), ({"epochs": 3}, 30), ({"epochs": 0.55}, 6),
    ({"share": 0.5}, 15), ({"share": 1}, 30), ({"share": 1e-9}, 1), ({"epochs": 1e-9}, 1),
])
def test_the_length_of_the_warmup(warmup: dict[str, Any], steps: int) -> None:
    judged = graph(None, warmup=warmup)
    made = warmup_of(judged.training, 30, 10)
    assert made is not None and made.steps == steps
    assert [made.factor(done) for done in (0, steps, steps + 9)] == [0.01, 1.0, 1.0]
    rises = [made.factor(done + 1) - made.factor(done) for done in range(steps)]
    assert all(math.isclose(rise, 0.99 / steps) for rise in rises)
    assert of_schedule(judged, 30, 10) == []


@pytest.mark.parametrize("warmup", [{"steps": 31}, {"epochs": 3.1}])
def test_a_warmup_longer_than_the_run(warmup: dict[str, Any]) -> None:
    assert of_schedule(graph(None, warmup=warmup), 30, 10) == [("SC314", "/training/warmup")]


def test_lengths_are_those_of_a_turn() -> None:
    line = {**LINE, "total_iters": None}
    judged = graph(sequence(line, sequence(line, line, milestones=[2]), line, milestones=[3, 8]))
    assert judged.scheduler is not None
    value = {"type": judged.scheduler.type, **judged.scheduler.args}
    assert [(start, length) for _, start, length in turns(value, 12)] == [(0, 3), (3, 5), (8, 4)]
    first, second, third = complete(value, 12)["schedulers"]
    assert (first["total_iters"], third["total_iters"]) == (3, 4)
    assert [inner["total_iters"] for inner in second["schedulers"]] == [2, 3]
    # A turn that never comes has a scheduler that is made all the same.
    assert complete(value, 5)["schedulers"][2]["total_iters"] == 1
    assert [length for _, _, length in turns(value, 5)] == [3, 2, 0]


def test_a_cycle_that_is_as_long_as_the_run() -> None:
    cyclic = {"type": f"{SCHEDULER}CyclicLR", "step_size_up": None}
    assert complete(cyclic, 9)["step_size_up"] == 5
    assert complete(cyclic, 0)["step_size_up"] == 1
