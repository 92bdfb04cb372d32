"""Judge many drawn pairs of a spec and a bundle, and write docs/soundness.md.

`python tests/fuzz.py --pairs 1000 --seed 0`; exit status 1 when a pair breaks the promise.
A broken pair is written below `build/soundness/`, as `spec.json` and `bundle/`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
from specc.compiler.diagnostics import codes
from specc.compiler.diagnostics.diagnostic import Code
from specc.schema.agreement import SPARSE_ONLY
from specc.schema.vocabulary import VOCABULARY
from strategies import Outcome, Pair, judge, pairs

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "soundness.md"
BROKEN = ROOT / "build" / "soundness"
LEAST_ACCEPTED = 0.30
"""Share of pairs that must be accepted: a fuzzer that is always refused shows nothing."""

OWN_TYPES_FROM = 1_000
"""Pairs from which every type of specc's own must be accepted at least once."""

_MESSAGES = {code.name: code for code in vars(codes).values() if isinstance(code, Code)}
_VERDICTS = {
    "accepted": "accepted, ran one epoch, evaluated, predicted, wrote every file",
    "rejected": "rejected, every error at a place",
    "stopped": "accepted, then stopped with SC501: the loss was no longer finite",
    "broken": "broke the promise",
}


@dataclass
class Tally:
    """What became of the pairs so far."""

    verdicts: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    accepted_types: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[tuple[Path, Outcome]] = field(default_factory=list)

    def add(self, pair: Pair, outcome: Outcome) -> None:
        """Counts one pair; saves it where it is broken."""
        place = sum(self.verdicts.values())
        self.verdicts[outcome.verdict] += 1
        self.warnings.update(outcome.warned)
        if outcome.verdict == "rejected":
            self.rejections.update(outcome.codes)
        if outcome.verdict == "accepted":
            self.accepted_types.update(set(types_in(pair.spec)))
        if outcome.verdict in ("broken", "stopped"):
            folder = BROKEN / f"{outcome.verdict}-{place}"
            pair.save(folder)
            (folder / "reason.txt").write_text(
                f"{outcome.verdict} {', '.join(outcome.codes)}\n{outcome.reason}\n"
                f"bundle given as: {pair.bundle.stored}\n", encoding="utf-8")
            if outcome.verdict == "broken":
                self.broken.append((folder, outcome))


def types_in(value: Any) -> Iterator[tuple[str, str]]:
    """`(family, type)` of every node of a spec; the optimizer that nobody names is not one."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield from ((family.name, value["type"]) for family in VOCABULARY
                        if any(entry.name == value["type"] for entry in family.types))
        for inner in value.values():
            yield from types_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from types_in(inner)


def fuzz(count: int, seed: int, shown: bool = True) -> Tally:
    """Draws and judges `count` pairs; equal seeds draw equal pairs."""
    tally = Tally()
    started = time.perf_counter()
    shutil.rmtree(BROKEN, ignore_errors=True)

    for number in range(count):
        pair = drawn(seed * count + number)
        with tempfile.TemporaryDirectory() as folder:
            tally.add(pair, judge(pair, Path(folder), twice=number % 5 == 0))
        if shown and (number + 1) % 100 == 0:
            seconds = time.perf_counter() - started
            print(f"{number + 1} pairs, {dict(tally.verdicts)}, {seconds:.0f} s", file=sys.stderr)
    return tally


def drawn(seed: int) -> Pair:
    """The pair of a seed.

    One search for many pairs would change a few choices of the pair before, over and over; and
    the first example of a search is always the simplest, so the second is taken.
    """
    found: list[Pair] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=2, database=None, deadline=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(pairs())
    def draw(pair: Pair) -> None:
        found.append(pair)

    draw()
    return found[-1]


def never_accepted(tally: Tally) -> dict[str, list[str]]:
    """Family -> types that no accepted spec holds."""
    missing = {
        family.name: [entry.name for entry in family.types
                      if not tally.accepted_types[family.name, entry.name]]
        for family in VOCABULARY
    }
    return {family: names for family, names in missing.items() if names}


def page(tally: Tally, seed: int) -> str:
    """The result as docs/soundness.md."""
    total = sum(tally.verdicts.values())
    lines = [
        "# Soundness",
        "",
        "A spec and a bundle that are accepted run to the end; what is rejected is explained at "
        "a place.",
        "`make fuzz` puts that to the test: it draws pairs of a spec and a bundle, compiles each, "
        "and runs one epoch of what is accepted.",
        "The strategies are in `tests/strategies/`, and `tests/test_soundness.py` judges a "
        "smaller draw in every test run.",
        "This page is written by `tests/fuzz.py`; do not edit it.",
        "",
        f"## Last result: {total:,} pairs, seed {seed}",
        "",
        "| outcome | pairs | share |",
        "|---|---|---|",
        *(f"| {words} | {tally.verdicts[verdict]:,} | {tally.verdicts[verdict] / total:.1%} |"
          for verdict, words in _VERDICTS.items()),
        "",
        "SC501 is counted apart: the promise is that a pair runs to the end, and such a pair "
        "does not.",
        "It ends with a diagnostic, never with a traceback.",
        "",
        *_broken(tally),
        "## What was rejected",
        "",
        "A pair may be rejected for several reasons at once.",
        "",
        "| code | pairs | message |",
        "|---|---|---|",
        *(f"| {name} | {count} | {_message(name)} |"
          for name, count in sorted(tally.rejections.items())),
        "",
        "Warnings: " + (", ".join(f"{name} {count}"
                                  for name, count in sorted(tally.warnings.items())) or "none")
        + ".",
        "",
        "## What was accepted",
        "",
        "| family | types in accepted specs | of | never accepted |",
        "|---|---|---|---|",
        *_coverage(tally),
        "",
        f"`{'`, `'.join(SPARSE_ONLY)}` can never be accepted: no network here has sparse "
        "gradients, and SC308 says so.",
        "",
        "## Versions",
        "",
        ", ".join(f"{name} {version}" for name, version in versions().items()) + ".",
        "",
    ]
    return "\n".join(lines)


def _message(name: str) -> str:
    return "`" + _MESSAGES[name].message.replace("|", "\\|") + "`"


def _classes(tally: Tally) -> dict[str, list[str]]:
    """What was broken -> the folders of the pairs that broke it."""
    classes: dict[str, list[str]] = {}
    for folder, outcome in tally.broken:
        reason = (outcome.reason.strip().splitlines() or [""])[-1]
        classes.setdefault(f"{', '.join(outcome.codes)}: {reason}", []).append(folder.name)
    return classes


def _broken(tally: Tally) -> Iterable[str]:
    if not tally.broken:
        return
    yield from ("## What broke", "")
    for reason, folders in _classes(tally).items():
        yield f"- {len(folders)} pairs: `{reason}`"
    yield ""


def _coverage(tally: Tally) -> Iterable[str]:
    missing = never_accepted(tally)
    for family in VOCABULARY:
        absent = missing.get(family.name, [])
        named = ", ".join(f"`{name}`" for name in absent) or "-"
        yield (f"| {family.name} | {len(family.types) - len(absent)} | {len(family.types)} | "
               f"{named} |")


def versions() -> dict[str, str]:
    """What the result depends on."""
    import numpy
    import pandas
    import pyarrow
    import sklearn
    import torch

    import specc

    found = {module.__name__: str(module.__version__) for module in (
        specc, torch, numpy, pandas, pyarrow, sklearn, hypothesis)}
    return {"Python": sys.version.split()[0], **found}


def summary(tally: Tally) -> str:
    """The result as text."""
    total = sum(tally.verdicts.values())
    lines = [f"{verdict:9} {tally.verdicts[verdict]:5} {tally.verdicts[verdict] / total:6.1%}  "
             f"{words}" for verdict, words in _VERDICTS.items()]
    lines.append("rejected by " + ", ".join(
        f"{name} {count}" for name, count in tally.rejections.most_common()))
    for family, names in never_accepted(tally).items():
        lines.append(f"never accepted, {family}: {', '.join(names)}")
    lines += [f"broken: {reason}: {len(folders)} below {BROKEN.relative_to(ROOT)}, such as "
              f"{folders[0]}" for reason, folders in _classes(tally).items()]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """1 when a pair broke the promise, or too few were accepted to show anything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-write", action="store_true", help="leave docs/soundness.md alone")
    chosen = parser.parse_args(arguments)
    random.seed(chosen.seed)
    tally = fuzz(chosen.pairs, chosen.seed)
    print(summary(tally))
    if not chosen.no_write:
        PAGE.write_text(page(tally, chosen.seed), encoding="utf-8")
    if tally.broken:
        return 1
    if tally.verdicts["accepted"] < LEAST_ACCEPTED * chosen.pairs:
        print(f"fewer than {LEAST_ACCEPTED:.0%} of the pairs were accepted")
        return 1
    # Types of torch and scikit-learn are called `module:name`.
    absent = [name for names in never_accepted(tally).values() for name in names
              if ":" not in name]
    if absent and chosen.pairs >= OWN_TYPES_FROM:
        print(f"no accepted spec has {', '.join(absent)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
