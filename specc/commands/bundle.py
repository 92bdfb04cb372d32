"""`specc bundle`: makes bundles and shows what they hold."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..output import COLOR, REJECTED, TEXT_OR_JSON, Commands, print_findings

_BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))


@click.group(cls=Commands)
def bundle() -> None:
    """Make bundles, and look at them."""


@bundle.command()
@_BUNDLE
@TEXT_OR_JSON
@COLOR
def describe(bundle: Path, form: str) -> None:
    """Show the frames of BUNDLE: rows, keys, columns, nulls."""
    from ..compiler.bundle import Bundle, BundleError
    from ..compiler.planning.bundle_text import bundle_json, bundle_text

    try:
        opened = Bundle.open(bundle)
        frames = opened.describe()
    except BundleError as error:
        print_findings(error.diagnostics, None, form)
        sys.exit(REJECTED)
    if form == "json":
        click.echo(json.dumps(bundle_json(opened, frames), indent=2, ensure_ascii=False))
    else:
        click.echo(bundle_text(opened, frames), nl=False)


@bundle.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--frame", "frames", multiple=True, metavar="FRAME=FILE",
              help="A frame and its file: CSV, JSON lines or Parquet; may be repeated.")
@click.option("--key", "keys", multiple=True, metavar="FRAME=COLUMN,...",
              help="The key columns of a frame; may be repeated.")
@click.option("--index-frame", metavar="FRAME",
              help="The frame whose rows are the samples; by default `index`, or the only one.")
@click.option("--column", "columns", multiple=True, metavar="FRAME.COLUMN=DTYPE",
              help="Read a column as boolean, integer, float, string or datetime; may be "
              "repeated.")
@click.option("--sql", metavar="URL", help="A database, as sqlite:///shop.db, for --query.")
@click.option("--query", "queries", multiple=True, metavar="FRAME=SELECT",
              help="A frame and the query that gives its rows; may be repeated.")
@click.option("--force", is_flag=True, help="Replace a bundle that is there already.")
@TEXT_OR_JSON
@COLOR
def make(out: Path, frames: tuple[str, ...], keys: tuple[str, ...], index_frame: str | None,
         columns: tuple[str, ...], sql: str | None, queries: tuple[str, ...], force: bool,
         form: str) -> None:
    """Make the folder OUT a bundle of your tables.

    Reads CSV, JSON lines, Parquet and SQL databases, checks the keys, and writes one Parquet
    file for each frame, and bundle.json.
    """
    from ..bundles import make_bundle
    from ..compiler.planning.bundle_text import bundle_json, made_text

    if queries and sql is None:
        raise click.UsageError("--query goes with --sql")
    if sql is not None and not queries:
        raise click.UsageError("--sql goes with --query")
    files = _pairs("--frame", frames)
    selects = _pairs("--query", queries)
    for name in selects:
        if name in files:
            raise click.UsageError(f"the frame {name!r} is given twice")
    named = {frame: [column for column in key.split(",") if column]
             for frame, key in _pairs("--key", keys).items()}
    made = make_bundle(out, files, keys=named, index_frame=index_frame,
                       dtypes=_dtypes(columns, (*files, *selects)), sql=sql, queries=selects,
                       force=force)
    if made.bundle is None:
        print_findings(made.diagnostics, None, form)
        sys.exit(REJECTED)
    described = made.bundle.describe()
    if form == "json":
        click.echo(json.dumps(bundle_json(made.bundle, described), indent=2, ensure_ascii=False))
    else:
        click.echo(made_text(str(out), made.bundle, described), nl=False)


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` by name."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            raise click.UsageError(f"{option} takes NAME=VALUE, not {text!r}")
        if name in found:
            raise click.UsageError(f"{option} names {name!r} twice")
        found[name] = value
    return found


def _dtypes(given: tuple[str, ...], frames: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Frame -> column -> dtype."""
    from ..compiler.bundle.sources import DTYPES

    found: dict[str, dict[str, str]] = {}
    for text in given:
        place, _, dtype = text.rpartition("=")
        # Names of frames and of columns may hold dots; the longest frame wins.
        fitting = [name for name in frames if place.startswith(f"{name}.")]
        frame = max(fitting, key=len) if fitting else place.partition(".")[0]
        column = place[len(frame) + 1:]
        if dtype not in DTYPES or not frame or not column:
            raise click.UsageError(
                f"--column takes FRAME.COLUMN=DTYPE with one of {', '.join(DTYPES)}, not {text!r}")
        found.setdefault(frame, {})[column] = dtype
    return found
