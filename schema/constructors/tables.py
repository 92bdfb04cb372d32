"""The form of the curated tables that the generator joins with the installed signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..declaration import Args, Fragment

Form = Callable[..., Fragment]
"""A function of `fields` with everything but the default, which comes from the signature.
A form that brings a default of its own keeps it."""

LARGE = 1e6
"""Bound for numbers that have no natural one. Torch refuses a number that float32 cannot hold,
and in half precision products of large ones overflow."""

TINY = 1e-30
"""Least value of a term that keeps a denominator from zero: squares of it stay above the
smallest float32, and with none a single zero gradient makes weights infinite."""

SMALL = 1e-6
"""Least value of numbers that torch inverts: the inverse has to stay inside float32."""

MANY = 1_000_000_000
"""Bound for counts of steps and epochs: beyond it Python cannot turn them into floats for sure."""


@dataclass(frozen=True)
class Entry:
    """One class or function that a spec may name.

    Args:
        description: one sentence.
        examples: property sets that are valid and worth copying.
        forms: forms that differ from those of the family, by parameter.
        dropped: parameter -> why a spec cannot set it, for this entry alone.
    """

    description: str
    examples: tuple[Args, ...] = ({},)
    forms: Mapping[str, Form] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricEntry(Entry):
    """A metric; the fields are those of `MetricType`."""

    needs: str = "values"
    tasks: tuple[str, ...] = ("regression",)
    direction: str = "lower"


@dataclass(frozen=True)
class Table:
    """A family as we curate it.

    Args:
        family: its name in the generated file.
        module: where its classes are found.
        entries: name -> entry, in the order of the generated file.
        forms: parameter -> form, for every entry that has the parameter.
        dropped: parameter -> why no spec can set it.
        excluded: glob over names of the module -> why they are no entries.
    """

    family: str
    module: str
    entries: Mapping[str, Entry]
    forms: Mapping[str, Form]
    dropped: Mapping[str, str]
    excluded: Mapping[str, str]


def places(description: str, items: Fragment, forms: tuple[Fragment, ...], *,
           example: list[Any], default: list[Any]) -> Fragment:
    """A list of fixed length with a form of its own for each place.

    `items` is the form that all places share, for readers that do not know `prefixItems`.
    """
    return {
        "description": description,
        "type": "array",
        "prefixItems": list(forms),
        "items": items,
        "minItems": len(forms),
        "maxItems": len(forms),
        "default": default,
        "examples": [example],
    }
