"""Contexts, windows and the parts of training that contradict themselves or one another."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from .bases import Base
from .case import Case

_REMOVED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "sentences.steps": (("/extractors/given/size", "/extractors/given/aggregations/steps"),),
}
"""Base -> a property without which another place makes no sense, and that place."""

_ADDED: Mapping[str, tuple[tuple[str, Any, str], ...]] = {
    "sentences.steps": (
        ("/extractors/words/direction", "around", ""),
        ("/extractors/places/direction", "around", ""),
        ("/extractors/words/within", 3, ""),
        ("/extractors/given/within", "P1D", ""),
        ("/extractors/words/aggregations/forward/folded", True, ""),
        ("/extractors/given/aggregations/steps/folded", True, ""),
        ("/extractors/words/aggregations/numbers", {"type": "group_by"}, ""),
        ("/extractors/given/aggregations/columns", {"type": "pivot"}, ""),
        ("/extractors/places/aggregations/late", {"type": "group_by", "spans": ["P1D"]}, ""),
        ("/extractors/places/aggregations/ages",
         {"type": "group_by", "functions": ["since_last"]}, ""),
        ("/extractors/words/extractor/frame", "sentences", ""),
        ("/extractors/places/where/0/is", "in", "/extractors/places/where/0/value"),
        ("/extractors/words/where", [{"column": "position", "is": "null", "value": 0}],
         "/extractors/words/where/0/value"),
        ("/training/mini_batch_size", 30, ""),
        ("/training/parameter_groups/0", {"nodes": ["/network"]}, ""),
        ("/training/parameter_groups/0/nodes/0", "/network/factories/7", ""),
    ),
    "departures.contexts": (
        ("/extractors/aircraft/include_self", True, ""),
        ("/extractors/aircraft/direction", "after", ""),
        ("/extractors/aircraft/direction", "around", ""),
        ("/extractors/aircraft/at", {"sample": "distance", "row": "distance"}, ""),
        ("/extractors/aircraft/within", 12, ""),
        ("/extractors/airport/within", 0.5, ""),
        ("/extractors/aircraft/as_of/row", "dep_delay", "/extractors/aircraft/as_of"),
        ("/extractors/aircraft/as_of/sample", "distance", "/extractors/aircraft/as_of"),
        ("/extractors/airport/at/row", "origin", ""),
        ("/extractors/aircraft/on", {"tailnum": "distance"}, "/extractors/aircraft/on/tailnum"),
        ("/extractors/weather/joins/0", {"frame": "weather", "on": None},
         "/extractors/weather/joins/0/on"),
        ("/extractors/aircraft/aggregations/steps/folded", True, ""),
        ("/training/early_stopping/split", "train", ""),
        ("/training/early_stopping/metric", "accuracy_score", ""),
        ("/training/mini_batch_size", 1024, ""),
    ),
}
"""Base -> a value, where it is written, and the place that is wrong then; empty for the same."""


def bad_contexts(base: Base, dice: random.Random) -> Iterator[Case]:
    """Two properties of a context, or of training, that exclude each other, or one that needs
    another."""
    for pointer, place in _REMOVED.get(base.name, ()):
        yield Case(base, "bad context", ({"op": "remove", "path": pointer},), place, None)
    for pointer, value, place in _ADDED.get(base.name, ()):
        yield Case(base, "bad context", ({"op": "add", "path": pointer, "value": value},),
                   place or pointer, None)


CONTEXTS = {"bad context": bad_contexts}
