"""Contexts on the flights bundle: pandas against specc, each in a process of its own.

The task: for each flight, ten aggregates of five columns over the last 20 earlier flights of the
same plane, by the hour they were to leave in; `context_spec.json` declares it. A process measures
one side; the last line of its output is a JSON object with its seconds of extraction, its samples,
the sum of its numbers, the memory of columns and result, and what the process grew by.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import threading
import time
import tracemalloc
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
SPEC = Path(__file__).with_name("context_spec.json")
ROUNDS = 3
"""At most so many: pandas takes half a minute."""
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

    pairs = samples[[KEY, TIME]].rename_axis("sample").reset_index().merge(
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
    return found.astype("float32").reindex(samples.index, fill_value=0.0)


def by_pandas(bundle: Path) -> dict[str, Any]:
    """Reads what is needed, then measures `last_flights`."""
    import pandas as pd

    before = resident()
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
        "grown": peak() - before,
    }


def by_specc(bundle: Path) -> dict[str, Any]:
    """The same of specc: the passes that bind the spec and fit its context, from the columns in
    memory to the aggregates of all samples."""
    from specc_side import prepare_context

    columns = [KEY, TIME, *COLUMNS, "late", "split"]
    # Imports, and what libraries set up on their first call, are no part of the extraction.
    prepare_context(SPEC, _first_rows(bundle), "flights", columns).extract()
    before = resident()
    context = prepare_context(SPEC, bundle, "flights", columns)
    started = time.perf_counter()
    found = context.extract()
    return {
        "seconds": time.perf_counter() - started,
        "samples": len(found),
        "grown": peak() - before,
        "referenced": context.referenced,
        "result": found.nbytes,
        "checksum": float(found.sum(dtype="float64")),
    }


def by_specc_counted(bundle: Path) -> dict[str, Any]:
    """The bytes that numpy and Arrow hold at most during the same extraction, the columns among
    them. Counting makes it slow, so it is a side of its own."""
    import pyarrow as pa
    from specc_side import prepare_context

    columns = [KEY, TIME, *COLUMNS, "late", "split"]
    prepare_context(SPEC, _first_rows(bundle), "flights", columns).extract()
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    context = prepare_context(SPEC, bundle, "flights", columns)
    held, done = 0, threading.Event()

    def watch() -> None:
        nonlocal held
        while not done.wait(0.0005):
            held = max(held, tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    found = context.extract()
    done.set()
    watcher.join()
    return {"held": held - before, "referenced": context.referenced, "result": found.nbytes}


def _first_rows(bundle: Path) -> Path:
    """A bundle of 200 flights, in the folder where the process runs."""
    import pyarrow.parquet as pq

    folder = Path("first_rows")
    folder.mkdir(exist_ok=True)
    rows = next(pq.ParquetFile(bundle / "flights.parquet").iter_batches(200))
    with pq.ParquetWriter(folder / "flights.parquet", rows.schema) as writer:
        writer.write_batch(rows)
    (folder / "bundle.json").write_text('{"specc_bundle": 1, "index_frame": "flights"}')
    return folder


def resident() -> int:
    """The bytes of this process that are in memory now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """The most bytes of this process that were ever in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


SIDES: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "pandas": by_pandas, "specc": by_specc, "specc, counted": by_specc_counted,
}


def contexts(setting: Setting) -> Section:
    """Seconds to extract a context of the flights, and the memory that it takes."""
    names = ["pandas", "specc"] if setting.with_specc else ["pandas"]
    commands = {name: [sys.executable, __file__, name, str(setting.bundle)] for name in names}
    found = interleave(
        {name: lambda command=command: run_child(command, setting.scratch).record()
         for name, command in commands.items()},
        min(setting.rounds, ROUNDS),
    )
    seconds = {name: [record["seconds"] for record in taken] for name, taken in found.items()}
    comparisons: tuple[Comparison, ...] = ()
    if setting.with_specc:
        command = [sys.executable, __file__, "specc, counted", str(setting.bundle)]
        counted = run_child(command, setting.scratch).record()
        needed = counted["referenced"] + counted["result"]
        grown = [record["grown"] for record in found["specc"]]
        comparisons = (
            compare("times as fast, specc / pandas", seconds["pandas"], seconds["specc"],
                    Goal(20.0, at_least=True)),
            compare("bytes held at most, specc / (referenced columns + result)",
                    [counted["held"]], [needed], Goal(1.3, at_least=False)),
            compare("growth of the process, specc / (referenced columns + result)",
                    grown, [needed] * len(grown), None),
            compare("growth of the process, specc / pandas",
                    grown, [record["grown"] for record in found["pandas"]], None),
        )
    figures: list[Figure] = []
    for name, taken in found.items():
        figures.append(figure(name, "extraction, s", seconds[name]))
        figures.append(figure(name, "growth of the process at its peak, MiB",
                              [record["grown"] / MEBIBYTE for record in taken]))
    notes = tuple(
        f"- {name}: {taken[0]['samples']} samples, sum of all numbers {taken[0]['checksum']:.6g}, "
        f"columns of {taken[0]['referenced'] / MEBIBYTE:.0f} MiB in memory, "
        f"a result of {taken[0]['result'] / MEBIBYTE:.0f} MiB"
        for name, taken in found.items())
    return Section("A context of 20 rows and ten aggregates", comparisons, tuple(figures), notes)


def main() -> None:
    parser = argparse.ArgumentParser(description="Extract the context with one side.")
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("bundle", type=Path)
    options = parser.parse_args()
    print(json.dumps(SIDES[options.side](options.bundle)))


if __name__ == "__main__":
    main()
