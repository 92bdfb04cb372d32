"""What checkpoints cost: the flights run with one for each epoch, and without any.

Both sides take turns in one process, from the open bundle to the written run folder; planning is
left out, which makes the share larger. The last line of the output is a JSON object with the
seconds of every round, and with the seconds that went into writing checkpoints.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import interleave, run_child
from results import Goal, Section, compare, figure
from setting import Setting

EPOCHS = 3
MEBIBYTE = 2**20
PAIRS = 2
"""Pairs of runs for each round: what is looked for is smaller than what a machine varies by."""

SIDES = {"with": {"every_epochs": 1}, "without": None}
"""Side -> `/training/checkpoint`."""


def measure(spec: Path, bundle: Path, rounds: int) -> dict[str, Any]:
    """The seconds of each side and round, those spent on checkpoints, and their bytes."""
    import torch
    from specc.runtime import checkpoints
    from specc.runtime.execute import execute

    from specc import api

    torch.set_num_threads(1)
    spent = 0.0
    size = 0
    write = checkpoints.write_checkpoint

    def timed_write(path: Path, tree: Any) -> None:
        nonlocal spent, size
        started = time.perf_counter()
        write(path, tree)
        spent += time.perf_counter() - started
        size = path.stat().st_size

    plans = {}
    for side, setting in SIDES.items():
        compiled = api.compile(spec, bundle, overrides=[
            f"/training/epochs={EPOCHS}", f"/training/checkpoint={json.dumps(setting)}"])
        if compiled.plan is None:
            raise ValueError(str(compiled))
        plans[side] = compiled.plan

    def run(side: str) -> tuple[float, float]:
        nonlocal spent
        spent = 0.0
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as out:
            started = time.perf_counter()
            finished, found = execute(plans[side], Path(out), api.silent)
            seconds = time.perf_counter() - started
        if finished is None:
            raise ValueError(str(found))
        return seconds, spent

    checkpoints.write_checkpoint = timed_write
    try:
        # The first round pays for imports and for the allocator's first blocks and is dropped.
        taken = interleave({side: lambda side=side: run(side) for side in SIDES}, rounds + 1)
    finally:
        checkpoints.write_checkpoint = write
    return {
        "seconds": {side: [seconds for seconds, _ in found[1:]] for side, found in taken.items()},
        "writing": [writing for _, writing in taken["with"][1:]],
        "bytes": size,
    }


def checkpoint_cost(setting: Setting) -> Section:
    """Seconds of a run with one checkpoint for each epoch, against the run without."""
    title = f"Checkpoints, one for each of {EPOCHS} epochs"
    if not setting.with_specc:
        return Section(title, (), ())
    command = [sys.executable, __file__, str(setting.spec), str(setting.bundle),
               "--rounds", str(PAIRS * setting.rounds)]
    record = run_child(command, setting.scratch).record()
    seconds, writing = record["seconds"], record["writing"]
    rest = [whole - part for whole, part in zip(seconds["with"], writing, strict=True)]
    return Section(
        title=title,
        comparisons=(
            compare("seconds, with checkpoints / without", seconds["with"], seconds["without"],
                    Goal(1.05, at_least=False)),
            compare("seconds, writing checkpoints / all else", writing, rest,
                    Goal(0.05, at_least=False)),
        ),
        figures=(
            *(figure(f"{side} checkpoints", "run, s", found) for side, found in seconds.items()),
            figure("with checkpoints", "writing them, s", writing),
        ),
        notes=(f"- a checkpoint has {record['bytes'] / MEBIBYTE:.2f} MiB",),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Run with and without checkpoints.")
    parser.add_argument("spec", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(measure(options.spec, options.bundle, options.rounds)))


if __name__ == "__main__":
    main()
