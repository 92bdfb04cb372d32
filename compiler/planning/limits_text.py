"""What of a plan limits evaluations, and makes training wait, as lines."""

from __future__ import annotations

from collections.abc import Iterator

from .describe_training import PACE
from .text_lines import Described


def limits_text(training: Described) -> Iterator[str]:
    """Lines of the part `training` of a plan, none where nothing is limited."""
    limits = training.get("evaluation_limits", {})
    size = training["batch_size"]
    for where, batches, seconds in (
            ("an evaluation of a split", limits.get("max_batches"), limits.get("max_seconds")),
            ("all evaluations but the last", limits.get("max_run_batches"),
             limits.get("max_run_seconds"))):
        parts = []
        if batches is not None:
            parts.append(f"at most {batches:,} batch{'es' if batches > 1 else ''} of {size:,} rows")
        if seconds is not None:
            parts.append(f"at most {seconds:g} s")
        if parts:
            yield f"  limits     {where}: {', '.join(parts)}"
    pace = training.get(PACE, {})
    if pace.get("delay"):
        yield f"  waits      {pace['delay']:g} s after each step"
    if pace.get("quiet_hours"):
        yield f"  quiet      {', '.join(pace['quiet_hours'])}"
