"""One mistake in one spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specc.compiler.diagnostics.diagnostic import Patch
from specc.compiler.text.patch import apply_to_value

from .bases import Base


@dataclass(frozen=True)
class Case:
    """A mistake.

    Args:
        base: the valid spec.
        kind: one of `corpus.KINDS`.
        patch: the mistake, as a JSON Patch on the base.
        pointer: where the mistake stands then; for a key that is missing, the object.
        right: what the repair writes: the name for a typo, else the value before.
        distance: how many typing mistakes a name has, if that is the mistake.
    """

    base: Base
    kind: str
    patch: Patch
    pointer: str
    right: Any
    distance: int | None = None

    @property
    def document(self) -> Any:
        """The spec with the mistake."""
        return apply_to_value(self.base.spec, self.patch)

    def __str__(self) -> str:
        return f"{self.base.name}: {self.kind} at {self.pointer or 'the root'}: {self.patch}"


def replaced(base: Base, kind: str, pointer: str, value: Any, right: Any,
             distance: int | None = None) -> Case:
    """A value that is another one than it was."""
    return Case(base, kind, ({"op": "replace", "path": pointer, "value": value},), pointer, right,
                distance)
