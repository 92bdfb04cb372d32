"""What a tracker is told of a run at its start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...compiler.stages import Graph
from .parameters import parameters
from .tracker import RunFacts


def facts_of(folder: Path, graph: Graph, about: Mapping[str, Any]) -> RunFacts:
    """The facts of a run.

    Args:
        about: its `environment.json`.
    """
    tags = {"plan": str(about.get("plan")), "folder": str(folder.resolve()),
            "device": str(about.get("device"))}
    tags |= {f"version.{package}": str(version) for package, version in about["versions"].items()
             if version is not None}
    git = about.get("git")
    if git is not None:
        tags |= {"commit": str(git["commit"]), "dirty": "yes" if git["dirty"] else "no"}
    return RunFacts(folder, graph.description, parameters(graph.resolved), tags)
