"""`specc export`: a trained network as a file that runs without specc."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..output import COLOR, REJECTED, Command, print_findings

_PATH = click.Path(path_type=Path)


@click.command(cls=Command)
@click.argument("run", type=_PATH)
@click.argument("bundle", type=_PATH, required=False)
@click.option("--format", "form", type=click.Choice(["torch", "onnx"]), required=True,
              help="How the network is written: as an exported program of torch, or as ONNX.")
@click.option("--out", type=_PATH, required=True, metavar="FOLDER",
              help="The folder to write; it is not there yet, or empty.")
@COLOR
def export(run: Path, bundle: Path | None, form: str, out: Path) -> None:
    """Write the network of RUN with its preprocessing as data.

    The file is run on rows of BUNDLE and kept if it says what specc says, to 1e-5. BUNDLE is
    needed only where it is not where the run found it.
    """
    from ..exports import export as write

    result = write(run, out, format=form, bundle=bundle)
    if result.exported is None:
        print_findings(result.diagnostics, result.source, "text")
        sys.exit(REJECTED)
    click.echo(f"compared with specc on {result.rows:,} rows")
    for name, size in result.differences.items():
        click.echo(f"  {name}: {size:.2g} apart at most")
    click.echo(f"export: {result.folder}")
