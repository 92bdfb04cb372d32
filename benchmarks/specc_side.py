"""The side of specc: how the harness asks it for the same work as the baselines.

`run.py` imports this module, so it imports torch and specc inside its functions alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def executable() -> str:
    """The installed command `specc`, which lies beside the running interpreter."""
    return str(Path(sys.executable).with_name("specc"))


def validate_command(spec: Path) -> list[str]:
    """`specc validate` on a spec alone."""
    return [executable(), "validate", str(spec)]


def run_command(spec: Path, bundle: Path) -> list[str]:
    """`specc run`: trains, evaluates and writes its run folder below the working folder."""
    return [executable(), "run", str(spec), str(bundle)]


def read_auc(folder: Path) -> float:
    """ROC AUC of the split `test` after the last epoch.

    Args:
        folder: the working folder of one finished `run_command`; holds one run folder.
    """
    raise NotImplementedError("read the AUC from the metrics of the run folder")


def first_step_command(spec: Path, bundle: Path) -> list[str]:
    """A command that does what `specc run` does up to the end of its first optimizer step.

    It starts a fresh process, goes through the command line's own code (imports, every pass of
    the compiler, fits, encoding, opening the run folder), and right after the first optimizer
    step writes `{"first_step_at": <time.monotonic()>}` as a line of its standard output.
    It may end there; what comes after that line is not measured.
    """
    raise NotImplementedError("stop `specc run` after its first optimizer step")


@dataclass(frozen=True)
class Training:
    """Specc's own training loop, ready to train.

    Args:
        rows: rows of one epoch.
        epoch: trains one shuffled epoch on the rows of `train` and `display`: the loop of the
            runtime as `specc run` runs it, without evaluation and without files.
        matrix: what the loop trains on as one joined matrix, float32 `[rows, width]`, one-hot
            columns written out, and its targets, float32 `[rows, 1]`; the baselines train
            on it, so that every side multiplies matrices of one size.
    """

    rows: int
    epoch: Callable[[], object]
    matrix: Callable[[], tuple[Tensor, Tensor]]


def prepare_training(spec: Path, bundle: Path) -> Training:
    """Compiles the spec for the bundle and builds everything that the loop needs."""
    raise NotImplementedError("compile the spec and hand over one epoch of the runtime's loop")
