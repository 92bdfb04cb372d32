"""What the report is made of: plain data, so that a report needs neither torch nor pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...schema.constructors.types import Direction

History = Mapping[str, Sequence[float | None]]
"""Column -> one value for each epoch; None, or a value that is not finite, is a gap."""


@dataclass(frozen=True)
class ReportInput:
    """One finished run.

    Args:
        title: the name of the run.
        spec_text: the spec as given.
        plan: the plan as JSON; a part that is missing is left out of the page.
        history: columns `epoch`, `rows`, `seconds` (of each epoch), `loss_<split>` and
            `<metric>_<split>`. Any other column gets a figure of its own.
        metrics: split -> metric name -> final value, None where it is not defined.
        directions: metric name -> which way it gets better.
        environment: versions and hardware, name -> value.
        warnings: one line each.
    """

    title: str
    spec_text: str
    plan: Mapping[str, Any]
    history: History
    metrics: Mapping[str, Mapping[str, float | None]]
    directions: Mapping[str, Direction] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
