"""Why a text is not JSON, in words.

The standard messages name what the parser expected; a person wants to know what is wrong
with what stands there.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecodeError
from typing import NamedTuple

from ..diagnostics.codes import NOT_JSON
from ..diagnostics.diagnostic import Diagnostic

BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A string, closed or not, or a bracket."""

_SPACE = " \t\n\r"
_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false",
          "off": "false", "null": "null", "none": "null", "undefined": "null", "nil": "null"}
_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")


class _Reason(NamedTuple):
    """What is wrong in a text, at which offset, and the repair."""

    offset: int
    reason: str
    help: str | None = None


def syntax_error(text: str, error: JSONDecodeError) -> Diagnostic:
    offset, reason, help = _reason(text, error)
    return NOT_JSON.at(offset=offset, reason=reason, help=help)


def _reason(text: str, error: JSONDecodeError) -> _Reason:
    in_string = _string_reason(text, error)
    if in_string is not None:
        return in_string
    at = error.pos
    while text[at:at + 1] and text[at] in _SPACE:
        at += 1
    head = text[:at].rstrip(_SPACE)
    before = head[-1:]
    rest = text[at:]
    if not rest:
        return _early_end(head)
    if rest[0] in "}]" and before == ",":
        return _Reason(len(head) - 1, "a trailing comma", "remove the comma")
    if rest[0] == "," and before in ("{", "[", ",", ":"):
        return _Reason(at, "a comma with nothing before it", "remove it, or write what is missing")
    if rest[0] == "," and rest[1:].lstrip(_SPACE)[:1] in ("}", "]"):
        return _Reason(at, "a trailing comma", "remove the comma")
    return _wrong_sign(at, rest) or _wrong_atom(text, at, error.msg) or _wrong_order(
        at, rest[0], error.msg)


def _string_reason(text: str, error: JSONDecodeError) -> _Reason | None:
    """The reason when the mistake is inside a string."""
    message, at = error.msg, error.pos
    if message.startswith("Unterminated string"):
        return _Reason(at, "a string without an end", "close it with a double quote")
    if message.startswith("Invalid control character"):
        if text[at:at + 1] in ("\n", "\r"):
            return _Reason(at, "a string that runs over the end of its line",
                           r"close it with a double quote, or write the line break as \n")
        return _Reason(at, "a control character in a string",
                       f"write it as \\u{ord(text[at]):04x}, or remove it")
    if message.startswith("Invalid \\"):
        # The parser points at the backslash, or behind it for \u.
        start = text.rfind("\\", 0, at + 1)
        return _Reason(start, f"{text[start:start + 2]} starts no valid escape",
                       r"write a backslash as two: \\")
    return None


def _early_end(head: str) -> _Reason:
    if not head.strip(_SPACE):
        return _Reason(0, "the text is empty", 'a spec is one object: {"specc": 1, ...}')
    open_brackets = []
    for match in BRACKET.finditer(head):
        if match[0] in "{[":
            open_brackets.append("}" if match[0] == "{" else "]")
        elif match[0] in "}]" and open_brackets:
            open_brackets.pop()
    close = "".join(reversed(open_brackets))
    return _Reason(len(head), "the text ends too early",
                   f"close what is open with {close}" if close else None)


def _wrong_sign(at: int, rest: str) -> _Reason | None:
    """The reason when JSON has no such sign at all: other quotes, comments, a mark."""
    if rest[0] in "'`\u2018\u2019\u201c\u201d":
        kind = "single quotes" if rest[0] in "'\u2018\u2019" else f"the quote {rest[0]}"
        return _Reason(at, kind, 'write strings in double quotes: "name"')
    if rest.startswith(("//", "/*", "#")):
        return _Reason(at, "a comment", 'remove it; the key "description" may say what it said')
    if rest[0] == "\ufeff":
        return _Reason(at, "a byte order mark", "save the file as UTF-8 without the mark")
    return None


def _wrong_atom(text: str, at: int, expected: str) -> _Reason | None:
    """The reason when the mistake is a word or a number, such as `True`, `.5`, `1.` or `01`.

    The parser stops inside of some of them, so the atom is widened to both sides.
    """
    start, end = at, at
    while start > 0 and _is_atomic(text[start - 1]):
        start -= 1
    while end < len(text) and _is_atomic(text[end]):
        end += 1
    atom, name = text[start:end], shortened(text[start:end])
    if not atom:
        return None
    if expected.startswith("Expecting property name") and text[end:].lstrip(_SPACE)[:1] == ":":
        return _Reason(start, f"the key {name} has no quotes", f'write "{name}"')
    if _LITERAL.fullmatch(atom) or (start == at and expected.startswith("Extra data")):
        return None
    if atom[0] in "+-." or atom[0].isdigit():
        return _Reason(start, f"{name} is no JSON number", "write numbers like 1, 0.5, -2 or 1e-3")
    meant = _WORDS.get(atom.lower())
    return _Reason(start, f"{name} is no JSON value",
                   f"write {meant}" if meant else f'write strings in double quotes: "{name}"')


def _is_atomic(character: str) -> bool:
    return character.isalnum() or character in "_+-."


def _wrong_order(at: int, found: str, expected: str) -> _Reason:
    """The reason when the token is sound and stands in the wrong place."""
    if expected.startswith("Extra data"):
        if found in "}]":
            return _Reason(at, f"{found} closes nothing", "remove it")
        return _Reason(at, "more text after the end of the spec", "remove it")
    if expected.startswith("Expecting ','"):
        if found in "}]:=;":
            return _Reason(at, f"{found} where a comma or the closing bracket belongs")
        return _Reason(at, "a comma is missing before this", "write a comma between the two")
    if expected.startswith("Expecting ':'"):
        return _Reason(at, "a colon is missing behind the key", 'write "key": value')
    wanted = "a key" if expected.startswith("Expecting property name") else "a value"
    return _Reason(at, f"{found} where {wanted} belongs", f"write {wanted} in its place")


def shortened(token: str) -> str:
    return token if len(token) <= 30 else f"{token[:20]}... ({len(token):,} characters)"
