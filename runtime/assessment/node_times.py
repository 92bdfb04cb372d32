"""How long each part of the network takes for one evaluation batch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from ..evaluate import Evaluation
from ..scoring import Scoring

PASSES = 5
"""Counted passes, after one that is not counted."""

MOST_SECONDS = 0.5
"""When no further pass begins."""


@dataclass(frozen=True)
class NodeTimes:
    """The median over passes, in seconds.

    Args:
        rows: those of the batch.
        gather: from the start to the batch, which takes the rows out of the encoded frames.
        forward: the whole network.
        nodes: pointer -> the node alone, in all members of an ensemble; of one that holds others
            there is none.
    """

    rows: int
    gather: float
    forward: float
    nodes: Mapping[str, float]


def node_times(session: Scoring, evaluations: Mapping[str, Evaluation]) -> NodeTimes | None:
    """Passes over the first batch of the largest evaluated split; None without rows."""
    samples = max((evaluation.samples for evaluation in evaluations.values()), key=len,
                  default=None)
    if samples is None or not len(samples):
        return None
    first = torch.from_numpy(samples[:session.evaluation.batch_size]).to(session.device)
    watches: dict[str, _Watch] = {}
    for pointer, module in session.network.modules():
        watches.setdefault(pointer, _Watch(session.device)).look_at(module)
    gathers: list[float] = []
    forwards: list[float] = []
    session.module.eval()
    begin = time.perf_counter()
    try:
        for number in range(PASSES + 1):
            for watch in watches.values():
                watch.seconds.append(0.0)
            start = time.perf_counter()
            batch = next(session.evaluation.of(first))
            _wait(session.device)
            gathered = time.perf_counter()
            with torch.inference_mode():
                session.module(batch)
            _wait(session.device)
            gathers.append(gathered - start)
            forwards.append(time.perf_counter() - gathered)
            if number and time.perf_counter() - begin > MOST_SECONDS:
                break
    finally:
        for watch in watches.values():
            watch.remove()
    nodes = {pointer: _median(watch.seconds) for pointer, watch in watches.items() if watch.seen}
    return NodeTimes(len(first), _median(gathers), _median(forwards), nodes)


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds[1:])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class _Watch:
    """Adds up what modules take in one pass, wherever they are called."""

    def __init__(self, device: torch.device) -> None:
        self.seconds: list[float] = []
        self.seen = False
        self._device, self._start = device, 0.0
        self._hooks: list[RemovableHandle] = []

    def look_at(self, module: nn.Module) -> None:
        before: Callable[..., Any] = self._before
        after: Callable[..., Any] = self._after
        self._hooks += [module.register_forward_pre_hook(before),
                        module.register_forward_hook(after)]

    def _before(self, *_: Any) -> None:
        _wait(self._device)
        self._start = time.perf_counter()

    def _after(self, *_: Any) -> None:
        _wait(self._device)
        self.seconds[-1] += time.perf_counter() - self._start
        self.seen = True

    def remove(self) -> None:
        for hook in self._hooks:
            hook.remove()
