"""The resolved spec as a flat table, which is what trackers show and compare."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...compiler.text.pointer import join


def parameters(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Pointer -> value. A list of plain values is one value, as the sizes of a network are;
    so is an empty object."""
    return dict(_flat("", resolved))


def _flat(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(join(pointer, key), inner)
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        for index, inner in enumerate(value):
            yield from _flat(join(pointer, index), inner)
    else:
        yield pointer, value


def as_text(value: Any, longest: int) -> str:
    """A text itself, everything else as JSON, cut where it is longer than that."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest - 3]}..."
