"""Values given on the command line."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.passes.parse import MAX_DEPTH
from specc.compiler.stages import Document, Source
from specc.compiler.text.override import apply_overrides

VALUE = {"training": {"epochs": 3}, "metrics": [{"type": "a"}, {"type": "b"}], "name": "x"}


def apply(*overrides: str, value: Any = VALUE) -> Any:
    """The new value and the overridden pointers, or the codes of the diagnostics."""
    before = copy.deepcopy(value)
    result = apply_overrides(Document(Source("s", "{}"), value), overrides)
    assert value == before
    if result.stage is None:
        return [diagnostic.code for diagnostic in result.diagnostics]
    assert not result.diagnostics
    return result.stage.value, result.stage.source.overridden


@pytest.mark.parametrize(("text", "expected"), [
    ("3", 3), ("0.5", 0.5), ("true", True), ("null", None), ('"3"', "3"), ("[1, 2]", [1, 2]),
    ('{"a": "="}', {"a": "="}), ("adam", "adam"), ("torch.optim:SGD", "torch.optim:SGD"),
    ("", ""), ("a=b", "a=b"), ("[1,", "[1,"), ("\u00e9", "\u00e9"),
])
def test_values(text: str, expected: Any) -> None:
    value, overridden = apply(f"/training/epochs={text}")
    assert value == {**VALUE, "training": {"epochs": expected}}
    assert type(value["training"]["epochs"]) is type(expected)
    assert overridden == {"/training/epochs"}


def test_missing_objects_are_made() -> None:
    value, overridden = apply("/a/b~1c/d=1", "/training/lr=2")
    assert value == {**VALUE, "a": {"b/c": {"d": 1}}, "training": {"epochs": 3, "lr": 2}}
    assert overridden == {"/a/b~1c/d", "/training/lr"}


def test_lists() -> None:
    value, overridden = apply("/metrics/1/type=c", "/metrics/-=d", "/metrics/-/type=e",
                              "/metrics/2=f")
    assert value["metrics"] == [{"type": "a"}, {"type": "c"}, "f", {"type": "e"}]
    assert overridden == {"/metrics/1/type", "/metrics/2", "/metrics/3/type"}


def test_later_overrides_see_earlier_ones() -> None:
    value, _ = apply('/network={"sizes": [1]}', "/network/sizes/0=2")
    assert value["network"] == {"sizes": [2]}


@pytest.mark.parametrize("override", [
    "/training/epochs", "", "=3", "training=3", "/a~2=3", "/metrics/2=3", "/metrics/01=3",
    "/metrics/x=3", "/metrics/-1/type=3", "/name/x=3", "/name/0=3", "/training/epochs/a=3",
    "/a=NaN", "/a=1e999", '/a={"b": 1, "b": 2}', r'/a="\ud800"', "/a=\udcff", "/\udcff=1",
    "/metrics/9999999999999999999999=1", "/a" * (MAX_DEPTH + 1) + "=1", "/a=" + "[" * 10_000,
    "/a" * 10 + "=" + "[" * (MAX_DEPTH - 9) + "]" * (MAX_DEPTH - 9), "/\x1b[31m~=1",
])
def test_refused(override: str) -> None:
    assert apply(override) == ["SC009"]
    result = apply_overrides(Document(Source("s", "{}"), VALUE), [override])
    assert all(diagnostic.message.isprintable() for diagnostic in result.diagnostics)


def test_every_bad_override_is_reported() -> None:
    assert apply("/metrics/7=1", "/name=ok", "name=1") == ["SC009", "SC009"]


def test_the_deepest_override() -> None:
    assert apply("/a" * 10 + "=" + "[" * (MAX_DEPTH - 10) + "]" * (MAX_DEPTH - 10)) != ["SC009"]


def test_a_spec_that_is_no_object() -> None:
    assert apply("/a=1", value=3) == ["SC009"]
    assert apply("/0=1", value=[0])[0] == [1]


def test_earlier_overridden_pointers_are_kept() -> None:
    document = Document(Source("s", "{}", frozenset(["/b"])), {})
    result = apply_overrides(document, ["/a=1"])
    assert result.stage is not None
    assert result.stage.source.overridden == {"/a", "/b"}


@given(st.lists(st.text(alphabet='/~01-a="[]{}:,ab'), max_size=4))
def test_any_override_is_carried_out_or_refused(overrides: list[str]) -> None:
    apply(*overrides)
