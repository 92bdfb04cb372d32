"""Measure specc against hand-written code on the flights bundle.

Every figure is a ratio of two sides that took turns; see README.md of this folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import specc_side
from checkpoints import checkpoint_cost
from contexts import contexts
from measure import Child, ChildFailedError, interleave, run_child
from results import Comparison, Figure, Goal, Section, compare, figure, machine_facts, render
from setting import Setting
from validation import many_specs, validate_alone, validate_with_bundle

HERE = Path(__file__).resolve().parent
SPEC = HERE.parent / "specs" / "flights" / "spec.json"
MEBIBYTE = 2**20
EPOCHS = 3


def dense_command(setting: Setting, *options: str) -> list[str]:
    """The hand-written script on the bundle."""
    return [sys.executable, str(HERE / "dense_script.py"), str(setting.bundle), *options]


def training_loop(setting: Setting) -> Section:
    """Rows per second of the training loops, epoch by epoch in one process."""
    command = [sys.executable, str(HERE / "compare_loops.py"), str(setting.spec)]
    command += [str(setting.bundle), "--rounds", str(setting.rounds)]
    command += [] if setting.with_specc else ["--without-specc"]
    record = run_child(command).record()
    rates = record["rows_per_second"]
    goals = {"dense": Goal(1.0, at_least=True), "dataloader": Goal(3.0, at_least=True)}
    return Section(
        title="Training loop",
        comparisons=tuple(
            compare(f"rows/s, specc / {name}", rates["specc"], rates[name], goal)
            for name, goal in goals.items()
            if "specc" in rates
        ),
        figures=tuple(figure(name, "rows/s", found) for name, found in rates.items()),
        notes=(f"- {record['rows']} rows and {record['width']} input columns on every side",),
    )


def first_step(setting: Setting) -> Section:
    """Wall seconds from the start of the process to the end of the first optimizer step."""

    def seconds(command: list[str]) -> float:
        child = run_child(command, setting.scratch)
        # Both clocks are the system's monotonic clock, one for all processes.
        return float(child.record()["first_step_at"]) - child.started

    sides: dict[str, Callable[[], float]]
    sides = {"dense": lambda: seconds(dense_command(setting, "--first-step"))}
    if setting.with_specc:
        command = specc_side.first_step_command(setting.spec, setting.bundle)
        sides["specc"] = lambda: seconds(command)
    for warm_up in sides.values():
        warm_up()
    found = interleave(sides, setting.rounds)
    comparisons: tuple[Comparison, ...] = ()
    if setting.with_specc:
        goal = Goal(1.0, at_least=False)
        comparisons = (compare("seconds, specc / dense", found["specc"], found["dense"], goal),)
    figures = tuple(figure(name, "s", readings) for name, readings in found.items())
    return Section("Start of the process to the end of the first step", comparisons, figures)


def whole_job(setting: Setting) -> Section:
    """Peak memory of a job of three epochs and the ROC AUC on the split `test`."""
    aucs: dict[str, float] = {}
    sizes: dict[str, str] = {}

    def by_hand(name: str, *options: str) -> Callable[[], Child]:
        def job() -> Child:
            child = run_child(dense_command(setting, "--epochs", str(EPOCHS), *options))
            record = child.record()
            aucs[name] = float(record["auc"])
            sizes[name] = f" ({record['rows']} training rows, {record['width']} input columns)"
            return child

        return job

    def by_specc() -> Child:
        folder = Path(tempfile.mkdtemp(dir=setting.scratch))
        child = run_child(specc_side.run_command(spec, setting.bundle), folder)
        aucs["specc"] = specc_side.read_auc(folder)
        shutil.rmtree(folder)
        return child

    sides = {"dense": by_hand("dense"), "dense, lean": by_hand("dense, lean", "--lean")}
    if setting.with_specc:
        spec = _spec_of_three_epochs(setting)
        sides["specc"] = by_specc
    found = interleave(sides, setting.rounds)
    peaks = {name: [child.peak / MEBIBYTE for child in jobs] for name, jobs in found.items()}
    walls = {name: [child.wall for child in jobs] for name, jobs in found.items()}
    comparisons: tuple[Comparison, ...] = ()
    if setting.with_specc:
        ours, goal = peaks["specc"], Goal(0.65, at_least=False)
        comparisons = (
            compare("peak memory, specc / dense", ours, peaks["dense"], goal),
            compare("peak memory, specc / dense, lean", ours, peaks["dense, lean"], None),
            compare("wall seconds, specc / dense", walls["specc"], walls["dense"], None),
        )
    figures: list[Figure] = []
    for name in found:
        figures.append(figure(name, "peak memory, MiB", peaks[name]))
        figures.append(figure(name, "wall, s", walls[name]))
    notes = tuple(
        f"- ROC AUC on `test`, {name}: {auc:.4f}{sizes.get(name, '')}"
        for name, auc in aucs.items()
    )
    return Section(f"Whole job, {EPOCHS} epochs", comparisons, tuple(figures), notes)


def _spec_of_three_epochs(setting: Setting) -> Path:
    value: dict[str, Any] = json.loads(setting.spec.read_text(encoding="utf-8"))
    value["training"] = {**value.get("training", {}), "epochs": EPOCHS}
    path = setting.scratch / "three_epochs.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


SECTIONS: dict[str, Callable[[Setting], Section]] = {
    "loop": training_loop,
    "first-step": first_step,
    "job": whole_job,
    "validate": validate_alone,
    "validate-bundle": validate_with_bundle,
    "many": many_specs,
    "contexts": contexts,
    "checkpoints": checkpoint_cost,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE_DIR")
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="may be repeated")
    parser.add_argument("--without-specc", action="store_true", help="the baselines alone")
    parser.add_argument("--write", action="store_true", help="write results.md of this folder")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.write and (options.only or options.without_specc):
        parser.error("--write needs every section and every side")
    machine = machine_facts()
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(
            spec=options.spec.resolve(),
            bundle=options.bundle.resolve(),
            scratch=Path(scratch),
            rounds=options.rounds,
            with_specc=not options.without_specc,
        )
        sections = []
        for name in options.only or SECTIONS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            try:
                sections.append(SECTIONS[name](setting))
            except ChildFailedError as error:
                sys.exit(f"error: {error}")
    page = render(sections, machine)
    print(page, end="")
    if options.write:
        (HERE / "results.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
