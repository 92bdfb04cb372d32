"""resume, continue_run, run_again: what can be done with a run folder beside predicting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    open_bundle,
    run,
    silent,
)
from .compiler.diagnostics import codes
from .compiler.diagnostics.diagnostic import Diagnostic, one_line
from .compiler.stages import Plan

if TYPE_CHECKING:
    from .compiler.bundle import Bundle
    from .runtime.inputs import Record
    from .runtime.progress import Progress
    from .runtime.training_state import Tree

MakeProgress = Callable[[Plan], "Progress"]

EQUAL_FILES = ("model/weights.safetensors", "metrics.json", "predictions.parquet")
"""What two equal runs have in common, byte for byte."""

_MOST_SHOWN = 5
"""Places of a changed spec that are told."""


@dataclass(frozen=True)
class Resumed(RunResult):
    """A run that went on; `already_finished` when there was nothing left to do."""

    already_finished: bool = False


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


def resume(folder: str | Path, bundle: BundleLike | None = None, *,
           progress: MakeProgress | None = None) -> Resumed:
    """Goes on with a run that was stopped, from its last checkpoint, in its own folder.

    On one machine it gives the bytes that the run would have given without a stop. A run without
    a checkpoint starts again at its beginning.

    Args:
        bundle: where the bundle is now; by default where it was.
        progress: as in `run`.

    Reports: SC504, SC513 to SC518, and what `run` reports.
    """
    from .runtime.run_folder import FolderError

    try:
        record = _record(folder)
        if record.finished:
            return Resumed((), already_finished=True)
        given = bundle if bundle is not None else record.inputs.bundle
        if given is None:
            return Resumed((codes.UNKNOWN_BUNDLE.at(file=str(folder)),))
        opened = open_bundle(given)
        if opened.stage is None:
            return Resumed(opened.diagnostics)
        refused = tuple(_refused(record, opened.stage))
        if refused:
            return Resumed(refused)
        return _go_on(record, opened.stage, progress or silent)
    except FolderError as error:
        return Resumed((error.diagnostic,))


def _go_on(record: Record, bundle: Bundle, progress: MakeProgress) -> Resumed:
    from .runtime.device import choose_device
    from .runtime.environment import environment
    from .runtime.execute import go_on

    inputs = record.inputs
    parent = None if inputs.continues is None else _parent(Path(inputs.continues))
    compiled = make_plan(record.folder / "spec.json", bundle, inputs.set,
                         inputs.fits or inputs.continues, frozen=parent is not None)
    if compiled.plan is None:
        return Resumed(compiled.diagnostics, compiled.source)
    plan = _after(compiled.plan, parent)
    device = choose_device(plan.graph.training.device)
    if device is not None:
        about = environment(plan, device, inputs, parent)
        refused = tuple(_changed(record.environment, about))
        if refused:
            return Resumed(refused, compiled.source)
    finished, found = go_on(plan, record.folder, record.environment, progress,
                            compiled.diagnostics, parent)
    return Resumed((*compiled.diagnostics, *found), compiled.source, finished)


def _record(folder: str | Path) -> Record:
    from .runtime.inputs import read_record

    return read_record(Path(folder))


def _refused(record: Record, bundle: Bundle) -> Iterator[Diagnostic]:
    """What can be told to have changed before anything is compiled."""
    from .compiler.bundle import BundleError
    from .runtime.environment import differences, frames_hashes, now_versions, text_hash, versions

    about = record.environment
    if text_hash(record.text) != about.get("spec"):
        yield from _spec_changes(record)
    try:
        now = {frame: bundle.fingerprint(frame) if frame in bundle.frames else None
               for frame in about["bundle"]["frames"]}
    except BundleError as error:
        yield from error.diagnostics
        return
    yield from _told(differences(frames_hashes(about), frames_hashes({"bundle": {"frames": now}})))
    yield from _told(differences(versions(about), versions({"versions": now_versions()})))


def _spec_changes(record: Record) -> Iterator[Diagnostic]:
    """What the spec means now, beside what it meant; its text at least has changed."""
    from .api import read_document
    from .compiler.pipeline import check

    document = read_document(record.folder / "spec.json", record.inputs.set)
    checked = None if document.stage is None else check(document.stage)
    if checked is None or checked.stage is None:
        yield codes.CHANGED_INPUT.at(what="the spec", then="accepted", now="not accepted any more")
        return
    places = list(_places("", record.resolved, checked.stage.resolved))
    for place, then, now in places[:_MOST_SHOWN]:
        yield codes.CHANGED_INPUT.at(place, what=f"{place} of the spec", then=_shown(then),
                                     now=_shown(now))
    if not places:
        yield codes.CHANGED_INPUT.at(what="the text of the spec", then="another with the same "
                                     "meaning", now="not what it was")


def _places(place: str, then: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Pointers at which two documents differ, with both values."""
    from .compiler.text.pointer import join

    if isinstance(then, dict) and isinstance(now, dict):
        for key in {**then, **now}:
            yield from _places(join(place, key), then.get(key), now.get(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (before, after) in enumerate(zip(then, now, strict=True)):
            yield from _places(join(place, index), before, after)
    elif then != now:
        yield place, then, now


def _changed(then: Any, now: Any) -> Iterator[Diagnostic]:
    from .runtime.environment import determining, differences

    yield from _told(differences(determining(then), determining(now)))


def _told(changes: Sequence[tuple[str, Any, Any]]) -> Iterator[Diagnostic]:
    for what, then, now in changes:
        yield codes.CHANGED_INPUT.at(what=what, then=_shown(then), now=_shown(now))


def _shown(value: Any) -> str:
    text = "not there" if value is None else one_line(str(value))
    return text if len(text) <= 40 else f"{text[:37]}..."


def continue_run(parent: str | Path, bundle: BundleLike, spec: SpecLike | None = None, *,
                 out: str | Path = "runs", overrides: Sequence[str] = (),
                 progress: MakeProgress | None = None) -> RunResult:
    """Trains on with the weights of a finished run, on other data, as a run of its own.

    The fits are those of `parent`, so the weights keep their meaning. Its history is the start of
    the new one, and epochs are counted on. The optimizer keeps its moments where it is the same;
    its settings, the schedule and early stopping begin anew.

    Args:
        spec: another spec with the same extractors and network; by default that of `parent`.
        out, overrides, progress: as in `run`.

    Reports: SC514, SC515, SC519 to SC521, SC634 to SC636, and what `run` reports.
    """
    from .runtime.execute import execute
    from .runtime.inputs import Inputs
    from .runtime.run_folder import FolderError

    try:
        tree = _parent(Path(parent))
        record = _record(parent)
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
    finished, found = execute(_after(compiled.plan, tree), Path(out), progress or silent,
                              compiled.diagnostics, inputs, tree)
    return RunResult((*compiled.diagnostics, *found), compiled.source, finished)


def _parent(folder: Path) -> Tree:
    """The checkpoint of a finished run. Raises FolderError (SC514, SC515, SC519, SC520)."""
    from .runtime import checkpoints
    from .runtime.environment import identity
    from .runtime.run_folder import FolderError

    record = _record(folder)
    if not record.finished:
        raise FolderError(codes.UNFINISHED_RUN.at(file=str(folder), path=str(folder)))
    tree = checkpoints.kept(folder, identity(record.environment))
    if tree is None:
        raise FolderError(codes.NO_CHECKPOINT.at(file=str(folder), path=str(folder)))
    return tree


def _after(plan: Plan, parent: Tree | None) -> Plan:
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
              progress: MakeProgress | None = None) -> Repetition:
    """Makes a finished run again, in a new folder, and compares what comes out.

    Args:
        bundle: where the bundle is now; by default where it was.
        out: where the run folder is made; by default beside the first one.
        progress: as in `run`.

    Reports: SC514, SC517, SC519, and what `run` reports.
    """
    from .runtime.inputs import read_record
    from .runtime.run_folder import FolderError

    try:
        record = _record(folder)
        if not record.finished:
            return Repetition((codes.UNFINISHED_RUN.at(file=str(folder), path=str(folder)),))
        given = bundle if bundle is not None else record.inputs.bundle
        if given is None:
            return Repetition((codes.UNKNOWN_BUNDLE.at(
                file=str(folder), help="name it: specc run --again RUN BUNDLE"),))
        place = record.folder.parent if out is None else Path(out)
        made = _made_again(record, given, place, progress)
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
                progress: MakeProgress | None) -> RunResult:
    spec, inputs = record.folder / "spec.json", record.inputs
    if inputs.continues is not None:
        return continue_run(inputs.continues, bundle, spec, out=out, overrides=inputs.set,
                            progress=progress)
    return run(spec, bundle, out=out, overrides=inputs.set, fits=inputs.fits, progress=progress)


def _equal(first: Path, second: Path) -> bool:
    try:
        return first.read_bytes() == second.read_bytes()
    except OSError:
        return False


__all__ = ["Change", "Repetition", "Resumed", "continue_run", "resume", "run_again"]
