"""Steps of `continuous`: one number in, one number out; NaN stays NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ...schema.declaration import Args
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Node
from .frequencies import Counts, Floats, quantiles


@dataclass(frozen=True)
class Log1p:
    """log(1 + x), NaN up to -1; signed sign(x) log(1 + |x|)."""

    signed: bool
    type: ClassVar[str] = "log1p"

    @property
    def above(self) -> float:
        """The step is defined for the numbers above this."""
        return float("-inf") if self.signed else -1.0

    def __call__(self, values: Floats) -> Floats:
        if self.signed:
            result: Floats = np.sign(values) * np.log1p(np.abs(values))
            return result
        return np.log1p(np.where(values > -1, values, np.nan))


@dataclass(frozen=True)
class Clip:
    """Numbers below `low` become it, and those above `high`; None is no bound."""

    low: float | None
    high: float | None
    type: ClassVar[str] = "clip"
    above: ClassVar[float] = float("-inf")

    def __call__(self, values: Floats) -> Floats:
        if self.low is None and self.high is None:
            return values
        return np.clip(values, self.low, self.high)


Step = Log1p | Clip


def _fit_log1p(args: Args, values: Floats, counts: Counts) -> Log1p:
    return Log1p(args["signed"])


def _fit_clip(args: Args, values: Floats, counts: Counts) -> Clip:
    def bound(end: str) -> float | None:
        place = args[f"{end}_quantile"]
        if place is not None and len(values):
            return float(quantiles(values, counts, np.array([float(place)]))[0])
        return None if args[end] is None else float(args[end])

    return Clip(bound("low"), bound("high"))


FITTERS: Mapping[str, Callable[[Args, Floats, Counts], Step]] = {
    "log1p": _fit_log1p,
    "clip": _fit_clip,
}


def steps_of(node: Node) -> tuple[Node, ...]:
    """The steps of a `continuous`, in order."""
    return tuple(
        Node(f"{node.pointer}/steps/{place}", step["type"], step)
        for place, step in enumerate(node.args["steps"])
    )


def check_step(node: Node) -> tuple[Diagnostic, ...]:
    """Reports SC204 for bounds that are not in order, stand twice or are missing."""
    if node.type != "clip":
        return ()
    args = node.args
    twice = tuple(
        codes.CONFLICTING_KEYS.at(
            f"{node.pointer}/{end}", name=end, help="keep one of the two",
            reason=f"{end}_quantile gives the same bound")
        for end in ("low", "high")
        if args[end] is not None and args[f"{end}_quantile"] is not None
    )
    crossed = tuple(
        codes.CONFLICTING_KEYS.at(
            f"{node.pointer}/{low}", name=low, help="write the smaller number first",
            reason=f"{args[low]} is not below {args[high]}")
        for low, high in (("low", "high"), ("low_quantile", "high_quantile"))
        if args[low] is not None and args[high] is not None and args[low] >= args[high]
    )
    bounds = ("low", "high", "low_quantile", "high_quantile")
    if all(args[bound] is None for bound in bounds):
        return (codes.CONFLICTING_KEYS.at(
            node.pointer, name="clip", reason="it has no bound",
            help=f"give it one of {', '.join(bounds)}"),)
    return twice + crossed


def fit_step(node: Node, values: Floats, counts: Counts) -> Step:
    """Fit on training values that the step is defined for, each counted `counts` times."""
    return FITTERS[node.type](node.args, values, counts)


def step_state(step: Step) -> dict[str, Any]:
    """All that a step knows, as JSON."""
    return {"type": step.type, **asdict(step)}


def restore_step(state: Mapping[str, Any]) -> Step:
    """The step that gave this state."""
    args = {key: value for key, value in state.items() if key != "type"}
    return Log1p(**args) if state["type"] == "log1p" else Clip(**args)
