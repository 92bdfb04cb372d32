"""SARIF, GitHub annotations, faults, and how quick reporters are.

Text and JSON are in test_render.py. Not checked here: what GitHub makes of the output. The
JSON Schema of SARIF is a part of the standard's, written by hand for what specc writes.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from specc.compiler.diagnostics.codes import (
    EMPTY_FRAME,
    TOO_LARGE,
    UNKNOWN_KEY,
    UNKNOWN_TYPE,
    WRONG_KIND,
)
from specc.compiler.diagnostics.diagnostic import Diagnostic, Related, Severity
from specc.compiler.diagnostics.rules import RULES
from specc.compiler.reporters import FORMATS, render, render_fault
from specc.compiler.reporters.sarif import uri
from specc.compiler.stages import Source

TEXT = """\
{
  "specc": 1,
  "n\u00e9\U0001f600twork": {"tpye": "x"},
  "list": [1, 2]
}
"""
SOURCE = Source("specs/a b.json", TEXT)
RENAME = UNKNOWN_KEY.at(
    "/n\u00e9\U0001f600twork/tpye", target="key", key="tpye", owner="network",
    help="did you mean 'type'?", related=(Related("the network", "/list"),),
    fix=({"op": "move", "from": "/n\u00e9\U0001f600twork/tpye",
          "path": "/n\u00e9\U0001f600twork/type"},))
SEVERAL = WRONG_KIND.at("/list", name="list", wanted="a string", got="a list", fix=(
    {"op": "remove", "path": "/list/0"}, {"op": "remove", "path": "/list/0"}))
FRAME = EMPTY_FRAME.at(file="bundle/index.parquet", frame="index")
EVERYTHING = (RENAME, SEVERAL, FRAME, TOO_LARGE.at(size=2, limit=1, help="50% off\r\n"))

TEXT_ONLY = {"type": "object", "required": ["text"], "additionalProperties": False,
             "properties": {"text": {"type": "string", "minLength": 1}}}
POSITIVE = {"type": "integer", "minimum": 1}
NATURAL = {"type": "integer", "minimum": 0}
ARTIFACT = {"type": "object", "required": ["uri"], "additionalProperties": False, "properties": {
    "uri": {"type": "string", "pattern": r"^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2}|file:///)+$"}}}
REGION = {
    "type": "object", "additionalProperties": False,
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "properties": {
        **dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), POSITIVE),
        **dict.fromkeys(("charOffset", "charLength"), NATURAL),
    },
}
LOCATION = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "minimum": -1}, "message": TEXT_ONLY,
        "physicalLocation": {
            "type": "object", "required": ["artifactLocation"], "additionalProperties": False,
            "properties": {"artifactLocation": ARTIFACT, "region": REGION}},
        "logicalLocations": {"type": "array", "items": {
            "type": "object", "additionalProperties": False,
            "properties": {"fullyQualifiedName": {"type": "string"}}}},
    },
}
FIX = {
    "type": "object", "required": ["artifactChanges"], "additionalProperties": False,
    "properties": {
        "description": TEXT_ONLY,
        "artifactChanges": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["artifactLocation", "replacements"],
            "additionalProperties": False,
            "properties": {"artifactLocation": ARTIFACT, "replacements": {
                "type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["deletedRegion"], "additionalProperties": False,
                    "properties": {"deletedRegion": REGION, "insertedContent": {
                        "type": "object", "required": ["text"]}}}}}}},
    },
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RESULT = {
    "type": "object", "required": ["ruleId", "ruleIndex", "level", "message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": -1},
        "level": LEVEL, "message": TEXT_ONLY,
        "locations": {"type": "array", "maxItems": 1, "items": LOCATION},
        "relatedLocations": {"type": "array", "uniqueItems": True, "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "fixes": {"type": "array", "uniqueItems": True, "items": FIX},
    },
}
RULE = {
    "type": "object", "required": ["id"], "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        **dict.fromkeys(("shortDescription", "fullDescription", "help"), TEXT_ONLY),
        "defaultConfiguration": {"type": "object", "additionalProperties": False,
                                 "properties": {"level": LEVEL}},
    },
}
LOG = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["tool", "results"], "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"], "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "version": {"type": "string"},
                                   "rules": {"type": "array", "uniqueItems": True,
                                             "items": RULE}}}}},
                "invocations": {"type": "array", "items": {
                    "type": "object", "required": ["executionSuccessful"],
                    "properties": {
                        "executionSuccessful": {"type": "boolean"},
                        "toolExecutionNotifications": {"type": "array", "items": {
                            "type": "object", "required": ["message"],
                            "properties": {"message": TEXT_ONLY, "level": LEVEL}}}}}},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "newlineSequences": {"type": "array", "minItems": 1, "uniqueItems": True,
                                     "items": {"type": "string"}},
                "results": {"type": "array", "items": RESULT},
            }}},
    },
}
SARIF = Draft202012Validator(LOG)


def printed(form: str, diagnostics: Any = EVERYTHING, source: Source | None = SOURCE) -> str:
    return render(diagnostics, source, form, color=False, version="1.2.3")


def sarif(diagnostics: Any = EVERYTHING, source: Source | None = SOURCE) -> dict[str, Any]:
    log = json.loads(printed("sarif", diagnostics, source))
    SARIF.validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif_of_a_finding_with_everything() -> None:
    (result,) = sarif([RENAME])["results"]
    region = {"startLine": 3, "startColumn": 16, "endLine": 3, "endColumn": 22,
              "charOffset": TEXT.index('"tpye"'), "charLength": 6}
    file = {"uri": "specs/a%20b.json"}
    assert len(result.pop("partialFingerprints")["codeAndPlace/v1"]) == 32
    assert result == {
        "ruleId": "SC102", "ruleIndex": 0, "level": "error",
        "message": {"text": "unknown key 'tpye' in network\nhelp: did you mean 'type'?"},
        "locations": [{
            "physicalLocation": {"artifactLocation": file, "region": region},
            "logicalLocations": [{"fullyQualifiedName": "/n\u00e9\U0001f600twork/tpye"}]}],
        "relatedLocations": [{
            "id": 1, "message": {"text": "the network"},
            "physicalLocation": {"artifactLocation": file, "region": {
                "startLine": 4, "startColumn": 11, "endLine": 4, "endColumn": 17,
                "charOffset": TEXT.index("[1"), "charLength": 6}},
            "logicalLocations": [{"fullyQualifiedName": "/list"}]}],
        "fixes": [{
            "description": {"text": "did you mean 'type'?"},
            "artifactChanges": [{"artifactLocation": file, "replacements": [
                {"deletedRegion": region, "insertedContent": {"text": '"type"'}}]}]}],
    }


def test_sarif_fixes_are_the_text_of_the_repair() -> None:
    (result,) = sarif([RENAME])["results"]
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    start = replacement["deletedRegion"]["charOffset"]
    end = start + replacement["deletedRegion"]["charLength"]
    text = TEXT[:start] + replacement["insertedContent"]["text"] + TEXT[end:]
    assert json.loads(text)["n\u00e9\U0001f600twork"] == {"type": "x"}


def test_sarif_rules_are_those_found_each_once() -> None:
    run = sarif([*EVERYTHING, RENAME])
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["SC008", "SC102", "SC104", "SC620"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["version"] == "1.2.3"


def test_sarif_of_findings_beside_the_text() -> None:
    about_spec, *_, about_frame = sarif()["results"]
    assert "region" not in about_spec["locations"][0]["physicalLocation"]
    assert about_frame["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "bundle/index.parquet"}}}]
    assert all("fixes" not in result for result in sarif([SEVERAL, FRAME])["results"])
    assert sarif([RENAME], None)["results"][0]["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "/n\u00e9\U0001f600twork/tpye"}]}]
    assert sarif([TOO_LARGE.at(size=2, limit=1)], None)["results"][0]["locations"] == []


def test_sarif_without_findings() -> None:
    run = sarif([])
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_sarif_fingerprint_outlives_edits_elsewhere() -> None:
    def prints(text: str) -> list[str]:
        return [result["partialFingerprints"]["codeAndPlace/v1"]
                for result in sarif([RENAME, SEVERAL], Source("s", text))["results"]]

    assert prints(TEXT) == prints("\n\n" + TEXT.replace('"specc": 1', '"specc": 11'))
    assert len(set(prints(TEXT))) == 2


def test_sarif_rules_of_all_codes_are_valid() -> None:
    sarif([Diagnostic(code, rule.severity, "-") for code, rule in RULES.items()])


def test_uris_are_relative_to_the_working_folder(tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert uri("a:b/\u00e9#.json") == "a%3Ab/%C3%A9%23.json"
    assert uri(str(tmp_path / "x" / "y.json")) == "x/y.json"
    assert uri(str(tmp_path.parent / "y.json")) == (tmp_path.parent / "y.json").as_uri()


def test_github() -> None:
    pointer = "/n\u00e9\U0001f600twork/tpye"
    assert printed("github") == f"""\
::error file=specs/a b.json,title=SC008::the spec has 2 characters, the limit is 1%0A\
help: 50%25 off\\r\\n
::error file=specs/a b.json,line=3,col=16,endLine=3,endColumn=22,title=SC102 at {pointer}::\
unknown key 'tpye' in network%0Asee: the network%0Ahelp: did you mean 'type'?
::error file=specs/a b.json,line=4,col=11,endLine=4,endColumn=17,title=SC104 at /list::\
list must be a string, got a list
::error file=bundle/index.parquet,title=SC620::the index frame 'index' has no rows\
{'%0Ahelp: ' + FRAME.help if FRAME.help else ''}
4 errors"""


def test_github_of_an_override_and_of_nothing() -> None:
    source = Source("s.json", TEXT, frozenset(["/list"]))
    assert printed("github", [SEVERAL], source).splitlines()[0] == (
        "::error title=SC104 at /list::--set /list: list must be a string, got a list")
    assert printed("github", [], source) == "s.json: no mistakes found"


def test_github_escapes_what_ends_a_property() -> None:
    warning = Diagnostic("SC102", Severity.WARNING, "a,b:c%", pointer="/a,b:c%\n")
    line, _ = printed("github", [warning], Source("x,y:z%\n.json", "{}")).splitlines()
    assert line.startswith("::warning file=x%2Cy%3Az%25%0A.json,line=1,col=1,")
    assert line.endswith(",title=SC102 at /a%2Cb%3Ac%25\\n::a,b:c%25")


EVIL = st.text(alphabet="a:,%\r\n\x1b\u202e\u2028\u00e9", max_size=6)


@given(EVIL, EVIL, EVIL)
def test_one_annotation_is_one_line(message: str, pointer: str, name: str) -> None:
    found = Diagnostic("SC101", Severity.ERROR, message, pointer=f"/{pointer}", help=message,
                       file=name, related=(Related(message, f"/{pointer}"),))
    for source in (None, Source(name, "{}")):
        lines = printed("github", [found], source).split("\n")
        assert len(lines) == 2
        assert lines[0].startswith("::error ")
        assert "\r" not in lines[0] and "\x1b" not in lines[0].partition("title=")[2]
    sarif([Diagnostic("SC101", Severity.ERROR, "-", pointer=f"/{pointer}")], Source("s", "{}"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_fault_has_every_form(form: str) -> None:
    text = render_fault("KeyError: 'x'", form, version="1")
    assert "KeyError: 'x'" in text
    if form == "json":
        report = json.loads(text)
        assert (report["format_version"], report["valid"], report["error_count"],
                report["diagnostics"]) == ("1.0", None, 0, [])
    if form == "sarif":
        log = json.loads(text)
        SARIF.validate(log)
        assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_text_shows_a_hundred_and_errors_first() -> None:
    warnings = [Diagnostic("SC205", Severity.WARNING, "w", pointer=f"/k{number}")
                for number in range(150)]
    errors = [UNKNOWN_TYPE.at(f"/k{number}", family="f", name="n") for number in range(150, 160)]
    source = Source("s", json.dumps({f"k{number}": 0 for number in range(160)}, indent=1))
    shown = printed("text", [*warnings, *errors], source)
    assert shown.count("error[") == 10
    assert shown.count("warning[") == 90
    assert shown.endswith("\n\nand 60 more; --format json tells all\n\n10 errors, 150 warnings")


@pytest.mark.parametrize("form", FORMATS)
def test_thousands_of_findings_are_quick(form: str) -> None:
    """One walk over the text; with one for each finding this takes minutes."""
    text = json.dumps({f"k{number}": {"a": 1} for number in range(4_000)}, indent=1)
    found = [UNKNOWN_KEY.at(f"/k{number}/a", target="key", key="a", owner="o", fix=(
        {"op": "move", "from": f"/k{number}/a", "path": f"/k{number}/b"},))
        for number in range(4_000)]
    start = time.perf_counter()
    printed(form, found, Source("s", text))
    assert time.perf_counter() - start < 8
