"""JSON Patches on values and on text.

Not checked here: that the fixes of passes are right, which the golden corpus does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.diagnostics.codes import UNKNOWN_KEY
from specc.compiler.diagnostics.diagnostic import Diagnostic, Patch
from specc.compiler.text.patch import PatchError, apply_to_value
from specc.compiler.text.pointer import join, pointer_of
from specc.compiler.text.repair import MAX_ROUNDS, apply_all, repair
from specc.compiler.text.text_patch import apply_to_text, edits, with_edits

KEYS = st.text(alphabet='ab/~"\\ \u00e90', max_size=2) | st.sampled_from(["type", "specc"])
SCALARS = (st.none() | st.booleans() | st.integers() | st.text(max_size=4)
           | st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    SCALARS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=4),
    max_leaves=12,
)
LAYOUTS = st.sampled_from([
    {"indent": 2}, {"indent": "\t"}, {"indent": 0}, {}, {"separators": (",", ":")},
    {"indent": 1, "separators": (" ,", " : ")},
])


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    members = (value.items() if isinstance(value, dict)
               else enumerate(value) if isinstance(value, list) else ())
    for key, child in members:
        yield from places(child, (*path, key))


@st.composite
def operations(draw: st.DrawFn, value: Any) -> dict[str, Any]:
    """An operation that may or may not fit."""
    existing = st.sampled_from([pointer_of(path) for path in places(value)])
    new = st.builds(join, existing, KEYS | st.integers(0, 4) | st.just("-"))
    name = draw(st.sampled_from(["add", "remove", "replace", "move"]))
    operation: dict[str, Any] = {"op": name, "path": draw(existing | new)}
    if name == "move":
        operation["from"] = draw(existing)
    elif name != "remove":
        operation["value"] = draw(JSON)
    return operation


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true differ, the order of keys does not count."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(JSON, LAYOUTS, st.booleans(), st.sampled_from(["", "\n", "\r\n"]), st.data())
def test_text_and_value_are_patched_alike(value: Any, layout: Any, ascii_only: bool, end: str,
                                          data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, **layout) + end
    text = text.replace("\n", end) if end else text
    for _ in range(3):
        operation = data.draw(operations(value))
        try:
            wanted = apply_to_value(value, (operation,))
        except PatchError:
            with pytest.raises(PatchError):
                apply_to_text(text, (operation,))
            continue
        text = apply_to_text(text, (operation,))
        value = wanted
        assert same(json.loads(text), wanted)
        assert text.endswith(end)


@given(JSON, LAYOUTS, st.data())
def test_one_edit_keeps_the_rest_of_the_text(value: Any, layout: Any, data: st.DataObject) -> None:
    text = json.dumps(value, **layout)
    operation = data.draw(operations(value))
    (edit,) = edits(text, [(operation,)])
    if edit is not None:
        edited = with_edits(text, [edit])
        assert edited == text[:edit.start] + edit.new + text[edit.end:]
        assert same(json.loads(edited), apply_to_value(value, (operation,)))
        assert edited == apply_to_text(text, (operation,))


@given(JSON, LAYOUTS, st.data())
def test_patches_together_leave_json(value: Any, layout: Any, data: st.DataObject) -> None:
    text = json.dumps(value, **layout)
    patches = [(operation,) for operation in data.draw(st.lists(operations(value), max_size=4))]
    json.loads(apply_all(text, patches))


@given(JSON, LAYOUTS, st.data())
def test_replacements_of_leaves_are_all_made_at_once(value: Any, layout: Any,
                                                     data: st.DataObject) -> None:
    leaves = [pointer_of(path) for path in places(value)
              if not any(place[:-1] == path for place in places(value) if place)]
    patches: list[Patch] = [({"op": "replace", "path": leaf, "value": data.draw(SCALARS)},)
                            for leaf in leaves]
    wanted = value
    for patch in patches:
        wanted = apply_to_value(wanted, patch)
    assert same(json.loads(apply_all(json.dumps(value, **layout), patches)), wanted)


@given(JSON)
def test_the_value_given_stays(value: Any) -> None:
    before = json.dumps(value)
    apply_to_value({"a": value}, ({"op": "move", "from": "/a", "path": "/b"},
                                  {"op": "add", "path": "/b", "value": 1}))
    assert json.dumps(value) == before


SPEC = """\
{
  "name": "x",
  "network": {"tpye": "linear", "sizes": [4, 1]},
  "metrics": [
    {"type": "a"},
    {"type": "b"}
  ],
  "empty": {},
  "spread": {
  },
  "lr": 1e-3
}
"""


@pytest.mark.parametrize(("operation", "before", "after"), [
    ({"op": "move", "from": "/network/tpye", "path": "/network/type"}, '"tpye"', '"type"'),
    ({"op": "replace", "path": "/metrics/1/type", "value": "c"}, '"b"', '"c"'),
    ({"op": "remove", "path": "/network/tpye"}, '"tpye": "linear", ', ""),
    ({"op": "remove", "path": "/network/sizes"}, ', "sizes": [4, 1]', ""),
    ({"op": "remove", "path": "/metrics/0"}, '{"type": "a"},\n    ', ""),
    ({"op": "remove", "path": "/metrics/1"}, ',\n    {"type": "b"}', ""),
    ({"op": "remove", "path": "/lr"}, ',\n  "lr": 1e-3', ""),
    ({"op": "add", "path": "/seed", "value": 7}, "1e-3\n", '1e-3,\n  "seed": 7\n'),
    ({"op": "add", "path": "/specc", "value": 1}, '{\n  "name"', '{\n  "specc": 1,\n  "name"'),
    ({"op": "add", "path": "/network/bias", "value": True}, "1]},", '1], "bias": true},'),
    ({"op": "add", "path": "/network/type", "value": "y"}, '{"tpye"', '{"type": "y", "tpye"'),
    ({"op": "add", "path": "/network/sizes/0", "value": 8}, "[4", "[8, 4"),
    ({"op": "add", "path": "/network/sizes/-", "value": 8}, "1]", "1, 8]"),
    ({"op": "add", "path": "/metrics/2", "value": {}}, '"b"}', '"b"},\n    {}'),
    ({"op": "add", "path": "/metrics/1", "value": {}}, '{"type": "b"}', '{},\n    {"type": "b"}'),
    ({"op": "add", "path": "/empty/a", "value": 1}, "{},", '{"a": 1},'),
    ({"op": "add", "path": "/spread/a", "value": 1}, "{\n  },", '{\n    "a": 1\n  },'),
    ({"op": "add", "path": "/name", "value": 1}, '"x"', "1"),
    ({"op": "replace", "path": "/network/sizes", "value": list(range(40))},
     "[4, 1]", json.dumps(list(range(40)), indent=2).replace("\n", "\n  ")),
])
def test_the_text_reads_as_written_by_hand(operation: Any, before: str, after: str) -> None:
    assert SPEC.count(before) == 1
    assert apply_to_text(SPEC, (operation,)) == SPEC.replace(before, after)


def test_a_compact_text_stays_compact() -> None:
    text = '{"a":1,"l":[2],"o":{"k":3}}'
    assert apply_to_text(text, ({"op": "add", "path": "/b", "value": 4},
                                {"op": "add", "path": "/o/m", "value": 5},
                                {"op": "remove", "path": "/a"})) == (
        '{"l":[2],"o":{"k":3,"m":5},"b":4}')


def test_a_move_to_another_object() -> None:
    patch: Patch = ({"op": "move", "from": "/lr", "path": "/network/lr"},)
    assert apply_to_text(SPEC, patch) == (
        SPEC.replace(',\n  "lr": 1e-3', "").replace("1]}", '1], "lr": 0.001}'))
    assert edits(SPEC, [patch]) == [None]


def test_a_key_that_stands_twice_is_written_anew() -> None:
    patch: Patch = ({"op": "replace", "path": "/b", "value": 3},)
    assert apply_to_text('{\n   "b": 1,\n   "b": 2\n}\n', patch) == '{\n   "b": 3\n}\n'


@pytest.mark.parametrize("operation", [
    {"op": "remove", "path": ""}, {"op": "remove", "path": "/b"}, {"op": "remove", "path": "/l/1"},
    {"op": "remove", "path": "/l/-"}, {"op": "replace", "path": "/b", "value": 1},
    {"op": "replace", "path": "/l/-", "value": 1}, {"op": "add", "path": "/l/2", "value": 1},
    {"op": "add", "path": "/l/01", "value": 1}, {"op": "add", "path": "/l/x", "value": 1},
    {"op": "add", "path": "/s/x", "value": 1}, {"op": "add", "path": "/b/c", "value": 1},
    {"op": "add", "path": "b", "value": 1}, {"op": "move", "from": "/o", "path": "/o/p"},
    {"op": "move", "from": "/b", "path": "/c"}, {"op": "copy", "from": "/o", "path": "/p"},
    {"op": "test", "path": "/o", "value": {}},
])
def test_what_cannot_be_carried_out(operation: Any) -> None:
    value = {"l": [1], "o": {"q": 1}, "s": "text"}
    with pytest.raises(PatchError):
        apply_to_value(value, (operation,))
    assert apply_all(json.dumps(value), [(operation,)]) == json.dumps(value)


def test_patches_of_one_list_mean_its_old_elements() -> None:
    patches: list[Patch] = [({"op": "remove", "path": "/0"},),
                            ({"op": "replace", "path": "/1", "value": "x"},),
                            ({"op": "add", "path": "/2", "value": "y"},),
                            ({"op": "remove", "path": "/3"},)]
    assert apply_all("[0, 1, 2, 3, 4]", patches) == '["x", "y", 2, 4]'


def test_patches_of_one_place_wait() -> None:
    patches: list[Patch] = [({"op": "replace", "path": "/a", "value": {}},),
                            ({"op": "replace", "path": "/a/b", "value": 2},),
                            ({"op": "add", "path": "/c", "value": 3},)]
    assert apply_all('{"a": {"b": 1}}', patches) == '{"a": {}, "c": 3}'


def test_a_patch_of_several_operations_goes_alone() -> None:
    several: Patch = ({"op": "remove", "path": "/a"}, {"op": "add", "path": "/b", "value": 1})
    one: Patch = ({"op": "replace", "path": "/c", "value": 1},)
    assert apply_all('{"a": 0, "c": 0}', [several, one]) == '{"a": 0, "c": 1}'
    assert apply_all('{"a": 0, "c": 0}', [several]) == '{"c": 0, "b": 1}'


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": 1', "", "[" * 100_000])
def test_without_certain_places_nothing_is_repaired(text: str) -> None:
    assert apply_all(text, [({"op": "add", "path": "/b", "value": 1},)]) == text


def fixable(pointer: str, **operation: Any) -> Diagnostic:
    return UNKNOWN_KEY.at(pointer, key="k", owner="o", fix=(operation,))


def test_repair_goes_on_until_nothing_is_left() -> None:
    def find(text: str) -> Iterator[Diagnostic]:
        if (number := json.loads(text)["n"]) < 3:
            yield fixable("/n", op="replace", path="/n", value=number + 1)

    assert repair('{"n": 0}', find) == '{"n": 3}'


def test_repair_that_goes_in_circles_ends() -> None:
    rounds = []

    def find(text: str) -> Iterator[Diagnostic]:
        rounds.append(text)
        yield fixable("/n", op="replace", path="/n", value=not json.loads(text)["n"])

    repair('{"n": false}', find)
    assert len(rounds) == MAX_ROUNDS


def test_thousands_of_fixes_take_one_round() -> None:
    text = json.dumps({f"k{number}": {"b": 0} for number in range(4_000)}, indent=1)
    patches: list[Patch] = [({"op": "move", "from": f"/k{number}/b", "path": f"/k{number}/a"},)
                            for number in range(4_000)]
    assert apply_all(text, patches) == text.replace('"b"', '"a"')
