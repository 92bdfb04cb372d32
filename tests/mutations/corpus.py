"""The corpus: about as many mistakes of each kind, spread over the bases, always the same."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .agreement import AGREEMENT
from .bases import Base, Bundles
from .case import Case
from .contexts import CONTEXTS
from .references import REFERENCES
from .vocabulary import VOCABULARY

KINDS = (*VOCABULARY, *REFERENCES, *AGREEMENT, *CONTEXTS)


def corpus(bases: Sequence[Base], bundles: Bundles, each: int, seed: int = 0) -> list[Case]:
    """Up to `each` different mistakes of every kind, in turn from each base."""
    return [case for kind in KINDS for case in _of_kind(kind, bases, bundles, each, seed)]


def _of_kind(kind: str, bases: Sequence[Base], bundles: Bundles, each: int,
             seed: int) -> list[Case]:
    dice = random.Random(f"{seed} {kind}")
    queues = []
    for base in bases:
        found = {str(case): case for case in _cases(kind, base, bundles, dice)}
        queues.append(dice.sample(list(found.values()), len(found)))
    chosen: list[Case] = []
    while len(chosen) < each and any(queues):
        chosen += [queue.pop() for queue in queues if queue]
    return chosen[:each]


def _cases(kind: str, base: Base, bundles: Bundles, dice: random.Random) -> Iterator[Case]:
    if kind in REFERENCES:
        return REFERENCES[kind](base, bundles[base.bundle], dice)
    return {**VOCABULARY, **AGREEMENT, **CONTEXTS}[kind](base, dice)
