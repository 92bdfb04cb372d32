"""Conditions and operations that contradict themselves, whatever the bundle holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...schema.conditions import LISTINGS, NULL_TESTS
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Patch
from ..text.pointer import join, parts, touched

Condition = Mapping[str, Any]


def each_condition(pointer: str, conditions: Sequence[Any]) -> Iterator[tuple[str, Condition]]:
    """Every condition with its pointer, those of inner lists too.

    Args:
        pointer: of the list `conditions`.
    """
    for index, entry in enumerate(conditions):
        place = join(pointer, index)
        if isinstance(entry, Mapping):
            yield place, entry
        else:
            yield from each_condition(place, entry)


def check_words(pointer: str, conditions: Sequence[Any]) -> Iterator[Diagnostic]:
    """Conditions whose word and value do not go together.

    Reports: SC204.
    """
    for place, condition in each_condition(pointer, conditions):
        word, value = condition["is"], condition["value"]
        if word in NULL_TESTS and value is not None:
            yield _wrong(place, f"is not read by {word!r}", "leave `value` out",
                         ({"op": "remove", "path": join(place, "value")},))
        elif word in LISTINGS and not isinstance(value, list):
            yield _wrong(place, f"{word!r} wants a list of values", "write them in brackets",
                         None if value is None
                         else ({"op": "replace", "path": join(place, "value"), "value": [value]},))
        elif word not in (*LISTINGS, *NULL_TESTS) and (value is None or isinstance(value, list)):
            yield _wrong(place, f"{word!r} wants one value",
                         'compare with a list by "in", and with null by "null" or "not_null"')


def _wrong(place: str, reason: str, help: str, fix: Patch | None = None) -> Diagnostic:
    return codes.CONFLICTING_KEYS.at(join(place, "value"), name="value", reason=reason, help=help,
                                     fix=fix)


def check_steps(steps: Sequence[Mapping[str, Any]],
                untold: Iterable[str]) -> tuple[Diagnostic, ...]:
    """Steps of `bundle.prepare` that contradict themselves.

    Reports: SC204.

    Args:
        untold: pointers of values that were invented or set to their default.
    """
    places = [(join("/bundle/prepare", index), step) for index, step in enumerate(steps)]
    return tuple(found for place, step in places if not touched(place, untold)
                 for found in _check_step(place, step))


def step_of(pointer: str | None) -> str:
    """The pointer of the step in which a pointer lies."""
    return join("", *parts(pointer or "")[:3])


def _check_step(pointer: str, step: Mapping[str, Any]) -> Iterator[Diagnostic]:
    operation = step.get("operation", {})
    yield from check_words(join(pointer, "where"), step.get("where", ()))
    yield from check_words(join(pointer, "operation", "where"), operation.get("where", ()))
    operands = operation.get("operands")
    if operands is not None and not any(isinstance(operand, str) for operand in operands):
        yield codes.CONFLICTING_KEYS.at(
            join(pointer, "operation", "operands"), name="operands",
            reason="not one of them is a column", help="write columns in quotes")
