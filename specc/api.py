"""validate, compile, run: specs and bundles in, typed results out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .compiler.diagnostics import codes
from .compiler.diagnostics.diagnostic import Diagnostic, Result, one_line
from .compiler.pipeline import check, compile_document, read
from .compiler.reporters import render_text
from .compiler.stages import Document, Plan, Source
from .compiler.text.source import read_source

if TYPE_CHECKING:
    import pandas as pd

    from .compiler.bundle import Bundle
    from .compiler.fits.saved import SavedFits
    from .runtime.execute import Run
    from .runtime.progress import Progress

_LONGEST_SHOWN = 1_000_000
"""Characters of a spec up to which it is written on several lines."""

SpecLike = str | Path | Mapping[str, Any]
"""A path, JSON text that starts with a brace, or the document as a mapping."""

BundleLike: TypeAlias = "str | Path | Bundle | Mapping[str, pd.DataFrame]"
"""A folder, a zip file, an open bundle, or DataFrames by frame name."""


@dataclass(frozen=True)
class Validation:
    """What is wrong with a spec, and with a bundle where one was given."""

    diagnostics: tuple[Diagnostic, ...]
    source: Source | None = field(repr=False, default=None)

    @property
    def ok(self) -> bool:
        """Whether nothing but warnings was found."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)

    def __str__(self) -> str:
        return render_text(self.diagnostics, self.source, color=False)


@dataclass(frozen=True)
class Compilation(Validation):
    """A validation with the plan, which is None where an error was found."""

    plan: Plan | None = field(repr=False, default=None)


@dataclass(frozen=True)
class RunResult(Validation):
    """A validation with the finished run, which is None where it did not finish."""

    run: Run | None = field(repr=False, default=None)

    @property
    def folder(self) -> Path:
        """The run folder. Raises RuntimeError when the run did not finish."""
        return self._finished().folder

    @property
    def history(self) -> pd.DataFrame:
        """One row for each epoch. Raises RuntimeError when the run did not finish."""
        return self._finished().history

    @property
    def metrics(self) -> Mapping[str, Mapping[str, float | None]]:
        """Split -> loss and metrics after the last epoch. Raises RuntimeError when the run
        did not finish."""
        return self._finished().metrics

    @property
    def predictions(self) -> pd.DataFrame:
        """One row for each sample. Raises RuntimeError when the run did not finish."""
        return self._finished().predictions

    @property
    def interrupted(self) -> bool:
        """Whether the user, or the system, has stopped the run."""
        return any(one.code == codes.INTERRUPTED.name for one in self.diagnostics)

    def _finished(self) -> Run:
        if self.run is None:
            raise RuntimeError(f"the run did not finish\n{self}")
        return self.run


def validate(spec: SpecLike, bundle: BundleLike | None = None, *,
             overrides: Sequence[str] = (), fits: str | Path | None = None) -> Validation:
    """Every mistake of a spec, and of a bundle with it.

    Without a bundle nothing heavy is imported, and torch is not imported with one either: all
    that torch would refuse is known to the vocabulary. Only a device that is asked for by name
    has to be looked for.

    Args:
        overrides: assignments such as `/training/epochs=3`.
        fits: the folder of an earlier run, for extractors with `"fit": "frozen"`.
    """
    if bundle is None:
        return _checked(spec, overrides)
    compiled = make_plan(spec, bundle, overrides, fits)
    if compiled.plan is not None and compiled.plan.graph.training.device not in ("auto", "cpu"):
        compiled = _rehearsed(compiled)
    return Validation(compiled.diagnostics, compiled.source)


def compile(spec: SpecLike, bundle: BundleLike, *,
            overrides: Sequence[str] = (), fits: str | Path | None = None) -> Compilation:
    """The plan of a spec on a bundle, rehearsed on a sample batch.

    Args:
        overrides: assignments such as `/training/epochs=3`.
        fits: the folder of an earlier run, for extractors with `"fit": "frozen"`.
    """
    return _rehearsed(make_plan(spec, bundle, overrides, fits))


def _rehearsed(compiled: Compilation) -> Compilation:
    """The compilation after one step of the real thing on a sample batch."""
    if compiled.plan is None:
        return compiled
    from .runtime.rehearse import rehearse

    refused = rehearse(compiled.plan)
    plan = None if any(diagnostic.is_error for diagnostic in refused) else compiled.plan
    return Compilation((*compiled.diagnostics, *refused), compiled.source, plan)


def run(spec: SpecLike, bundle: BundleLike, *, out: str | Path = "runs",
        overrides: Sequence[str] = (), fits: str | Path | None = None,
        progress: Callable[[Plan], Progress] | None = None,
        track: Sequence[str] = ()) -> RunResult:
    """Trains, evaluates and writes a run folder below `out`.

    Args:
        overrides: assignments such as `/training/epochs=3`.
        fits: the folder of an earlier run, for extractors with `"fit": "frozen"`.
        progress: makes what is told of the run as it goes on; silent by default.
        track: trackers that are told of it too: `tensorboard`, `mlflow`.
    """
    compiled = make_plan(spec, bundle, overrides, fits)
    if compiled.plan is None:
        return RunResult(compiled.diagnostics, compiled.source)
    from .runtime.execute import execute
    from .runtime.inputs import Inputs

    inputs = Inputs(named(spec), named(bundle), named(fits), tuple(overrides))
    finished, found = execute(compiled.plan, Path(out), progress or silent, compiled.diagnostics,
                              inputs, track=track)
    return RunResult((*compiled.diagnostics, *found), compiled.source, finished)


def silent(_: Plan) -> Progress:
    """Progress that nobody sees."""
    from .runtime.progress import Silent

    return Silent()


def named(place: object) -> str | None:
    """A path as it was given; None for what is no path, such as a document or DataFrames."""
    if isinstance(place, Path) or (isinstance(place, str) and not place.lstrip().startswith("{")):
        return str(place)
    return None


def make_plan(spec: SpecLike, bundle: BundleLike, overrides: Sequence[str],
              fits: str | Path | None, *, frozen: bool = False) -> Compilation:
    """The plan without the rehearsal.

    Args:
        frozen: whether every fit is that of `fits`, whatever the spec says.
    """
    document = read_document(spec, overrides)
    if document.stage is None:
        return Compilation(document.diagnostics, document.source)
    opened = open_bundle(bundle)
    if opened.stage is None:
        checked = check(document.stage)
        found = (*document.diagnostics, *checked.diagnostics, *opened.diagnostics)
        return Compilation(found, document.source)
    saved = _fits(fits)
    if fits is not None and saved.stage is None:
        return Compilation((*document.diagnostics, *saved.diagnostics), document.source)
    compiled = compile_document(document.stage, opened.stage, saved.stage, frozen=frozen)
    found = (*document.diagnostics, *compiled.diagnostics)
    sound = not any(diagnostic.is_error for diagnostic in found)
    return Compilation(found, document.source, compiled.stage if sound else None)


@dataclass(frozen=True)
class ReadDocument(Validation):
    """What is wrong with the text of a spec, and the document where it could be read."""

    stage: Document | None = field(repr=False, default=None)


def read_document(spec: SpecLike, overrides: Sequence[str] = ()) -> ReadDocument:
    """The document of a spec with values given beside it; None where it cannot be read."""
    source = _source(spec)
    if source.stage is None:
        return ReadDocument(source.diagnostics)
    document = read(source.stage, overrides)
    if document.stage is None:
        return ReadDocument(document.diagnostics, source.stage)
    return ReadDocument(document.diagnostics, document.stage.source, document.stage)


def _checked(spec: SpecLike, overrides: Sequence[str]) -> Validation:
    document = read_document(spec, overrides)
    if document.stage is None:
        return document
    checked = check(document.stage)
    return Validation((*document.diagnostics, *checked.diagnostics), document.source)


def _source(spec: SpecLike) -> Result[Source]:
    if isinstance(spec, Mapping):
        try:
            return Result(Source("spec", _as_text(spec)))
        except (TypeError, ValueError, RecursionError) as error:
            return Result(None, (codes.NOT_JSON.at(
                reason=one_line(str(error)), help="use what JSON has: objects, lists, strings, "
                "numbers, true, false and null"),))
    if isinstance(spec, str) and spec.lstrip().startswith("{"):
        return Result(Source("spec", spec))
    return read_source(spec)


def _as_text(spec: Mapping[str, Any]) -> str:
    """A spec of a program as text: on lines of its own that diagnostics can show, unless it is
    larger than anybody reads. Indenting takes many times the memory."""
    text = json.dumps(spec, ensure_ascii=False)
    return text if len(text) > _LONGEST_SHOWN else json.dumps(spec, indent=2, ensure_ascii=False)


def _fits(run: str | Path | None) -> Result[SavedFits]:
    """What an earlier run has fitted. Reports SC634."""
    if run is None:
        return Result(None)
    from .compiler.fits.saved import open_fits

    return open_fits(Path(run))


def open_bundle(bundle: BundleLike) -> Result[Bundle]:
    """A bundle however it is given. Reports SC601 to SC605, SC625."""
    from .compiler.bundle import Bundle, BundleError

    if isinstance(bundle, Bundle):
        return Result(bundle)
    try:
        if isinstance(bundle, Mapping):
            return Result(Bundle.from_frames(bundle))
        return Result(Bundle.open(bundle))
    except BundleError as error:
        return Result(None, error.diagnostics)
