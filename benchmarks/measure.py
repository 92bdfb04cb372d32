"""Child processes with their wall time, CPU time and peak memory, and ratios between sides.

This module and `run.py` import the standard library alone.
Linux counts the memory of the parent at the moment of the fork into `ru_maxrss` of the child,
so a harness that had torch loaded would put a floor under every figure that it reads.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Reading = TypeVar("Reading")

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The environment of every child: one torch thread, and one for the libraries below."""

_BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024


class ChildFailedError(RuntimeError):
    """A measured process ended with another status than 0."""


@dataclass(frozen=True)
class Child:
    """What one finished process cost.

    Args:
        started: `time.monotonic()` right before the process was started, in seconds.
        wall: seconds from start to exit.
        cpu: user and system seconds of the process and of the children it waited for.
        peak: largest resident set, in bytes.
        output: its standard output.
        errors: its standard error.
    """

    started: float
    wall: float
    cpu: float
    peak: int
    output: str
    errors: str

    def record(self) -> dict[str, Any]:
        """The last line of the output that is a JSON object.

        Raises:
            ChildFailedError: there is no such line.
        """
        for line in reversed(self.output.splitlines()):
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise ChildFailedError("a measured process printed no JSON line")


def run_child(command: Sequence[str], folder: Path | None = None) -> Child:
    """Runs a command to its end, in `folder`, with one thread, and reads what it cost.

    Raises:
        ChildFailedError: with the end of its standard error, when its status is not 0.
    """
    # Files, not pipes: nobody has to read while the child runs, so wait4 may block.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env={**os.environ, **ONE_THREAD},
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        # Popen must not wait for a process that is already reaped.
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        child = Child(
            started=started,
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            peak=usage.ru_maxrss * _BYTES_PER_MAXRSS,
            output=output.read().decode(errors="replace"),
            errors=errors.read().decode(errors="replace"),
        )
    if process.returncode != 0:
        tail = child.errors[-2000:]
        raise ChildFailedError(f"{list(command)} ended with {process.returncode}:\n{tail}")
    return child


def interleave(
    sides: Mapping[str, Callable[[], Reading]], rounds: int
) -> dict[str, tuple[Reading, ...]]:
    """Calls every side once a round and starts each round with another side.

    A machine that slows down for a while then slows down neighbours in time, which belong to
    the same round and so to the same ratio.

    Returns:
        For each side its readings, one a round.
    """
    names = list(sides)
    readings: dict[str, list[Reading]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            readings[name].append(sides[name]())
    return {name: tuple(found) for name, found in readings.items()}


@dataclass(frozen=True)
class Spread:
    """Smallest, middle and largest of the figures of all rounds."""

    minimum: float
    median: float
    maximum: float


def spread(figures: Sequence[float]) -> Spread:
    """Raises ValueError when there are no figures."""
    if not figures:
        raise ValueError("no figures to summarise")
    return Spread(min(figures), statistics.median(figures), max(figures))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The spread of the per-round ratios ours / theirs.

    The median of ratios, not the ratio of medians: only figures of one round were taken under
    the same load.

    Raises:
        ValueError: there are no rounds, or the two sides have different numbers of them.
    """
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])
