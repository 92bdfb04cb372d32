"""The side of specc: how the harness asks it for the same work as the baselines.

`run.py` imports this module, so it imports torch and specc inside its functions alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
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
    (metrics,) = folder.glob("runs/*/metrics.json")
    return float(json.loads(metrics.read_text())["splits"]["test"]["roc_auc_score"])


def first_step_command(spec: Path, bundle: Path) -> list[str]:
    """A command that does what `specc run` does up to the end of its first optimizer step.

    It starts a fresh process, goes through the command line's own code (imports, every pass of
    the compiler, fits, encoding, opening the run folder), and right after the first optimizer
    step writes `{"first_step_at": <time.monotonic()>}` as a line of its standard output.
    It may end there; what comes after that line is not measured.
    """
    return [sys.executable, str(Path(__file__).with_name("first_step.py")), str(spec), str(bundle)]


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
    import torch
    from specc.runtime.loop import run_epoch
    from specc.runtime.progress import Silent
    from specc.runtime.sampling import training_order
    from specc.runtime.session import open_session

    import specc

    compiled = specc.compile(spec, bundle)
    if compiled.plan is None:
        raise ValueError(str(compiled))
    session = open_session(compiled.plan, torch.device("cpu"))
    epochs = count(1)

    def matrix() -> tuple[Tensor, Tensor]:
        samples = training_order(compiled.plan, 0).sort().values
        # A batch is valid until the next one, and flights is narrow enough to stay dense.
        inputs = [
            next(iter(batch.inputs.values())).clone() for batch in session.evaluation.of(samples)
        ]
        return torch.cat(inputs), session.evaluation.labels(samples)

    return Training(
        rows=compiled.plan.training_rows,
        epoch=lambda: run_epoch(session, next(epochs), Silent()),
        matrix=matrix,
    )


@dataclass(frozen=True)
class Context:
    """A spec with one context and one aggregation, checked, and its columns in memory.

    Args:
        referenced: bytes of the columns that the spec refers to.
        extract: the aggregates of all samples, float32 `[samples, width]`.
    """

    referenced: int
    extract: Callable[[], NDArray[np.float32]]


def prepare_context(spec: Path, bundle: Path, frame: str, columns: Sequence[str]) -> Context:
    """Checks the spec, and reads the columns of the one frame that it refers to."""
    from specc.compiler.bundle import Bundle
    from specc.compiler.data.context_fit import fit_context
    from specc.compiler.passes.bind import bind
    from specc.compiler.pipeline import read, resolve_document
    from specc.compiler.stages import Source

    document = read(Source(str(spec), spec.read_text(encoding="utf-8"))).stage
    assert document is not None
    graph = resolve_document(document).stage
    assert graph is not None
    opened = Bundle.open(bundle)
    referenced = int(opened.read(frame, columns).nbytes)

    def extract() -> NDArray[np.float32]:
        bound = bind(graph, opened).stage
        assert bound is not None
        (context,) = bound.contexts.values()
        fitted = fit_context(context, bound.bundle, bound.samples).stage
        assert fitted is not None
        (aggregate,) = fitted.aggregates.values()
        assert aggregate.values is not None
        return aggregate.values

    return Context(referenced, extract)
