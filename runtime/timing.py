"""How long a step takes: a few real steps of the real batch size on real rows."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from ..compiler.stages import Plan
from .batches import Batch
from .device import choose_device, threads
from .mini_batches import mini_batches
from .rehearse import sample_of
from .session import Session, build_session, load_plan_frames
from .steps import run_step

WARM_UP_STEPS = 2
"""Steps that are not counted: the first ones allocate, and find the quickest kernels."""

MOST_BATCHES = 8
"""Different batches that are encoded; the steps go through them again and again."""

MOST_STEPS = 20
MOST_SECONDS = 1.0
"""When measuring stops, after one counted step at least."""


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Args:
        step_seconds: the median step, with the gathering of its batch where that is one step.
        epoch_seconds: as many such steps as an epoch has; evaluation is not in it.
        steps: how many were measured.
    """

    step_seconds: float
    epoch_seconds: float
    steps: int


def time_steps(plan: Plan) -> Timing | None:
    """Trains a few steps on the first training rows and throws them away.

    Only the rows of a few batches are encoded. None where the device is not there. The state of
    torch's random numbers and its number of threads are left as they were.

    Raises BundleError when a frame cannot be read any more.
    """
    device = choose_device(plan.graph.training.device)
    if device is None:
        return None
    batch = min(plan.graph.training.batch_size, plan.training_rows)
    batches = min(MOST_BATCHES, plan.training_rows // batch)
    with (threads(plan.threads), torch.random.fork_rng(devices=[]),
          warnings.catch_warnings()):
        warnings.simplefilter("ignore")
        sample = sample_of(plan, batch * batches)
        session = build_session(sample, device, load_plan_frames(sample, device))
        # A schedule may end with the run.
        seconds = _measure(session, plan.steps)
    median = statistics.median(seconds)
    return Timing(median, median * plan.steps_per_epoch, len(seconds))


def _measure(session: Session, most: int) -> list[float]:
    """The seconds of each counted step, of at most `most` steps."""
    session.module.train()
    warm_up = min(WARM_UP_STEPS, most - 1)
    counted: list[float] = []
    begin = start = time.perf_counter()
    for step, batch in enumerate(_batches(session)):
        # Reading the loss waits for the device.
        float(run_step(session, batch))
        now = time.perf_counter()
        if step >= warm_up:
            counted.append(now - start)
        if len(counted) == min(MOST_STEPS, most - warm_up):
            break
        if counted and now - begin > MOST_SECONDS:
            break
        start = time.perf_counter()
    return counted


def _batches(session: Session) -> Iterator[Batch]:
    """Whole batches of the sample in a shuffled order, cut as in training, without end."""
    while True:
        order = torch.randperm(session.plan.training_rows).to(session.device)
        for number, batch in enumerate(session.training.of(order), start=1):
            yield from mini_batches(session.plan, batch, 1, number, 1)
