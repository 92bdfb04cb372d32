"""continue_run and run_again: a finished run is trained on, or made again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import (
    BundleLike,
    Compilation,
    RunResult,
    SpecLike,
    make_plan,
    named,
    run,
    silent,
)
from .compiler.diagnostics import codes
from .compiler.diagnostics.diagnostic import Diagnostic
from .compiler.stages import Plan
from .compiler.text.written import check_file

if TYPE_CHECKING:
    from .runtime.inputs import Record
    from .runtime.progress import Progress
    from .runtime.training_state import Tree

MakeProgress = Callable[[Plan], "Progress"]

EQUAL_FILES = ("model/weights.safetensors", "metrics.json", "predictions.parquet")
"""What two equal runs have in common, byte for byte."""


@dataclass(frozen=True)
class Change:
    """Something that decides what a run gives, and that is not what it was.

    Args:
        what: in words, such as `the frame 'index'`.
        then: what it was, in the first run; None where there was none.
        now: what it is.
    """

    what: str
    then: Any
    now: Any


@dataclass(frozen=True)
class Repetition(RunResult):
    """A run that was made again.

    Args:
        changed: inputs that are not those of the first run.
        different: the files whose bytes differ, of `EQUAL_FILES`.
    """

    changed: tuple[Change, ...] = ()
    different: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether weights, metrics and predictions are the same bytes. Raises RuntimeError when
        the run did not finish."""
        self._finished()
        return not self.different


def record_of(folder: str | Path) -> Record:
    """What a run folder says of its run. Raises FolderError (SC514)."""
    from .runtime.inputs import read_record

    return read_record(Path(folder))


def continue_run(parent: str | Path, bundle: BundleLike, spec: SpecLike | None = None, *,
                 out: str | Path = "runs", overrides: Sequence[str] = (),
                 progress: MakeProgress | None = None, track: Sequence[str] = ()) -> RunResult:
    """Trains on with the weights of a finished run, on other data, as a run of its own.

    The fits are those of `parent`, so the weights keep their meaning. Its history is the start of
    the new one, and epochs are counted on. The optimizer keeps its moments where it is the same;
    its settings, the schedule and early stopping begin anew.

    Args:
        spec: another spec with the same extractors and network; by default that of `parent`.
        out, overrides, progress, track: as in `run`.

    Reports: SC514, SC515, SC519 to SC521, SC634 to SC636, and what `run` reports.
    """
    from .runtime.execute import execute
    from .runtime.inputs import Inputs
    from .runtime.run_folder import FolderError

    try:
        tree = checkpoint_of(Path(parent))
        record = record_of(parent)
    except FolderError as error:
        return RunResult((error.diagnostic,))
    if spec is None:
        spec, overrides = record.folder / "spec.json", (*record.inputs.set, *overrides)
    compiled = make_plan(spec, bundle, overrides, parent, frozen=True)
    if compiled.plan is None:
        return RunResult(compiled.diagnostics, compiled.source)
    refused = _other_vectors(compiled, parent)
    if refused is not None:
        return RunResult((*compiled.diagnostics, refused), compiled.source)
    inputs = Inputs(named(spec), named(bundle), None, tuple(overrides), str(parent))
    finished, found = execute(after(compiled.plan, tree), Path(out), progress or silent,
                              compiled.diagnostics, inputs, tree, track)
    return RunResult((*compiled.diagnostics, *found), compiled.source, finished)


def checkpoint_of(folder: Path) -> Tree:
    """The checkpoint of a finished run. Raises FolderError (SC514, SC515, SC519, SC520)."""
    from .runtime import checkpoints
    from .runtime.environment import identity
    from .runtime.run_folder import FolderError

    record = record_of(folder)
    if not record.finished:
        raise FolderError(codes.UNFINISHED_RUN.at(file=str(folder), path=str(folder)))
    tree = checkpoints.kept(folder, identity(record.environment))
    if tree is None:
        raise FolderError(codes.NO_CHECKPOINT.at(file=str(folder), path=str(folder)))
    return tree


def after(plan: Plan, parent: Tree | None) -> Plan:
    """The plan with its epochs counted on from those of another run."""
    return plan if parent is None else replace(plan, epochs_before=parent["next_epoch"] - 1)


def _other_vectors(compiled: Compilation, parent: str | Path) -> Diagnostic | None:
    from .compiler.fits.continued import other_vectors
    from .compiler.fits.saved import open_fits

    saved = open_fits(Path(parent)).stage
    assert compiled.plan is not None and saved is not None
    try:
        other = next(other_vectors(compiled.plan.shaped.fitted, saved), None)
    except ValueError as error:
        return codes.UNREADABLE_FITS.at(reason=f"{saved.place}: {error}")
    if other is None:
        return None
    return codes.OTHER_NETWORK.at(
        path=str(parent), reason=f"the vectors of {other!r} stand for other values")


def run_again(folder: str | Path, bundle: BundleLike | None = None, *,
              out: str | Path | None = None,
              progress: MakeProgress | None = None, track: Sequence[str] = ()) -> Repetition:
    """Makes a finished run again, in a new folder, and compares what comes out.

    Args:
        bundle: where the bundle is now; by default where it was.
        out: where the run folder is made; by default beside the first one.
        progress, track: as in `run`.

    Reports: SC514, SC517, SC519, and what `run` reports.
    """
    from .runtime.inputs import read_record
    from .runtime.run_folder import FolderError

    try:
        record = record_of(folder)
        if not record.finished:
            return Repetition((codes.UNFINISHED_RUN.at(file=str(folder), path=str(folder)),))
        given = bundle if bundle is not None else record.inputs.bundle
        if given is None:
            return Repetition((codes.UNKNOWN_BUNDLE.at(
                file=str(folder), help="name it: specc run --again RUN BUNDLE"),))
        place = record.folder.parent if out is None else Path(out)
        made = _made_again(record, given, place, progress, track)
        if made.run is None:
            return Repetition(made.diagnostics, made.source)
        again = read_record(made.folder)
    except FolderError as error:
        return Repetition((error.diagnostic,))
    from .runtime.environment import determining, differences

    changed = tuple(Change(*change) for change in differences(
        determining(record.environment), determining(again.environment)))
    different = tuple(name for name in EQUAL_FILES
                      if not _equal(record.folder / name, made.folder / name))
    return Repetition(made.diagnostics, made.source, made.run, changed, different)


def _made_again(record: Record, bundle: BundleLike, out: Path,
                progress: MakeProgress | None, track: Sequence[str]) -> RunResult:
    spec, inputs = record.folder / "spec.json", record.inputs
    if inputs.continues is not None:
        return continue_run(inputs.continues, bundle, spec, out=out, overrides=inputs.set,
                            progress=progress, track=track)
    return run(spec, bundle, out=out, overrides=inputs.set, fits=inputs.fits, progress=progress,
               track=track)


def _equal(first: Path, second: Path) -> bool:
    try:
        check_file(first, second.stat().st_size)
        return first.read_bytes() == second.read_bytes()
    except (OSError, ValueError):
        return False
