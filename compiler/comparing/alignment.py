"""Which element of one list is which of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .canonical import as_text

Pair = tuple[int | None, int | None]
"""Places of one element in the first and in the second list; None where it is not."""

_ALONE, _SAME_KIND, _OTHER_KIND = 4, 6, 7
"""What it costs to leave an element without a partner, and to take two different ones for one.

Two different ones cost less than two without partners, so what stands in the place of another is
a change; and more than one, so an equal element further on is found."""

_MOST_COMPARED = 250_000
"""Pairs of elements that are weighed; longer lists are compared place by place."""


def aligned(first: Sequence[Any], second: Sequence[Any]) -> list[Pair]:
    """The elements of two lists in pairs, in order, at the least cost (Wagner and Fischer 1974,
    "The string-to-string correction problem").

    Every place of both lists is in one pair. The other way round the pairs are the same.
    """
    left, right = [as_text(element) for element in first], [as_text(e) for e in second]
    if left > right:
        # Of several alignments at one cost both directions find the same.
        return [(here, there) for there, here in aligned(second, first)]
    shorter = min(len(left), len(right))
    start = next((place for place in range(shorter) if left[place] != right[place]), shorter)
    end = next((place for place in range(shorter - start) if left[-1 - place] != right[-1 - place]),
               shorter - start)
    rows, columns = len(left) - end, len(right) - end
    same: list[Pair] = [(place, place) for place in range(start)]
    tail: list[Pair] = [(rows + place, columns + place) for place in range(end)]
    if _are_numbers(first, second) or (rows - start) * (columns - start) > _MOST_COMPARED:
        most = max(rows, columns)
        middle: list[Pair] = [(place if place < rows else None, place if place < columns else None)
                              for place in range(start, most)]
    else:
        middle = _cheapest(left, right, [_kind(element) for element in first],
                           [_kind(element) for element in second], start, rows, columns)
    return [*same, *middle, *tail]


def _cheapest(left: Sequence[str], right: Sequence[str], left_kinds: Sequence[str],
              right_kinds: Sequence[str], start: int, rows: int, columns: int) -> list[Pair]:
    """The places from `start` up to `rows` and `columns`, paired."""

    def together(row: int, column: int) -> int:
        if left[row] == right[column]:
            return 0
        return _SAME_KIND if left_kinds[row] == right_kinds[column] else _OTHER_KIND

    height, width = rows - start, columns - start
    # cost[i][j] is that of all from the places i and j on.
    cost = [[_ALONE * (height - i + width - j) for j in range(width + 1)]
            for i in range(height + 1)]
    for i in reversed(range(height)):
        for j in reversed(range(width)):
            cost[i][j] = min(together(start + i, start + j) + cost[i + 1][j + 1],
                             _ALONE + cost[i + 1][j], _ALONE + cost[i][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < height or j < width:
        row, column = start + i, start + j
        if i < height and j < width and (
                cost[i][j] == together(row, column) + cost[i + 1][j + 1]):
            pairs.append((row, column))
            i, j = i + 1, j + 1
        elif i < height and cost[i][j] == _ALONE + cost[i + 1][j]:
            pairs.append((row, None))
            i += 1
        else:
            pairs.append((None, column))
            j += 1
    return pairs


def _are_numbers(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Whether the lists are vectors of one length, in which a number is known by its place."""
    return len(first) == len(second) and all(
        isinstance(element, int | float) for element in (*first, *second))


def _kind(element: Any) -> str:
    if isinstance(element, dict):
        return f"object {element.get('type')}"
    return "list" if isinstance(element, list) else "scalar"
