"""`specc init`: drafts a spec for a bundle."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from ..compiler.reporters import render_json
from ..output import COLOR, REJECTED, TEXT_OR_JSON, Command, print_findings


@click.command(cls=Command)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--label", required=True, metavar="COLUMN", help="The column to predict.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Where to write the spec; without it, it goes to standard output.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@TEXT_OR_JSON
@COLOR
def init(bundle: Path, label: str, out: Path | None, force: bool, form: str) -> None:
    """Draft a spec that predicts a column of BUNDLE, and say what was guessed and why.

    The draft runs as it is. What was guessed goes to standard error, a line each.
    """
    from ..drafts import draft, write_draft

    drafted = draft(bundle, label)
    found = drafted.diagnostics
    if drafted.spec is not None and out is not None:
        found += write_draft(out, drafted.spec, force)
    if drafted.spec is None or any(diagnostic.is_error for diagnostic in found):
        print_findings(found, None, form)
        sys.exit(REJECTED)
    if form == "json":
        report = {**json.loads(render_json(found, None)), "spec": drafted.spec,
                  "guesses": [asdict(guess) for guess in drafted.guesses],
                  "written": None if out is None else str(out)}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for guess in drafted.guesses:
        click.echo(str(guess), err=True)
    if out is None:
        click.echo(drafted.text, nl=False)
    else:
        click.echo(f"{out}: drafted; next: specc plan {out} {bundle}", err=True)
