"""What the JSON files of a run may say that no run has said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from run_folders import JSON, NAME, Corruption


def edited(file: str, pointer: str, value: Any, sealed: bool = False) -> Corruption:
    """A value of a JSON file is another; `pointer` as `/a/0/b`."""

    def change(run: Path) -> None:
        document = json.loads((run / file).read_text("utf-8"))
        *path, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
        inner = document
        for part in path:
            inner = inner[part]
        inner[last] = value
        (run / file).write_text(json.dumps(document), "utf-8")

    return Corruption(file, f"{pointer} is {value!r:.40}", change, sealed)


def _text(file: str, kind: str, text: str, sealed: bool = False) -> Corruption:
    return Corruption(file, kind, lambda run: (run / file).write_text(text, "utf-8"), sealed)


def documents() -> Iterator[Corruption]:
    """What a JSON file may say."""
    for file in JSON:
        sealed = file.startswith("model/")
        yield _text(file, "deep brackets", "[" * 100_000, sealed)
        yield _text(file, "deep objects", '{"a":' * 50_000 + "1" + "}" * 50_000, sealed)
        yield _text(file, "a list", "[]", sealed)
        yield _text(file, "an empty object", "{}", sealed)
        yield Corruption(file, "a key that stands twice", lambda run, file=file: (
            run / file).write_text((run / file).read_text("utf-8").replace(
                "{", '{"twice": 1, "twice": 2, ', 1), "utf-8"), sealed)
        yield Corruption(file, "a number of a thousand digits", lambda run, file=file: (
            run / file).write_text((run / file).read_text("utf-8").replace(
                "{", '{"large": ' + "9" * 1000 + ", ", 1), "utf-8"), sealed)
        yield Corruption(file, "half a surrogate", lambda run, file=file: (
            run / file).write_text((run / file).read_text("utf-8").replace(
                "{", r'{"half": "\ud800", ', 1), "utf-8"), sealed)
    for value in (float("nan"), 1e999, 10**30, -1, "x", None, [], NAME):
        yield edited("metrics.json", "/splits/test/loss", value)
        yield edited("metrics.json", "/intervals/test/late.roc_auc_score", {
            "low": value, "high": 1, "resamples": 1, "drawn": 1, "unit": "rows"})
        yield edited("importance.json", "/shares/0/worse", value)
        yield edited("timing.json", "/nodes/~1network", value)
    for value in (float("nan"), 1e999, "x", -1, [], {}, NAME):
        yield edited("plan.json", "/parameters", value)
        yield edited("plan.json", "/data/extractors/0/width", value)
        yield edited("plan.json", "/network/nodes/0", {"type": value, "depth": value,
                                                      "parameters": value})
        yield edited("plan.json", "/heads", {"late": {"task": value, "weight": value}})
    for pointer in ("/splits", "/baselines"):
        yield edited("metrics.json", pointer, {NAME: {NAME: 1.0}} if pointer == "/splits" else {
            NAME: {"splits": {NAME: {NAME: 1.0}}, "reason": NAME}})
    yield edited("metrics.json", "/epoch", 2**62)
    yield edited("findings.json", "/findings", [{"code": NAME, "severity": NAME, "pointer": NAME,
                                                "message": NAME, "help": None}])
    yield edited("importance.json", "/shares/0/column", NAME)
    yield edited("environment.json", "/device", NAME)
    yield edited("environment.json", "/versions", {NAME: NAME})
    yield edited("environment.json", "/versions/torch", NAME)
    yield edited("environment.json", "/versions", [])
    yield edited("environment.json", "/bundle", {"frames": {NAME: NAME}})
    yield edited("environment.json", "/bundle/frames/index", None)
    yield edited("environment.json", "/threads", -1)
    yield edited("environment.json", "/plan", "../../etc/passwd")
    for key in ("spec", "fits", "continues", "bundle"):
        yield edited("inputs.json", f"/{key}", "../../etc/passwd")
        yield edited("inputs.json", f"/{key}", f"/{NAME}\0")
        yield edited("inputs.json", f"/{key}", "/dev/zero")
        yield edited("inputs.json", f"/{key}", 7)
    yield edited("inputs.json", "/set", ["/training/epochs=NaN"])
    yield edited("inputs.json", "/set", ["/name=\"../../out\""])
    yield edited("inputs.json", "/set", [f"/{NAME}={NAME}"])
    yield edited("inputs.json", "/set", [3])
    yield edited("inputs.json", "/resolved", [])
    yield edited("inputs.json", "/format", 99)
    for file in ("spec.json", "model/spec.json"):
        sealed = file.startswith("model/")
        yield edited(file, "/seed", -1, sealed)
        yield edited(file, "/name", "../../out", sealed)
        yield edited(file, "/name", NAME, sealed)
        yield edited(file, "/loss", {"type": "os:system"}, sealed)
        yield edited(file, "/optimizer/type", "builtins:exec", sealed)
        yield edited(file, "/network", {"type": "fully_connected", "sizes": [10**5, 10**5, 10**5],
                                       "input_frames": ["own"]}, sealed)
        yield edited(file, "/extractors/own/take_columns", [NAME], sealed)
    model = "model/model.json"
    for pointer, value in (
            ("/threads", 10**12), ("/threads", float("nan")), ("/keys", {NAME: [NAME]}),
            ("/index_frame", "../../etc/passwd"), ("/training/0/maximum", 10**30),
            ("/training/0/rows", -1), ("/labels/late/columns", 2**53),
            ("/labels/late/counts", [2**53]), ("/columns/0/frame", NAME),
            ("/steps/prediction", [99]), ("/files", {"../../etc/passwd": "0"}),
            ("/hook", "import os")):
        yield edited(model, pointer, value, sealed=True)
    states = "model/transformers.json"
    for pointer, value in (
            ("/hashed/0/state/buckets", 10**15), ("/hashed/0/state/buckets", -3),
            ("/hashed/0/state/seed", -1), ("/hashed/0/state/type", "os.system"),
            ("/hashed/0/arrays", ["../../etc/passwd"]), ("/hashed/0/column", NAME),
            ("/own/0/state/scaler", {"center": 1e999}), ("/own/0/state/scaler", []),
            ("/own/0/state/imputed", float("nan")), ("/own/0/state/imputed", 10**30),
            ("/person/0/state/vectors", "../../etc/passwd"), ("/person/0/state/vectors", "person"),
            ("/person/0/state", {"type": "ids", "refuse_unseen": False, "vectors": "person",
                                 "width": 3, "trained": False}),
            ("/person/0/state/width", 10**15), ("/person/0/state/refuse_unseen", NAME),
            ("/past.sums/0/state", None), ("/past.sums/0/column", [NAME]), ("/turn", []),
            ("/late/0/state/on_null", NAME), ("/own", {}), ("/own/0", None)):
        yield edited(states, pointer, value, sealed=True)
