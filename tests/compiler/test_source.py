"""The text of a spec: reading the file, and the strict parser. Wording is not checked here,
apart from what syntax errors call the mistake."""

from __future__ import annotations

import codecs
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specc.compiler.passes.parse import MAX_DEPTH, first_too_deep, parse
from specc.compiler.reporters import render_json, render_text
from specc.compiler.stages import Source
from specc.compiler.text.source import MAX_CHARACTERS, read_source

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10**20, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(st.text(max_size=4), children, max_size=4),
    max_leaves=12,
)


def found(text: str) -> list[tuple[str, str | None, int | None]]:
    """Code, pointer and offset of each diagnostic."""
    return [(d.code, d.pointer, d.offset) for d in parse(Source("s", text)).diagnostics]


def test_reads_without_the_byte_order_mark_and_keeps_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(codecs.BOM_UTF8 + b'{\r\n"\xc3\xa9": 1}')
    source = read_source(path).stage
    assert source is not None
    assert (source.name, source.text) == (str(path), '{\r\n"\u00e9": 1}')


@pytest.mark.parametrize("name", ["missing.json", "", "nul\0.json", "a" * 5000])
def test_unreadable(tmp_path: Path, name: str) -> None:
    result = read_source(f"{tmp_path}/{name}")
    assert [d.code for d in result.diagnostics] == ["SC001"]
    assert result.stage is None
    assert result.diagnostics[0].file == f"{tmp_path}/{name}"


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_bad_encoding_names_the_byte(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(mark + b'{"a": "\xff"}')
    (diagnostic,) = read_source(path).diagnostics
    assert diagnostic.code == "SC002"
    assert f"byte {len(mark) + 7} " in diagnostic.message


def test_utf_16_is_bad_encoding(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text("{}", encoding="utf-16")
    assert [d.code for d in read_source(path).diagnostics] == ["SC002"]


def test_too_large(tmp_path: Path) -> None:
    text = " " * (MAX_CHARACTERS + 1)
    assert found(text) == [("SC008", "", None)]
    assert found("1" + text[2:]) == []
    path = tmp_path / "spec.json"
    with path.open("wb") as file:
        file.truncate(5 * MAX_CHARACTERS)
    assert [d.code for d in read_source(path).diagnostics] == ["SC008"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_an_endless_device_is_too_large() -> None:
    assert [d.code for d in read_source("/dev/zero").diagnostics] == ["SC008"]


@given(JSON)
def test_accepts_what_json_writes(value: object) -> None:
    text = json.dumps(value)
    document = parse(Source("s", text)).stage
    assert document is not None
    assert document.value == json.loads(text)
    assert document.source.text == text


def test_every_refused_token_is_reported_at_its_place() -> None:
    text = '{"a": NaN, "b": [1e400, {"c": 1, "d": 2, "c": 3}], "a": -Infinity, "e": "\\ud800"}'
    assert found(text) == [
        ("SC005", "/a", 6),
        ("SC005", "/b/0", 17),
        ("SC004", "/b/1/c", 41),
        ("SC004", "/a", 51),
        ("SC005", "/a", 56),
        ("SC006", None, text.index('"\\ud800"')),
    ]
    duplicate = parse(Source("s", text)).diagnostics[2]
    assert duplicate.target == "key"
    assert [related.pointer for related in duplicate.related] == ["/b/1/c"]


def test_equal_keys_with_different_spelling_are_duplicates() -> None:
    assert found('{"a": 1, "\\u0061": 2}') == [("SC004", "/a", 9)]


def test_the_same_key_in_different_objects_is_no_duplicate() -> None:
    assert found('{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}') == []


@pytest.mark.parametrize("literal", ["1" * 5000, "-" + "9" * 309, "1e400", "-1e400", "Infinity"])
def test_numbers_beyond_a_double(literal: str) -> None:
    assert found(f"[0, {literal}]") == [("SC005", "/1", 4)]


@pytest.mark.parametrize("literal", ["1" * 308, "1e-400", "1.7e308", "-0", "0.1e1"])
def test_numbers_within_a_double(literal: str) -> None:
    assert found(literal) == []


@pytest.mark.parametrize(("text", "offsets"), [
    (r'["\ud83d\ude00"]', []),
    (r'["\\ud800"]', []),
    (r'["\ud800", "\udc00"]', [1, 11]),
    (r'{"\udfff": 1}', [1]),
    ('["\ud800"]', [1]),
])
def test_lone_surrogates(text: str, offsets: list[int]) -> None:
    assert [offset for _, _, offset in found(text)] == offsets
    assert {code for code, _, _ in found(text)} <= {"SC006"}


def test_depth() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert found(deepest) == []
    assert found(f"[{deepest}]") == [("SC007", None, MAX_DEPTH)]
    assert found("[" * 1_000_000) == [("SC007", None, MAX_DEPTH)]
    assert found('{"a":' * 100_000) == [("SC007", None, 5 * MAX_DEPTH)]


def test_brackets_in_strings_and_side_by_side_have_no_depth() -> None:
    assert found(json.dumps("[" * 1000)) == []
    assert found('"' + '\\"[' * 1000 + '"') == []
    assert found("[" + "[]," * 1000 + "[]]") == []


def test_the_depth_scan_is_linear_on_open_strings() -> None:
    assert first_too_deep('"\\"' * 300_000, MAX_DEPTH) is None
    assert first_too_deep('"' + "\\" * 300_001, MAX_DEPTH) is None


@pytest.mark.parametrize(("text", "offset", "reason"), [
    ("", 0, "empty"),
    (" \n", 0, "empty"),
    ('{"a": 1,}', 7, "trailing comma"),
    ("[1, 2,\n]", 5, "trailing comma"),
    ("{,}", 1, "nothing before it"),
    ("[1,,2]", 3, "nothing before it"),
    ("{'a': 1}", 1, "single quotes"),
    ("{a: 1}", 1, "key a has no quotes"),
    ("{1: 2}", 1, "key 1 has no quotes"),
    ('{"a": 1, // no\n"b": 2}', 9, "a comment"),
    ("[1 # no\n]", 3, "a comment"),
    ("/* no */ {}", 0, "a comment"),
    ('{"a": 1 "b": 2}', 8, "comma is missing"),
    ('{"a" 1}', 5, "colon is missing"),
    ('{"a" = 1}', 5, "colon is missing"),
    ("[True]", 1, "True is no JSON value"),
    ("[0, .5]", 4, ".5 is no JSON number"),
    ("[1.]", 1, "1. is no JSON number"),
    ("[01]", 1, "01 is no JSON number"),
    ("[0x10]", 1, "0x10 is no JSON number"),
    ("{} {}", 3, "after the end"),
    ("{}}", 2, "closes nothing"),
    ("[1}", 2, "} where"),
    ('{"a": [1, 2', 11, "ends too early"),
    ('{"a', 1, "without an end"),
    ('["a\nb"]', 3, "end of its line"),
    ('["\t"]', 2, "control character"),
    (r'["C:\data"]', 4, "escape"),
    (r'["\u12"]', 2, "escape"),
    ("\ufeff{}", 0, "byte order mark"),
    ("\u201ca\u201d", 0, "the quote \u201c"),
])
def test_syntax_errors_are_named(text: str, offset: int, reason: str) -> None:
    (diagnostic,) = parse(Source("s", text)).diagnostics
    assert (diagnostic.code, diagnostic.offset) == ("SC003", offset)
    assert reason in diagnostic.message


def test_a_text_that_ends_too_early_says_what_is_open() -> None:
    (diagnostic,) = parse(Source("s", '{"a": ["}", {')).diagnostics
    assert diagnostic.help == "close what is open with }]}"


def check_never_raises(text: str) -> None:
    source = Source("s", text)
    result = parse(source)
    assert result.ok == (not result.diagnostics)
    for diagnostic in result.diagnostics:
        assert diagnostic.offset is not None and 0 <= diagnostic.offset <= len(text)
        assert diagnostic.message.isprintable()
    printed = render_text(result.diagnostics, source, color=False)
    assert all(character == "\n" or character.isprintable() for character in printed)
    assert len(json.loads(render_json(result.diagnostics, source))["diagnostics"]) == len(
        result.diagnostics)


@given(st.text())
def test_any_text_is_accepted_or_refused(text: str) -> None:
    check_never_raises(text)


@given(st.text(alphabet='{}[]:,"\\/\'#\u0000 \t\r\n01.eE+-truefalsnNaIi_\ud800\U0001f600u'))
@settings(max_examples=300)
def test_text_of_json_signs_is_accepted_or_refused(text: str) -> None:
    check_never_raises(text)


@given(JSON, st.data())
@settings(max_examples=200)
def test_mutated_json_is_accepted_or_refused(value: object, data: st.DataObject) -> None:
    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 1])),
                      ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 3)))
    check_never_raises(text[:start] + data.draw(st.text(max_size=3)) + text[end:])


@given(st.text(alphabet='{}[]:,"\\ 01.e-truefalsn', max_size=12))
@settings(max_examples=500)
def test_agrees_with_the_standard_parser(text: str) -> None:
    """Not checked here: duplicate keys, which only specc refuses."""
    try:
        json.loads(text)
        accepted = True
    except ValueError:
        accepted = False
    refused = {code for code, _, _ in found(text)} - {"SC004", "SC005"}
    assert accepted == (not refused)


def test_parsing_imports_nothing_heavy() -> None:
    import subprocess

    code = ("import sys; import specc.compiler.passes.parse, specc.compiler.passes.validate, "
            "specc.compiler.reporters, specc.compiler.text.override; "
            "print(sorted({'torch', 'numpy', 'pandas', 'pyarrow', 'sklearn', 'jsonschema', "
            "'difflib'} & set(sys.modules)))")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
