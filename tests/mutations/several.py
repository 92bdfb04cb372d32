"""Several mistakes in one spec, none of which can hide another."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from specc.compiler.text.patch import apply_to_value
from specc.compiler.text.pointer import parts, pointer_of, touched

from .agreement import AGREEMENT
from .bases import Base
from .case import Case

_SAMPLES = ("/bundle", "/training/train_on", "/training/evaluate_on")
"""What says which rows are samples."""

_TRIES = 400


@dataclass(frozen=True)
class Several:
    """Independent mistakes in one base."""

    base: Base
    cases: tuple[Case, ...]

    @property
    def document(self) -> Any:
        """The spec with all of the mistakes."""
        spec = self.base.spec
        for case in self.cases:
            spec = apply_to_value(spec, case.patch)
        return spec

    def __str__(self) -> str:
        return "\n".join(map(str, self.cases))


def several(cases: Sequence[Case], count: int, most: int, seed: int = 0) -> list[Several]:
    """So many different specs with 2 to `most` mistakes each, as many of each number."""
    dice = random.Random(seed)
    of_base: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        of_base[case.base.name].append(case)
    drawn: dict[str, Several] = {}
    while len(drawn) < count:
        wanted = 2 + len(drawn) % (most - 1)
        made = _draw(dice.choice(list(of_base.values())), wanted, dice)
        if made is not None:
            drawn.setdefault(str(made), made)
    return list(drawn.values())


def _draw(cases: Sequence[Case], wanted: int, dice: random.Random) -> Several | None:
    chosen: list[Case] = []
    for _ in range(_TRIES):
        case = dice.choice(cases)
        if all(_independent(case, other) for other in chosen):
            chosen.append(case)
        if len(chosen) == wanted:
            return Several(case.base, tuple(chosen))
    return None


def _independent(one: Case, other: Case) -> bool:
    return not (
        any(touched(place, _needs(other)) for place in _places(one))
        or any(touched(place, _needs(one)) for place in _places(other))
    )


def _places(case: Case) -> list[str]:
    """The pointers that a mistake changes."""
    places = [operation[key] for operation in case.patch for key in ("path", "from")
              if key in operation]
    if case.pointer.rpartition("/")[0] == "/extractors":
        # What stands between the extractors may belong to each of them.
        places.append("/extractors")
    return places


def _needs(case: Case) -> list[str]:
    """The pointers that must be sound for a mistake to be seen.

    The object around it; for a column the whole chain of its extractor; for a split all that
    makes the samples; and for what must fit the label all that the label, and where it counts
    the output, are made from.
    """
    return [*_places(case), *_around(case), *_further(case)]


def _around(case: Case) -> Iterator[str]:
    for place in _places(case):
        path = parts(place)
        if len(path) > 1:
            yield pointer_of(path[:-1])


def _further(case: Case) -> list[str]:
    path = parts(case.pointer)
    label = f"/extractors/{case.base.spec.get('label', 'label')}"
    if case.kind in AGREEMENT:
        output = {"wrong metric": [], "wrong loss": ["/network"]}.get(
            case.kind, ["/network", "/extractors"])
        return ["/loss", "/label", label, *output, *_SAMPLES]
    if case.kind == "bad reference":
        names = f"{label}/type"
        return list(_SAMPLES) if path[0] == "training" else ["/label", "/network", names]
    if case.kind in ("bad frame", "bad column"):
        return [pointer_of(path[:2]), "/bundle"]
    return []
