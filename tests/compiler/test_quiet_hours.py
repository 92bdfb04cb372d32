"""Quiet hours as text: which minutes of the week a window holds, and what is no window.

Not checked here: when a pause ends by the clock (tests/runtime/test_quiet_hours.py), and the
messages (golden/resolve/err/quiet_hours_*).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.resolution.quiet_hours import DAY, WEEK, quiet_week, window_minutes
from specc.schema.pace import DAYS, WINDOW

import specc

HOUR = 60


def hours(*spans: tuple[int, int]) -> list[int]:
    """The minutes from one hour of the week to another, for each span."""
    return sorted(minute for begin, end in spans for minute in range(begin * HOUR, end * HOUR))


@pytest.mark.parametrize(("text", "wanted"), [
    ("sun 00:00-24:00", hours((144, 168))),
    ("sat,sun 00:00-24:00", hours((120, 168))),
    ("mon-fri 08:00-18:00", hours(*((day * 24 + 8, day * 24 + 18) for day in range(5)))),
    ("tue 22:00-06:00", hours((46, 54))),
    ("sun 22:00-06:00", hours((0, 6), (166, 168))),
    ("sun-mon 23:00-24:00", hours((23, 24), (167, 168))),
    ("mon,wed-thu 00:00-01:00", hours((0, 1), (48, 49), (72, 73))),
    ("mon,mon-tue 00:00-01:00", hours((0, 1), (24, 25))),
    ("wed-wed 00:00-01:00", hours((48, 49))),
    ("22:00-06:00", hours((0, 6), *((day * 24 - 2, day * 24 + 6) for day in range(1, 7)),
                          (166, 168))),
    ("mon 00:01-00:02", [1]),
])
def test_the_minutes_of_a_window(text: str, wanted: list[int]) -> None:
    assert sorted(set(window_minutes(text))) == wanted
    assert [minute for minute, quiet in enumerate(quiet_week([text])) if quiet] == wanted


@pytest.mark.parametrize("text", [
    "25:00-06:00", "08:00-24:01", "08:60-09:00", "24:00-06:00", "08:00-08:00", "00:00-00:00",
    "8:00-09:00", "mo 08:00-09:00", "mon  08:00-09:00", " 08:00-09:00", "08:00-09:00\n", "",
    "mon- 08:00-09:00", "Mon 08:00-09:00",
])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(window_minutes(text))


@given(st.from_regex(WINDOW.replace("$", r"\Z")))
def test_every_text_of_the_form_is_judged(text: str) -> None:
    try:
        minutes = list(window_minutes(text))
    except ValueError:
        return
    first = re.search(r"([0-9]{2}):([0-9]{2})-", text)
    assert first is not None
    begin = int(first[1]) * HOUR + int(first[2])
    days = {minute // DAY for minute in minutes if minute % DAY == begin}
    named = text.rpartition(" ")[0]
    assert {DAYS.index(day) for day in re.findall("[a-z]{3}", named)} <= days
    assert minutes and all(0 <= minute < WEEK for minute in minutes)


def found(hours: Any) -> list[tuple[str, str | None]]:
    spec = {"specc": 1,
            "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                           "x": {"type": "plain", "take_columns": ["a"]}},
            "network": {"type": "output", "input_frames": ["x"]},
            "loss": {"type": "torch.nn:MSELoss"}, "training": {"quiet_hours": hours}}
    return [(one.code, one.pointer) for one in specc.validate(spec).diagnostics]


PLACE = "/training/quiet_hours"


@pytest.mark.parametrize(("given_hours", "wanted"), [
    ([], []), (["22:00-06:00"], []),
    (["00:00-24:00"], [("SC416", PLACE)]),
    (["00:00-23:59"], []),
    (["mon-sat 00:00-24:00", "sun 00:00-12:00", "sun 12:00-24:00"], [("SC416", PLACE)]),
    (["25:00-06:00"], [("SC415", f"{PLACE}/0")]),
    # What an unknown window leaves nobody knows.
    (["00:00-24:00", "99:99-00:00"], [("SC415", f"{PLACE}/1")]),
    (["00:00-24:00", "noon"], [("SC106", f"{PLACE}/1")]),
    ("22:00-06:00", [("SC104", PLACE)]),
])
def test_what_validate_says(given_hours: Any, wanted: list[tuple[str, str]]) -> None:
    assert found(given_hours) == wanted
