"""`specc run` and `specc resume`: train, go on, train on, train again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import api
from ..compiler.diagnostics.diagnostic import one_line
from ..compiler.reporters import render_json
from ..output import COLOR, FORMAT, REJECTED, Command, print_findings
from ..runtime.tracking.tracker import TRACKERS
from .predict import metric_lines

if TYPE_CHECKING:
    from ..api import RunResult
    from ..compiler.stages import Plan
    from ..runs import Repetition
    from ..runtime.progress import Progress

INTERRUPTED = 130
"""Exit status of a run that Ctrl-C or SIGTERM has stopped, as shells have it."""

_PATH = click.Path(path_type=Path)
_TRACK = click.option("--track", multiple=True, type=click.Choice(TRACKERS),
                      help="A tracker that is told of the run too; may be repeated.")


@click.command(cls=Command)
@click.argument("inputs", nargs=-1, type=_PATH, metavar="[SPEC] [BUNDLE]")
@click.option("--out", type=_PATH, default=None,
              help="The folder in which the run folder is made.  [default: runs]")
@click.option("--set", "overrides", multiple=True, metavar="POINTER=VALUE",
              help="Set a value of the spec, as /training/epochs=3; may be repeated.")
@click.option("--fits", type=_PATH, metavar="RUN",
              help='An earlier run, for extractors with "fit": "frozen".')
@click.option("--continue", "parent", type=_PATH, metavar="RUN",
              help="Train on with the weights and the fits of RUN, on BUNDLE; SPEC may be left "
              "out.")
@click.option("--again", type=_PATH, metavar="RUN",
              help="Run RUN again and compare; BUNDLE only where it has moved.")
@_TRACK
@FORMAT
@COLOR
def run(inputs: tuple[Path, ...], out: Path | None, overrides: tuple[str, ...], fits: Path | None,
        parent: Path | None, again: Path | None, track: tuple[str, ...], form: str) -> None:
    """Train SPEC on BUNDLE, evaluate, and write a run folder."""
    if again is not None:
        if parent is not None or fits is not None or overrides or len(inputs) > 1:
            raise click.UsageError("--again takes a run, and a bundle where it has moved; "
                                   "everything else is that of the run")
        from ..runs import run_again

        _repeated(run_again(again, *inputs, out=out, progress=shown_progress(), track=track), form)
        return
    if parent is not None:
        if fits is not None or len(inputs) not in (1, 2):
            raise click.UsageError("--continue takes a run, a spec if it is another, and a bundle; "
                                   "the fits are those of the run")
        from ..runs import continue_run

        *spec, bundle = inputs
        result = continue_run(parent, bundle, *spec, out=out or Path("runs"), overrides=overrides,
                              progress=shown_progress(), track=track)
    elif len(inputs) != 2:
        missing = "SPEC" if not inputs else "BUNDLE"
        raise click.UsageError(f"Missing argument '{missing}'." if len(inputs) < 2 else
                               "Got unexpected extra argument: a run takes SPEC and BUNDLE")
    else:
        result = api.run(*inputs, out=out or Path("runs"), overrides=overrides, fits=fits,
                         progress=shown_progress(), track=track)
    finish(result, form)
    if form in ("text", "github"):
        click.echo(f"run folder: {result.folder}")


@click.command(cls=Command)
@click.argument("run", type=_PATH)
@click.argument("bundle", type=_PATH, required=False)
@_TRACK
@FORMAT
@COLOR
def resume(run: Path, bundle: Path | None, track: tuple[str, ...], form: str) -> None:
    """Go on with RUN, which was stopped, from its last checkpoint.

    BUNDLE is needed only where it is not where it was.
    """
    from ..resuming import resume as go_on

    result = go_on(run, bundle, progress=shown_progress(), track=track)
    if result.already_finished:
        if form != "text":
            print_findings(result.diagnostics, result.source, form)
        click.echo(f"{run}: the run has finished, there is nothing to go on with", err=True)
        return
    finish(result, form)
    if form in ("text", "github"):
        click.echo(f"run folder: {result.folder}")


def finish(result: RunResult, form: str) -> None:
    """Prints what came of a run; exits where it did not finish."""
    if result.diagnostics or form != "text":
        print_findings(result.diagnostics, result.source, form)
    if result.run is None:
        sys.exit(INTERRUPTED if result.interrupted else REJECTED)
    if form in ("text", "github"):
        for line in metric_lines(result.metrics):
            click.echo(line)


def _repeated(result: Repetition, form: str) -> None:
    """Prints whether two runs are the same; exits with 1 where they are not."""
    if form == "json" and result.run is not None:
        found = json.loads(render_json(result.diagnostics, result.source))
        click.echo(json.dumps({
            **found, "run": str(result.folder), "same": result.same,
            "changed": [asdict(change) for change in result.changed],
            "different": list(result.different)}, indent=2, ensure_ascii=False))
    else:
        finish(result, form)
    if form in ("text", "github"):
        click.echo(f"run folder: {result.folder}")
        for change in result.changed:
            click.echo(one_line(f"changed: {change.what} was {change.then}, is {change.now}"))
        for name in result.different:
            click.echo(f"different: {name}")
        if result.same:
            click.echo("the same weights, metrics and predictions, byte for byte")
        elif not result.changed:
            click.echo("no input that decides the result has changed: the machine computes "
                       "differently")
    if not result.same:
        sys.exit(REJECTED)


def shown_progress() -> Callable[[Plan], Progress]:
    """A live line on a terminal, plain lines elsewhere."""

    def make(plan: Plan) -> Progress:
        from ..runtime.progress import Lines, Live

        live = sys.stderr.isatty() and not os.environ.get("CI")
        return Live(plan) if live else Lines(plan)

    return make
