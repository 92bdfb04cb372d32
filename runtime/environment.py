"""Where and with what a run was made, for `environment.json`."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from ..compiler.fits.saved import ARRAYS, STATES
from ..compiler.stages import BoundGraph, Plan
from .git_state import git_state
from .inputs import Inputs

_PACKAGES = ("specc", "torch", "numpy", "pyarrow", "pandas", "scikit-learn", "safetensors")

_COMPUTING = ("specc", "torch", "numpy", "pyarrow", "scikit-learn")
"""Packages whose version can change what a run gives."""


def environment(plan: Plan, device: torch.device, inputs: Inputs,
                follows: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Versions, device, seed, hashes of the spec, of the fits that it was given and of every frame
    that it reads, and the commit of the spec's folder.

    Args:
        follows: the checkpoint of the run that this one continues.
    """
    fits = inputs.fits or inputs.continues
    bound = plan.shaped.fitted.bound
    read = {bound.index_frame} | set(frames_read(bound))
    return {
        "versions": now_versions(),
        "platform": platform.platform(),
        "device": str(device),
        "threads": plan.threads,
        "seed": plan.graph.seed,
        "plan": plan.hash,
        "spec": text_hash(plan.graph.source.text),
        "fits": None if fits is None else _fits_hash(Path(fits)),
        "continues": None if follows is None else f"{follows['run']}:{follows['next_epoch'] - 1}",
        "git": git_state(inputs.spec),
        "bundle": {
            "name": bound.bundle.name,
            "frames": {frame: bound.bundle.fingerprint(frame) for frame in sorted(read)},
        },
    }


def now_versions() -> dict[str, str | None]:
    """Those of Python and of the packages that a run uses, in this process."""
    return {"python": platform.python_version(),
            **{name: version_of(name) for name in _PACKAGES}}


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


def version_of(package: str) -> str | None:
    """The installed version of a package; None where it is not known."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def text_hash(text: str) -> str:
    """BLAKE2b of the text of a spec, in hex."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _fits_hash(run: Path) -> str:
    """The same of what an earlier run has fitted."""
    folder = run / "model" if (run / "model").is_dir() else run
    content = b"".join((folder / name).read_bytes() for name in (STATES, ARRAYS))
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def frames_hashes(about: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to compare of the frames, in words."""
    return {f"the frame {name!r}": told for name, told in about["bundle"]["frames"].items()}


def versions(about: Mapping[str, Any]) -> dict[str, Any]:
    """The versions that can change what a run gives, in words."""
    return {f"the version of {name}": about["versions"].get(name) for name in _COMPUTING}


def determining(about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that decides what a run gives, in words: two runs that are equal in it give the
    same bytes on one machine."""
    return {
        "the spec": about.get("spec"),
        **frames_hashes(about),
        "the fits": about.get("fits"),
        "the run that it continues": about.get("continues"),
        **versions(about),
        "the device": about.get("device"),
        "the seed": about.get("seed"),
        "the number of threads": about.get("threads"),
        "the plan": about.get("plan"),
    }


def identity(about: Mapping[str, Any]) -> str:
    """One hash of all that decides what a run gives."""
    return text_hash(json.dumps(determining(about), sort_keys=True, default=str))


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What is not the same, with what it was and what it is; None for what is not there."""
    return [(what, then.get(what), now.get(what)) for what in {**then, **now}
            if then.get(what) != now.get(what)]
