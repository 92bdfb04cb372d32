"""`specc.make_bundle`: what it reads from files, memory and a database, and what it refuses.

Not checked here: the command line (test_bundle_make.py), and bundles once they are there
(test_bundle.py).
"""

from __future__ import annotations

import datetime
import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.bundle import making

import specc


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def column(bundle: specc.Bundle | None, frame: str, name: str) -> list[Any]:
    assert bundle is not None
    values: list[Any] = bundle.read(frame, [name]).column(0).to_pylist()
    return values


def dtype(bundle: specc.Bundle | None, frame: str, name: str) -> str:
    assert bundle is not None
    return str(bundle.schema(frame).field(name).type)


def codes(made: specc.MadeBundle) -> list[str]:
    return [found.code for found in made.diagnostics]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "orders.csv",
                   "id,city,placed,on,paid,amount,late\n"
                   "1,Bonn,2024-01-01 08:30:00,2024-01-01,true,1.5,0\n"
                   "2,,2024-01-02 08:30:00,,false,,1\n"
                   '3,"NA",,2024-01-03,,2,NA\n')


def test_csv_columns_have_the_dtypes_of_their_values(tmp_path: Path, table: Path) -> None:
    made = specc.make_bundle(tmp_path / "out", {"index": table}, keys={"index": "id"})
    assert made.ok and made.bundle is not None
    assert made.bundle.index_frame == "index"
    assert made.bundle.key("index") == ("id",)
    assert dtype(made.bundle, "index", "on") == "date32[day]"
    assert dtype(made.bundle, "index", "placed").startswith("timestamp")
    assert dtype(made.bundle, "index", "paid") == "bool"
    assert dtype(made.bundle, "index", "amount") == "double"
    # An unquoted NA is a null, a quoted one is text.
    assert column(made.bundle, "index", "late") == [0, 1, None]
    assert column(made.bundle, "index", "city") == ["Bonn", None, "NA"]


@pytest.mark.parametrize(("name", "text"), [
    ("a.tsv", "a\tb,c\n1\tx\n"), ("a.csv", "a;b,c;d\n1;x;2\n"), ("a.csv", "\ufeffa,b\n1,x\n"),
])
def test_delimiters(tmp_path: Path, name: str, text: str) -> None:
    made = specc.make_bundle(tmp_path / "out", {"index": written(tmp_path / name, text)})
    assert column(made.bundle, "index", "a") == [1]


def test_other_dtypes_by_name(tmp_path: Path, table: Path) -> None:
    made = specc.make_bundle(tmp_path / "out", {"index": table}, dtypes={"index": {
        "id": "string", "late": "float", "on": "datetime", "paid": "string"}})
    assert column(made.bundle, "index", "id") == ["1", "2", "3"]
    assert dtype(made.bundle, "index", "late") == "double"
    assert column(made.bundle, "index", "on")[0] == datetime.datetime(2024, 1, 1)


def test_times_with_a_zone_by_name(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "at\n2024-01-01T08:00:00+02:00\n")
    made = specc.make_bundle(tmp_path / "out", {"index": path},
                             dtypes={"index": {"at": "datetime"}})
    assert dtype(made.bundle, "index", "at") == "timestamp[us, tz=UTC]"


def test_json_lines_and_packed_files(tmp_path: Path) -> None:
    lines = '{"a": 1, "at": "2024-01-01T08:00:00"}\n{"a": null, "at": null, "b": "x"}\n'
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode()))
    made = specc.make_bundle(tmp_path / "out", {"index": path})
    assert column(made.bundle, "index", "b") == [None, "x"]
    assert dtype(made.bundle, "index", "at").startswith("timestamp")


def test_frames_of_pandas_keep_their_key(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [3, 4]}, index=pd.Index(["x", "y"], name="who"))
    frame.to_parquet(tmp_path / "people.parquet")
    plain = pd.DataFrame({"who": ["x", "y"]}, index=[7, 9])
    plain.to_parquet(tmp_path / "plain.parquet")
    made = specc.make_bundle(tmp_path / "out", {
        "people": tmp_path / "people.parquet", "again": frame,
        "index": tmp_path / "plain.parquet", "arrow": pa.table({"a": [1]}),
    }, keys={"again": ["age"]})
    assert made.bundle is not None
    assert [made.bundle.key(name) for name in ("people", "again", "index", "arrow")] == [
        ("who",), ("age",), (), ()]
    assert made.bundle.schema("index").names == ["who"]


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("create table orders (id integer, placed text, day text, note text, "
                       "price numeric, photo blob)")
    connection.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", [
        (1, "2024-01-01 08:30", "2024-01-01", "2024-01-01", 1.5, None),
        (2, None, "2024-02-29", "none", 2, b"x"),
    ])
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def test_frames_out_of_a_database(tmp_path: Path, database: str, table: Path) -> None:
    made = specc.make_bundle(
        tmp_path / "out", {"index": table}, sql=database, keys={"orders": "id"},
        queries={"orders": "select * from orders", "few": "select id from orders where id > 9"})
    assert made.bundle is not None, made
    assert column(made.bundle, "orders", "id") == [1, 2]
    assert dtype(made.bundle, "orders", "placed") == "timestamp[us]"
    assert dtype(made.bundle, "orders", "day") == "date32[day]"
    assert dtype(made.bundle, "orders", "note") == "string"
    assert column(made.bundle, "orders", "price") == [1.5, 2.0]
    assert made.bundle.rows("few") == 0


def test_rows_of_a_database_come_in_parts(tmp_path: Path, database: str,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specc.compiler.bundle.database._ROWS_AT_ONCE", 1)
    made = specc.make_bundle(tmp_path / "out", sql=database,
                             queries={"index": "select id, note, placed, price from orders"})
    assert column(made.bundle, "index", "price") == [1.5, 2.0]
    assert column(made.bundle, "index", "placed")[1] is None


@pytest.mark.parametrize(("query", "words"), [
    ("select * from nowhere", "no such table"), ("delete from orders", "gives no rows"),
    ("select id, id from orders", "column names stand twice"),
    ("select 1 as a union all select 'x'", "frame 'index'"),
])
def test_wrong_queries(tmp_path: Path, database: str, query: str, words: str) -> None:
    made = specc.make_bundle(tmp_path / "out", sql=database, queries={"index": query})
    assert codes(made) in (["SC643"], ["SC604"])
    assert words in made.diagnostics[0].message
    rows = sqlite3.connect(database.removeprefix("sqlite:///")).execute(
        "select count(*) from orders").fetchone()
    assert rows == (2,)


@pytest.mark.parametrize("url", ["sqlite:///{}/none.db", "nonsense", "oracle9://x", ""])
def test_wrong_databases(tmp_path: Path, url: str) -> None:
    made = specc.make_bundle(tmp_path / "out", sql=url.format(tmp_path),
                             queries={"index": "select 1"})
    assert codes(made) == ["SC643"]
    assert list(tmp_path.iterdir()) == []


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    made = specc.make_bundle(tmp_path / "out", sql="sqlite://", queries={"index": "select 1"})
    assert codes(made) == ["SC643"]
    assert "specc[sql]" in (made.diagnostics[0].help or "")


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    for url in ("postgresql://me:secret@nowhere.invalid/x", "bad://me:secret@", "me:secret"):
        made = specc.make_bundle(tmp_path / "out", sql=url, queries={"index": "select 1"})
        assert not made.ok
        assert "secret" not in str(made)


def test_all_mistakes_at_once(tmp_path: Path, table: Path) -> None:
    broken = written(tmp_path / "broken.csv", "a,b\n1\n")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("a\né\n".encode("latin-1"))
    made = specc.make_bundle(
        tmp_path / "deep" / "out",
        {"a": table, "b": broken, "c": tmp_path / "none.csv", "d": tmp_path / "x.xlsx",
         "e": latin, "../f": table, "g": written(tmp_path / "l.jsonl", "[{}]"), "A": table},
        keys={"a": ["city"], "z": "id", "A": ["ib", "id"]}, dtypes={"a": {"city": "integer"}})
    assert sorted(codes(made)) == sorted([
        "SC606", "SC616", "SC642", "SC642", "SC642", "SC642", "SC642", "SC644", "SC644", "SC647",
        "SC607"])
    assert all(found.file and found.help for found in made.diagnostics)
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(("key", "code"), [
    ("city", "SC645"), ("kind", "SC612"), ("tags", "SC614"), ("none", "SC607")])
def test_keys_name_each_row_once(tmp_path: Path, key: str, code: str) -> None:
    frame = pa.table({"city": ["a", None], "kind": [1, 1], "tags": [[1], [2]]})
    made = specc.make_bundle(tmp_path / "out", {"index": frame}, keys={"index": key})
    assert codes(made) == [code]
    assert not (tmp_path / "out").exists()


def test_the_index_frame_is_named_or_clear(tmp_path: Path, table: Path) -> None:
    one = specc.make_bundle(tmp_path / "one", {"orders": table})
    two = specc.make_bundle(tmp_path / "two", {"a": table, "b": table})
    said = specc.make_bundle(tmp_path / "said", {"a": table, "b": table}, index_frame="b")
    wrong = specc.make_bundle(tmp_path / "wrong", {"a": table, "b": table}, index_frame="c")
    assert one.bundle is not None and one.bundle.index_frame == "orders"
    assert codes(two) == ["SC616"]
    assert said.bundle is not None and said.bundle.index_frame == "b"
    assert codes(wrong) == ["SC606"]


def test_what_is_there_is_kept(tmp_path: Path, table: Path) -> None:
    out = tmp_path / "out"
    assert specc.make_bundle(out, {"index": table, "more": table}).ok
    assert codes(specc.make_bundle(out, {"index": table})) == ["SC646"]
    assert (out / "more.parquet").exists()
    # A wrong frame leaves the old bundle whole, --force or not.
    bad = specc.make_bundle(out, {"index": tmp_path / "none.csv"}, force=True)
    assert codes(bad) == ["SC642"] and (out / "more.parquet").exists()
    assert specc.make_bundle(out, {"index": table}, force=True).ok
    assert sorted(path.name for path in out.iterdir()) == ["bundle.json", "index.parquet"]
    (out / "notes.txt").write_text("mine")
    assert codes(specc.make_bundle(out, {"index": table}, force=True)) == ["SC646"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.csv", "out"]


def test_a_rename_that_fails_brings_the_old_bundle_back(
        tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    assert specc.make_bundle(out, {"index": table, "more": table}).ok
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(making.Path, "replace", fail)
    made = specc.make_bundle(out, {"index": table}, force=True)
    assert codes(made) == ["SC646"] and "No space left" in made.diagnostics[0].message
    assert (out / "more.parquet").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.csv", "out"]


def test_misuse_in_a_program(tmp_path: Path, table: Path) -> None:
    for wrong in ({"queries": {"index": "select 1"}},
                  {"frames": {"a": table}, "queries": {"a": "select 1"}, "sql": "sqlite://"},
                  {"frames": {"a": table}, "dtypes": {"a": {"id": "number"}}}):
        with pytest.raises(ValueError):
            specc.make_bundle(tmp_path / "out", **wrong)  # type: ignore[arg-type]


_cells = st.one_of(st.none(), st.integers(-2**60, 2**60), st.booleans(),
                   st.text(st.characters(codec="utf-8"), max_size=5),
                   st.dates().map(str), st.floats(allow_nan=False))


@settings(max_examples=40)
@given(st.lists(st.tuples(_cells, _cells), max_size=6), st.booleans())
def test_any_csv_becomes_a_bundle_or_a_finding(tmp_path_factory: pytest.TempPathFactory,
                                               rows: list[tuple[Any, Any]], key: bool) -> None:
    folder = tmp_path_factory.mktemp("csv")
    pd.DataFrame(rows, columns=["a", "b"]).to_csv(folder / "a.csv", index=False)
    made = specc.make_bundle(folder / "out", {"index": folder / "a.csv"},
                             keys={"index": "a"} if key else {})
    assert (made.bundle is None) is bool(made.diagnostics)
    if made.bundle is not None:
        settings_text = json.loads((folder / "out" / "bundle.json").read_text())
        assert settings_text["frames"] == ({"index": {"key": ["a"]}} if key else {})
        assert specc.Bundle.open(folder / "out").rows("index") == made.bundle.rows("index")
