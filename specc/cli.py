"""The command line: verbs over the API, findings on standard output, progress on standard
error. Exit status 0 accepted, 1 rejected, 2 usage, 3 a fault of specc's own."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import api
from .compiler.diagnostic import Diagnostic
from .compiler.render import render_json, render_text
from .compiler.stages import Source
from .version import __version__

if TYPE_CHECKING:
    from .compiler.stages import Plan
    from .runtime.progress import Progress

ACCEPTED, REJECTED, USAGE, FAULT = 0, 1, 2, 3

_SPEC = click.argument("spec", type=click.Path(path_type=Path))
_BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))
_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
                       show_default=True, help="How findings are printed.")
_SET = click.option("--set", "overrides", multiple=True, metavar="POINTER=VALUE",
                    help="Set a value of the spec, as /training/epochs=3; may be repeated.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="specc")
def cli() -> None:
    """Compile and run declarative training specs."""


@cli.command()
@_SPEC
@click.argument("bundle", type=click.Path(path_type=Path), required=False)
@_FORMAT
@_SET
def validate(spec: Path, bundle: Path | None, form: str, overrides: tuple[str, ...]) -> None:
    """Report every mistake of SPEC, and of BUNDLE with it."""
    result = api.validate(spec, bundle, overrides=overrides)
    if form == "text" and not result.diagnostics:
        click.echo(f"{spec}: no mistakes found")
    else:
        _print(result.diagnostics, result.source, form)
    sys.exit(ACCEPTED if result.ok else REJECTED)


@cli.command()
@_SPEC
@_BUNDLE
@_FORMAT
@_SET
def plan(spec: Path, bundle: Path, form: str, overrides: tuple[str, ...]) -> None:
    """Show the graph of SPEC on BUNDLE with every shape; train nothing."""
    result = api.compile(spec, bundle, overrides=overrides)
    if result.plan is None:
        _print(result.diagnostics, result.source, form)
        sys.exit(REJECTED)
    if form == "json":
        click.echo(json.dumps(result.plan.description, indent=2, ensure_ascii=False))
        return
    from .compiler.plan_text import plan_text

    if result.diagnostics:
        _print(result.diagnostics, result.source, form)
    click.echo(plan_text(result.plan.description), nl=False)


@cli.command()
@_SPEC
@_BUNDLE
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
              help="The folder in which the run folder is made.")
@_FORMAT
@_SET
def run(spec: Path, bundle: Path, out: Path, form: str, overrides: tuple[str, ...]) -> None:
    """Train SPEC on BUNDLE, evaluate, and write a run folder."""
    result = api.run(spec, bundle, out=out, overrides=overrides, progress=_progress())
    if result.diagnostics or form == "json":
        _print(result.diagnostics, result.source, form)
    if result.run is None:
        sys.exit(REJECTED)
    if form == "text":
        for line in _metric_lines(result.metrics):
            click.echo(line)
        click.echo(f"run folder: {result.folder}")


@cli.group()
def bundle() -> None:
    """Look at bundles."""


@bundle.command()
@_BUNDLE
@_FORMAT
def describe(bundle: Path, form: str) -> None:
    """Show the frames of BUNDLE: rows, keys, columns, nulls."""
    from .compiler.bundle import Bundle, BundleError
    from .compiler.bundle_text import bundle_json, bundle_text

    try:
        opened = Bundle.open(bundle)
        frames = opened.describe()
    except BundleError as error:
        _print(error.diagnostics, None, form)
        sys.exit(REJECTED)
    if form == "json":
        click.echo(json.dumps(bundle_json(opened, frames), indent=2, ensure_ascii=False))
    else:
        click.echo(bundle_text(opened, frames), nl=False)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the vocabulary, for editors and programs."""
    from .schema import SCHEMA_FILE

    click.echo(SCHEMA_FILE.read_text(encoding="utf-8"), nl=False)


def _print(diagnostics: Sequence[Diagnostic], source: Source | None, form: str) -> None:
    if form == "json":
        click.echo(render_json(diagnostics, source))
    else:
        click.echo(render_text(diagnostics, source, color=_wants_color()), color=True)


def _wants_color() -> bool:
    """NO_COLOR and FORCE_COLOR as their pages say; click itself reads neither."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _progress() -> Callable[[Plan], Progress]:
    def make(plan: Plan) -> Progress:
        from .runtime.progress import Lines, Live

        live = sys.stderr.isatty() and not os.environ.get("CI")
        return Live(plan) if live else Lines(plan)

    return make


def _metric_lines(metrics: Any) -> list[str]:
    return [
        f"{split}: " + "  ".join(
            f"{name} {'undefined' if value is None else format(value, '.4f')}"
            for name, value in measures.items()
        )
        for split, measures in metrics.items()
    ]


def main() -> None:
    """The entry point of the command `specc`."""
    try:
        cli()
    except Exception:
        traceback.print_exc()
        click.echo("specc failed: this is a fault of specc, not of the spec", err=True)
        sys.exit(FAULT)
