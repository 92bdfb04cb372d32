"""Hypothesis strategies for specs and bundles, and the promise that every pair must keep."""

from __future__ import annotations

from .bundles import bundles
from .drawn import DrawnBundle
from .pairs import Pair, pairs
from .promise import Outcome, judge
from .schema import Builder
from .specs import free_specs, specs

__all__ = [
    "Builder", "DrawnBundle", "Outcome", "Pair", "bundles", "free_specs", "judge", "pairs",
    "specs",
]
