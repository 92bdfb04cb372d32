"""Where and with what a run was made, for `environment.json`."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator
from typing import Any

import torch

from ..compiler.stages import BoundGraph, Plan

_PACKAGES = ("specc", "torch", "numpy", "pyarrow", "pandas", "scikit-learn", "safetensors")


def environment(plan: Plan, device: torch.device) -> dict[str, Any]:
    """Versions, device, seed, and hashes of the spec and of every frame that it reads."""
    bound = plan.shaped.fitted.bound
    read = {bound.index_frame} | set(frames_read(bound))
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
        "platform": platform.platform(),
        "device": str(device),
        "threads": plan.threads,
        "seed": plan.graph.seed,
        "plan": plan.hash,
        "spec": hashlib.blake2b(plan.graph.source.text.encode(), digest_size=16).hexdigest(),
        "bundle": {
            "name": bound.bundle.name,
            "frames": {frame: bound.bundle.fingerprint(frame) for frame in sorted(read)},
        },
    }


def frames_read(bound: BoundGraph) -> Iterator[str]:
    """The frames that extractors and contexts read, some more than once."""
    entries = list(bound.extractors.values())
    for context in bound.contexts.values():
        yield context.context.on.frame
        yield from (step.frame for step in context.anchor.coverage)
        entries += context.extractors.values()
    for entry in entries:
        yield entry.positions.frame
        yield from (step.frame for step in entry.positions.coverage)
        if entry.vectors is not None:
            yield entry.vectors.frame


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
