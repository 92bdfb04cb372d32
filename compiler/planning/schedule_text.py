"""How the learning rate moves, as lines of the plan."""

from __future__ import annotations

from collections.abc import Iterator

from ...schema.training import BY_STEP
from .text_lines import Described


def schedule_text(training: Described) -> Iterator[str]:
    """Lines about the steps of the scheduler and the warm-up, where there are any."""
    steps = training["scheduler_steps"]
    if steps is not None:
        place = "optimizer step" if training["scheduler_interval"] == BY_STEP else "epoch"
        yield f"  schedule   a step after each {place}, {steps:,} in the run"
    warmup = training["warmup"]
    if warmup is not None:
        count = warmup["steps"]
        yield (f"  warm-up    over the first {count:,} optimizer step{'s' if count > 1 else ''}, "
               f"from {warmup['start_factor']:g} of the learning rate")


def rates_text(rates: Described | None) -> Iterator[str]:
    """A line of learning rates by optimizer step, where they were computed."""
    if rates:
        shown = ", ".join(f"{rate:.4g} at step {int(step):,}" for step, rate in rates.items())
        yield f"  rates      {shown}"
