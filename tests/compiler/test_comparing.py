"""Specs by meaning: the canonical form, what differs in two, and hashes of their sections.

Specs are drawn from the schema; names in them need not agree, which a comparison does not ask.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from specc.compiler.comparing.alignment import aligned
from specc.compiler.comparing.canonical import _SETS, as_text, canonical, without_defaults
from specc.compiler.comparing.difference import Change, Comparison, compare
from specc.compiler.comparing.difference_text import difference_json, difference_text, verdict
from specc.compiler.comparing.renames import mentions, renaming
from specc.compiler.comparing.sections import (
    _OF_TRAINING,
    DATA,
    NAMES,
    NETWORK,
    SECTIONS,
    TRAINING,
    WORK,
    section_hashes,
    sections_of,
)
from specc.compiler.reporters import painter
from specc.compiler.text.patch import apply_to_value, holder_of, value_at
from specc.compiler.text.pointer import join
from specc.compiler.vocabulary.defaults import with_defaults
from specc.compiler.vocabulary.schema_walk import objects
from specc.schema import load_schema
from specc.schema.heads import HEADS, LOSS, written_out

from ..strategies.schema import Builder, happens

Json = Any
SCHEMA = load_schema()
ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").glob("*/*.json"))
DOCUMENTS = Builder(SCHEMA, {}).document()


def resolved(document: Mapping[str, Json]) -> dict[str, Json]:
    """As the pass `resolve` writes it out."""
    filled = with_defaults(SCHEMA, document)
    if filled[HEADS] is None and filled[LOSS] is None:
        filled = with_defaults(SCHEMA, {**document, LOSS: {"type": "torch.nn:MSELoss"}})
    return written_out(filled)


def form(document: Mapping[str, Json]) -> dict[str, Json]:
    return canonical(SCHEMA, resolved(document))


def titanic(**changes: Json) -> dict[str, Json]:
    spec: dict[str, Json] = json.loads((ROOT / "specs/titanic/spec.json").read_text("utf-8"))
    return {**spec, **changes}


def changes_of(first: Mapping[str, Json], second: Mapping[str, Json]) -> list[tuple[str, ...]]:
    return [(change.kind, change.pointer) for change in compare(form(first), form(second)).changes]


# What is equal


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS)
def test_spec_does_not_differ_from_itself(document: Json) -> None:
    spec = form(document)
    assert compare(spec, copy.deepcopy(spec)) == Comparison(spec, spec, ())


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS)
def test_defaults_written_out_or_left_out_are_equal(document: Json) -> None:
    plain = form(document)
    assert not compare(plain, form(resolved(document))).changes
    short = without_defaults(SCHEMA, resolved(document))
    assert not compare(plain, form(short)).changes
    assert len(as_text(short)) < len(as_text(plain))


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_order_of_keys_means_nothing(document: Json, random: Any) -> None:
    def shuffled(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in random.sample(list(value), len(value))}
        return [shuffled(element) for element in value] if isinstance(value, list) else value

    first, second = form(document), form(shuffled(document))
    assert not compare(first, second).changes
    assert section_hashes(first) == section_hashes(second)


def test_name_is_a_list_of_one() -> None:
    spec = titanic()
    spec["extractors"]["passengers"]["joins"] = [{"frame": "passengers", "on": ["Name"]}]
    spec["bundle"] = {"keys": {"passengers": ["Name"]}}
    other = copy.deepcopy(spec)
    other["extractors"]["passengers"]["joins"][0]["on"] = "Name"
    other["bundle"]["keys"]["passengers"] = "Name"
    assert changes_of(spec, other) == []


def test_sets_have_no_order() -> None:
    spec, other = titanic(), titanic()
    for document, dropped in ((spec, ["Name", {"dtype": "float"}, "Name"]),
                              (other, [{"dtype": "float"}, "Name"])):
        document["extractors"]["passengers"]["drop_columns"] = dropped
    assert changes_of(spec, other) == []
    other["extractors"]["passengers"]["drop_columns"] = ["Name"]
    assert changes_of(spec, other) == [("changed", "/extractors/passengers/drop_columns")]


def test_free_name_is_no_set() -> None:
    spec = titanic(bundle={"keys": {"nodes": ["b", "a"]}})
    assert changes_of(spec, titanic(bundle={"keys": {"nodes": ["a", "b"]}}))


def test_order_of_other_lists_means_something() -> None:
    spec = titanic()
    frames = spec["network"]["input_frames"]
    other = titanic(network={**spec["network"], "input_frames": frames[::-1]})
    assert {section for change in compare(form(spec), form(other)).changes
            for section in change.sections} == {NETWORK}


def test_sets_are_lists_of_the_vocabulary() -> None:
    found = {key for properties in _properties() for key, inner in properties.items()
             if "array" in inner.get("type", ())}
    assert found >= _SETS


def _properties() -> Iterator[Mapping[str, Json]]:
    """The properties of every object in the schema."""
    waiting: list[Json] = [SCHEMA]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("properties"), dict):
                yield value["properties"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


# What differs


@st.composite
def scalars(draw: st.DrawFn, spec: Json) -> str:
    """The pointer of a drawn number, string or truth value of a canonical spec."""
    found = [pointer for pointer, value in walked(spec)
             if isinstance(value, bool | int | float | str)
             and not pointer.endswith(("/type", "/specc"))]
    return draw(st.sampled_from(found))


def walked(value: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Every value with its pointer; a set is one value."""
    yield pointer, value
    members = (value.items() if isinstance(value, dict)
               else enumerate(value) if isinstance(value, list) else ())
    for key, element in members:
        yield from walked(element, join(pointer, key))


def other_scalar(value: Json) -> Json:
    if isinstance(value, bool):
        return not value
    return value + "x" if isinstance(value, str) else -value - 1.5


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_single_change_is_found_at_its_pointer(data: st.DataObject) -> None:
    spec = form(data.draw(DOCUMENTS))
    pointer = data.draw(scalars(spec))
    value = value_at(spec, pointer)
    other = apply_to_value(spec, ({"op": "replace", "path": pointer,
                                   "value": other_scalar(value)},))
    found = compare(spec, other)
    assert [(change.kind, change.before, change.after, change.old, change.new)
            for change in found.changes] == [
        ("changed", pointer, pointer, value, other_scalar(value))]
    hashes, others = section_hashes(spec), section_hashes(other)
    assert set(found.sections) - {NAMES} == {name for name in WORK if hashes[name] != others[name]}


@st.composite
def mutated(draw: st.DrawFn, spec: Json) -> Json:
    """A canonical spec after one to five changes, of elements of lists and keys too."""
    spec = copy.deepcopy(spec)
    for _ in range(draw(st.integers(1, 5))):
        how = draw(st.sampled_from(["scalar", "list", "rename", "copy"]))
        if how == "scalar":
            pointer = draw(scalars(spec))
            holder, key = holder_of(spec, pointer)
            holder[key] = other_scalar(holder[key])
        elif how == "list":
            lists = [value for pointer, value in walked(spec) if isinstance(value, list) and value]
            if lists:
                _shift(draw, draw(st.sampled_from(lists)))
        elif how == "rename":
            extractors = spec["extractors"]
            name = draw(st.sampled_from(sorted(extractors)))
            _, spec = renaming(spec, {name: name + "'"})
        else:
            extractors = spec["extractors"]
            name = draw(st.sampled_from(sorted(extractors)))
            extractors[draw(st.sampled_from(["one", "two"]))] = copy.deepcopy(extractors[name])
    return spec


def _shift(draw: st.DrawFn, elements: list[Json]) -> None:
    place = draw(st.integers(0, len(elements) - 1))
    how = draw(st.sampled_from(["remove", "repeat", "to the end"]))
    if how == "repeat":
        elements.insert(0, copy.deepcopy(elements[place]))
    else:
        element = elements.pop(place)
        if how == "to the end":
            elements.append(element)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Json, Json]:
    first = _reading_what_is_there(form(draw(DOCUMENTS)))
    if draw(happens(20)):
        return first, _reading_what_is_there(form(draw(DOCUMENTS)))
    return first, draw(mutated(first))


def _reading_what_is_there(spec: Json) -> Json:
    names = itertools.cycle(sorted(spec["extractors"]))
    return apply_to_value(spec, tuple({"op": "replace", "path": pointer, "value": next(names)}
                                      for pointer in mentions(spec)))


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_patch_makes_one_of_the_other_both_ways(pair: tuple[Json, Json]) -> None:
    for first, second in (pair, pair[::-1]):
        found = compare(first, second)
        # Through JSON, as a program reads it.
        patch = tuple(json.loads(json.dumps(found.patch)))
        assert as_text(apply_to_value(first, patch)) == as_text(second)
        assert bool(found.changes) == (as_text(first) != as_text(second))


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_other_way_round_is_the_mirror_image(pair: tuple[Json, Json]) -> None:
    first, second = pair
    there, back = compare(first, second), compare(second, first)
    assert sorted(map(_mirrored, there.changes), key=repr) == sorted(back.changes, key=repr)
    assert there.sections == back.sections


def _mirrored(change: Change) -> Change:
    kinds = {"added": "removed", "removed": "added"}
    return Change(kinds.get(change.kind, change.kind),  # type: ignore[arg-type]
                  change.after, change.before, change.new, change.old, change.sections)


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_hashes_differ_where_sections_change(pair: tuple[Json, Json]) -> None:
    found = compare(*pair)
    assume(all(change.kind != "moved" for change in found.changes))
    hashes, others = (section_hashes(spec) for spec in pair)
    assert set(found.sections) - {NAMES} == {name for name in WORK if hashes[name] != others[name]}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_example_against_the_others(path: Path) -> None:
    first = form(json.loads(path.read_text("utf-8")))
    for other in SPECS:
        second = form(json.loads(other.read_text("utf-8")))
        found = compare(first, second)
        assert as_text(apply_to_value(first, found.patch)) == as_text(second)
        assert (found.changes == ()) == (path == other)


# Lists


def test_inserted_element_is_one_change() -> None:
    layers = [{"type": "torch.nn:Linear", "out_features": width} for width in (8, 4, 1)]
    spec = titanic(network={"type": "feed_forward", "input_frames": ["passengers"],
                            "factories": layers})
    more = [layers[0], {"type": "torch.nn:ReLU"}, {**layers[1], "out_features": 5}, layers[2]]
    other = titanic(network={**spec["network"], "factories": more})
    found = compare(form(spec), form(other))
    assert [(change.kind, change.before, change.after) for change in found.changes] == [
        ("added", None, "/network/factories/1"),
        ("changed", "/network/factories/1/out_features", "/network/factories/2/out_features")]


def test_patch_of_several_removals_and_additions() -> None:
    first = form(titanic(metrics=[{"type": f"sklearn.metrics:{name}"} for name in (
        "roc_auc_score", "log_loss", "f1_score", "accuracy_score")]))
    second = {**first, "metrics": [first["metrics"][2], first["metrics"][0]]}
    for before, after in ((first, second), (second, first)):
        assert apply_to_value(before, compare(before, after).patch) == after


@pytest.mark.parametrize(("first", "second", "pairs"), [
    ("", "", []),
    ("ab", "ab", [(0, 0), (1, 1)]),
    ("ab", "xab", [(None, 0), (0, 1), (1, 2)]),
    ("abc", "ac", [(0, 0), (1, None), (2, 1)]),
    ("a", "b", [(0, 0)]),
    ("ab", "ba", [(0, None), (1, 0), (None, 1)]),
])
def test_elements_are_paired(first: str, second: str, pairs: list[Any]) -> None:
    assert aligned(list(first), list(second)) == pairs


def test_numbers_of_a_vector_are_known_by_place() -> None:
    assert aligned([0.9, 0.999], [0.999, 0.9]) == [(0, 0), (1, 1)]


def test_longest_lists_are_compared_by_place() -> None:
    first = [f"a{number}" for number in range(10_000)]
    second = ["head", *first[1:9_999], "x", "tail"]
    found = aligned(first, second)
    assert found[0] == (0, 0) and found[-1] == (None, 10_000)
    assert [place for place, _ in found if place is not None] == list(range(10_000))
    assert [place for _, place in found if place is not None] == list(range(10_001))


def test_other_type_is_one_change() -> None:
    assert changes_of(titanic(), titanic(optimizer={"type": "torch.optim:Adam"})) == [
        ("changed", "/optimizer")]


def test_name_type_is_no_type() -> None:
    spec, other = titanic(), titanic()
    for document, column in ((spec, "a"), (other, "b")):
        document["extractors"]["type"] = {"type": "plain", "take_columns": [column]}
    assert changes_of(spec, other) == [("changed", "/extractors/type/take_columns/0")]


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (1, True), (0, False), ("1", 1)])
def test_kinds_of_numbers_are_told_apart(old: Json, new: Json) -> None:
    spec, other = titanic(), titanic()
    for document, value in ((spec, old), (other, new)):
        document["extractors"]["cabin"].update(nulls="fill", fill_value=value)
    assert changes_of(spec, other) == [("changed", "/extractors/cabin/fill_value")]


def test_whole_number_where_any_is_meant_is_equal() -> None:
    assert changes_of(titanic(optimizer={"type": "torch.optim:SGD", "lr": 1}),
                      titanic(optimizer={"type": "torch.optim:SGD", "lr": 1.0})) == []


# Renamed extractors


def renamed_titanic(**names: str) -> dict[str, Json]:
    text = json.dumps(titanic())
    for old, new in names.items():
        text = text.replace(f'"{old}": {{"type": "plain"', f'"{new}": {{"type": "plain"')
    spec: dict[str, Json] = json.loads(text)
    network = spec["network"]
    network["input_frames"] = [names.get(name, name) for name in network["input_frames"]]
    return spec


def test_renamed_extractor_is_moved() -> None:
    other = renamed_titanic(cabin="deck")
    found = compare(form(titanic()), form(other))
    assert found.changes == (
        Change("moved", "/extractors/cabin", "/extractors/deck", sections=(NAMES,)),)
    assert found.sections == (NAMES,)


def test_values_have_the_names_of_their_spec() -> None:
    spec, other = titanic(), renamed_titanic(cabin="deck")
    spec["network"] = {**spec["network"], "input_frames": ["cabin", "tickets"]}
    other["network"] = {**other["network"], "input_frames": ["tickets", "deck"]}
    old = [change.old for change in compare(form(spec), form(other)).changes]
    assert "deck" not in old and "cabin" in old


def test_renamed_and_changed_extractor_is_another() -> None:
    other = renamed_titanic(cabin="deck")
    other["extractors"]["deck"]["missing_rows"] = "error"
    assert changes_of(titanic(), other) == [
        ("removed", "/extractors/cabin"), ("added", "/extractors/deck"),
        ("changed", "/network/input_frames/" + str(
            other["network"]["input_frames"].index("deck")))]


def test_equal_extractors_are_told_apart_by_who_reads_them_first() -> None:
    first, second = titanic(), titanic()
    for spec, names in ((first, ["a", "b"]), (second, ["d", "c"])):
        for name in sorted(names):
            spec["extractors"][name] = {"type": "plain", "take_columns": ["Fare"]}
        spec["network"] = {**spec["network"], "input_frames": names}
    assert sorted(changes_of(first, second)) == [
        ("moved", "/extractors/c"), ("moved", "/extractors/d")]


def test_renamed_label_of_folds_draws_other_folds() -> None:
    spec = titanic()
    spec["extractors"]["cabin"]["transformer"] = {"type": "target_encoding"}
    other = copy.deepcopy(spec)
    other["extractors"]["survived"] = other["extractors"].pop("label")
    other["label"] = "survived"
    found = compare(form(spec), form(other))
    assert [(change.kind, change.sections) for change in found.changes] == [("moved", (DATA,))]


def test_renamed_context_is_read_by_its_new_name() -> None:
    spec = json.loads((ROOT / "specs/flights/history.json").read_text("utf-8"))
    name = next(key for key, value in spec["extractors"].items() if value["type"] == "context")
    other = json.loads(json.dumps(spec).replace(f'"{name}.', '"old.days.'))
    other["extractors"] = {"old.days" if key == name else key: value
                           for key, value in other["extractors"].items()}
    assert changes_of(spec, other) == [("moved", "/extractors/old.days")]


# Sections


@pytest.mark.parametrize(("pointer", "sections"), [
    ("/bundle/prepare/0", (DATA,)), ("/extractors/a/joins", (DATA,)), ("/label", (DATA,)),
    ("/network/sizes/0", (NETWORK,)), ("/loss", (TRAINING,)), ("/metrics/1", (TRAINING,)),
    ("/training/epochs", (TRAINING,)), ("/training/train_on/0", (DATA,)),
    ("/heads/late", (DATA, NETWORK, TRAINING)), ("/heads", (DATA, NETWORK, TRAINING)),
    ("/heads/late/label", (DATA,)), ("/heads/late/network/type", (NETWORK,)),
    ("/heads/late/weight", (TRAINING,)), ("/name", (NAMES,)), ("/seed", (TRAINING,)),
])
def test_section_of_a_place(pointer: str, sections: tuple[str, ...]) -> None:
    assert sections_of(pointer, draws=False) == sections


def test_every_property_has_a_section() -> None:
    assert {section for key in SCHEMA["properties"]
            for section in sections_of(f"/{key}", draws=True)} == set(SECTIONS)
    assert set(_OF_TRAINING) <= SCHEMA["properties"]["training"]["properties"].keys()


@pytest.mark.parametrize(("step", "sections"), [
    ({"type": "random_split", "parts": {"train": 0.8, "test": 0.2}}, (DATA, TRAINING)),
    ({"type": "time_split", "column": "Age",
      "parts": [{"split": "train", "fraction": 0.8}, {"split": "test", "fraction": 0.2}]},
     (TRAINING,)),
])
def test_seed_is_of_the_data_where_it_draws(step: Json, sections: tuple[str, ...]) -> None:
    specs = [form(titanic(seed=seed, bundle={"prepare": [step]})) for seed in (1, 2)]
    assert compare(*specs).sections == sections
    hashes = [section_hashes(spec) for spec in specs]
    assert {name for name in WORK if hashes[0][name] != hashes[1][name]} == set(sections)


# What is shown


def lines(first: Json, second: Json, color: bool = False) -> list[str]:
    return list(difference_text(compare(form(first), form(second)), "a.json", "b.json",
                                painter(color)))


def test_text_groups_changes_by_section() -> None:
    spec = titanic()
    other = titanic(name="other", optimizer={**spec["optimizer"], "lr": 0.25},
                    metrics=[*spec["metrics"], {"type": "sklearn.metrics:log_loss"}])
    assert lines(spec, other) == [
        "a.json -> b.json: training changes; data preparation and network stay the same",
        "",
        "training: 2 changes",
        "  ~ /optimizer/lr 0.5 -> 0.25",
        '  + /metrics/1 {"type": "sklearn.metrics:log_loss"}',
        "",
        "names: 1 change",
        '  ~ /name "titanic" -> "other"',
    ]


def test_text_of_equal_specs() -> None:
    assert lines(titanic(), titanic()) == ["a.json and b.json mean the same"]


def test_change_of_several_sections_is_shown_once() -> None:
    split = {"prepare": [{"type": "random_split", "parts": {"train": 0.8, "test": 0.2}}]}
    shown = lines(titanic(bundle=split), titanic(bundle=split, seed=1))
    assert shown[-1] == "  ~ /seed 0 -> 1 (changes training too)"


def test_long_and_hostile_values_stay_on_their_line() -> None:
    shown = lines(titanic(), titanic(description="\u202e\n" + "w" * 500))
    assert shown[-1].endswith("...") and len(shown) == 4
    assert all(line.isprintable() and len(line) < 200 for line in shown)


def test_colour_alone_is_added() -> None:
    other = renamed_titanic(cabin="deck")
    del other["extractors"]["tickets"]
    colored = "\n".join(lines(titanic(), other, color=True))
    assert "\x1b[31m- /extractors/tickets" in colored and "> /extractors/cabin" in colored


@pytest.mark.parametrize(("changed", "words"), [
    ((NAMES,), "only names change"),
    ((TRAINING,), "training changes; data preparation and network stay the same"),
    ((DATA, TRAINING), "data preparation and training change; network stays the same"),
    ((DATA, NETWORK, TRAINING), "data preparation, network and training change"),
])
def test_verdict(changed: tuple[str, ...], words: str) -> None:
    changes = tuple(Change("changed", "/x", "/x", sections=(name,)) for name in changed)
    assert verdict(Comparison({}, {}, changes)) == words


def test_json_of_a_comparison() -> None:
    spec = titanic()
    found = difference_json(compare(form(spec), form(titanic(
        optimizer={**spec["optimizer"], "lr": 0.25}))))
    hashes = found.pop("hashes")
    assert found == {
        "equal": False, "sections": ["training"],
        "changes": [{"kind": "changed", "sections": ["training"], "before": "/optimizer/lr",
                     "after": "/optimizer/lr", "old": 0.5, "new": 0.25}],
        "patch": [{"op": "replace", "path": "/optimizer/lr", "value": 0.25}],
    }
    assert [name for name in WORK if hashes[0][name] != hashes[1][name]] == [TRAINING]
    assert all(len(value) == 32 for value in itertools.chain(*(each.values() for each in hashes)))


def test_short_form_means_the_same() -> None:
    for path in SPECS:
        document = json.loads(path.read_text("utf-8"))
        short = without_defaults(SCHEMA, resolved(document))
        assert form(short) == form(document)
        assert not [place for place, fragment, value in objects(SCHEMA, short)
                    if "lr" in value and value["lr"] == fragment["properties"]["lr"].get("default")]
