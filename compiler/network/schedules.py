"""How long schedulers are: what their steps follow, and the lengths that a spec leaves null.

A step of the scheduler is one move of the learning rate: after an optimizer step, or after an
epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.training import BY_EPOCH, BY_STEP
from ..stages import Graph, Training, Warmup

Value = Mapping[str, Any]
"""A scheduler as the spec has it, with its `type` and every default."""

_MODULE = "torch.optim.lr_scheduler:"
ONE_CYCLE, CYCLIC = f"{_MODULE}OneCycleLR", f"{_MODULE}CyclicLR"
CYCLES = (ONE_CYCLE, CYCLIC)
"""Schedulers that give all weights one learning rate, and may move the momentum."""

FOLLOWS_LOSS = f"{_MODULE}ReduceLROnPlateau"
"""The scheduler that looks at the training loss of the epoch."""

SEQUENTIAL, CHAINED = f"{_MODULE}SequentialLR", f"{_MODULE}ChainedScheduler"

LENGTHS = {
    f"{_MODULE}ConstantLR": "total_iters",
    f"{_MODULE}CosineAnnealingLR": "T_max",
    f"{_MODULE}LinearLR": "total_iters",
    ONE_CYCLE: "total_steps",
    f"{_MODULE}PolynomialLR": "total_iters",
}
"""Scheduler -> its argument that is the length of its turn when the spec leaves it null."""

_UP = "step_size_up"


def interval(graph: Graph) -> str | None:
    """What one step of the scheduler follows, `step` or `epoch`; None without a scheduler."""
    scheduler, chosen = graph.scheduler, graph.training.scheduler_interval
    if scheduler is None:
        return None
    if chosen in (BY_STEP, BY_EPOCH):
        return chosen
    return BY_STEP if scheduler.type in CYCLES else BY_EPOCH


def scheduler_steps(graph: Graph, steps: int, steps_per_epoch: int) -> int:
    """Steps of the scheduler in a run of so many optimizer steps; the last one comes when
    training is over."""
    if interval(graph) == BY_STEP:
        return steps
    if graph.training.max_epoch_seconds is not None:
        # Nobody knows how many steps an epoch will have.
        return graph.training.epochs
    return -(-steps // steps_per_epoch)


def value_of(graph: Graph) -> Value | None:
    """The scheduler of a graph as it stands in the resolved spec."""
    scheduler = graph.scheduler
    return None if scheduler is None else {"type": scheduler.type, **scheduler.args}


def turns(sequence: Value, steps: int) -> Iterator[tuple[Value, int, int]]:
    """`(scheduler, its first step, the steps of its turn)` for each scheduler of a SequentialLR.

    A turn that begins at or behind the end has no steps.

    Args:
        steps: of the whole sequence.
    """
    starts = [0, *sequence["milestones"]]
    for index, inner in enumerate(sequence["schedulers"]):
        start = min(starts[index], steps) if index < len(starts) else steps
        end = min(starts[index + 1], steps) if index + 1 < len(starts) else steps
        yield inner, start, max(0, end - start)


def complete(scheduler: Value, steps: int) -> dict[str, Any]:
    """A scheduler with every null length filled in.

    Args:
        steps: of its turn, which for the outermost is the run.
    """
    found, steps = dict(scheduler), max(1, steps)
    length = LENGTHS.get(scheduler["type"])
    if length is not None and found[length] is None:
        found[length] = steps
    if found.get(_UP, 0) is None:
        # A cycle that is as long as the turn rises for half of it.
        found[_UP] = -(-steps // 2)
    if scheduler["type"] == SEQUENTIAL:
        found["schedulers"] = [complete(inner, length)
                               for inner, _, length in turns(scheduler, steps)]
    elif scheduler["type"] == CHAINED:
        found["schedulers"] = [complete(inner, steps) for inner in scheduler["schedulers"]]
    return found


def warmup_of(training: Training, steps: int, steps_per_epoch: int) -> Warmup | None:
    """The warm-up in optimizer steps, at least one.

    Args:
        steps: of the optimizer in the whole run.
    """
    rule = training.warmup
    if rule is None:
        return None
    if rule.steps is not None:
        return Warmup(rule.steps, rule.start_factor)
    if rule.epochs is not None:
        return Warmup(max(1, round(rule.epochs * steps_per_epoch)), rule.start_factor)
    return Warmup(max(1, round((rule.share or 0) * steps)), rule.start_factor)
