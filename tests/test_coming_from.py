"""The tables of docs/coming-from-training-grounds.md: what they say is here, is here.

Each piece of code in the columns `here` and `difference` is one of:

    {"type": ...}         valid for a family of the vocabulary that has this type
    "key": value, ...     each valid for a property of this name
    specc VERB ...        a command with its options
    specc.name            a public name
    training.epochs       a property by its place in the document
    metrics.json          a file of a run folder
    a word                a type, a property, a value, or a name of `WORDS`

Not checked here: what is said of Training Grounds, whether a fragment fits its row, and the
blocks between the tables (test_docs.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from specc.compiler.diagnostics import codes
from specc.compiler.diagnostics.diagnostic import Code
from specc.schema import load_schema
from specc.schema.vocabulary import VOCABULARY

import specc
from specc.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/coming-from-training-grounds.md").read_text(encoding="utf-8")
RUN_FOLDER = (ROOT / "docs/run-folder.md").read_text(encoding="utf-8")
SCHEMA = load_schema()

WORDS = {"batch", "present", "part.column", "age_missing", "sex_OTHER", "OTHER", "NULL", "display",
         "index", "label", "False", "torch.nn", "roc_auc_score_test", "result.history", "model/",
         "specc.Bundle.open", "specc.Bundle.from_frames"}
"""Names of columns, splits and the like, which no vocabulary holds."""


def rows() -> Iterator[list[str]]:
    """The cells of each table row from the column `here` on."""
    start = None
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            start = None
        elif "here" in cells:
            start = cells.index("here")
        elif start is not None and not set(line) <= set("|-"):
            assert len(cells) == start + 2, line
            yield cells[start:]


ROWS = list(rows())
PIECES = sorted({piece for row in ROWS for cell in row for piece in re.findall(r"`([^`]+)`", cell)})


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every property of the schema by name."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", {}).items()
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


PROPERTIES = list(properties(SCHEMA))
NAMES = {name for name, _ in PROPERTIES} | {entry.name for family in VOCABULARY
                                            for entry in family.types} | {
    value for _, fragment in PROPERTIES for part in (fragment, fragment.get("items", {}))
    for value in part.get("enum", ())}


def mistakes(value: Any, fragment: Mapping[str, Any]) -> list[str]:
    schema = {"$defs": SCHEMA["$defs"], **fragment}
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def wrong(piece: str) -> str | None:
    """What is wrong with a piece of code; None where nothing is."""
    if piece.startswith("{"):
        value = json.loads(piece)
        families = [family.name for family in VOCABULARY
                    if value["type"] in {entry.name for entry in family.types}]
        found = [mistakes(value, {"$ref": f"#/$defs/{family}"}) for family in families]
        return None if [] in found else f"{families}: {found}"
    if piece.startswith('"'):
        for key, value in json.loads(f"{{{piece}}}").items():
            found = [mistakes(value, fragment) for name, fragment in PROPERTIES if name == key]
            if [] not in found:
                return f"{key}: {found}"
        return None
    if piece in NAMES or piece in WORDS:
        return None
    if piece.startswith("specc "):
        return wrong_command(piece.split()[1:])
    if piece.startswith("--"):
        options = {option for verb in cli.commands.values() for parameter in verb.params
                   for option in parameter.opts}
        return None if piece in options else "no option"
    if piece.startswith("specc."):
        return None if piece.partition(".")[2] in specc.__all__ else "no public name"
    if re.search(r"\.(json|jsonl|parquet|csv|html)$", piece):
        return None if piece.rpartition("/")[2] in RUN_FOLDER else "no file of a run"
    place: Any = SCHEMA
    for name in piece.split("."):
        place = place.get("properties", {}).get(name)
        if place is None:
            return "neither a name nor a place of the document"
    return None


def wrong_command(words: list[str]) -> str | None:
    command: click.Command = cli
    while isinstance(command, click.Group):
        if words[0] not in command.commands:
            return f"no verb {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    try:
        command.make_context("specc", list(words))
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("piece", PIECES)
def test_every_piece_of_code_is_of_specc(piece: str) -> None:
    assert wrong(piece) is None


@pytest.mark.parametrize("piece", [
    '{"type": "lstm", "width": 0}', '{"type": "lsmt"}', '"epoch": 3', '"batch_size": "many"',
    "training.epoch", "specc.compile_spec", "--sets", "weights.json", "specc train SPEC",
    "specc run SPEC BUNDLE --sets /a=1", "mini_match_size",
])
def test_what_is_not_of_specc_is_found(piece: str) -> None:
    try:
        assert wrong(piece) is not None
    except KeyError:
        raise AssertionError("a mistake of this test") from None


def test_codes_are_codes() -> None:
    known = {value.name for value in vars(codes).values() if isinstance(value, Code)}
    told = set(re.findall(r"\bSC\d+", PAGE))
    assert told and told <= known


def test_t1_to_t18_are_told_and_tested() -> None:
    told = [int(number) for number in re.findall(r"^\| T(\d+) \|", PAGE, re.MULTILINE)]
    assert told == list(range(1, 19))
    tested = {int(number) for path in ROOT.glob("tests/**/test_*.py")
              for number in re.findall(r"^def test_t(\d+)_", path.read_text(encoding="utf-8"),
                                       re.MULTILINE)}
    assert tested == set(told)
