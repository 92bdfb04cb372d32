"""Diagnostics as text and as JSON. Whole texts stand here, so a change of them is seen."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.diagnostics.codes import (
    DUPLICATE_KEY,
    EMPTY_FRAME,
    MISSING_KEY,
    NOT_JSON,
    OUT_OF_RANGE,
    TOO_LARGE,
    UNKNOWN_KEY,
    UNKNOWN_TYPE,
    UNUSED_EXTRACTOR,
    WRONG_KIND,
)
from specc.compiler.diagnostics.diagnostic import Diagnostic, Related, Severity
from specc.compiler.reporters import render_json, render_text
from specc.compiler.stages import Source

TEXT = """{
  "specc": 1,
  "extractors": {"label": {"type": "plain"}},
  "training": {
\t"epochs": 0
  },
  "network": {
    "type": "feed_forward",
    "factories": [
      {"type": "liner", "out_features": 16}
    ]
  }
}
"""
SPEC = Source("spec.json", TEXT)
LINER = UNKNOWN_TYPE.at(
    "/network/factories/0/type", family="network", name="liner",
    help="did you mean 'linear'? known types: concat, linear, relu",
    fix=({"op": "replace", "path": "/network/factories/0/type", "value": "linear"},))


def test_text() -> None:
    diagnostics = [
        LINER,
        MISSING_KEY.at("/network/factories/0", owner="liner", key="bias"),
        OUT_OF_RANGE.at("/training/epochs", name="epochs", got=0, wanted="must be at least 1"),
        UNUSED_EXTRACTOR.at("/extractors/label", target="key", name="label",
                            related=(Related("the network reads nothing", "/network"),
                                     Related("frames of the bundle", file="b/frames.parquet"))),
        WRONG_KIND.at("/training/device", name="device", wanted="a string", got="3"),
    ]
    expected = """\
spec.json:3:18: warning[SC205]: nothing reads the extractor 'label'
  3 |   "extractors": {"label": {"type": "plain"}},
    |                  ^^^^^^^ at /extractors/label
  see: spec.json:7:14: the network reads nothing
  see: b/frames.parquet: frames of the bundle
  help: read it in `input_frames`, or remove it

spec.json:4:15: error[SC104]: device must be a string, got 3
  4 |   "training": {
    |               ^ at /training/device

spec.json:5:12: error[SC106]: epochs is 0, must be at least 1
  5 |     "epochs": 0
    |               ^ at /training/epochs

spec.json:10:7: error[SC103]: liner needs the key 'bias'
  10 |       {"type": "liner", "out_features": 16}
     |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ at /network/factories/0

spec.json:10:16: error[SC101]: unknown network type 'liner'
  10 |       {"type": "liner", "out_features": 16}
     |                ^^^^^^^ at /network/factories/0/type
  help: did you mean 'linear'? known types: concat, linear, relu

4 errors, 1 warning"""
    assert render_text(diagnostics, SPEC, color=False) == expected
    assert render_text(diagnostics[::-1], SPEC, color=False) == expected


def test_colors_change_nothing_else() -> None:
    painted = render_text([LINER], SPEC, color=True)
    assert painted.startswith("spec.json:10:16: \x1b[1;31merror[SC101]\x1b[0m: ")
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render_text([LINER], SPEC, color=False)


def test_nothing_to_say() -> None:
    assert render_text([], SPEC, color=True) == ""
    assert json.loads(render_json([], SPEC)) == {
        "format_version": "1.0", "spec": "spec.json", "valid": True, "error_count": 0,
        "warning_count": 0, "diagnostics": []}


def test_what_stands_nowhere_in_the_text() -> None:
    source = Source("spec.json", TEXT, frozenset(["/training/epochs", "/loss"]))
    diagnostics = [
        EMPTY_FRAME.at(file="bundle/f.parquet", frame="f", help="-"),
        OUT_OF_RANGE.at("/training/epochs", name="epochs", got=-1, wanted="must be at least 1"),
        UNKNOWN_KEY.at("/loss/foo", target="key", key="foo", owner="loss"),
        TOO_LARGE.at(size=2, limit=1, help="-"),
        EMPTY_FRAME.at("/extractors/label", file="bundle/g.parquet", frame="g", help="-"),
    ]
    assert render_text(diagnostics, source, color=False) == """\
spec.json: error[SC008]: the spec has 2 characters, the limit is 1
  help: -

spec.json:3:27: error[SC620]: the index frame 'g' has no rows
  3 |   "extractors": {"label": {"type": "plain"}},
    |                           ^^^^^^^^^^^^^^^^^ at /extractors/label
  file: bundle/g.parquet
  help: -

--set /loss: error[SC102]: unknown key 'foo' in loss

--set /training/epochs: error[SC106]: epochs is -1, must be at least 1

bundle/f.parquet: error[SC620]: the index frame 'f' has no rows
  help: -

5 errors"""


def test_an_override_does_not_claim_its_neighbours() -> None:
    source = Source("spec.json", TEXT, frozenset(["/spec", "/training/epoch"]))
    diagnostics = [WRONG_KIND.at("/specc", name="a", wanted="b", got="c"),
                   WRONG_KIND.at("/training/epochs", name="a", wanted="b", got="c")]
    assert "--set" not in render_text(diagnostics, source, color=False)


def test_without_a_source() -> None:
    assert render_text([LINER], None, color=False) == """\
spec: error[SC101]: unknown network type 'liner'
  at /network/factories/0/type
  help: did you mean 'linear'? known types: concat, linear, relu

1 error"""
    assert json.loads(render_json([LINER], None))["diagnostics"][0]["range"] is None


def test_an_offset_marks_its_token() -> None:
    text = '{"a": 1,\r\n "bcd": 1e999}'
    source = Source("s", text)
    first, second = [
        DUPLICATE_KEY.at("/a", target="key", offset=text.index('"bcd"'), key="bcd", help="-"),
        NOT_JSON.at(offset=len(text), reason="the text ends too early"),
    ]
    assert render_text([first, second], source, color=False) == """\
s:2:2: error[SC004]: the key 'bcd' stands twice in one object
  2 |  "bcd": 1e999}
    |  ^^^^^ at /a
  help: -

s:2:15: error[SC003]: not JSON: the text ends too early
  2 |  "bcd": 1e999}
    |               ^

2 errors"""


def test_an_empty_text() -> None:
    printed = render_text([NOT_JSON.at(offset=0, reason="the text is empty")], Source("s", ""),
                          color=False)
    assert printed.splitlines()[1:3] == ["  1 |", "    | ^"]


def frame(text: str, pointer: str) -> tuple[str, str]:
    """The line of code and the carets of one diagnostic, without the margin."""
    diagnostic = WRONG_KIND.at(pointer, name="a", wanted="b", got="c")
    code, carets = render_text([diagnostic], Source("s", text), color=False).splitlines()[1:3]
    return code.partition("| ")[2], carets.partition("| ")[2].partition(" at ")[0]


@pytest.mark.parametrize(("text", "code", "carets"), [
    ('{"\u540d\u524d": 1, "x": 2}', '{"\u540d\u524d": 1, "x": 2}', " " * 17 + "^"),
    ('{"e\u0301": 1, "x": 2}', '{"e\u0301": 1, "x": 2}', " " * 14 + "^"),
    ('{\t"x": 2}', '{    "x": 2}', " " * 10 + "^"),
    ('{"\u202e": 1, "x": 2}', '{"\\u202e": 1, "x": 2}', " " * 19 + "^"),
    ('{"\x7f": 1, "x": 2}', '{"\\x7f": 1, "x": 2}', " " * 17 + "^"),
    ('{"x": "\U0001f600"}', '{"x": "\U0001f600"}', " " * 6 + "^^^^"),
    ('{"x": [1,\n2]}', '{"x": [1,', " " * 6 + "^^^"),
    ('{"x": [1,\r\n2]}', '{"x": [1,', " " * 6 + "^^^"),
])
def test_the_caret_stands_below_its_token(text: str, code: str, carets: str) -> None:
    assert frame(text, "/x") == (code, carets)


@pytest.mark.parametrize(("before", "value", "after"), [
    (0, "7", 500), (500, "7", 0), (500, "7", 500), (40, "7", 40), (500, '"' + "z" * 500 + '"', 0),
    (70, "7", 5), (60, '"' + "z" * 60 + '"', 0), (100_000, "7", 100_000),
])
def test_long_lines_are_cut_around_the_caret(before: int, value: str, after: int) -> None:
    text = '{"' + "a" * before + '": 0, "x": ' + value + ', "' + "b" * after + '": 0}'
    code, carets = frame(text, "/x")
    assert len(f"  1 | {code}") <= 100
    start = len(carets) - len(carets.lstrip())
    marked = carets.strip()
    assert set(marked) == {"^"}
    assert value.startswith(code[start:start + len(marked)])
    assert len(marked) == len(value) or code.endswith("...")
    assert code[start - 5:start] == '"x": '
    if len(text) <= 94:
        assert code == text


WIDE = st.text(alphabet='ab\t\u0301\u540d\U0001f600\u202e\u200b\x7f\xe9', max_size=150)


@given(WIDE, WIDE)
def test_no_line_of_code_is_wider_than_the_terminal(before: str, after: str) -> None:
    def width(text: str) -> int:
        return sum(0 if unicodedata.combining(character) else
                   2 if unicodedata.east_asian_width(character) in "WF" else 1
                   for character in text)

    text = json.dumps({before: 0, "x y": "!!", after + "z": 0}, ensure_ascii=False)
    code, carets = frame(text, "/x y")
    assert width(code) <= 94
    start = width(code.partition('"!!"')[0])
    assert carets == " " * start + "^^^^"


def test_control_characters_never_reach_the_terminal() -> None:
    evil = "\x1b]0;x\x07\n\u202e"
    diagnostic = Diagnostic("SC101", Severity.ERROR, evil, pointer=f"/{evil}", help=evil,
                            related=(Related(evil, f"/{evil}"), Related(evil, file=evil)))
    for text in ("{}", json.dumps({evil: 1}, ensure_ascii=False)):
        for overridden in (frozenset[str](), frozenset([f"/{evil}"])):
            printed = render_text([diagnostic], Source(evil, text, overridden), color=False)
            assert all(character == "\n" or character.isprintable() for character in printed)
    assert render_json([diagnostic], Source(evil, "{}")).isascii()


def test_json() -> None:
    warning = UNUSED_EXTRACTOR.at("/extractors/label", target="key", name="label", help="-",
                                  related=(Related("here", "/network/type"),))
    report = json.loads(render_json([LINER, warning], SPEC))
    assert report == {
        "format_version": "1.0", "spec": "spec.json", "valid": False, "error_count": 1,
        "warning_count": 1,
        "diagnostics": [
            {"code": "SC205", "severity": "warning", "pointer": "/extractors/label",
             "message": "nothing reads the extractor 'label'",
             "range": {"start": {"line": 3, "column": 18}, "end": {"line": 3, "column": 25}},
             "file": None, "help": "-", "fix": None,
             "related": [{"message": "here", "pointer": "/network/type", "file": None,
                          "range": {"start": {"line": 8, "column": 13},
                                    "end": {"line": 8, "column": 27}}}]},
            {"code": "SC101", "severity": "error", "pointer": "/network/factories/0/type",
             "message": "unknown network type 'liner'",
             "range": {"start": {"line": 10, "column": 16}, "end": {"line": 10, "column": 23}},
             "file": None, "related": [], "help": LINER.help,
             "fix": [{"op": "replace", "path": "/network/factories/0/type", "value": "linear"}]},
        ],
    }


def test_a_value_over_several_lines_has_its_whole_range() -> None:
    report = json.loads(render_json([WRONG_KIND.at("/training", name="a", wanted="b", got="c")],
                                    SPEC))
    assert report["diagnostics"][0]["range"] == {"start": {"line": 4, "column": 15},
                                                 "end": {"line": 6, "column": 4}}


def test_only_warnings_are_valid() -> None:
    report = json.loads(render_json([UNUSED_EXTRACTOR.at("/extractors/label", name="x")], SPEC))
    assert (report["valid"], report["warning_count"]) == (True, 1)


def test_thousands_of_diagnostics_take_one_walk() -> None:
    text = json.dumps({f"key{number}": number for number in range(3000)}, indent=1)
    diagnostics = [UNKNOWN_KEY.at(f"/key{number}", target="key", key="k", owner="the spec")
                   for number in range(3000)]
    printed = render_text(diagnostics, Source("s", text), color=False)
    assert printed.endswith("\n\nand 2,900 more; --format json tells all\n\n3,000 errors")
    assert "s:101:2: " in printed
    assert "s:102:2: " not in printed
