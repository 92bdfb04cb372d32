"""`specc bundle make` on the command line. What it reads is in compiler/test_making.py."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Specc = Callable[..., Result]


@pytest.fixture
def tables(specc: Specc) -> None:
    """Tables in the standing folder."""
    Path("flights.csv").write_text("id,tailnum,at,late\n1,N1,2013-01-01,0\n2,N2,2013-01-02,1\n")
    Path("planes.jsonl").write_text('{"tailnum": "N1", "seats": 99}\n{"tailnum": "N2"}\n')
    connection = sqlite3.connect("weather.db")
    connection.execute("create table weather (origin text, hour text, wind real)")
    connection.execute("insert into weather values ('EWR', '2013-01-01 10:00', 3.5)")
    connection.commit()
    connection.close()


MADE = ("bundle", "make", "out", "--frame", "flights=flights.csv", "--frame",
        "planes=planes.jsonl", "--key", "planes=tailnum", "--key", "weather=origin,hour",
        "--sql", "sqlite:///weather.db",
        "--query", "weather=select * from weather where wind = 3.5",
        "--index-frame", "flights")


def test_a_line_for_each_frame(specc: Specc, tables: None) -> None:
    result = specc(*MADE)
    assert (result.exit_code, result.stdout.splitlines()) == (0, [
        "flights: 2 rows, 4 columns, key none", "planes: 2 rows, 2 columns, key tailnum",
        "weather: 1 row, 3 columns, key origin, hour", "bundle out: index frame flights"])
    described = specc("bundle", "describe", "out")
    assert "at       date32[day]" in described.stdout
    assert json.loads(Path("out/bundle.json").read_text()) == {
        "specc_bundle": 1, "index_frame": "flights",
        "frames": {"planes": {"key": ["tailnum"]}, "weather": {"key": ["origin", "hour"]}}}


def test_json_is_that_of_describe(specc: Specc, tables: None) -> None:
    made = specc(*MADE, "--format", "json")
    described = specc("bundle", "describe", "out", "--format", "json")
    assert made.exit_code == 0
    assert json.loads(made.stdout) == json.loads(described.stdout)


def test_columns_by_dtype(specc: Specc, tables: None) -> None:
    Path("a.b.csv").write_text("zip.code\n01\n")
    result = specc("bundle", "make", "out", "--frame", "a.b=a.b.csv", "--frame", "a=a.b.csv",
                   "--index-frame", "a", "--column", "a.b.zip.code=string")
    assert result.exit_code == 0, result.output
    shown = specc("bundle", "describe", "out").stdout
    assert shown.count("zip.code  string") == 1 and shown.count("zip.code  int64") == 1


def test_a_mistake_is_a_finding_and_writes_nothing(specc: Specc, tables: None) -> None:
    before = sorted(Path().iterdir())
    text = specc("bundle", "make", "out", "--frame", "index=flights.csv", "--key", "index=at,lat")
    data = specc("bundle", "make", "out", "--frame", "index=nothing.csv", "--format", "json")
    assert (text.exit_code, data.exit_code) == (1, 1)
    assert "flights.csv: error[SC607]: the frame 'index' has no column 'lat'" in text.stdout
    assert "did you mean 'late'?" in text.stdout
    (found,) = json.loads(data.stdout)["diagnostics"]
    assert (found["code"], found["file"]) == ("SC642", "nothing.csv")
    assert sorted(Path().iterdir()) == before


def test_force_replaces(specc: Specc, tables: None) -> None:
    assert specc(*MADE).exit_code == 0
    again = specc(*MADE)
    assert again.exit_code == 1 and "--force" in again.stdout
    assert specc(*MADE, "--force").exit_code == 0


@pytest.mark.parametrize("options", [
    ("--frame", "flights.csv"), ("--frame", "=flights.csv"), ("--frame", "a="),
    ("--frame", "a=flights.csv", "--frame", "a=flights.csv"),
    ("--query", "a=select 1"), ("--sql", "sqlite://"),
    ("--sql", "sqlite://", "--query", "a=select 1", "--frame", "a=flights.csv"),
    ("--frame", "a=flights.csv", "--column", "a.late=number"),
    ("--frame", "a=flights.csv", "--column", "late=string"),
    ("--frame", "a=flights.csv", "--key", "late"),
])
def test_wrong_usage(specc: Specc, tables: None, options: tuple[str, ...]) -> None:
    result = specc("bundle", "make", "out", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert not Path("out").exists()
