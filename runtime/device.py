"""Where a run computes, and the settings that make it repeatable."""

from __future__ import annotations

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


def settle(threads: int) -> None:
    """Fixes the number of threads, so that sums are always added in the same order."""
    torch.set_num_threads(threads)
