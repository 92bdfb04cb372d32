"""What two runs were made from: bundle, versions, machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...compiler.diagnostics.diagnostic import one_line
from ..finished.folder import FinishedRun

_LONGEST = 60

_LIMIT = 100
"""Lines for one pair of runs."""


def input_differences(first: FinishedRun, other: FinishedRun) -> tuple[str, ...]:
    """In words, what of the bundle and of the environment is another; the specs are not in it."""
    return tuple([*_frames(first, other), *_rest(first, other)][:_LIMIT])


def _frames(first: FinishedRun, other: FinishedRun) -> Iterator[str]:
    old, new = (_mapping(_mapping(run.environment, "bundle"), "frames") for run in (first, other))
    for name in sorted({*old, *new}, key=str):
        if name not in new:
            yield f"the frame {_short(name)} is read by the first run alone"
        elif name not in old:
            yield f"the frame {_short(name)} is not read by the first run"
        elif old[name] != new[name]:
            yield f"the frame {_short(name)} holds other data"


def _rest(first: FinishedRun, other: FinishedRun) -> Iterator[str]:
    old, new = _mapping(first.environment, "versions"), _mapping(other.environment, "versions")
    for name in sorted({*old, *new}, key=str):
        if old.get(name) != new.get(name):
            yield f"{_short(name)} {_short(new.get(name))}, and {_short(old.get(name))} before"
    for name in ("device", "platform", "threads", "fits", "continues"):
        if first.environment.get(name) != other.environment.get(name):
            yield (f"{name} {_short(other.environment.get(name))}, and "
                   f"{_short(first.environment.get(name))} before")


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _short(value: object) -> str:
    text = "none" if value is None else one_line(str(value))
    return text if len(text) <= _LONGEST else text[:_LONGEST - 3] + "..."
