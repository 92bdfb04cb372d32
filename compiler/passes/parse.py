"""Text to Document: strict JSON, every refusal with the offset of the token at fault."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from json.decoder import JSONDecodeError, JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from ..codes import DUPLICATE_KEY, LONE_SURROGATE, NOT_A_NUMBER, NOT_JSON, TOO_DEEP, TOO_LARGE
from ..diagnostic import Diagnostic, Related, Result
from ..pointer import pointer_of
from ..source import MAX_CHARACTERS
from ..stages import Document, Source

MAX_DEPTH = 64
"""Levels of objects and lists. jsonschema fails at about 180 levels, json.loads at 990."""

_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAYBE_SURROGATE = re.compile("[\ud800-\udfff]|\\\\u[dD][89a-fA-F]")
"""Also finds whole pairs and escaped backslashes; a second look decodes the strings."""
_SPACE = " \t\n\r"
_LONGEST_SAFE_INTEGER = 308
"""Digits that fit a double whatever they are; the largest double has 309."""


def parse(source: Source) -> Result[Document]:
    """Text to Document. Reports SC003 to SC008.

    Duplicate keys, bad numbers and lone surrogates are all reported; a syntax error hides
    what stands behind it, so it is reported alone. With duplicate keys the last one counts,
    and bad numbers are null, so that later passes can go on.
    """
    text = source.text
    if len(text) > MAX_CHARACTERS:
        return Result(None, (TOO_LARGE.at(size=f"{len(text):,}", limit=f"{MAX_CHARACTERS:,}"),))
    deep = first_too_deep(text, MAX_DEPTH)
    if deep is not None:
        return Result(None, (TOO_DEEP.at(offset=deep, limit=MAX_DEPTH),))
    refused: list[str] = []
    try:
        value = _strict_decoder(refused.append).decode(text)
    except JSONDecodeError as error:
        return Result(None, (_syntax_error(text, error),))
    if refused or _MAYBE_SURROGATE.search(text):
        found = tuple(_refusals(text))
        # Text with half a character cannot be printed, so no later message could repeat it.
        hopeless = any(entry.code == LONE_SURROGATE.name for entry in found)
        if hopeless or (found and not isinstance(value, dict)):
            return Result(None, found)
        bad_numbers = (entry.pointer for entry in found if entry.code == NOT_A_NUMBER.name)
        return Result(Document(source, value, frozenset(filter(None, bad_numbers))), found)
    return Result(Document(source, value))


def first_too_deep(text: str, limit: int) -> int | None:
    """The offset of the first bracket that opens more than `limit` levels, or None.

    Works on the text, before any parser recurses. Text that is not JSON may be judged
    wrongly behind its first mistake, where no parser goes.
    """
    depth = 0
    for match in _BRACKET.finditer(text):
        first = text[match.start()]
        if first in "{[":
            depth += 1
            if depth > limit:
                return match.start()
        elif first != '"':
            depth -= 1
    return None


def _strict_decoder(refuse: Callable[[str], None]) -> JSONDecoder:
    """The standard decoder; what strict JSON lacks is told to `refuse` and read as null."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            refuse("key")
        return members

    def number(read: Callable[[str], Any]) -> Callable[[str], Any]:
        def checked(literal: str) -> Any:
            if _overflows(literal):
                refuse(literal)
                return None
            return read(literal)

        return checked

    return JSONDecoder(object_pairs_hook=members, parse_int=number(int),
                       parse_float=number(float), parse_constant=refuse)


def _overflows(literal: str) -> bool:
    if literal.lstrip("-").isdigit() and len(literal) <= _LONGEST_SAFE_INTEGER:
        return False
    return math.isinf(float(literal))


class _Level:
    """An open object or list, while the text is scanned for refused tokens."""

    __slots__ = ("is_object", "keys", "token")

    def __init__(self, bracket: str) -> None:
        self.is_object = bracket == "{"
        self.keys: set[str] = set()
        self.token: str | int = "" if self.is_object else 0


def _refusals(text: str) -> Iterator[Diagnostic]:
    """The duplicate keys, bad numbers and lone surrogates of a text that is JSON otherwise.

    Slower than the C parser, so it runs only when that has found one of them.
    """
    levels: list[_Level] = []
    expects_key = False
    for match in _TOKEN.finditer(text):
        token, offset = match[0], match.start()
        if token in "{[":
            levels.append(_Level(token))
            expects_key = token == "{"
        elif token in "]}":
            levels.pop()
            expects_key = False
        elif token == ",":
            level = levels[-1]
            expects_key = level.is_object
            if isinstance(level.token, int):
                level.token += 1
        elif token[0] == '"':
            string = scanstring(token, 1)[0]
            if _SURROGATE.search(string):
                yield LONE_SURROGATE.at(offset=offset)
            if expects_key:
                level = levels[-1]
                level.token = string
                if string in level.keys:
                    yield _duplicate(string, pointer_of(level.token for level in levels), offset)
                level.keys.add(string)
                expects_key = False
        elif token not in (":", "true", "false", "null") and not _is_finite(token):
            pointer = pointer_of(level.token for level in levels)
            yield NOT_A_NUMBER.at(pointer, offset=offset, literal=_shortened(token))


def _duplicate(key: str, pointer: str, offset: int) -> Diagnostic:
    first = Related("the first of the two", pointer=pointer)
    return DUPLICATE_KEY.at(pointer, target="key", offset=offset, related=(first,), key=key)


def _is_finite(literal: str) -> bool:
    return literal not in ("NaN", "Infinity", "-Infinity") and not _overflows(literal)


def _shortened(token: str) -> str:
    return token if len(token) <= 30 else f"{token[:20]}... ({len(token):,} characters)"


# Syntax errors. The standard messages name what the parser expected; a person wants to know
# what is wrong with what stands there.


_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false",
          "off": "false", "null": "null", "none": "null", "undefined": "null", "nil": "null"}
_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")


class _Reason(NamedTuple):
    """What is wrong in a text, at which offset, and the repair."""

    offset: int
    reason: str
    help: str | None = None


def _syntax_error(text: str, error: JSONDecodeError) -> Diagnostic:
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
    for match in _BRACKET.finditer(head):
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
    atom, name = text[start:end], _shortened(text[start:end])
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
