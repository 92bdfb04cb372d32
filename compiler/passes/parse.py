"""Text to Document: strict JSON, every refusal with the offset of the token at fault."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import islice
from json.decoder import JSONDecodeError, JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any

from ..diagnostics.codes import DUPLICATE_KEY, LONE_SURROGATE, NOT_A_NUMBER, TOO_DEEP, TOO_LARGE
from ..diagnostics.diagnostic import Diagnostic, Related, Result
from ..stages import Document, Source
from ..text.limits import check_counts
from ..text.pointer import pointer_of
from ..text.source import MAX_CHARACTERS
from ..text.syntax import BRACKET, shortened, syntax_error

MAX_DEPTH = 64
"""Levels of objects and lists. jsonschema fails at about 180 levels, json.loads at 990."""

MOST_REFUSALS = 100
"""Duplicate keys, bad numbers and half characters that are told one by one."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAYBE_SURROGATE = re.compile("[\ud800-\udfff]|\\\\u[dD][89a-fA-F]")
"""Also finds whole pairs and escaped backslashes; a second look decodes the strings."""
_LONGEST_SAFE_INTEGER = 308
"""Digits that fit a double whatever they are; the largest double has 309."""


def parse(source: Source) -> Result[Document]:
    """Text to Document. Reports SC003 to SC008, and SC106 for lists and objects beyond all
    bounds.

    Duplicate keys, bad numbers and lone surrogates are all reported; a syntax error hides
    what stands behind it, so it is reported alone. With duplicate keys the last one counts,
    and bad numbers are null, so that later passes can go on.
    """
    text = source.text
    if len(text) > MAX_CHARACTERS:
        return Result(None, (TOO_LARGE.at("", size=f"{len(text):,}", limit=f"{MAX_CHARACTERS:,}"),))
    deep = first_too_deep(text, MAX_DEPTH)
    if deep is not None:
        return Result(None, (TOO_DEEP.at(offset=deep, limit=MAX_DEPTH),))
    refused: list[str] = []
    try:
        value = _strict_decoder(refused.append).decode(text)
    except JSONDecodeError as error:
        return Result(None, (syntax_error(text, error),))
    too_long = check_counts(value)
    if too_long:
        return Result(None, too_long)
    if refused or _MAYBE_SURROGATE.search(text):
        found = tuple(islice(_refusals(text), MOST_REFUSALS))
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
    for match in BRACKET.finditer(text):
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
            yield NOT_A_NUMBER.at(pointer, offset=offset, literal=shortened(token))


def _duplicate(key: str, pointer: str, offset: int) -> Diagnostic:
    first = Related("the first of the two", pointer=pointer)
    return DUPLICATE_KEY.at(pointer, target="key", offset=offset, related=(first,), key=key)


def _is_finite(literal: str) -> bool:
    return literal not in ("NaN", "Infinity", "-Infinity") and not _overflows(literal)
