"""The place of a pointer in a text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.text.locate import Span, locate, locate_all, position
from specc.compiler.text.pointer import parts, pointer_of

KEYS = st.text(alphabet='ab/~"\\ \u00e9\n0', max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=4),
    max_leaves=15,
)


def nodes(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    yield path, value
    members = (value.items() if isinstance(value, dict)
               else enumerate(value) if isinstance(value, list) else ())
    for key, child in members:
        yield from nodes(child, (*path, key))


@given(JSON, st.sampled_from([None, 0, 2, "\t"]), st.booleans(), st.sampled_from(["", " ", "\r\n"]))
def test_every_span_holds_its_value_and_key(value: Any, indent: Any, ascii_only: bool,
                                            space: str) -> None:
    text = space + json.dumps(value, indent=indent, ensure_ascii=ascii_only,
                              separators=(f"{space},", f":{space}")) + space
    everything = locate_all(text, [pointer_of(path) for path, _ in nodes(value)])
    for path, node in nodes(value):
        span = locate(text, pointer_of(path))
        assert span is not None
        assert span == everything[pointer_of(path)]
        assert json.loads(text[slice(*span.value)]) == node
        assert text[slice(*span.value)] == text[slice(*span.value)].strip()
        if path and isinstance(path[-1], str):
            assert span.key is not None
            assert json.loads(text[slice(*span.key)]) == path[-1]
        else:
            assert span.key is None


@given(st.lists(st.text(max_size=4) | st.integers(0, 99), max_size=5))
def test_pointers_and_their_tokens(path: list[str | int]) -> None:
    assert parts(pointer_of(path)) == tuple(map(str, path))


def test_escaped_tokens() -> None:
    assert pointer_of(["a/b", "~1", 0]) == "/a~1b/~01/0"
    assert parts("/a~1b/~01/0/") == ("a/b", "~1", "0", "")


@pytest.mark.parametrize("pointer", ["a", "a/b", "/~", "/~2", "#/a"])
def test_what_is_no_pointer(pointer: str) -> None:
    with pytest.raises(ValueError, match="not a JSON Pointer"):
        parts(pointer)
    assert locate("{}", pointer) is None


@pytest.mark.parametrize("pointer", [
    "/b", "/a/2", "/a/-", "/a/00", "/a/-1", "/a/0/x", "/a/1/c", "/", "/a/\u0661",
])
def test_what_the_text_does_not_have(pointer: str) -> None:
    assert locate('{"a": [1, {"b": 2}]}', pointer) is None


def test_a_place_before_a_syntax_error_is_found() -> None:
    text = '{"a": 1, "b": [2, "c": }'
    assert locate(text, "/a") == Span((6, 7), (1, 4))
    assert locate(text, "/b") is None


@given(st.text(alphabet='{}[]:,"\\ab01', max_size=12), KEYS)
def test_text_that_is_not_json_has_places_or_none(text: str, key: str) -> None:
    locate_all(text, ["", pointer_of([key]), "/0", "/a/b"])


def test_depth_and_long_numbers_have_no_limit_here() -> None:
    assert locate("[" * 100_000, "/0") is None
    assert locate(f'[{"1" * 5000}, 1e999, NaN, 7]', "/3") == Span((5015, 5016))


def test_many_places_take_one_walk() -> None:
    """Twenty thousand places; one walk for each would take minutes."""
    text = json.dumps([{"a": number} for number in range(20_000)])
    pointers = [f"/{number}/a" for number in range(20_000)]
    assert len(locate_all(text, pointers)) == 20_000


@pytest.mark.parametrize(("text", "offset", "expected"), [
    ("", 0, (1, 1)),
    ("ab", 2, (1, 3)),
    ("a\nb", 1, (1, 2)),
    ("a\nb", 2, (2, 1)),
    ("a\r\nb", 2, (1, 3)),
    ("a\r\nb", 3, (2, 1)),
    ("a\rb", 2, (2, 1)),
    ("a\n", 2, (2, 1)),
    ("\U0001f600\u2028b", 2, (1, 3)),
])
def test_position(text: str, offset: int, expected: tuple[int, int]) -> None:
    assert position(text, offset) == expected
