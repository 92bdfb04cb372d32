"""Valid specs, one mistake put into each, and what a compiler must say of it.

`corpus` gives the mistakes, `check` judges what is said of one, `repair` follows what is said,
and `several` puts independent mistakes into one spec.
"""

from __future__ import annotations

from .bases import OF_FLIGHTS, Base, Bundles, load_bases
from .case import Case
from .corpus import KINDS, corpus
from .outcome import Compiler, Outcome, check
from .repairer import repair
from .several import Several, several

__all__ = [
    "KINDS", "OF_FLIGHTS", "Base", "Bundles", "Case", "Compiler", "Outcome", "Several", "check",
    "corpus", "load_bases", "repair", "several",
]
