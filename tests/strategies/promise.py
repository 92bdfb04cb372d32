"""The promise: what is accepted runs to the end, what is rejected is explained at a place."""

from __future__ import annotations

import io
import json
import traceback
import warnings
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specc.compiler.diagnostics import codes
from specc.compiler.diagnostics.diagnostic import Code, Diagnostic
from specc.compiler.text.locate import locate
from specc.schema import load_schema

import specc

from .pairs import Pair

KNOWN = {code.name for code in vars(codes).values() if isinstance(code, Code)}
"""Every code of the compiler."""

FILES = (
    "spec.json", "plan.json", "environment.json", "log.jsonl", "history.parquet", "history.csv",
    "metrics.json", "predictions.parquet", "report.html", "model/weights.safetensors",
    "model/transformers.json", "model/transformers.arrow", "model/spec.json",
)
"""What a finished run leaves behind."""

ONE_EPOCH = ("/training/epochs=1",)


@dataclass(frozen=True)
class Outcome:
    """What became of a pair.

    Args:
        verdict: `accepted` and run to the end, `rejected` at a place, `stopped` with a
            diagnostic of the run, or `broken`: the promise was not kept.
        codes: of the errors, each once.
        reason: what was broken, for people.
        warned: codes of the warnings.
    """

    verdict: str
    codes: tuple[str, ...] = ()
    reason: str = ""
    warned: tuple[str, ...] = ()


def judge(pair: Pair, folder: Path, twice: bool = False) -> Outcome:
    """Compiles the pair and, where it is accepted, runs one epoch below `folder`.

    Args:
        twice: whether it runs again, to be compared with the first time.
    """
    try:
        with (warnings.catch_warnings(), redirect_stdout(io.StringIO()),
              redirect_stderr(io.StringIO())):
            warnings.simplefilter("ignore")
            return _judge(pair, folder, twice)
    except Exception as error:
        return Outcome("broken", (type(error).__name__,), traceback.format_exc(), ())


def _judge(pair: Pair, folder: Path, twice: bool) -> Outcome:
    bundle = pair.bundle.store(folder / "bundle")
    compiled = specc.compile(pair.spec, bundle, overrides=ONE_EPOCH)
    found = compiled.diagnostics
    warned = tuple(sorted({entry.code for entry in found if not entry.is_error}))
    unplaced = [problem for entry in found for problem in _misplaced(entry, pair.spec)]
    str(compiled)
    if unplaced:
        return Outcome("broken", ("unlocated",), "\n".join(unplaced), warned)
    validated = specc.validate(pair.spec, bundle, overrides=ONE_EPOCH)
    if not compiled.ok:
        assert compiled.plan is None
        errors = _errors(found)
        if not validated.ok:
            return Outcome("rejected", errors, warned=warned)
        # What `specc validate` accepts must run; numbers that leave the floats are told apart.
        verdict = "stopped" if errors == (codes.BROKEN_STEP.name,) else "broken"
        return Outcome(verdict, errors, f"validate accepts: {compiled}", warned)
    assert validated.ok, str(validated)
    assert compiled.plan is not None
    result = specc.run(pair.spec, bundle, out=folder / "runs", overrides=ONE_EPOCH)
    str(result)
    if not result.ok:
        errors = _errors(result.diagnostics)
        verdict = "stopped" if errors == (codes.DIVERGED.name,) else "broken"
        return Outcome(verdict, errors, str(result), warned)
    missing = [name for name in FILES if not (result.folder / name).is_file()]
    if missing:
        return Outcome("broken", ("no file",), f"not written: {', '.join(missing)}", warned)
    wrong = _unfinished(result)
    if not wrong and twice:
        again = specc.run(pair.spec, bundle, out=folder / "again", overrides=ONE_EPOCH)
        wrong = "" if result.predictions.equals(again.predictions) else "run again, it differs"
    return Outcome("broken" if wrong else "accepted", ("content",) if wrong else (), wrong,
                   warned)


def _unfinished(result: specc.RunResult) -> str:
    """What a finished run did not write that it should have."""
    plan = result._finished().plan
    epochs = 1 + plan.graph.training.evaluate_before_training
    if len(result.history) != epochs:
        return f"{len(result.history)} epochs in the history"
    if len(result.predictions) != len(plan.samples.rows):
        return f"{len(result.predictions)} predictions of {len(plan.samples.rows)} samples"
    if set(result.metrics) != set(plan.evaluate_on):
        return f"metrics of {sorted(result.metrics)}, not of {sorted(plan.evaluate_on)}"
    for head in plan.views:
        start = f"{head}.predicted" if head else "predicted"
        if not any(name.startswith(start) for name in result.predictions.columns):
            return f"no column {start!r}"
    return ""


def _errors(found: Iterable[Diagnostic]) -> tuple[str, ...]:
    return tuple(sorted({entry.code for entry in found if entry.is_error}))


def _misplaced(entry: Diagnostic, spec: Any) -> list[str]:
    """What is wrong with the place of a diagnostic."""
    told = f"{entry.code} at {entry.pointer!r} in {entry.file!r}: {entry.message}"
    if entry.code not in KNOWN:
        return [f"unknown code: {told}"]
    if entry.file is not None or entry.offset is not None:
        return []
    if entry.pointer is None:
        return [f"no place: {told}"]
    if entry.pointer and not entry.pointer.startswith("/"):
        return [f"not a pointer: {told}"]
    first = entry.pointer.split("/")[1:2]
    if first and _token(first[0]) not in spec and _token(first[0]) not in load_schema()[
            "properties"]:
        return [f"no such place: {told}"]
    text = json.dumps(spec, indent=2, ensure_ascii=False)
    place = entry.pointer
    while place and locate(text, place) is None:
        place = place.rpartition("/")[0]
    return [] if place or not first or _token(first[0]) not in spec else [f"no line: {told}"]


def _token(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
