"""Where a JSON Pointer (RFC 6901) stands in a text, found when a diagnostic asks for it.

The standard parser gives values without places. Instead of a second parser with places,
the C scanner skips over the siblings of what is looked for, so the search is as quick as
one more parse.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any

from .pointer import parts

_SPACE = re.compile(r"[ \t\n\r]*")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_LINE_END = re.compile(r"\r\n?|\n")

# Numbers stay strings: a skipped value must neither cost nor overflow.
_scan: Any = vars(JSONDecoder(parse_int=str, parse_float=str))["scan_once"]


@dataclass(frozen=True)
class Span:
    """A place in a text, in code points from 0; each end is one past the last character.

    Args:
        value: start and end of the value.
        key: start and end of its key, quotes included; None in a list and at the root.
    """

    value: tuple[int, int]
    key: tuple[int, int] | None = None


def line_starts(text: str) -> list[int]:
    """The offset of the first character of each line; lines end as editors end them."""
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def position_in(starts: list[int], offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1, in a text whose lines start at `starts`."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1 and in code points."""
    return position_in(line_starts(text), offset)


def locate(text: str, pointer: str) -> Span | None:
    """The place of one pointer, or None where the text has no such value."""
    return locate_all(text, (pointer,)).get(pointer)


def locate_all(text: str, pointers: Iterable[str]) -> dict[str, Span]:
    """The places of several pointers, in one walk over the text.

    Pointers without a place, and those behind a syntax error, are left out.
    Of equal keys the first counts.
    """
    root = _Wanted()
    for pointer in pointers:
        try:
            tokens = parts(pointer)
        except ValueError:
            continue
        node = root
        for token in tokens:
            node = node.children.setdefault(token, _Wanted())
        node.pointer = pointer
    found: dict[str, Span] = {}
    with suppress(ValueError, StopIteration, IndexError, RecursionError):
        _walk(text, _skip_space(text, 0), root, None, found)
    return found


class _Wanted:
    """The pointers that are looked for, as a tree of tokens."""

    __slots__ = ("children", "pointer")

    def __init__(self) -> None:
        self.children: dict[str, _Wanted] = {}
        self.pointer: str | None = None


def _walk(text: str, start: int, wanted: _Wanted, key: tuple[int, int] | None,
          found: dict[str, Span]) -> int:
    """Notes the places of what is wanted in the value at `start`; gives the end of the value."""
    if not wanted.children or text[start] not in "{[":
        end: int = _scan(text, start)[1]
    elif text[start] == "{":
        end = _walk_object(text, start, wanted, found)
    else:
        end = _walk_list(text, start, wanted, found)
    if wanted.pointer is not None:
        found[wanted.pointer] = Span((start, end), key)
    return end


def _walk_object(text: str, start: int, wanted: _Wanted, found: dict[str, Span]) -> int:
    left = dict(wanted.children)
    at = _skip_space(text, start + 1)
    while text[at] != "}":
        name, key_end = scanstring(text, _expect(text, at, '"') + 1)
        colon = _COLON.match(text, key_end)
        if colon is None:
            raise ValueError(f"expected : at {key_end}")
        child = left.pop(name, None)
        end = (_scan(text, colon.end())[1] if child is None
               else _walk(text, colon.end(), child, (at, key_end), found))
        at = _next(text, end, "}")
    return at + 1


def _walk_list(text: str, start: int, wanted: _Wanted, found: dict[str, Span]) -> int:
    at = _skip_space(text, start + 1)
    index = 0
    while text[at] != "]":
        child = wanted.children.get(str(index))
        end = _scan(text, at)[1] if child is None else _walk(text, at, child, None, found)
        at = _next(text, end, "]")
        index += 1
    return at + 1


def _next(text: str, end: int, close: str) -> int:
    """The offset of the next element behind `end`, or of the closing bracket."""
    at = _skip_space(text, end)
    return at if text[at] == close else _skip_space(text, _expect(text, at, ",") + 1)


def _expect(text: str, at: int, character: str) -> int:
    if text[at] != character:
        raise ValueError(f"expected {character} at {at}")
    return at


def _skip_space(text: str, at: int) -> int:
    match: Any = _SPACE.match(text, at)
    end: int = match.end()
    return end
