"""Constructors: the classes of torch and metrics of scikit-learn that a spec may name.

`constructors.json` is generated from the installed libraries and the tables of this folder:

    python -m specc.schema.constructors.generate

Only the JSON is read here, so neither library is imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..declaration import Type
from .types import MetricType

PATH = Path(__file__).with_name("constructors.json")


@dataclass(frozen=True)
class Constructors:
    """The families, each in the order of the file."""

    optimizers: tuple[Type, ...]
    schedulers: tuple[Type, ...]
    losses: tuple[Type, ...]
    layers: tuple[Type, ...]
    metrics: tuple[MetricType, ...]


@cache
def load() -> Constructors:
    """The committed file, read once a process, and not at import: the generator that mends a
    stale file has to import this package first."""
    families = json.loads(PATH.read_text(encoding="utf-8"))
    return Constructors(
        optimizers=_types(families["optimizers"]),
        schedulers=_types(families["schedulers"]),
        losses=_types(families["losses"]),
        layers=_types(families["layers"]),
        metrics=_metrics(families["metrics"]),
    )


def _types(family: Mapping[str, Mapping[str, Any]]) -> tuple[Type, ...]:
    return tuple(Type(**_declared(name, entry)) for name, entry in family.items())


def _declared(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "description": entry["description"],
        "properties": entry["properties"],
        "required": tuple(entry["required"]),
        "examples": tuple(entry["examples"]),
    }


def _metrics(family: Mapping[str, Mapping[str, Any]]) -> tuple[MetricType, ...]:
    return tuple(
        MetricType(**_declared(name, entry),
                   needs=entry["needs"],
                   tasks=tuple(entry["tasks"]),
                   direction=entry["direction"],
                   takes_labels=entry["takes_labels"],
                   multioutput=entry["multioutput"])
        for name, entry in family.items()
    )
