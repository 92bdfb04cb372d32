"""Gradient clipping: a bound on the norm of the gradients that a step follows."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from ..schema.networks.modules.ensemble import Ensemble


def clip(module: nn.Module, norm: float) -> None:
    """Shrinks gradients to this norm, those of all weights together, but those of each member of
    an ensemble by themselves: it trains as if it were alone."""
    for weights in _trained_apart(module):
        nn.utils.clip_grad_norm_(weights, norm)


def _trained_apart(module: nn.Module) -> Iterator[list[nn.Parameter]]:
    of_members: set[int] = set()
    for part in module.modules():
        for member in part.members if isinstance(part, Ensemble) else ():
            weights = list(member.parameters())
            of_members.update(map(id, weights))
            yield weights
    yield [weight for weight in module.parameters() if id(weight) not in of_members]
