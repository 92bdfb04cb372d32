"""How quickly specc judges specs: one alone, one with its bundle, a thousand in one process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import specc_side
from long_spec import lengthen
from measure import Child, interleave, run_child
from results import Comparison, Figure, Goal, Section, compare, figure
from setting import Setting

SPEC_BYTES = 10_000
FORBIDDEN = ("torch", "pandas", "pyarrow", "sklearn")
"""Packages that `specc validate` of a spec alone must not import."""
SHORT_ROUNDS = 4
"""Rounds of sub-second processes for each round of the long ones."""


def validate_alone(setting: Setting) -> Section:
    """`specc validate` of a spec of 10 KB against an interpreter that does nothing."""
    sides: dict[str, Callable[[], Child]]
    sides = {"python -c pass": lambda: run_child([sys.executable, "-c", "pass"])}
    notes: tuple[str, ...] = ()
    if setting.with_specc:
        spec = setting.scratch / "long.json"
        text = lengthen(json.loads(setting.spec.read_text(encoding="utf-8")), SPEC_BYTES)
        spec.write_text(text, encoding="utf-8")
        command = specc_side.validate_command(spec)
        sides["specc"] = lambda: run_child(command)
        loaded = imported(run_child([sys.executable, "-X", "importtime", *command]))
        unwanted = sorted(loaded & set(FORBIDDEN))
        notes = (
            f"- the spec has {len(text.encode())} bytes",
            f"- imported of {', '.join(FORBIDDEN)}: {', '.join(unwanted) or 'none'}",
        )
    for warm_up in sides.values():
        warm_up()
    found = interleave(sides, SHORT_ROUNDS * setting.rounds)
    comparisons: list[Comparison] = []
    figures: list[Figure] = []
    for quantity in ("cpu", "wall"):
        readings = {name: [getattr(c, quantity) for c in runs] for name, runs in found.items()}
        if setting.with_specc:
            ours, bare = readings["specc"], readings["python -c pass"]
            goal = Goal(13.0, at_least=False)
            comparisons.append(compare(f"{quantity} seconds, specc / bare", ours, bare, goal))
        figures += [figure(name, f"{quantity}, s", taken) for name, taken in readings.items()]
    return Section("Validating a spec alone", tuple(comparisons), tuple(figures), notes)


def imported(child: Child) -> set[str]:
    """The packages that a process under `-X importtime` imported."""
    lines = child.errors.splitlines()
    names = (line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:"))
    return {name.split(".", 1)[0] for name in names}


BUNDLE_SECONDS, MANY_SECONDS = 3.0, 6.0
"""Goals of the project's own machine; absolute, so they are shown and never asserted."""


def validate_with_bundle(setting: Setting) -> Section:
    """`specc validate` of the flights spec with its bundle, whole process."""
    return _timed(
        setting, "Validating the flights spec with its bundle", BUNDLE_SECONDS,
        [*specc_side.validate_command(setting.spec), str(setting.bundle)],
    )


def many_specs(setting: Setting) -> Section:
    """A thousand different specs of 2.5 KB, validated in one process."""
    script = Path(__file__).with_name("many_specs.py")
    return _timed(setting, "Validating 1,000 specs of 2.5 KB in one process", MANY_SECONDS,
                  [sys.executable, str(script), str(setting.spec)])


def _timed(setting: Setting, title: str, goal: float, command: list[str]) -> Section:
    if not setting.with_specc:
        return Section(title, (), ())
    runs = [run_child(command) for _ in range(setting.rounds)]
    figures = (
        figure("specc", "cpu, s", [run.cpu for run in runs]),
        figure("specc", "wall, s", [run.wall for run in runs]),
    )
    return Section(title, (), figures, (f"- goal: at most {goal:g} s",))
