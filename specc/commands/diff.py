"""`specc diff`: what differs in two specs by meaning."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..output import (
    ACCEPTED,
    COLOR,
    REJECTED,
    TEXT_OR_JSON,
    Command,
    is_colored,
    print_findings,
)

DIFFERENT = 1
"""Exit status of two specs that differ, with --exit-code."""


@click.command(cls=Command)
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--exit-code", is_flag=True, help="Exit with 1 where the two differ.")
@TEXT_OR_JSON
@COLOR
def diff(first: Path, second: Path, exit_code: bool, form: str) -> None:
    """Show what SECOND means other than FIRST: specs, or run folders.

    Defaults that are written out or left out are equal, and so are keys in another order. The
    answer tells whether data preparation, network or only training changes.
    """
    from ..compiler.comparing.difference_text import difference_json, difference_text
    from ..compiler.reporters import painter, render_json
    from ..differences import diff as difference

    found = difference(first, second)
    comparison = found.comparison
    if form == "json":
        specs = [json.loads(render_json(checked.diagnostics, checked.source))
                 for checked in (found.first, found.second)]
        compared = {} if comparison is None else difference_json(comparison)
        click.echo(json.dumps({"format": 1, "specs": specs, **compared}, indent=2,
                              ensure_ascii=False))
    elif comparison is None:
        for place, checked in enumerate(
                checked for checked in (found.first, found.second) if not checked.ok):
            if place:
                click.echo()
            print_findings(checked.diagnostics, checked.source, form)
    else:
        for line in difference_text(comparison, str(first), str(second),
                                    painter(is_colored())):
            click.echo(line)
    if comparison is None:
        sys.exit(REJECTED)
    sys.exit(DIFFERENT if exit_code and comparison.changes else ACCEPTED)
