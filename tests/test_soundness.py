"""What is accepted runs to the end, what is rejected is explained: a small draw of pairs.

`make fuzz` judges 1,000 pairs with the same strategies and writes docs/soundness.md. Not
checked here: the wording of diagnostics, and whether a rejection is deserved.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st
from specc.schema import load_schema
from specc.schema.vocabulary import VOCABULARY

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz
from strategies import (
    Builder,
    DrawnBundle,
    Outcome,
    Pair,
    bundles,
    free_specs,
    judge,
    promise,
)

PAIRS = 60
SEED = 77_000
"""Far from the seeds of `make fuzz`, so that the suite sees other pairs."""

MOST_OF_THEM = 0.8

_SMALL = ("extractor", "inner_extractor", "aggregation")
"""Families of a few types, each of which must be drawn."""

_VALIDATOR = jsonschema.Draft202012Validator(load_schema())
_quick = hypothesis.settings(max_examples=30, deadline=None, derandomize=True, database=None,
                             suppress_health_check=list(hypothesis.HealthCheck))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, Pair, Outcome]]:
    """The draw, each pair with its seed and what became of it."""
    folder = tmp_path_factory.mktemp("pairs")
    found = []
    for seed in range(SEED, SEED + PAIRS):
        pair = fuzz.drawn(seed)
        found.append((seed, pair, judge(pair, folder / str(seed))))
    return found


def test_every_pair_keeps_the_promise(judged: list[tuple[int, Pair, Outcome]]) -> None:
    broken = [f"seed {seed}: {outcome.reason}" for seed, _, outcome in judged
              if outcome.verdict == "broken"]
    assert not broken, "\n".join(broken)


def test_the_draw_shows_both_sides(judged: list[tuple[int, Pair, Outcome]]) -> None:
    tally = fuzz.Tally()
    for _, pair, outcome in judged:
        tally.add(pair, outcome)
    # Sixty pairs scatter by 6 % around the share that `make fuzz` asks for.
    assert tally.verdicts["accepted"] >= (fuzz.LEAST_ACCEPTED - 0.15) * PAIRS
    assert len(tally.rejections) >= 8
    assert len({kind for family, kind in tally.accepted_types if family == "network"}) >= 10
    families = {family for family, _ in tally.accepted_types}
    assert {"extractor", "inner_extractor", "aggregation", "transformer", "sampler"} <= families


def test_the_draw_holds_the_types_of_specc(judged: list[tuple[int, Pair, Outcome]]) -> None:
    """`make fuzz` wants each of them in a spec that is accepted; sixty pairs have few of those."""
    drawn = {kind for _, pair, _ in judged for kind in fuzz.types_in(pair.spec)}
    own = {(family.name, entry.name) for family in VOCABULARY for entry in family.types
           if ":" not in entry.name}
    assert {kind for kind in own - drawn if kind[0] in _SMALL} == set()
    assert len(own & drawn) >= MOST_OF_THEM * len(own)


def test_equal_seeds_draw_equal_pairs() -> None:
    first, second = fuzz.drawn(SEED), fuzz.drawn(SEED)
    assert first.spec == second.spec
    assert first.bundle.tables.keys() == second.bundle.tables.keys()
    for name, table in first.bundle.tables.items():
        assert table.equals(second.bundle.tables[name]) or "not a number" in str(
            first.bundle.features)


@_quick
@hypothesis.given(st.data())
def test_whatever_the_builder_draws_validates(data: st.DataObject) -> None:
    # Without names of a bundle, every property is drawn from its schema alone.
    value = data.draw(Builder(load_schema(), {}).document())
    assert [error.message for error in _VALIDATOR.iter_errors(value)] == []


@_quick
@hypothesis.given(st.data())
def test_specs_with_names_of_a_bundle_validate(data: st.DataObject) -> None:
    spec = data.draw(free_specs(data.draw(bundles())))
    assert [error.message for error in _VALIDATOR.iter_errors(spec)] == []


@hypothesis.settings(_quick, max_examples=1)
@hypothesis.given(st.data())
def test_every_type_can_be_drawn(data: st.DataObject) -> None:
    builder = Builder(load_schema(), {}, percent=0)
    for family in load_schema()["$defs"]:
        for kind in builder.types(family) if "." not in family else ():
            assert data.draw(builder.family(family, [kind]))["type"] == kind


@pytest.mark.parametrize("schema, refused", [
    ({"type": "integer", "minimum": 2, "maximum": 3}, {"type": "integer", "maximum": 1}),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
     {"type": "number", "minimum": 1}),
    ({"type": ["string", "array"], "minLength": 1, "items": {"type": "string", "minLength": 1},
      "minItems": 1}, {"type": "object"}),
    ({"type": "object", "additionalProperties": {"type": "boolean"}, "minProperties": 1},
     {"type": "array"}),
    ({"type": "array", "prefixItems": [{"type": "null"}, {"type": "number"}],
      "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2}, {"maxItems": 1}),
    ({"type": ["object", "null"], "if": {"type": "object"}, "then": {"$ref": "#/$defs/leaf"}},
     {"type": "string"}),
])
def test_forms_of_the_vocabulary(schema: dict[str, Any], refused: dict[str, Any]) -> None:
    whole = {"type": "object", "properties": {"a": schema}, "required": ["a"],
             "$defs": {"leaf": {"type": "object", "properties": {}, "required": [],
                                "additionalProperties": False}}}
    validator = jsonschema.Draft202012Validator(whole)

    @_quick
    @hypothesis.given(Builder(whole, {}).document())
    def check(value: dict[str, Any]) -> None:
        assert validator.is_valid(value)
        assert not jsonschema.Draft202012Validator(refused).is_valid(value["a"])

    check()


@_quick
@hypothesis.given(bundles())
def test_a_stored_bundle_holds_what_was_drawn(bundle: DrawnBundle) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bundle"
        bundle.write(folder)
        for frame, table in bundle.tables.items():
            stored = pq.read_table(folder / f"{frame}.parquet")
            assert stored.schema.names == table.schema.names
            assert stored.num_rows == table.num_rows
    assert bundle.label[0] in bundle.columns(bundle.index_frame)


@pytest.fixture
def pair(judged: list[tuple[int, Pair, Outcome]]) -> Pair:
    """An accepted pair."""
    return next(pair for _, pair, outcome in judged if outcome.verdict == "accepted")


def test_a_traceback_breaks_the_promise(pair: Pair, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("specc.compile", fail)
    outcome = judge(pair, tmp_path)
    assert outcome.verdict == "broken"
    assert "planted" in outcome.reason


def test_a_missing_file_breaks_the_promise(pair: Pair, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promise, "FILES", (*promise.FILES, "nothing.txt"))
    assert judge(pair, tmp_path).codes == ("no file",)


def test_an_error_without_a_place_breaks_the_promise() -> None:
    spec = {"network": {"type": "output"}}
    placed = promise.codes.NO_INDEX_FRAME.at
    assert promise._misplaced(placed(), spec)
    assert promise._misplaced(placed("/nowhere"), spec)
    assert promise._misplaced(placed("network"), spec)
    assert not promise._misplaced(placed("/network/type"), spec)
    assert not promise._misplaced(placed("/bundle/index_frame"), spec)
    assert not promise._misplaced(placed(file="a.parquet"), spec)


def test_a_saved_pair_can_be_run_again(pair: Pair, tmp_path: Path) -> None:
    pair.save(tmp_path / "pair")
    assert json.loads((tmp_path / "pair" / "spec.json").read_text("utf-8")) == pair.spec
    again = promise.specc.compile(tmp_path / "pair" / "spec.json", tmp_path / "pair" / "bundle",
                                  overrides=promise.ONE_EPOCH)
    assert again.ok, str(again)
