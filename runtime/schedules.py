"""The learning rate along a run: the schedulers of torch, and the warm-up in front of them."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import optim

from ..compiler.network.schedules import (
    CHAINED,
    FOLLOWS_LOSS,
    SEQUENTIAL,
    complete,
    interval,
    scheduler_steps,
    value_of,
)
from ..compiler.stages import Plan
from ..schema.training import BY_STEP
from .constructors import class_of

MOST_STEPS = 100_000
"""Steps of a scheduler beyond which the rates of a run are not computed in advance."""

Settings = list[dict[str, Any]]


class Turns:
    """Schedulers one after the other, each on an optimizer as it is at the start of the run.

    It stands in for torch's SequentialLR, in which schedulers disturb each other: a OneCycleLR
    changes the rate that all others begin with, cycled momentum is moved before its turn, and
    one SequentialLR within another is a step ahead.

    Args:
        makers: make the scheduler of each turn.
        milestones: the step at which each turn but the first begins.

    Raises ValueError where there is not one milestone between two turns.
    """

    def __init__(self, optimizer: optim.Optimizer, makers: Sequence[Callable[[], Any]],
                 milestones: Sequence[int]) -> None:
        if len(milestones) != len(makers) - 1:
            raise ValueError(f"{len(makers)} schedulers cannot take turns at "
                             f"{len(milestones)} milestones")
        self.optimizer = optimizer
        self.last_epoch = 0
        self._milestones = milestones
        self._schedulers: list[Any] = []
        self._starts: list[Settings] = []
        before = _settings(optimizer)
        for make in makers:
            _reset(optimizer, before)
            self._schedulers.append(make())
            self._starts.append(_settings(optimizer))
        # Every group keeps the names of all turns, so that its form is that of any checkpoint.
        for start in reversed(self._starts):
            _update(optimizer, start)

    def step(self) -> None:
        """Goes on in the turn, or begins the next one, which is at its first rate already."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        if turn and self._milestones[turn - 1] == self.last_epoch:
            _update(self.optimizer, self._starts[turn])
        else:
            self._schedulers[turn].step()

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"last_epoch": self.last_epoch,
                "schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on with what a checkpoint holds."""
        self.last_epoch = state["last_epoch"]
        for scheduler, saved in zip(self._schedulers, state["schedulers"], strict=True):
            scheduler.load_state_dict(saved)


def _settings(optimizer: optim.Optimizer) -> Settings:
    return [{key: value for key, value in group.items() if key != "params"}
            for group in optimizer.param_groups]


def _reset(optimizer: optim.Optimizer, settings: Settings) -> None:
    """Puts settings back, and takes away what has come since."""
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        for key in group.keys() - own.keys() - {"params"}:
            del group[key]
    _update(optimizer, settings)


def _update(optimizer: optim.Optimizer, settings: Settings) -> None:
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)


def build_scheduler(plan: Plan, optimizer: optim.Optimizer) -> Any:
    """The scheduler, or None; lengths that the spec leaves null are those of its turn."""
    scheduler = value_of(plan.graph)
    if scheduler is None:
        return None
    return scheduler_of(complete(scheduler, _steps_of(plan)), optimizer)


def scheduler_of(value: Mapping[str, Any], optimizer: optim.Optimizer) -> Any:
    """The scheduler that a value without null lengths describes."""
    args = {key: inner for key, inner in value.items() if key != "type"}
    if value["type"] == SEQUENTIAL:
        makers = [_maker(inner, optimizer) for inner in args["schedulers"]]
        return Turns(optimizer, makers, args["milestones"])
    if value["type"] == CHAINED:
        return class_of(CHAINED)([scheduler_of(inner, optimizer) for inner in args["schedulers"]],
                                 optimizer=optimizer)
    return class_of(value["type"])(optimizer, **args)


def _maker(value: Mapping[str, Any], optimizer: optim.Optimizer) -> Callable[[], Any]:
    return lambda: scheduler_of(value, optimizer)


def _steps_of(plan: Plan) -> int:
    return scheduler_steps(plan.graph, plan.steps, plan.steps_per_epoch)


def step_scheduler(plan: Plan, scheduler: Any, loss: float) -> None:
    """One step of a scheduler; `loss` is the mean training loss of the epoch."""
    node = plan.graph.scheduler
    if node is not None and node.type == FOLLOWS_LOSS:
        scheduler.step(loss)
    else:
        scheduler.step()


def after_step(plan: Plan, scheduler: Any) -> None:
    """What follows an optimizer step."""
    if interval(plan.graph) == BY_STEP:
        scheduler.step()


def after_epoch(plan: Plan, scheduler: Any, loss: float) -> None:
    """What follows an epoch; `loss` is its mean training loss."""
    if scheduler is not None and interval(plan.graph) != BY_STEP:
        step_scheduler(plan, scheduler, loss)


@contextmanager
def warmed_up(plan: Plan, optimizer: optim.Optimizer, done: int) -> Iterator[None]:
    """Within it the learning rates are those of the warm-up; after it what they were, bit for
    bit, as schedulers compute each rate from the one before.

    Args:
        done: optimizer steps of the run before this one.
    """
    factor = warmup_factor(plan, done)
    if factor == 1.0:
        yield
        return
    rates = [group["lr"] for group in optimizer.param_groups]
    try:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        yield
    finally:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def warmup_factor(plan: Plan, done: int) -> float:
    """What the warm-up multiplies the learning rates of the next step with."""
    return 1.0 if plan.warmup is None else plan.warmup.factor(done)


def rates_of(plan: Plan) -> dict[int, float]:
    """Optimizer step, from 1 -> the learning rate of the first group of weights: at the first
    step, after the warm-up, in the middle and at the last step.

    Empty where the rate does not move, depends on the loss, or moves too often to be computed.
    """
    node, warmup = plan.graph.scheduler, plan.warmup
    if node is not None and (node.type == FOLLOWS_LOSS or _steps_of(plan) > MOST_STEPS):
        return {}
    if node is None and warmup is None:
        return {}
    wanted = {1, (plan.steps + 1) // 2, plan.steps}
    if warmup is not None and warmup.steps < plan.steps:
        wanted.add(warmup.steps + 1)
    # Whatever the optimizer, its scheduler knows the rates and the momentum alone.
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=plan.groups[0].lr, momentum=0.9)
    scheduler = build_scheduler(plan, optimizer)
    each = 1 if interval(plan.graph) == BY_STEP else plan.steps_per_epoch
    moved, found = 0, dict[int, float]()
    with warnings.catch_warnings():
        # There are no optimizer steps between those of the scheduler.
        warnings.simplefilter("ignore")
        for step in sorted(wanted):
            while scheduler is not None and moved < (step - 1) // each:
                scheduler.step()
                moved += 1
            found[step] = float(optimizer.param_groups[0]["lr"]) * warmup_factor(plan, step - 1)
    return found
