"""What a benchmark is run on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """What is measured: the spec, the bundle, a folder for files, and how often.

    Args:
        scratch: an empty folder of this harness.
        with_specc: False measures the baselines alone.
    """

    spec: Path
    bundle: Path
    scratch: Path
    rounds: int
    with_specc: bool
