"""Two finished runs and one that was stopped, and what may happen to any of their files.

Nothing here asserts. A corruption changes one file of a copy of a run folder; `sealed_again`
makes the hashes of it new, as somebody would who means harm, so that what lies behind the hashes
is reached. `MARKER` is what any code that one of them smuggles in would make.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from histories import AS_OF, context, visits_and_events
from specc.compiler.prediction.document import sealed
from specc.compiler.prediction.saved import FILES, file_digest
from specc.runtime.progress import Silent

MARKER = "carried_out"
"""The name of a file that is there when anything was carried out."""

CANARY = "canary"
"""A folder beside the run, which nothing writes into."""

NAME = "\x1b[31m\u202e<script>alert(1)</script>\x07\r\n"
"""A name that would colour a terminal, turn text around and run in a page."""

SPEC: dict[str, Any] = {
    "specc": 1, "name": "visits", "seed": 5,
    "extractors": {
        "late": {"type": "plain", "take_columns": ["late"]},
        "turn": {"type": "plain", "take_columns": ["turn"],
                 "transformer": {"type": "class_index"}},
        "own": {"type": "plain", "take_columns": ["value", "kind", "time"],
                "transformer": {"type": "auto"}},
        "hashed": {"type": "plain", "take_columns": ["kind"],
                   "transformer": {"type": "hash", "buckets": 5}},
        "person": {"type": "embedding", "take_columns": ["person"]},
        "past": context("events", {"sums": {"type": "group_by", "functions": ["mean", "count"]}},
                        ["value"], on="person", as_of=AS_OF, size=3),
    },
    "network": {"type": "feed_forward", "factories": [
        {"type": "parallel", "branches": [
            {"type": "feed_forward", "input_frames": ["own", "hashed", "past.sums"],
             "factories": [{"type": "torch.nn:Linear", "out_features": 4}]},
            {"type": "feed_forward", "input_frames": ["person"],
             "factories": [{"type": "embedding", "width": 3}]}]},
        {"type": "torch.nn:ReLU"}, {"type": "torch.nn:Dropout", "p": 0.1}]},
    "heads": {
        "late": {"label": "late", "network": {"type": "output"},
                 "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
                 "metrics": [{"type": "sklearn.metrics:roc_auc_score"}]},
        "turn": {"label": "turn", "network": {"type": "output"},
                 "loss": {"type": "torch.nn:CrossEntropyLoss"},
                 "metrics": [{"type": "sklearn.metrics:accuracy_score"}]}},
    "optimizer": {"type": "torch.optim:Adam", "lr": 0.05},
    "scheduler": {"type": "torch.optim.lr_scheduler:CosineAnnealingLR"},
    "training": {"epochs": 3, "batch_size": 8, "device": "cpu", "report": "batch",
                 "checkpoint": {"every_epochs": 1, "every_steps": 2},
                 "early_stopping": {"split": "test", "patience": 5}},
}



def _frozen(extractor: dict[str, Any]) -> dict[str, Any]:
    if extractor["type"] == "context":
        return {**extractor, "extractor": _frozen(extractor["extractor"])}
    return {**extractor, "fit": "frozen"}


FROZEN: dict[str, Any] = {**SPEC, "extractors": {
    name: _frozen(extractor) for name, extractor in SPEC["extractors"].items()}}
"""The spec with the fits of another run."""


def frames() -> dict[str, pd.DataFrame]:
    """Forty visits."""
    found = visits_and_events(0, samples=40)
    found["index"]["turn"] = np.array(["a", "b", "c"])[np.arange(40) % 3]
    return found


class Stopping(Silent):
    """Presses Ctrl-C after four steps, in the second epoch."""

    def __init__(self) -> None:
        self._left = 4

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        self._left -= 1
        if not self._left:
            signal.raise_signal(signal.SIGINT)


@dataclass(frozen=True)
class Corruption:
    """A change of a file.

    Args:
        file: its path in the run folder.
        kind: what is done to it, in words.
        change: does it; gets the run folder.
        sealed: whether the hashes are made new.
    """

    file: str
    kind: str
    change: Callable[[Path], Any]
    sealed: bool = False

    def __str__(self) -> str:
        return f"{self.file}, {self.kind}" + (", hashes made new" if self.sealed else "")

    def apply(self, run: Path) -> None:
        self.change(run)
        if self.sealed:
            sealed_again(run / "model")


def sealed_again(model: Path) -> None:
    """Makes the hashes of a model folder new, where there is a document to hold them."""
    try:
        document = json.loads((model / "model.json").read_text("utf-8"))
        whole = sealed(document, {name: file_digest(model / name) for name in FILES})
    except (OSError, ValueError, TypeError, RecursionError):
        return
    (model / "model.json").write_text(json.dumps(whole), "utf-8")


JSON = ("spec.json", "plan.json", "environment.json", "inputs.json", "metrics.json",
        "importance.json", "timing.json", "findings.json", "model/model.json", "model/spec.json",
        "model/transformers.json")
TABLES = ("history.parquet", "predictions.parquet")
OTHERS = ("log.jsonl", "model/weights.safetensors", "model/transformers.arrow",
          "model/columns.arrow", "checkpoints/last.safetensors", "checkpoints/best.safetensors")
EVERY = (*JSON, *TABLES, *OTHERS)


class _Makes:
    """Unpickled, it makes a file."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._place,))


def _bytes(kind: str, of: Callable[[bytes], bytes]) -> Iterator[Corruption]:
    for file in EVERY:
        yield Corruption(file, kind, lambda run, file=file: (run / file).write_bytes(
            of((run / file).read_bytes())))


def _flipped(content: bytes, share: float) -> bytes:
    place = int((len(content) - 1) * share)
    return content[:place] + bytes([content[place] ^ 0x54]) + content[place + 1:]


def _placed(run: Path, file: str, make: Callable[[Path], Any]) -> None:
    """Puts something else where a file is."""
    (run / file).unlink()
    make(run / file)


def everywhere() -> Iterator[Corruption]:
    """What may happen to any file."""
    for share in (0.0, 0.3, 0.97):
        yield from _bytes(f"cut at {share}", lambda content, share=share:
                          content[:int(len(content) * share)])
    yield from _bytes("a bit flipped", lambda content: _flipped(content, 0.55))
    yield from _bytes("as of another format", lambda content: _zip())
    for file in EVERY:
        yield Corruption(file, "a pickle", lambda run, file=file: (run / file).write_bytes(
            pickle.dumps(_Makes(run.parent / MARKER))))
        if file != "log.jsonl":
            yield Corruption(file, "a folder", lambda run, file=file: _placed(
                run, file, Path.mkdir))
        yield Corruption(file, "a pipe", lambda run, file=file: _placed(run, file, os.mkfifo))
        yield Corruption(file, "a link to itself", lambda run, file=file: _placed(
            run, file, lambda place: place.symlink_to(place.name)))
        yield Corruption(file, "a link to a device", lambda run, file=file: _placed(
            run, file, lambda place: place.symlink_to("/dev/zero")))
        yield Corruption(file, "a link out", lambda run, file=file: _placed(
            run, file, lambda place: place.symlink_to(run.parent / CANARY / "secret.txt")))


def exchanged() -> Iterator[Corruption]:
    """Files of the run of another seed, a neighbour called `other`, and in each other's place."""
    for file, neighbour in zip(EVERY, (*EVERY[1:], EVERY[0]), strict=True):
        yield Corruption(file, "that of another run", lambda run, file=file: (
            run / file).write_bytes((run.parent / "other" / file).read_bytes()),
            sealed=file.startswith("model/"))
        yield Corruption(file, f"what is {neighbour} of another run",
                         lambda run, file=file, neighbour=neighbour: (run / file).write_bytes(
                             (run.parent / "other" / neighbour).read_bytes()))


def _zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("../../out", "x")
    return buffer.getvalue()
