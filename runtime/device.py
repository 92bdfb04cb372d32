"""Where a run computes, and the settings that make it repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def choose_device(name: str) -> torch.device | None:
    """The device called `name`; `auto` is the first of cuda, mps and cpu. None if absent."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(candidate for candidate, there in available.items() if there)
    return torch.device(name) if available[name] else None


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Runs with a fixed number of threads, so that sums are always added in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
