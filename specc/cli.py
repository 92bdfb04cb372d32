"""The command line: verbs over the API, findings on standard output, progress on standard
error. Exit status 0 accepted, 1 rejected, 2 usage, 3 a fault of specc's own, 130 interrupted."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import api
from .commands.bundle import bundle
from .commands.diff import diff
from .commands.export import export
from .commands.init import init
from .commands.predict import evaluate, predict
from .commands.report import compare, report
from .commands.run import resume, run
from .compiler.reporters import painter, render_json, render_text
from .output import (
    ACCEPTED,
    COLOR,
    FAULT,
    FORMAT,
    REJECTED,
    TEXT_OR_JSON,
    Commands,
    is_colored,
    print_findings,
)
from .version import __version__

if TYPE_CHECKING:
    from .compiler.stages import Plan
    from .schema.narrow import BundleNames

_SPEC = click.argument("spec", type=click.Path(path_type=Path))
_BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))
_SET = click.option("--set", "overrides", multiple=True, metavar="POINTER=VALUE",
                    help="Set a value of the spec, as /training/epochs=3; may be repeated.")
_FITS = click.option("--fits", type=click.Path(path_type=Path), metavar="RUN",
                     help='An earlier run, for extractors with "fit": "frozen".')


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="specc")
def cli() -> None:
    """Compile and run declarative training specs."""


@cli.command()
@_SPEC
@click.argument("bundle", type=click.Path(path_type=Path), required=False)
@click.option("--fix", is_flag=True, help="Write the certain repairs into SPEC, and show them.")
@click.option("--dry-run", is_flag=True, help="With --fix: show the repairs, write nothing.")
@FORMAT
@COLOR
@_SET
@_FITS
def validate(spec: Path, bundle: Path | None, fix: bool, dry_run: bool, form: str,
             overrides: tuple[str, ...], fits: Path | None) -> None:
    """Report every mistake of SPEC, and of BUNDLE with it."""
    if dry_run and not fix:
        raise click.UsageError("--dry-run goes with --fix")
    if fix and overrides:
        raise click.UsageError("--fix writes the file, --set stands beside it: use one of the two")
    if fix:
        _fix(spec, bundle, form, dry_run)
        if dry_run and form == "text":
            sys.exit(ACCEPTED if api.validate(spec, bundle).ok else REJECTED)
    result = api.validate(spec, bundle, overrides=overrides, fits=fits)
    if form == "text" and not result.diagnostics:
        click.echo(f"{spec}: no mistakes found")
    else:
        print_findings(result.diagnostics, result.source, form)
    sys.exit(ACCEPTED if result.ok else REJECTED)


def _fix(spec: Path, bundle: Path | None, form: str, dry_run: bool) -> None:
    """Repairs the file and shows the difference; a file that cannot be read is left alone."""
    from .compiler.text.source import read_source
    from .fix import difference, fixed, write_text

    source = read_source(spec).stage
    if source is None:
        return
    if not spec.is_file():
        raise click.UsageError(f"--fix writes into a file, and {str(spec)!r} is none")
    text = fixed(source, bundle)
    if text != source.text and not dry_run:
        try:
            write_text(spec, source.text, text)
        except OSError as error:
            reason = error.strerror or str(error)
            raise click.UsageError(f"cannot write {str(spec)!r}: {reason}") from None
    # Standard output holds one document where a program reads it.
    lines = list(difference(str(spec), source.text, text, painter(is_colored())))
    for line in [*lines, ""] if lines and not dry_run else lines:
        click.echo(line, err=form != "text")
    if not lines:
        click.echo(f"{spec}: nothing that can be repaired for certain", err=True)


_PLAN_FORMAT = click.option(
    "--format", "form", default="text", show_default=True,
    type=click.Choice(["text", "json", "sarif", "github", "mermaid", "dot"]),
    help="How the plan is printed; sarif and github print findings alone.")


@cli.command()
@_SPEC
@_BUNDLE
@_PLAN_FORMAT
@COLOR
@_SET
@_FITS
def plan(spec: Path, bundle: Path, form: str, overrides: tuple[str, ...],
         fits: Path | None) -> None:
    """Show the graph of SPEC on BUNDLE with every shape; train nothing.

    A few steps are timed and thrown away.
    """
    result = api.compile(spec, bundle, overrides=overrides, fits=fits)
    of_findings = "text" if form in ("mermaid", "dot") else form
    if result.plan is None:
        print_findings(result.diagnostics, result.source, of_findings)
        sys.exit(REJECTED)
    if form in ("sarif", "github"):
        print_findings(result.diagnostics, result.source, form)
        return
    if form == "text":
        from .compiler.planning.plan_text import plan_text

        if result.diagnostics:
            print_findings(result.diagnostics, result.source, form)
        click.echo(plan_text(result.plan.description, _measured(result.plan),
                             _rates(result.plan)), nl=False)
        return
    if form == "json":
        found = json.loads(render_json(result.diagnostics, result.source))
        report = {**found, **result.plan.description, "measured": _measured(result.plan),
                  "rates": _rates(result.plan)}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    from .compiler.planning.diagram import DIAGRAMS

    # Standard output holds the drawing alone, so that a program can read it.
    if result.diagnostics:
        click.echo(render_text(result.diagnostics, result.source, color=False), err=True)
    click.echo(DIAGRAMS[form](result.plan.description), nl=False)


def _rates(plan: Plan) -> dict[str, float]:
    """Optimizer step -> learning rate, at a few steps of the run."""
    from .runtime.schedules import rates_of

    return {str(step): rate for step, rate in rates_of(plan).items()}


def _measured(plan: Plan) -> dict[str, Any] | None:
    """How long a step takes here and now; None where it cannot be measured."""
    from .compiler.bundle import BundleError
    from .runtime.timing import time_steps

    try:
        timing = time_steps(plan)
    except BundleError:
        # A file that changed while the plan was made; the run that follows says so.
        return None
    return None if timing is None else asdict(timing)


@cli.command()
@click.argument("code", required=False)
@TEXT_OR_JSON
@COLOR
def explain(code: str | None, form: str) -> None:
    """Show the rule behind CODE with a failing and a repaired spec; list all without CODE."""
    from .compiler.diagnostics.explain import as_json, explanation, listing, suggestion
    from .compiler.diagnostics.rules import RULES

    rule = None if code is None else RULES.get(code.upper())
    if code is not None and rule is None:
        guess = suggestion(code)
        meant = f", did you mean {guess}?" if guess else "; `specc explain` lists all codes"
        raise click.UsageError(f"there is no code {code!r}{meant}")
    if form == "json":
        click.echo(as_json(RULES if rule is None else {rule.name: rule}))
    else:
        click.echo(listing() if rule is None else explanation(rule, color=is_colored()))


@cli.command()
@click.option("--bundle", "path", type=click.Path(path_type=Path), metavar="BUNDLE",
              help="Narrow frames and columns to those of BUNDLE.")
@click.option("--profile", type=click.Choice(["llm"]),
              help="llm: without conditions and limits, for structured output of language models.")
def schema(path: Path | None, profile: str | None) -> None:
    """Print the JSON Schema of the vocabulary, for editors and programs."""
    from .schema import SCHEMA_FILE, load_schema

    if path is None and profile is None:
        click.echo(SCHEMA_FILE.read_text(encoding="utf-8"), nl=False)
        return
    from .schema.assemble import schema_text
    from .schema.llm import llm_profile
    from .schema.narrow import narrowed

    document = load_schema()
    if path is not None:
        document = narrowed(document, _bundle_names(path), conditions=profile is None)
    if profile is not None:
        document = llm_profile(document)
    click.echo(schema_text(document), nl=False)


def _bundle_names(path: Path) -> BundleNames:
    """The frames of a bundle and their columns with dtypes; reads no column."""
    from .compiler.bundle import Bundle, BundleError
    from .schema.narrow import BundleNames

    try:
        opened = Bundle.open(path)
    except BundleError as error:
        # Standard output goes into a file that an editor reads.
        click.echo(render_text(error.diagnostics, None, color=False), err=True)
        sys.exit(REJECTED)
    columns = {frame: {field.name: str(field.type) for field in opened.schema(frame)}
               for frame in opened.frames}
    return BundleNames(columns, opened.index_frame)


cli.add_command(bundle)
cli.add_command(compare)
cli.add_command(diff)
cli.add_command(evaluate)
cli.add_command(export)
cli.add_command(init)
cli.add_command(predict)
cli.add_command(report)
cli.add_command(resume)
cli.add_command(run)


def main() -> None:
    """The entry point of the command `specc`."""
    try:
        cli()
    except Exception:
        traceback.print_exc()
        click.echo("specc failed: this is a fault of specc, not of the spec", err=True)
        sys.exit(FAULT)
