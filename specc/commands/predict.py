"""`specc predict` and `specc evaluate`: a trained model on another bundle."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output import COLOR, FORMAT, REJECTED, Command, print_findings

if TYPE_CHECKING:
    import pyarrow as pa

    from ..models import Model

METRICS_FORMAT = 1

SUFFIXES = (".parquet", ".csv")

_RUN = click.argument("run", type=click.Path(path_type=Path))
_BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))


@click.command(cls=Command)
@_RUN
@_BUNDLE
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="Where predictions are written: a .parquet or a .csv file.")
@FORMAT
@COLOR
def predict(run: Path, bundle: Path, out: Path, form: str) -> None:
    """Predict every row of the index frame of BUNDLE with the model of RUN.

    Needs neither labels nor splits, and of RUN only the folder `model`. How the columns differ
    from those of training is printed, and written to FILE.json.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"--out names a {' or a '.join(SUFFIXES)} file, not {out.name!r}")
    found = _open(run, form).prediction(bundle)
    if found.table is None:
        print_findings(found.diagnostics, found.source, form)
        sys.exit(REJECTED)
    _write_table(out, found.table, form)
    _write_json(out.with_name(f"{out.name}.json"), found.report, form)
    if form not in ("text", "github"):
        print_findings(found.diagnostics, found.source, form)
        return
    for line in report_lines(found.report):
        click.echo(line)
    click.echo(f"predictions: {out}")


@click.command(cls=Command)
@_RUN
@_BUNDLE
@click.option("--split", "splits", multiple=True, metavar="NAME",
              help="A split to evaluate; may be repeated. `all` takes every row with a label.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="A JSON file for the metrics.")
@FORMAT
@COLOR
def evaluate(run: Path, bundle: Path, splits: tuple[str, ...], out: Path | None,
             form: str) -> None:
    """Measure the model of RUN on the labels of BUNDLE, split by split."""
    found = _open(run, form).evaluation(bundle, splits)
    if found.diagnostics or form != "text":
        print_findings(found.diagnostics, found.source, form)
    if found.metrics is None:
        sys.exit(REJECTED)
    if out is not None:
        _write_json(out, {"format": METRICS_FORMAT, "splits": found.metrics}, form)
    if form in ("text", "github"):
        for line in metric_lines(found.metrics):
            click.echo(line)


def _open(run: Path, form: str) -> Model:
    from ..models import open_run

    opened = open_run(run)
    if opened.stage is None:
        print_findings(opened.diagnostics, None, form)
        sys.exit(REJECTED)
    return opened.stage


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The columns of a prediction against training, as a table; those without any difference
    are counted."""
    columns = report["columns"]
    shown = [entry for entry in columns if _differs(entry)]
    lines = [f"{report['rows']:,} rows"]
    if shown:
        head = ("extractor", "column", "rows", "null", "null in training", "unseen",
                "out of range")
        lines += _table([head, *(
            (entry["extractor"], entry["column"], f"{entry['rows']:,}",
             _share(entry["nulls"], entry["rows"]), f"{entry['training_null_share']:.1%}",
             _count(entry["unseen"]), _count(entry["outside"])) for entry in shown)])
    rest = len(columns) - len(shown)
    if rest:
        lines.append(f"{rest} column{'s' * (rest != 1)} without nulls, unseen values and numbers "
                     "out of the range of training")
    return lines


def _differs(entry: Mapping[str, Any]) -> bool:
    return bool(entry["nulls"] or entry["unseen"] or entry["outside"])


def _share(count: int, rows: int) -> str:
    return f"{count:,} ({count / rows:.1%})" if rows else "0"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    from ..compiler.diagnostics.diagnostic import one_line

    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            .rstrip() for row in cells]


def metric_lines(metrics: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """A line for each split."""
    return [
        f"{split}: " + "  ".join(
            f"{name} {'undefined' if value is None else format(value, '.4f')}"
            for name, value in measures.items()
        )
        for split, measures in metrics.items()
    ]


def _write_table(path: Path, table: pa.Table, form: str) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    produce = pyarrow.csv.write_csv if path.suffix.lower() == ".csv" \
        else pyarrow.parquet.write_table
    _write(path, lambda temporary: produce(table, temporary), form)


def _write_json(path: Path, value: Mapping[str, Any], form: str) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    _write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"), form)


def _write(path: Path, produce: Any, form: str) -> None:
    """Writes a whole file, or says why it cannot and ends."""
    from ..compiler.diagnostics import codes
    from ..runtime.run_folder import FolderError, write

    try:
        write(path, produce)
    except FolderError as error:
        reason = error.diagnostic.message.rpartition(": ")[2]
        print_findings((codes.UNWRITABLE_OUTPUT.at(file=str(path), path=str(path),
                                                   reason=reason),), None, form)
        sys.exit(REJECTED)
