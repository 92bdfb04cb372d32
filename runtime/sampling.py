"""Which training rows come in which order, epoch by epoch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..compiler.seeds import derive_seed
from ..compiler.stages import Plan


def training_order(plan: Plan, epoch: int) -> Tensor:
    """The samples of one epoch in order, int64 `(training rows,)`.

    Shuffled, or drawn with replacement and a chance proportional to `priority`, or in the
    order of the index frame. The order depends on the seed and the epoch alone, so a run
    that starts again at an epoch goes on the same way.
    """
    samples = torch.from_numpy(np.flatnonzero(plan.samples.training))
    if not (plan.priority or plan.shuffled):
        return samples
    seed = derive_seed(plan.graph.seed, "/training", f"order of epoch {epoch}")
    generator = torch.Generator().manual_seed(seed)
    if not plan.priority:
        return samples[torch.randperm(len(samples), generator=generator)]
    assert plan.samples.priority is not None
    # torch.multinomial stops at 2**24 categories; a search in the running sum does not.
    total = torch.from_numpy(plan.samples.priority[plan.samples.training]).cumsum(0)
    draws = torch.rand(len(samples), generator=generator, dtype=torch.float64) * total[-1]
    return samples[torch.searchsorted(total, draws, right=True).clamp_(max=len(samples) - 1)]


def split_samples(plan: Plan, split: str) -> Tensor:
    """The samples of one split in the order of the index frame, int64 `(rows,)`."""
    number = plan.samples.names.index(split)
    return torch.from_numpy(np.flatnonzero(plan.samples.split == number))
