"""Contexts on the flights bundle: pandas against specc, each in a process of its own.

The task: for each flight, ten aggregates of five columns over the last 20 earlier flights of the
same plane, by the hour they were to leave in. A process measures one side; the last line of its
output is a JSON object with its seconds of extraction, its samples, the sum of its numbers and
the memory of columns and result.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import interleave, run_child
from results import Comparison, Figure, Goal, Section, compare, figure
from setting import Setting

if TYPE_CHECKING:
    import pandas as pd

KEY, TIME, SIZE = "tailnum", "time_hour", 20
COLUMNS = ("arr_delay", "distance", "hour", "minute", "day")
FUNCTIONS = ("mean", "min", "max", "sum", "count", "std", "median", "first", "last", "nunique")
PLANES_AT_A_TIME = 400
"""Planes that pandas merges at once: all of them make 54 million pairs, which would need more
memory than many machines have."""
MEBIBYTE = 2**20


def last_flights(samples: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Ten aggregates over the last 20 earlier rows of each sample, the way one writes it.

    Args:
        samples: columns `tailnum` and `time_hour`; different index values.
        rows: these two and the five that are aggregated.

    Returns:
        A row for each sample and a column for each function and column, float32; `count` once.
        Samples without rows get 0.
    """
    import pandas as pd

    parts = []
    planes = samples[KEY].unique()
    for first in range(0, len(planes), PLANES_AT_A_TIME):
        some = samples[samples[KEY].isin(planes[first:first + PLANES_AT_A_TIME])]
        pairs = some[[KEY, TIME]].rename_axis("sample").reset_index().merge(
            rows, on=KEY, suffixes=("", "_row"))
        pairs = pairs[pairs[f"{TIME}_row"] < pairs[TIME]]
        pairs = pairs.sort_values(["sample", f"{TIME}_row"], kind="stable")
        pairs = pairs.groupby("sample", sort=False).tail(SIZE)
        groups = pairs.groupby("sample")[list(COLUMNS)]
        wide = {name: groups.agg(name) for name in FUNCTIONS if name not in ("count", "std")}
        # Of the population, as specc has it.
        wide["std"] = groups.std(ddof=0)
        found = pd.concat(wide, axis=1)
        found.columns = [f"{column}_{name}" for name, column in found.columns]
        found["count"] = groups.size()
        parts.append(found.astype("float32"))
    return pd.concat(parts).reindex(samples.index, fill_value=0.0)


def by_pandas(bundle: Path, spec: Path) -> dict[str, Any]:
    """Reads what is needed, then measures `last_flights`."""
    import pandas as pd

    flights = pd.read_parquet(bundle / "flights.parquet", columns=[KEY, TIME, *COLUMNS, "late"])
    flights = flights[flights["late"].notna()].drop(columns="late")
    started = time.perf_counter()
    found = last_flights(flights[[KEY, TIME]], flights)
    return {
        "seconds": time.perf_counter() - started,
        "samples": len(found),
        "checksum": float(found.to_numpy(dtype="float64").sum()),
        "referenced": int(flights.memory_usage(deep=True).sum()),
        "result": int(found.memory_usage(index=False).sum()),
    }


def by_specc(bundle: Path, spec: Path) -> dict[str, Any]:
    """The same of specc, with a spec that declares the context.

    It has to give `seconds` from the columns in memory to the aggregates of all samples,
    `samples`, `checksum`, the sum of the 46 columns before they are scaled, to hold against
    that of pandas, and the bytes `referenced` and `result`.
    """
    raise NotImplementedError


SIDES: Mapping[str, Callable[[Path, Path], dict[str, Any]]] = {
    "pandas": by_pandas, "specc": by_specc,
}


def contexts(setting: Setting) -> Section:
    """Seconds to extract a context of the flights, and the peak memory of the process."""
    names = SIDES if setting.with_specc else ["pandas"]
    commands = {name: [sys.executable, __file__, name, str(setting.bundle), str(setting.spec)]
                for name in names}
    found = interleave(
        {name: lambda command=command: run_child(command, setting.scratch)
         for name, command in commands.items()},
        setting.rounds,
    )
    records = {name: [child.record() for child in children] for name, children in found.items()}
    seconds = {name: [record["seconds"] for record in taken] for name, taken in records.items()}
    peaks = {name: [child.peak / MEBIBYTE for child in taken] for name, taken in found.items()}
    comparisons: tuple[Comparison, ...] = ()
    if setting.with_specc:
        comparisons = (
            compare("times as fast, specc / pandas", seconds["pandas"], seconds["specc"],
                    Goal(20.0, at_least=True)),
            compare("peak memory, specc / pandas", peaks["specc"], peaks["pandas"], None),
        )
    figures: list[Figure] = []
    for name in names:
        figures.append(figure(name, "extraction, s", seconds[name]))
        figures.append(figure(name, "peak memory, MiB", peaks[name]))
    notes = tuple(
        f"- {name}: {taken[0]['samples']} samples, sum of all numbers {taken[0]['checksum']:.6g}, "
        f"columns of {taken[0]['referenced'] / MEBIBYTE:.0f} MiB in memory, "
        f"a result of {taken[0]['result'] / MEBIBYTE:.0f} MiB"
        for name, taken in records.items())
    return Section("A context of 20 rows and ten aggregates", comparisons, tuple(figures), notes)


def main() -> None:
    parser = argparse.ArgumentParser(description="Extract the context with one side.")
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("spec", type=Path)
    options = parser.parse_args()
    print(json.dumps(SIDES[options.side](options.bundle, options.spec)))


if __name__ == "__main__":
    main()
