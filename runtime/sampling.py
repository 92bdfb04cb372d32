"""Which training rows come in which order, epoch by epoch.

Every order depends on the seed of the spec and on its place in the run alone, so a run that
starts again at an epoch goes on the same way. Samples are told apart by their row in the
index frame, never by what stands in it, so equal rows are samples of their own.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..compiler.seeds import derive_seed
from ..compiler.stages import Plan
from ..schema import samplers


def training_order(plan: Plan, epoch: int) -> Tensor:
    """The samples of one epoch in order, int64 `(epoch rows,)`."""
    samples = torch.from_numpy(np.flatnonzero(plan.samples.training))
    sampler = plan.sampler
    if sampler.type == samplers.SEQUENTIAL.name:
        return samples
    generator = _generator(plan, f"order of epoch {epoch}")
    if sampler.type == samplers.SHUFFLED.name:
        return samples[torch.randperm(len(samples), generator=generator)]
    assert plan.samples.priority is not None
    priority = torch.from_numpy(plan.samples.priority[plan.samples.training])
    draw = _with_replacement if sampler.args["replacement"] else _without_replacement
    return samples[draw(priority, plan.epoch_rows, generator)]


def _generator(plan: Plan, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(derive_seed(plan.graph.seed, "/training", purpose))


def _with_replacement(priority: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Places drawn with a chance proportional to `priority`, int64 `(count,)`."""
    # torch.multinomial stops at 2**24 categories; a search in the running sum does not.
    total = priority.cumsum(0)
    draws = torch.rand(count, generator=generator, dtype=torch.float64) * total[-1]
    return torch.searchsorted(total, draws, right=True).clamp_(max=len(priority) - 1)


def _without_replacement(priority: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Places drawn one after the other, each once, int64 `(count,)`.

    The places with the smallest exponential times of rate `priority`, in the order of their
    times: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).

    Args:
        count: at most as many as there are priorities above 0.
    """
    draws = torch.rand(len(priority), generator=generator, dtype=torch.float64)
    # The times as logarithms: a priority may be so small that a time would be infinite.
    times = torch.log(-torch.log1p(-draws)) - torch.log(priority)
    return torch.argsort(times, stable=True)[:count]


def mini_batch_order(plan: Plan, epoch: int, batch: int, mini_epoch: int, rows: int) -> Tensor:
    """The order in which a pass over a batch takes its rows, int64 `(rows,)`.

    Args:
        batch: the number of the batch in its epoch, from 1.
        mini_epoch: the number of the pass over this batch, from 1.
    """
    purpose = f"order of epoch {epoch}, batch {batch}, mini-epoch {mini_epoch}"
    return torch.randperm(rows, generator=_generator(plan, purpose))


def split_samples(plan: Plan, split: str) -> Tensor:
    """The samples of one split in the order of the index frame, int64 `(rows,)`."""
    number = plan.samples.names.index(split)
    return torch.from_numpy(np.flatnonzero(plan.samples.split == number))
