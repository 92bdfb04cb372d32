"""Quiet hours: windows of the week as text, and which minutes of a week lie in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...schema.pace import DAYS, WINDOW
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..stages import Graph
from ..text.pointer import join, touched

DAY = 24 * 60
WEEK = 7 * DAY
"""Minutes."""

PLACE = "/training/quiet_hours"

_FORM = re.compile(WINDOW)


def quiet_week(windows: Sequence[str]) -> bytes:
    """1 for each minute of a week from Monday 00:00 on that lies in a window, else 0, `[WEEK]`.

    Raises ValueError, as `window_minutes`.
    """
    week = bytearray(WEEK)
    for window in windows:
        for minute in window_minutes(window):
            week[minute] = 1
    return bytes(week)


def window_minutes(text: str) -> Iterator[int]:
    """The minutes of a week in one window, which belongs to the days on which it begins.

    Raises ValueError with the reason, also where the pattern of the schema does not match.
    """
    if not _FORM.fullmatch(text):
        raise ValueError("it does not read like 22:00-06:00 or mon-fri 08:00-18:00")
    days, _, hours = text.rpartition(" ")
    begin, end = (_minute(part) for part in hours.split("-"))
    if begin == DAY:
        raise ValueError("a day ends at 24:00, so no window begins then; write 00:00")
    if begin == end:
        raise ValueError("the window is empty; a whole day is 00:00-24:00")
    length = end - begin if end > begin else end + DAY - begin
    for day in _days(days) if days else range(len(DAYS)):
        for minute in range(length):
            yield (day * DAY + begin + minute) % WEEK


def _minute(text: str) -> int:
    """Minutes from midnight, of `00:00` to `24:00`."""
    hours, minutes = map(int, text.split(":"))
    if minutes >= 60 or hours * 60 + minutes > DAY:
        raise ValueError(f"{text} is no time of the day")
    return hours * 60 + minutes


def _days(text: str) -> Iterator[int]:
    """Numbers of days, from 0 for Monday; `fri-mon` goes on into the next week."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin = DAYS.index(first)
        count = (DAYS.index(last or first) - begin) % len(DAYS) + 1
        yield from ((begin + day) % len(DAYS) for day in range(count))


def check_quiet_hours(graph: Graph) -> Iterator[Diagnostic]:
    """Windows that are none, and windows that leave nothing of the week.

    Reports: SC415, SC416.
    """
    week, sound = bytearray(WEEK), True
    for index, window in enumerate(graph.training.quiet_hours):
        pointer = join(PLACE, index)
        if touched(pointer, graph.holes):
            sound = False
            continue
        try:
            for minute in window_minutes(window):
                week[minute] = 1
        except ValueError as error:
            sound = False
            yield codes.BAD_QUIET_HOURS.at(pointer, window=window, reason=error)
    if sound and all(week):
        yield codes.ALWAYS_QUIET.at(PLACE)
