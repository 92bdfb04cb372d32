"""The frames of a batch: what the network can read, and by which name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import BatchFrame, Context
from ..text.pointer import join
from .extractors import row_extractors

_EXTRACTORS = "/extractors"


def batch_frames(objects: Mapping[str, Mapping[str, Any]],
                 contexts: Mapping[str, Context]) -> tuple[
        dict[str, BatchFrame], list[Diagnostic]]:
    """Name -> frame: each extractor by its own name, a context by its aggregations.

    Reports SC204 where two frames, or the parts of a `combined`, would have one name.

    Args:
        objects: the `extractors` of the spec, defaults filled in.
    """
    frames: dict[str, BatchFrame] = {}
    found: list[Diagnostic] = []
    names: set[str] = set(objects)
    for name, value in objects.items():
        pointer = join(_EXTRACTORS, name)
        made: dict[str, BatchFrame] = {}
        if name in contexts:
            made = {
                f"{name}.{inner}": BatchFrame(node.pointer, (), name, inner)
                for inner, node in contexts[name].aggregations.items()
            }
            inside = list(made)
        else:
            parts = tuple(part.name for part in row_extractors(pointer, name, value))
            made[name] = BatchFrame(pointer, parts)
            inside = [part for part in parts if part != name]
        found += [
            codes.CONFLICTING_KEYS.at(pointer, target="key", name=name, help="rename one of the "
                                      "two", reason=f"it gives a second {twice!r}")
            for twice in inside if twice in names
        ]
        names.update(inside)
        frames |= made
    return frames, found


def extractor_of(pointer: str | None) -> str:
    """The pointer of the extractor that a pointer below `/extractors` belongs to."""
    return "/".join((pointer or "").split("/")[:3])
