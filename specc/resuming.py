"""resume: a run that was stopped goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import BundleLike, RunResult, make_plan, open_bundle, read_document, silent
from .compiler.diagnostics import codes
from .compiler.diagnostics.diagnostic import Diagnostic, one_line
from .compiler.pipeline import check
from .compiler.text.pointer import join
from .runs import MakeProgress, after, checkpoint_of, record_of

if TYPE_CHECKING:
    from .compiler.bundle import Bundle
    from .runtime.inputs import Record

_MOST_SHOWN = 5
"""Places of a changed spec that are told."""


@dataclass(frozen=True)
class Resumed(RunResult):
    """A run that went on; `already_finished` when there was nothing left to do."""

    already_finished: bool = False


def resume(folder: str | Path, bundle: BundleLike | None = None, *,
           progress: MakeProgress | None = None, track: Sequence[str] = ()) -> Resumed:
    """Goes on with a run that was stopped, from its last checkpoint, in its own folder.

    On one machine it gives the bytes that the run would have given without a stop. A run without
    a checkpoint starts again at its beginning.

    Args:
        bundle: where the bundle is now; by default where it was.
        progress, track: as in `run`; the trackers need not be those that it began with.

    Reports: SC504, SC513 to SC518, and what `run` reports.
    """
    from .runtime.run_folder import FolderError, check_own

    try:
        record = record_of(folder)
        if record.finished:
            return Resumed((), already_finished=True)
        check_own(record.folder)
        given = bundle if bundle is not None else record.inputs.bundle
        if given is None:
            return Resumed((codes.UNKNOWN_BUNDLE.at(file=str(folder)),))
        opened = open_bundle(given)
        if opened.stage is None:
            return Resumed(opened.diagnostics)
        refused = tuple(_refused(record, opened.stage))
        if refused:
            return Resumed(refused)
        return _go_on(record, opened.stage, progress or silent, track)
    except FolderError as error:
        return Resumed((error.diagnostic,))


def _go_on(record: Record, bundle: Bundle, progress: MakeProgress,
           track: Sequence[str]) -> Resumed:
    from .runtime.device import choose_device
    from .runtime.environment import environment
    from .runtime.execute import go_on

    inputs = record.inputs
    parent = None if inputs.continues is None else checkpoint_of(Path(inputs.continues))
    compiled = make_plan(record.folder / "spec.json", bundle, inputs.set,
                         inputs.fits or inputs.continues, frozen=parent is not None)
    if compiled.plan is None:
        return Resumed(compiled.diagnostics, compiled.source)
    plan = after(compiled.plan, parent)
    device = choose_device(plan.graph.training.device)
    if device is not None:
        about = environment(plan, device, inputs, parent)
        refused = tuple(_changed(record.environment, about))
        if refused:
            return Resumed(refused, compiled.source)
    finished, found = go_on(plan, record.folder, record.environment, progress,
                            compiled.diagnostics, parent, track)
    return Resumed((*compiled.diagnostics, *found), compiled.source, finished)


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
