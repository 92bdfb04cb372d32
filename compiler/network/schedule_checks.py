"""Schedulers and warm-up against the optimizer, each other and the length of the run.

The rules repeat, as data, what torch says when it builds or steps a scheduler, and what it
gets wrong in silence. tests/compiler/test_schedule_checks.py holds them against the real classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ...schema.training import BY_EPOCH, BY_STEP
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Target
from ..stages import Graph, Node, Warmup
from ..text.pointer import join
from .schedules import (
    CHAINED,
    CYCLES,
    CYCLIC,
    FOLLOWS_LOSS,
    LENGTHS,
    ONE_CYCLE,
    SEQUENTIAL,
    Value,
    complete,
    interval,
    scheduler_steps,
    turns,
    value_of,
)

_ANEW = (*CYCLES, "torch.optim.lr_scheduler:CosineAnnealingWarmRestarts", SEQUENTIAL)
"""Schedulers that compute each rate from the first one, whatever stands beside them."""

_MOST_HALVES = 1023
"""The largest power of 2 that a float holds."""

_WARMUP = "/training/warmup"


def check_scheduler(graph: Graph) -> Iterator[Diagnostic]:
    """What is wrong of scheduler and warm-up, however long the run is.

    Reports: SC204.
    """
    training, scheduler = graph.training, value_of(graph)
    if training.warmup is not None:
        given = [name for name in ("steps", "epochs", "share")
                 if getattr(training.warmup, name) is not None]
        if len(given) != 1:
            yield _conflict(_WARMUP, "warmup", "one of steps, epochs and share says its length, "
                            + (f"not {' and '.join(given)}" if given else "none is given"),
                            'write one of them, such as {"share": 0.05}')
    if scheduler is None:
        return
    if scheduler["type"] == FOLLOWS_LOSS and training.scheduler_interval == BY_STEP:
        yield _conflict("/training/scheduler_interval", "scheduler_interval",
                        f"{FOLLOWS_LOSS} looks at the loss of whole epochs",
                        f'write "{BY_EPOCH}", or leave it out', fix_value=BY_EPOCH)
    yield from _check_parts("/scheduler", scheduler, graph.optimizer)
    if not any(_sets_rates(scheduler)):
        return
    for rule in training.parameter_groups:
        if rule.lr is not None:
            yield _conflict(join(rule.pointer, "lr"), "lr",
                            f"{scheduler['type']} gives all weights one learning rate",
                            "leave lr out, or use another scheduler", target="key")


def _sets_rates(scheduler: Value) -> Iterator[bool]:
    """For a scheduler and all in it: whether it replaces learning rates rather than scales them."""
    yield scheduler["type"] in CYCLES
    for inner in scheduler.get("schedulers") or ():
        yield from _sets_rates(inner)


def _check_parts(pointer: str, scheduler: Value, optimizer: Node) -> Iterator[Diagnostic]:
    kind = scheduler["type"]
    has_momentum = "momentum" in optimizer.args or "betas" in optimizer.args
    if kind in CYCLES and scheduler["cycle_momentum"] and not has_momentum:
        yield _conflict(join(pointer, "cycle_momentum"), "cycle_momentum",
                        f"{optimizer.type} has no momentum to cycle",
                        'set "cycle_momentum": false', fix_value=False)
    if kind == SEQUENTIAL:
        yield from _check_milestones(join(pointer, "milestones"), scheduler)
    inner = scheduler.get("schedulers") or ()
    for index, value in enumerate(inner):
        place = join(pointer, "schedulers", index)
        if value["type"] == FOLLOWS_LOSS:
            yield _conflict(join(place, "type"), "type",
                            f"{value['type']} cannot stand here inside {kind}",
                            "let it stand alone")
        elif kind == CHAINED and len(inner) > 1 and value["type"] in _ANEW:
            yield _conflict(join(place, "type"), "type",
                            f"{value['type']} sets the learning rate anew at each step, so "
                            f"{kind} cannot multiply it with others",
                            "let it stand alone; `warmup` of `training` makes a rise before it")
        else:
            yield from _check_parts(place, value, optimizer)


def _check_milestones(pointer: str, scheduler: Value) -> Iterator[Diagnostic]:
    count, milestones = len(scheduler["schedulers"]), scheduler["milestones"]
    if len(milestones) != count - 1:
        yield _conflict(pointer, "milestones",
                        f"{count} schedulers take turns at {count - 1} milestones, not at "
                        f"{len(milestones)}",
                        "give the step at which each scheduler but the first starts")
    elif any(later <= earlier for earlier, later in pairwise(milestones)):
        yield _conflict(pointer, "milestones", "do not ascend",
                        "give the steps at which the schedulers start in their order")


def check_schedule(graph: Graph, steps: int, steps_per_epoch: int,
                   warmup: Warmup | None) -> Iterator[Diagnostic]:
    """Scheduler and warm-up against the length of the run.

    Reports: SC204, SC313, SC314.

    Args:
        steps: of the optimizer in the whole run.
    """
    if warmup is not None and warmup.steps > steps:
        yield codes.LONG_WARMUP.at(_WARMUP, warmup=warmup.steps, steps=steps)
    scheduler = value_of(graph)
    if scheduler is not None:
        total = scheduler_steps(graph, steps, steps_per_epoch)
        unit = "optimizer steps" if interval(graph) == BY_STEP else "epochs"
        found = list(_check_length("/scheduler", scheduler, total, total, unit))
        # What breaks has no end to lie beyond.
        yield from [one for one in found if one.is_error] or found


def _check_length(pointer: str, scheduler: Value, length: int, last: int,
                  unit: str) -> Iterator[Diagnostic]:
    """A scheduler and all in it against its turn.

    Args:
        length: the steps of its turn.
        last: the number of the last step that it takes, the first being 0; one less than its
            length where another scheduler takes over.
    """
    yield from _check_reached(pointer, scheduler, length, unit)
    if scheduler["type"] == ONE_CYCLE:
        yield from _check_cycle(pointer, complete(scheduler, length), last)
    if scheduler["type"] == CYCLIC:
        yield from _check_halves(pointer, complete(scheduler, length), last)
    inner = scheduler.get("schedulers") or ()
    if scheduler["type"] == CHAINED:
        for index, value in enumerate(inner):
            yield from _check_length(join(pointer, "schedulers", index), value, length, last, unit)
    if scheduler["type"] == SEQUENTIAL:
        ends = [*(milestone - 1 for milestone in scheduler["milestones"]), last]
        for index, (value, start, own) in enumerate(turns(scheduler, length)):
            taken = max(0, min(last, ends[index]) - start)
            yield from _check_length(join(pointer, "schedulers", index), value, own, taken, unit)


def _check_reached(pointer: str, scheduler: Value, length: int, unit: str) -> Iterator[Diagnostic]:
    """Whether changes come before the turn of a scheduler ends; one without a turn says nothing."""
    if not length:
        return
    for index, milestone in enumerate(scheduler.get("milestones") or ()):
        if milestone >= length:
            yield codes.NEVER_REACHED.at(join(pointer, "milestones", index), name="milestones",
                                         value=milestone, steps=length, unit=unit)
            return
    if scheduler.get("step_size", 0) >= length:
        yield codes.NEVER_REACHED.at(join(pointer, "step_size"), name="step_size",
                                     value=scheduler["step_size"], steps=length, unit=unit)
    for name in (LENGTHS.get(scheduler["type"], ""), "T_0", "step_size_up"):
        if (scheduler.get(name) or 0) > length:
            yield codes.NEVER_REACHED.at(join(pointer, name), name=name, value=scheduler[name],
                                         steps=length, unit=unit)


def _check_cycle(pointer: str, args: Value, last: int) -> Iterator[Diagnostic]:
    total = args["total_steps"]
    if last > total:
        yield _conflict(join(pointer, "total_steps"), "total_steps",
                        f"the scheduler takes {last} steps, more than {total}",
                        "leave it out: the length of its turn is its default")
    elif (phase := empty_phase(total, args["pct_start"], args["three_phase"], last)) is not None:
        yield _conflict(join(pointer, "pct_start"), "pct_start",
                        f"the {phase} of {total} steps has no length",
                        "train longer, or make the rise longer or shorter")


def empty_phase(total: int, share: float, three: bool, last: int) -> str | None:
    """The phase of a OneCycleLR in which torch divides by its length, zero; None where none is.

    A phase goes from the end of the one before it, the first from 0, to its own end; the last
    takes every step that is left. The ends are computed as in `OneCycleLR.__init__`, so that they
    round alike.

    Args:
        share: `pct_start`.
        three: whether it falls in two phases.
        last: the number of the last step that is taken, the first being 0.
    """
    ends = [float(share * total) - 1, *([float(2 * share * total) - 2] if three else []),
            float(total - 1)]
    if ends[0] == 0:
        return "rise"
    if ends[-1] == ends[-2] and last > max(ends[:-1]):
        return "last phase"
    return None


def _check_halves(pointer: str, args: Value, last: int) -> Iterator[Diagnostic]:
    """`triangular2` divides by a power of 2 that grows with each cycle."""
    up, down = args["step_size_up"], args["step_size_down"]
    cycle = math.floor(last / (up + (up if down is None else down)))
    if args["mode"] == "triangular2" and cycle > _MOST_HALVES:
        yield _conflict(join(pointer, "mode"), "mode",
                        f"the height cannot be halved {cycle} times",
                        "make the cycles longer, or use another mode")


def _conflict(pointer: str, name: str, reason: str, help: str, *, target: Target = "value",
              fix_value: Any = None) -> Diagnostic:
    fix = None if fix_value is None else ({"op": "add", "path": pointer, "value": fix_value},)
    return codes.CONFLICTING_KEYS.at(pointer, target=target, name=name, reason=reason, help=help,
                                     fix=fix)
