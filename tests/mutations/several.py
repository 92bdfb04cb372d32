"""Several independent mistakes in one spec."""
from __future__ import annotations

from dataclasses import dataclass

from .case import Case


@dataclass(frozen=True)
class Several:
    cases: tuple[Case, ...]
def several(): ...
