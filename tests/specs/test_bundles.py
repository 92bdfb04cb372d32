"""The scripts under `specs/` and the bundles that they make.

Not checked here: that specc accepts the specs and trains them.
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

SPECS = Path(__file__).resolve().parents[2] / "specs"
NAMES = sorted(path.parent.name for path in SPECS.glob("*/make_bundle.py"))
SIMPLE = ["breast_cancer", "diabetes", "flights", "iris", "titanic"]
"""The folders whose `spec.json` joins by keys alone; the others are bound by test_specs.py."""


def make(name: str, out: Path, *options: str) -> str:
    """Run a script in this process, which spares its imports; the error, or ""."""
    script = SPECS / name / "make_bundle.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), str(out), *options])
        patch.setattr(sys, "path", [str(script.parent), *sys.path])
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as stop:
            return str(stop.code)
    return ""


def read(bundle: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in sorted(bundle.glob("*.parquet"))}


def contents(bundle: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(bundle.iterdir())}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bundles")
    for name in NAMES:
        if name not in ("departures", "flights", "titanic"):
            assert make(name, root / name) == ""
            continue
        # As a user types it: these import a neighbour, or find a package.
        command = [sys.executable, str(SPECS / name / "make_bundle.py"), str(root / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    return {name: root / name for name in NAMES}


def test_every_folder_is_tried() -> None:
    assert sorted([*SIMPLE, "departures", "digits", "sentences", "wine"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_bundle_json_tells_frames_and_unique_keys(bundles: dict[str, Path], name: str) -> None:
    description = json.loads((bundles[name] / "bundle.json").read_text())
    frames = read(bundles[name])
    assert description["specc_bundle"] == 1
    assert description["index_frame"] in frames
    assert set(description["frames"]) <= set(frames)
    for frame, entry in description["frames"].items():
        key = frames[frame][entry["key"]]
        assert not key.duplicated().any()
        assert not key.isna().any(axis=None)


@pytest.mark.parametrize("name", SIMPLE)
def test_spec_reads_what_the_bundle_has(bundles: dict[str, Path], name: str) -> None:
    spec = json.loads((SPECS / name / "spec.json").read_text())
    description = json.loads((bundles[name] / "bundle.json").read_text())
    frames = read(bundles[name])
    index = frames[description["index_frame"]]
    for extractor in spec["extractors"].values():
        frame = index
        for join in extractor.get("joins", []):
            on = join["on"] if isinstance(join["on"], list) else [join["on"]]
            assert set(on) <= set(frame.columns)
            left, frame = frame[on], frames[join["frame"]]
            key = frame[description["frames"][join["frame"]]["key"]]
            assert list(left.dtypes) == list(key.dtypes)
            found = pd.MultiIndex.from_frame(left).isin(pd.MultiIndex.from_frame(key))
            assert found.mean() > 0.8
        for selector in [*extractor.get("take_columns", []), *extractor.get("drop_columns", [])]:
            assert any(fnmatchcase(column, selector) for column in frame.columns), selector


@pytest.mark.parametrize("name", SIMPLE)
def test_split_comes_from_the_bundle_or_from_the_spec(bundles: dict[str, Path], name: str) -> None:
    spec = json.loads((SPECS / name / "spec.json").read_text())
    description = json.loads((bundles[name] / "bundle.json").read_text())
    index = read(bundles[name])[description["index_frame"]]
    steps: list[dict[str, Any]] = spec.get("bundle", {}).get("prepare", [])
    assert ("split" in index) != bool(steps)
    for step in steps:
        assert sum(step["parts"].values()) == pytest.approx(1)
        assert step.get("column", index.columns[0]) in index


def test_flights_counts(bundles: dict[str, Path]) -> None:
    frames = read(bundles["flights"])
    assert {name: len(frame) for name, frame in frames.items()} == {
        "flights": 336_776, "planes": 3_322, "airports": 1_458, "airlines": 16, "weather": 26_115,
        "landings": 327_346,
    }
    flights = frames["flights"]
    assert flights["split"].value_counts().to_dict() == {
        "train": 196_407, "validation": 49_102, "test": 49_102, "display": 32_735,
    }
    samples = flights[flights["split"].notna()]
    assert len(samples) == 327_346
    hours = pd.MultiIndex.from_frame(frames["weather"][["origin", "time_hour"]])
    missing = {
        "planes": ~samples["tailnum"].isin(frames["planes"]["tailnum"]),
        "airports": ~samples["dest"].isin(frames["airports"]["faa"]),
        "airlines": ~samples["carrier"].isin(frames["airlines"]["carrier"]),
        "weather": ~pd.MultiIndex.from_frame(samples[["origin", "time_hour"]]).isin(hours),
    }
    assert {name: int(rows.sum()) for name, rows in missing.items()} == {
        "planes": 48_329, "airports": 7_537, "airlines": 0, "weather": 1_527,
    }


def test_flights_label_is_null_where_the_arrival_is_unknown(bundles: dict[str, Path]) -> None:
    flights = read(bundles["flights"])["flights"]
    known = flights["arr_delay"].notna()
    assert (flights["late"].notna() == known).all()
    assert (flights["split"].notna() == known).all()
    assert (flights.loc[known, "late"] == (flights.loc[known, "arr_delay"] > 15)).all()
    rates = flights[known].groupby("split")["late"].mean()
    assert rates.max() - rates.min() < 0.001


def test_flights_has_no_column_known_only_after_departure(bundles: dict[str, Path]) -> None:
    flights = read(bundles["flights"])["flights"]
    assert not {"dep_time", "dep_delay", "arr_time", "air_time"} & set(flights.columns)
    extractors = json.loads((SPECS / "flights" / "spec.json").read_text())["extractors"]
    on_flights = [e for name, e in extractors.items() if name != "label" and "joins" not in e]
    taken = {column for extractor in on_flights for column in extractor["take_columns"]}
    assert taken and not {"arr_delay", "late"} & taken


def test_departures_counts(bundles: dict[str, Path]) -> None:
    frames = read(bundles["departures"])
    assert {name: len(frame) for name, frame in frames.items()} == {
        "flights": 28_243, "landings": 28_039, "weather": 2_232, "routes": 2_643,
        "planes": 3_322, "airports": 1_458,
    }
    flights = frames["flights"]
    assert flights["date"].min() == 20130601 and flights["date"].max() == 20130630
    assert flights["arr_delay"].isna().sum() == 1_168
    assert not {"late", "split", "dep_time", "dep_delay", "air_time"} & set(flights.columns)


def test_departures_looks_back_from_its_first_flights(bundles: dict[str, Path]) -> None:
    frames = read(bundles["departures"])
    first = frames["flights"]["scheduled"].min()
    landings = frames["landings"]
    assert (landings["landed_at"] < first).sum() > 500
    assert (landings["landed_at"] > landings["scheduled"]).mean() > 0.999
    assert set(frames["weather"].loc[frames["weather"]["time_hour"] < first, "origin"]) == {
        "EWR", "JFK", "LGA"}


def test_departures_routes_are_those_of_the_flights(bundles: dict[str, Path]) -> None:
    frames = read(bundles["departures"])
    routes = frames["routes"].explode("carriers").rename(columns={"carriers": "carrier"})
    key = ["date", "dest", "carrier"]
    flown = frames["flights"][key].drop_duplicates()
    assert len(routes) == len(flown) == len(routes.merge(flown, on=key))


def test_digits_has_the_same_pixels_twice(bundles: dict[str, Path]) -> None:
    frames = read(bundles["digits"])
    digits, lines = frames["digits"], frames["lines"]
    assert len(digits) == 1_797 and digits["digit"].nunique() == 10
    assert lines.groupby("image")["line"].apply(list).map(lambda line: line == [*range(8)]).all()
    stacked = lines.filter(like="x").to_numpy().reshape(1_797, 64)
    assert (stacked == np.stack(digits["pixels"].to_list())).all()


def test_sentences_are_all_there_are_with_labels_in_halves(bundles: dict[str, Path]) -> None:
    frames = read(bundles["sentences"])
    words = frames["words"].sort_values(["sentence", "position"])
    texts = words.groupby("sentence")["word"].agg("".join)
    assert texts.nunique() == len(frames["sentences"]) == 81
    assert set(texts.index) == set(frames["sentences"]["sentence"])
    assert frames["sentences"]["label"].sum() == 40
    assert not frames["words"]["sentence"].is_monotonic_increasing


def test_flights_landings_are_the_flights_that_landed(bundles: dict[str, Path]) -> None:
    frames = read(bundles["flights"])
    flights, landings = frames["flights"], frames["landings"]
    landed = flights[flights["arr_delay"].notna()].reset_index(drop=True)
    same = ["carrier", "flight", "tailnum", "origin", "dest", "distance", "date", "arr_delay"]
    pd.testing.assert_frame_equal(landings[same], landed[same])
    assert not landings[["air_time", "dep_delay", "landed_at"]].isna().any(axis=None)
    # The hour in UTC and the local date of one departure.
    assert (flights["scheduled"].dt.floor("h") == flights["time_hour"]).all()
    day = flights["scheduled"].dt.tz_convert("America/New_York").dt.strftime("%Y%m%d")
    assert (day.astype(int) == flights["date"]).all()


def test_flights_land_after_their_time_in_the_air(bundles: dict[str, Path]) -> None:
    frames = read(bundles["flights"])
    landings = frames["landings"]
    flights = frames["flights"][frames["flights"]["arr_delay"].notna()].reset_index(drop=True)
    block = minutes(landings["landed_at"] - flights["scheduled"])
    taxi = block - landings["dep_delay"] - landings["air_time"]
    assert taxi.min() >= 5 and taxi.max() < 240
    assert taxi.median() == 28 and taxi.quantile(0.99) < 90
    # What the schedule allows for a flight is nearly the same all year: a wrong time zone would
    # move a destination by an hour, a wrong day by 24.
    planned = block - landings["arr_delay"]
    apart = planned - planned.groupby([landings["origin"], landings["dest"]]).transform("median")
    assert apart.abs().max() < 110 and apart.abs().quantile(0.999) < 40


def test_flights_landings_on_the_clock_of_the_destination(bundles: dict[str, Path]) -> None:
    landings = read(bundles["flights"])["landings"]
    # New York to Honolulu: from 9:00 there to 15:16 here on the same day, eleven hours in the air.
    first = landings[landings["dest"] == "HNL"].iloc[0]
    local = first["landed_at"].tz_convert("Pacific/Honolulu")
    assert (first["date"], local.strftime("%Y-%m-%d %H:%M")) == (20130101, "2013-01-01 15:16")
    # The clock of the table was not put forward during a flight of the night of 10 March.
    night = landings[(landings["dest"] == "PBI") & (landings["date"] == 20130309)
                     & (landings["flight"] == 35)].iloc[0]
    assert str(night["landed_at"]) == "2013-03-10 07:03:00+00:00"


def minutes(spans: pd.Series) -> pd.Series:
    return spans.dt.total_seconds() / 60


def test_titanic_frames(bundles: dict[str, Path]) -> None:
    frames = read(bundles["titanic"])
    index, passengers, tickets = frames["index"], frames["passengers"], frames["tickets"]
    description = json.loads((bundles["titanic"] / "bundle.json").read_text())
    assert description["frames"] == {"index": {"key": ["PassengerId"]},
                                     "passengers": {"key": ["Name"]},
                                     "tickets": {"key": ["Ticket"]}}
    assert set(index) == {"PassengerId", "Name", "Ticket", "Cabin", "Survived", "split"}
    assert index["split"].value_counts().to_dict() == {"train": 569, "display": 143, "test": 179}
    assert index["Name"].isin(passengers["Name"]).all()
    assert index["Ticket"].isin(tickets["Ticket"]).all()
    assert len(tickets) < len(index) == len(passengers) == 891
    assert index["Cabin"].isna().any()
    assert passengers["Age"].isna().any() and passengers["Embarked"].isna().any()


def test_titanic_spec_fits_on_a_screen() -> None:
    assert len((SPECS / "titanic" / "spec.json").read_text().splitlines()) <= 30


def test_titanic_seed_moves_the_split_alone(bundles: dict[str, Path], tmp_path: Path) -> None:
    assert make("titanic", tmp_path / "other", "--seed", "1") == ""
    first, other = read(bundles["titanic"]), read(tmp_path / "other")
    assert not first["index"]["split"].equals(other["index"]["split"])
    pd.testing.assert_frame_equal(first["index"].drop(columns="split"),
                                  other["index"].drop(columns="split"))


def titanic_csv(path: Path, rows: int = 40) -> pd.DataFrame:
    numbers = pd.RangeIndex(rows).to_series()
    table = pd.DataFrame({
        "PassengerId": numbers + 1, "Survived": numbers % 2, "Pclass": 3,
        "Name": "N" + numbers.astype(str), "Sex": "male", "Age": 30.5, "SibSp": 0, "Parch": 0,
        "Ticket": (numbers // 2).astype(str), "Fare": 7.0 + numbers, "Cabin": None,
        "Embarked": "S",
    })
    table.to_csv(path, index=False)
    return table


def test_titanic_csv_gives_a_shared_ticket_its_highest_fare(tmp_path: Path) -> None:
    titanic_csv(tmp_path / "t.csv")
    assert make("titanic", tmp_path / "out", "--csv", str(tmp_path / "t.csv")) == ""
    frames = read(tmp_path / "out")
    assert len(frames["tickets"]) == 20
    assert frames["tickets"].set_index("Ticket").loc["3", "Fare"] == 14.0
    assert frames["index"]["split"].value_counts().to_dict() == {
        "train": 25, "test": 8, "display": 7}


def test_titanic_csv_with_a_repeated_name_is_refused(tmp_path: Path) -> None:
    table = titanic_csv(tmp_path / "t.csv")
    table["Name"] = "the same"
    table.to_csv(tmp_path / "t.csv", index=False)
    error = make("titanic", tmp_path / "out", "--csv", str(tmp_path / "t.csv"))
    assert "'Name'" in error and "'passengers'" in error and "\n" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["PassengerId\n1\n", ""])
def test_titanic_csv_of_another_layout_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    error = make("titanic", tmp_path / "out", "--csv", str(tmp_path / "t.csv"))
    assert error.startswith("error: ") and "\n" not in error


@pytest.mark.parametrize("name", ["digits", "iris", "sentences", "titanic", "wine"])
def test_two_runs_write_the_same_bytes(bundles: dict[str, Path], tmp_path: Path,
                                       name: str) -> None:
    assert make(name, tmp_path / "again") == ""
    assert contents(tmp_path / "again") == contents(bundles[name])


def test_an_older_bundle_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "parent" / "out"
    assert make("titanic", out) == ""
    assert make("iris", out) == ""
    assert sorted(path.name for path in out.iterdir()) == ["bundle.json", "flowers.parquet"]
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("foreign", ["notes.txt", "rows.parquet", "bundle.json", ".hidden"])
def test_a_foreign_folder_is_left_as_it_was(tmp_path: Path, foreign: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / foreign).write_text("{}")
    error = make("iris", out)
    assert error.startswith("error: ") and str(out) in error and "\n" not in error
    assert contents(out) == {foreign: b"{}"}
    assert list(tmp_path.iterdir()) == [out]


def test_a_bundle_with_a_stranger_in_it_is_left_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert make("iris", out) == ""
    (out / "notes.txt").write_text("mine")
    assert "notes.txt" in make("iris", out)
    assert (out / "notes.txt").read_text() == "mine"


def test_a_file_and_a_link_are_left_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        assert "no folder" in make("iris", tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "link").is_symlink()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert make("iris", tmp_path) == ""
    assert (tmp_path / "bundle.json").exists()
