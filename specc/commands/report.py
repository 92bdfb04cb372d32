"""`specc report` and `specc compare`: pages of finished runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..output import COLOR, REJECTED, TEXT_OR_JSON, Command, is_colored, print_findings

_PATH = click.Path(path_type=Path)


@click.command(cls=Command)
@click.argument("run", type=_PATH)
@click.option("--out", type=_PATH, metavar="FILE",
              help="Where the page is written.  [default: report.html in RUN]")
@TEXT_OR_JSON
@COLOR
def report(run: Path, out: Path | None, form: str) -> None:
    """Make the page of the finished run RUN anew, from its folder alone."""
    from ..reports import report as make

    made = make(run, out=out)
    if made.path is None:
        print_findings(made.diagnostics, None, form)
        sys.exit(REJECTED)
    if form == "json":
        click.echo(json.dumps({"format": 1, "page": str(made.path)}, indent=2))
    else:
        click.echo(f"report: {made.path}")


@click.command(cls=Command)
@click.argument("runs", type=_PATH, nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--out", type=_PATH, metavar="FILE", help="Write a page too, such as compare.html.")
@TEXT_OR_JSON
@COLOR
def compare(runs: tuple[Path, ...], out: Path | None, form: str) -> None:
    """Show what finished runs differ in, each against the first.

    What differs in the metrics comes with an interval, drawn on the same rows where both runs
    evaluated them, and with whether it is more than noise.
    """
    if len(runs) < 2:
        raise click.UsageError("name two runs or more")
    from ..compiler.reporters import painter
    from ..reports import compare as make

    made = make(*runs, out=out)
    if made.found is None or (out is not None and made.path is None):
        print_findings(made.diagnostics, None, form)
        sys.exit(REJECTED)
    if form == "json":
        click.echo(json.dumps(made.to_json(), indent=2, ensure_ascii=False))
        return
    from ..runtime.comparing.side_by_side import as_text

    for line in as_text(made.found, painter(is_colored())):
        click.echo(line)
    if made.path is not None:
        click.echo(f"\npage: {made.path}")
