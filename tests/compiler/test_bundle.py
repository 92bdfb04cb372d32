"""Bundles on disk, in a zip and in memory; what is wrong with them is a diagnostic."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from specc.compiler.bundle import Bundle, BundleError, archive

INDEX = pd.DataFrame({"Name": ["a", "b", None], "Survived": [1, 0, 1], "split": ["train"] * 3})
PASSENGERS = pd.DataFrame({"Age": [1.0, 2.0]}, index=pd.Index(["a", "b"], name="Name"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "titanic"
    path.mkdir()
    INDEX.to_parquet(path / "index.parquet")
    PASSENGERS.to_parquet(path / "passengers.parquet")
    return path


def _codes(path: Path | str) -> list[str]:
    with pytest.raises(BundleError) as caught:
        Bundle.open(path)
    for found in caught.value.diagnostics:
        assert "\n" not in found.message
    return [found.code for found in caught.value.diagnostics]


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as handle:
        for name, data in members.items():
            handle.writestr(name, data)
    return path


def _parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_parquet(sink)
    return sink.getvalue()


def test_a_folder(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.name == "titanic"
    assert bundle.frames == ("index", "passengers")
    assert bundle.index_frame == "index"
    assert bundle.rows("index") == 3
    assert bundle.key("index") == ()
    assert bundle.key("passengers") == ("Name",)
    assert bundle.columns("passengers") == ("Age",)
    assert bundle.schema("passengers").field("Age").type == pa.float64()
    table = bundle.read("index", ["split", "Name"])
    assert table.column_names == ["split", "Name"]
    assert table.column("Name").to_pylist() == ["a", "b", None]


def test_index_frame_is_unknown_without_a_frame_called_index(folder: Path) -> None:
    (folder / "index.parquet").rename(folder / "people.parquet")
    assert Bundle.open(folder).index_frame is None


def test_an_unnamed_index_is_no_key_and_no_column(folder: Path) -> None:
    INDEX.iloc[[2, 0, 1]].to_parquet(folder / "index.parquet")
    bundle = Bundle.open(folder)
    assert "__index_level_0__" in bundle.schema("index").names
    assert bundle.key("index") == ()
    assert bundle.columns("index") == ("Name", "Survived", "split")


def test_hostile_pandas_metadata_gives_no_key(folder: Path) -> None:
    for written in (b"{", b'{"index_columns": 3}', b'{"index_columns": ["gone"]}', b"[" * 100_000):
        table = pa.table({"a": [1]}).replace_schema_metadata({b"pandas": written})
        pq.write_table(table, folder / "x.parquet")
        assert Bundle.open(folder).key("x") == ()


def test_bundle_json_names_keys_and_the_index_frame(folder: Path) -> None:
    settings = {"specc_bundle": 1, "index_frame": "passengers",
                "frames": {"index": {"key": ["Name", "split"]}, "passengers": {}}}
    (folder / "bundle.json").write_text(json.dumps(settings))
    bundle = Bundle.open(folder)
    assert bundle.index_frame == "passengers"
    assert bundle.key("index") == ("Name", "split")
    assert bundle.key("passengers") == ("Name",)
    assert bundle.columns("index") == ("Survived",)


@pytest.mark.parametrize("text", [
    "", "[]", "{", '{"specc_bundle": 2}', '{"specc_bundle": true}', "{}",
    '{"specc_bundle": 1, "colour": 1}', '{"specc_bundle": 1, "specc_bundle": 1}',
    '{"specc_bundle": 1, "index_frame": "inde"}', '{"specc_bundle": 1, "index_frame": 3}',
    '{"specc_bundle": 1, "frames": []}', '{"specc_bundle": 1, "frames": {"gone": {}}}',
    '{"specc_bundle": 1, "frames": {"index": []}}',
    '{"specc_bundle": 1, "frames": {"index": {"keys": ["Name"]}}}',
    '{"specc_bundle": 1, "frames": {"index": {"key": "Name"}}}',
    '{"specc_bundle": 1, "frames": {"index": {"key": []}}}',
    '{"specc_bundle": 1, "frames": {"index": {"key": ["Name", "Name"]}}}',
    '{"specc_bundle": 1, "frames": {"index": {"key": ["Nam"]}}}',
    '{"specc_bundle": NaN}', "[" * 100_000,
])
def test_bad_bundle_json(folder: Path, text: str) -> None:
    (folder / "bundle.json").write_text(text)
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder)
    assert {found.code for found in caught.value.diagnostics} == {"SC605"}
    assert caught.value.diagnostics[0].file == str(folder / "bundle.json")


def test_bad_bundle_json_that_is_not_utf8(folder: Path) -> None:
    (folder / "bundle.json").write_bytes(b'{"\xff": 1}')
    assert _codes(folder) == ["SC605"]


def test_all_mistakes_of_bundle_json_at_once(folder: Path) -> None:
    (folder / "bundle.json").write_text('{"specc_bundle": 1, "index_frame": "inde", '
                                        '"frames": {"index": {"key": ["Nam"]}}}')
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder)
    assert [found.help for found in caught.value.diagnostics] == [
        "did you mean 'index'?", "did you mean 'Name'?",
    ]


def test_huge_bundle_json(folder: Path) -> None:
    (folder / "bundle.json").write_bytes(b" " * (1 << 20) + b"{}")
    assert _codes(folder) == ["SC625"]


def test_missing_paths(tmp_path: Path) -> None:
    assert _codes(tmp_path / "gone") == ["SC601"]
    assert _codes("a\0b") == ["SC601"]


def test_a_folder_without_parquet(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._index.parquet").write_text("x")
    assert _codes(tmp_path) == ["SC602"]


def test_damaged_frames_are_all_reported(folder: Path) -> None:
    whole = (folder / "index.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "garbage.parquet").write_bytes(b"PAR1" + os.urandom(200) + b"PAR1")
    (folder / "set.parquet").mkdir()
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder)
    # A frame that is no file is seen before any footer is read.
    assert [found.code for found in caught.value.diagnostics] == ["SC604"]
    (folder / "set.parquet").rmdir()
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder)
    found = caught.value.diagnostics
    assert [entry.code for entry in found] == ["SC604"] * 3
    assert [Path(entry.file or "").name for entry in found] == [
        "cut.parquet", "empty.parquet", "garbage.parquet",
    ]


def test_damaged_pages_show_when_they_are_read(folder: Path) -> None:
    path = folder / "index.parquet"
    table = pa.table({"a": pa.array(range(10_000)), "b": [f"s{i}" for i in range(10_000)]})
    pq.write_table(table, path)
    data = bytearray(path.read_bytes())
    data[4:400] = b"\xff" * 396
    path.write_bytes(data)
    bundle = Bundle.open(folder)
    with pytest.raises(BundleError) as caught:
        bundle.read("index", ["a"])
    assert [found.code for found in caught.value.diagnostics] == ["SC604"]
    assert caught.value.diagnostics[0].file == str(path)


def test_text_that_is_not_utf8(folder: Path) -> None:
    raw = pa.array([b"\xff\xfe"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 1, raw.buffers())
    pq.write_table(pa.table({"a": text}), folder / "x.parquet")
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder).read("x", ["a"])
    assert [found.code for found in caught.value.diagnostics] == ["SC604"]


def test_duplicate_and_strange_column_names(folder: Path) -> None:
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), folder / "twice.parquet")
    assert _codes(folder) == ["SC604"]
    (folder / "twice.parquet").unlink()
    names = ["a", "a.b", "x\ny", "\x1b[31m", ""]
    table = pa.table([[1], [2], [3], [4], [5]], names=names)
    pq.write_table(table, folder / "strange.parquet")
    bundle = Bundle.open(folder)
    assert bundle.columns("strange") == tuple(names)
    for position, name in enumerate(names):
        assert bundle.read("strange", [name]).column(name).to_pylist() == [position + 1]


def test_links(folder: Path, tmp_path: Path) -> None:
    (folder / "inside.parquet").symlink_to(folder / "index.parquet")
    assert "inside" in Bundle.open(folder).frames
    (folder / "inside.parquet").unlink()
    outside = tmp_path / "secret.parquet"
    INDEX.to_parquet(outside)
    (folder / "out.parquet").symlink_to(outside)
    assert _codes(folder) == ["SC602"]
    (folder / "out.parquet").unlink()
    (folder / "loop.parquet").symlink_to(folder / "loop.parquet")
    assert _codes(folder) == ["SC602"]
    (folder / "loop.parquet").unlink()
    (folder / "bundle.json").symlink_to(outside)
    assert _codes(folder) == ["SC602"]


def test_a_pipe_is_no_frame(folder: Path) -> None:
    os.mkfifo(folder / "pipe.parquet")
    assert _codes(folder) == ["SC604"]


def test_columns_are_read_once(folder: Path) -> None:
    bundle = Bundle.open(folder)
    first = bundle.read("index", ["Name"])
    for path in folder.iterdir():
        path.unlink()
    assert bundle.read("index", ["Name"]).equals(first)
    assert bundle.with_keys({"index": ("Name",)}).read("index", ["Name"]).equals(first)
    bundle.release()
    with pytest.raises(BundleError):
        bundle.read("index", ["Name"])


def test_fingerprint_follows_the_bytes(folder: Path) -> None:
    before = Bundle.open(folder).fingerprint("index")
    assert before == Bundle.open(folder).fingerprint("index")
    INDEX.assign(Survived=0).to_parquet(folder / "index.parquet")
    assert Bundle.open(folder).fingerprint("index") != before


def test_describe(folder: Path) -> None:
    index, passengers = Bundle.open(folder).describe()
    assert (index.frame, index.rows, index.key) == ("index", 3, ())
    assert [(column.name, column.nulls) for column in index.columns] == [
        ("Name", 1), ("Survived", 0), ("split", 0),
    ]
    assert index.columns[1].dtype == "int64"
    assert passengers.key == ("Name",)


@pytest.mark.parametrize("top", ["", "titanic/"])
def test_a_zip(tmp_path: Path, top: str) -> None:
    path = _zip(tmp_path / "b.zip", {
        f"{top}index.parquet": _parquet(INDEX),
        f"{top}passengers.parquet": _parquet(PASSENGERS),
        f"{top}bundle.json": b'{"specc_bundle": 1, "index_frame": "passengers"}',
        "__MACOSX/._index.parquet": b"x",
    })
    bundle = Bundle.open(path)
    assert bundle.frames == ("index", "passengers")
    assert bundle.index_frame == "passengers"
    assert bundle.read("index", ["Survived"]).column(0).to_pylist() == [1, 0, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["b.zip"]


@pytest.mark.parametrize("name", [
    "/etc/x", "../x", "a/../../x", "C:x", "C:/x", "a\\x", "..\\x",
])
def test_a_zip_that_names_other_places(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "b.zip", {"index.parquet": _parquet(INDEX), name: b""})
    assert _codes(path) == ["SC603"]


def test_a_zip_with_a_link(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as handle:
        link = zipfile.ZipInfo("index.parquet")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        handle.writestr(link, "/etc/passwd")
    assert _codes(path) == ["SC603"]


def test_a_zip_with_one_frame_twice_or_scattered_frames(tmp_path: Path) -> None:
    data = _parquet(INDEX)
    twice = _zip(tmp_path / "a.zip", {"x/index.parquet": data, "y/index.parquet": data})
    assert _codes(twice) == ["SC602"]
    with pytest.warns(UserWarning), zipfile.ZipFile(twice, "a") as handle:
        handle.writestr("x/index.parquet", data)
    assert _codes(twice) == ["SC602"]
    scattered = _zip(tmp_path / "b.zip", {"x/index.parquet": data, "y/other.parquet": data})
    assert _codes(scattered) == ["SC602"]
    assert _codes(_zip(tmp_path / "c.zip", {"readme.txt": b""})) == ["SC602"]


def test_damaged_and_encrypted_zips(tmp_path: Path) -> None:
    path = _zip(tmp_path / "b.zip", {"index.parquet": _parquet(INDEX)})
    data = bytearray(path.read_bytes())
    path.write_bytes(data[:-30])
    assert _codes(path) == ["SC602"]
    flipped = bytearray(data)
    flipped[60:90] = b"\x00" * 30
    path.write_bytes(flipped)
    assert _codes(path) == ["SC602"]
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    path.write_bytes(data)
    assert _codes(path) == ["SC602"]
    path.write_bytes(b"not a zip")
    assert _codes(path) == ["SC602"]


def test_zip_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _zip(tmp_path / "b.zip", {"index.parquet": _parquet(INDEX), "pad": b"0" * 100_000})
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 50_000)
    assert _codes(path) == ["SC625"]
    monkeypatch.undo()
    monkeypatch.setattr(archive, "LARGEST_COUNT", 1)
    assert _codes(path) == ["SC625"]


def test_a_zip_that_lies_about_its_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _zip(tmp_path / "b.zip", {"index.parquet": b"0" * 1_000_000})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 50_000)
    # zipfile stops at the size of the directory, so the checksum is wrong.
    assert _codes(path) == ["SC602"]


def test_from_frames() -> None:
    bundle = Bundle.from_frames({"index": INDEX, "passengers": PASSENGERS})
    assert bundle.frames == ("index", "passengers")
    assert bundle.key("passengers") == ("Name",)
    assert bundle.key("index") == ()
    assert bundle.columns("index") == ("Name", "Survived", "split")
    assert bundle.read("passengers", ["Name"]).column(0).to_pylist() == ["a", "b"]
    assert bundle.describe()[0].columns[0].nulls == 1
    again = Bundle.from_frames({"index": INDEX}, keys={"index": "Name"})
    assert again.key("index") == ("Name",)
    assert again.fingerprint("index") == bundle.fingerprint("index")
    other = Bundle.from_frames({"index": INDEX.assign(Survived=0)})
    assert other.fingerprint("index") != bundle.fingerprint("index")


def test_from_frames_with_mistakes() -> None:
    def codes_of(*args: object, **kwargs: object) -> list[str]:
        with pytest.raises(BundleError) as caught:
            Bundle.from_frames(*args, **kwargs)  # type: ignore[arg-type]
        return [found.code for found in caught.value.diagnostics]

    assert codes_of({}) == ["SC602"]
    assert codes_of({"a": pd.DataFrame({"x": [1, "a", object()]})}) == ["SC604"]
    assert codes_of({"a": pd.DataFrame([[1, 2]], columns=["x", "x"])}) == ["SC604"]
    assert codes_of({"a": INDEX}, index_frame="b") == ["SC606"]
    assert codes_of({"a": INDEX}, keys={"b": ["x"]}) == ["SC606"]
    assert codes_of({"a": INDEX}, keys={"a": ["x"]}) == ["SC607"]
