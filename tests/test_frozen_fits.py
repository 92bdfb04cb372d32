"""Extractors that take their fit from an earlier run: `"fit": "frozen"` and `--fits`.

Refusals in words are cases of golden/ only where no folder is needed: SC635.
"""

from __future__ import annotations

import copy
import json
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from histories import AS_OF, Frames, bits, context, gathered, planned, reading, visits_and_events

import specc

AUTO = {"type": "auto"}
EXTRACTORS: dict[str, Any] = {
    "own": {"type": "plain", "take_columns": ["value", "kind", "time"], "transformer": AUTO},
    "bins": {"type": "plain", "take_columns": ["value"],
             "transformer": {"type": "piecewise_linear", "bins": 3}},
    "late": {"type": "plain", "take_columns": ["kind"], "transformer": {"type": "target_encoding"}},
    "ids": {"type": "embedding", "take_columns": ["kind"], "max_values": 2},
    "given": {"type": "embedding", "take_columns": ["kind"], "vectors": {"frame": "kinds"}},
    "parts": {"type": "combined", "extractors": {
        "item": {"type": "plain", "joins": [{"frame": "items", "on": "item"}],
                 "transformer": AUTO}}},
    "past": context("events", {"steps": {"type": "sequence", "size": 3}}, ["value", "kind"],
                    on="person", as_of=AS_OF),
}


def _frames(seed: int = 0) -> Frames:
    vectors = pd.DataFrame({"x": [0.1, 0.2, 0.3], "y": [1.0, 2.0, 3.0]},
                           index=pd.Index(["a", "b", "c"], name="kind"))
    return {**visits_and_events(seed, samples=40), "kinds": vectors}


def _frozen(extractors: dict[str, Any]) -> dict[str, Any]:
    extractors = copy.deepcopy(extractors)

    def freeze(entry: dict[str, Any]) -> None:
        inner = [entry["extractor"]] if "extractor" in entry else \
            list(entry.get("extractors", {}).values())
        if not inner:
            entry["fit"] = "frozen"
        for each in inner:
            freeze(each)

    for entry in extractors.values():
        freeze(entry)
    return extractors


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of all extractors."""
    ran = specc.run(reading(EXTRACTORS, training={"epochs": 1}), _frames(),
                    out=tmp_path_factory.mktemp("runs"))
    assert ran.ok, str(ran)
    return ran.folder


def test_frozen_extractors_encode_as_the_earlier_run_did(earlier: Path) -> None:
    anew = gathered(planned(reading(EXTRACTORS), _frames()))
    frozen = gathered(planned(reading(_frozen(EXTRACTORS)), _frames(), fits=earlier))
    assert bits(frozen) == bits(anew)


def test_the_folder_of_the_model_alone_is_enough(earlier: Path, tmp_path: Path) -> None:
    shutil.copytree(earlier / "model", tmp_path / "moved")
    planned(reading(_frozen(EXTRACTORS)), _frames(), fits=tmp_path / "moved")


def test_other_training_rows_do_not_move_a_frozen_fit(earlier: Path) -> None:
    frames = _frames()
    index = frames["index"]
    frames["index"] = index.assign(split=np.where(index["split"] == "train", "test", "train"))
    wanted = {name: EXTRACTORS[name] for name in ("own", "bins", "ids", "past")}
    before = gathered(planned(reading(wanted), _frames()))
    moved = gathered(planned(reading(wanted), frames))
    kept = planned(reading(_frozen(wanted)), frames, fits=earlier)
    # The samples stand in the order of their splits.
    order = {row: place for place, row in enumerate(planned(reading(wanted), _frames())
                                                     .samples.rows)}
    same = [order[row] for row in kept.samples.rows]
    for name, arrays in gathered(kept).items():
        for part, array in arrays.items():
            assert (array == before[name][part][same]).all(), (name, part)
    assert bits(moved) != bits(gathered(kept))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such extractor": (
        {"new": {"type": "plain", "take_columns": ["value"], "fit": "frozen"}}, "SC636"),
    "other columns": (
        {"bins": {"type": "plain", "take_columns": ["step"], "fit": "frozen",
                  "transformer": {"type": "piecewise_linear", "bins": 3}}}, "SC636"),
    "another transformer": (
        {"bins": {"type": "plain", "take_columns": ["value"], "fit": "frozen",
                  "transformer": {"type": "continuous"}}}, "SC636"),
    "ids that were numbers": (
        {"bins": {"type": "embedding", "take_columns": ["value"], "fit": "frozen"}}, "SC636"),
    "numbers that were ids": (
        {"ids": {"type": "plain", "take_columns": ["kind"], "fit": "frozen",
                 "transformer": AUTO}}, "SC636"),
    "vectors that were given": (
        {"given": {"type": "embedding", "take_columns": ["kind"], "fit": "frozen"}}, "SC636"),
    "a dtype that the transformer cannot read": (
        {"bins": {"type": "plain", "take_columns": ["value"], "fit": "frozen"},
         "late": {"type": "plain", "take_columns": ["kind"], "fit": "frozen"}}, "SC614"),
    "labels where none may be read": (
        {"past": {**EXTRACTORS["past"], "extractor": {
            "type": "plain", "take_columns": ["value", "kind"], "fit": "frozen",
            "transformer": {"type": "target_encoding"}}}}, "SC204"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_fits_of_something_else_are_refused(case: str, earlier: Path) -> None:
    extractors, code = REFUSED[case]
    found = specc.validate(reading(extractors), _frames(), fits=earlier)
    assert code in {one.code for one in found.diagnostics if one.is_error}, str(found)


def test_a_column_of_another_dtype_is_refused(earlier: Path) -> None:
    frames = _frames()
    frames["index"]["kind"] = range(40)
    found = specc.validate(reading(_frozen({"own": EXTRACTORS["own"]})), frames, fits=earlier)
    assert [one.code for one in found.diagnostics if one.is_error] == ["SC636"]
    assert "`categorical`" in str(found)


def test_a_run_has_to_be_named() -> None:
    found = specc.validate(reading(_frozen({"own": EXTRACTORS["own"]})), _frames())
    assert [one.code for one in found.diagnostics if one.is_error] == ["SC635"]


# Damage

STATES, ARRAYS = "transformers.json", "transformers.arrow"
JUNK = (None, True, -1, 5, 10**12, 1.5, -1e308, "x", "", [], {}, [1], [1.5, "x"], {"a": 1})


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from _places(inner, (*here, key))


def _damage(folder: Path, rng: random.Random) -> None:
    """One place of the JSON replaced or removed, or some bytes of the arrays."""
    if rng.random() < 0.3:
        data = bytearray((folder / ARRAYS).read_bytes())
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (folder / ARRAYS).write_bytes(data[:rng.choice([None, rng.randrange(len(data))])])
        return
    states = json.loads((folder / STATES).read_text())
    *path, last = rng.choice(list(_places(states)))
    holder = states
    for key in path:
        holder = holder[key]
    if rng.random() < 0.2:
        del holder[last]
    else:
        holder[last] = rng.choice(JUNK)
    (folder / STATES).write_text(json.dumps(states))


def _attempts(earlier: Path, folder: Path, count: int, seed: int) -> set[str]:
    rng = random.Random(seed)
    spec, frames = reading(_frozen(EXTRACTORS)), _frames()
    told: set[str] = set()
    for number in range(count):
        damaged = folder / str(number)
        shutil.copytree(earlier / "model", damaged)
        _damage(damaged, rng)
        found = specc.compile(spec, frames, fits=damaged)
        told.update(one.code for one in found.diagnostics if one.is_error)
    return told


def test_damaged_fits_are_told_and_never_raise(earlier: Path, tmp_path: Path) -> None:
    assert {"SC634"} <= _attempts(earlier, tmp_path, 15, seed=1)


@pytest.mark.slow
def test_many_damaged_fits(earlier: Path, tmp_path: Path) -> None:
    assert {"SC634", "SC636"} <= _attempts(earlier, tmp_path, 300, seed=2)


@pytest.mark.parametrize("name", [STATES, ARRAYS])
def test_a_folder_without_fits_is_told(name: str, earlier: Path, tmp_path: Path) -> None:
    shutil.copytree(earlier / "model", tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    found = specc.validate(reading(_frozen(EXTRACTORS)), _frames(), fits=tmp_path)
    assert [one.code for one in found.diagnostics] == ["SC634"]


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"own": 3}', '{"own": [{}]}',
                                  "[" * 10**5])
def test_states_that_are_no_states_are_told(text: str, earlier: Path, tmp_path: Path) -> None:
    shutil.copytree(earlier / "model", tmp_path / "model")
    (tmp_path / "model" / STATES).write_text(text)
    found = specc.validate(reading(_frozen({"own": EXTRACTORS["own"]})), _frames(), fits=tmp_path)
    assert [one.code for one in found.diagnostics if one.is_error] == ["SC634"]
