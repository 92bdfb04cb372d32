"""When quiet hours end: outside of all windows, and never later than that.

Not checked here: what lies in a window (tests/compiler/test_quiet_hours.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.resolution.quiet_hours import quiet_week
from specc.runtime.quiet_hours import is_quiet, quiet_until
from specc.schema.pace import DAYS

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata"),
         ZoneInfo("Australia/Lord_Howe"), UTC]

Window = tuple[list[int], int, int]
"""Days, and the minutes of a day at which it begins and ends."""

windows = st.lists(
    st.tuples(st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True),
              st.integers(0, 1439), st.integers(0, 1440)).filter(lambda one: one[1] != one[2]),
    min_size=1, max_size=3)
instants = st.datetimes(datetime(1985, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
changes = st.sampled_from([
    datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC),
    datetime(2024, 3, 10, 7, tzinfo=UTC), datetime(2024, 11, 3, 6, tzinfo=UTC),
    datetime(2024, 4, 6, 15, tzinfo=UTC), datetime(2024, 10, 5, 15, 30, tzinfo=UTC)])
near_changes = st.builds(lambda change, minutes: change + timedelta(minutes=minutes),
                         changes, st.integers(-2000, 2000))


def text_of(window: Window) -> str:
    days, begin, end = window
    spelled = ",".join(DAYS[day] for day in days)
    return f"{spelled} {begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


def inside(given_windows: list[Window], instant: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall clock is in a window, told without the table of minutes."""
    local = instant.astimezone(zone)
    today, minute = local.weekday(), local.hour * 60 + local.minute
    for days, begin, end in given_windows:
        if begin < end:
            if today in days and begin <= minute < end:
                return True
        elif (today in days and minute >= begin) or ((today - 1) % 7 in days and minute < end):
            return True
    return False


@given(windows, instants | near_changes, st.sampled_from(ZONES))
def test_the_end_is_outside_and_minimal(drawn: list[Window], now: datetime,
                                        zone: ZoneInfo) -> None:
    week = quiet_week([text_of(window) for window in drawn])
    assert is_quiet(week, now, zone) == inside(drawn, now, zone)
    if all(week):
        return
    told = quiet_until(week, now, zone)
    assert told.tzinfo is zone
    # Python orders times of two zones wrongly where a clock goes back.
    until = told.astimezone(UTC)
    assert until >= now and not inside(drawn, until, zone)
    if not inside(drawn, now, zone):
        assert until == now
        return
    # Windows and changes of the clock fall on whole minutes.
    assert (until.second, until.microsecond) == (0, 0)
    step = now.replace(second=0, microsecond=0)
    while step < until:
        assert inside(drawn, step, zone)
        step += timedelta(minutes=1)


def in_berlin(text: str, now: str) -> str:
    """What a night in Berlin waits for, with the offset of its clock."""
    return quiet_until(quiet_week([text]), datetime.fromisoformat(now), BERLIN).isoformat()


@pytest.mark.parametrize(("text", "now", "until"), [
    # Clocks go from 02:00 to 03:00: the night is an hour shorter.
    ("22:00-06:00", "2024-03-30T23:00:00+01:00", "2024-03-31T06:00:00+02:00"),
    # The end is a time that this day does not have.
    ("22:00-02:30", "2024-03-30T23:00:00+01:00", "2024-03-31T03:00:00+02:00"),
    # Clocks go from 03:00 back to 02:00: an hour longer.
    ("22:00-06:00", "2024-10-26T23:00:00+02:00", "2024-10-27T06:00:00+01:00"),
    # The end comes twice, and both times count.
    ("22:00-02:30", "2024-10-26T23:00:00+02:00", "2024-10-27T02:30:00+02:00"),
    ("22:00-02:30", "2024-10-27T02:10:00+01:00", "2024-10-27T02:30:00+01:00"),
    ("sat,sun 00:00-24:00", "2024-03-30T12:00:00+01:00", "2024-04-01T00:00:00+02:00"),
])
def test_the_end_over_a_change_of_the_clock(text: str, now: str, until: str) -> None:
    assert in_berlin(text, now) == until


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_in_berlin")
@pytest.mark.parametrize("now", ["2024-03-30T23:00:00+01:00", "2024-10-26T21:00:00+00:00",
                                 "2024-07-01T23:30:30+02:00"])
def test_without_a_zone_the_clock_of_the_machine_counts(now: str) -> None:
    week, instant = quiet_week(["22:00-06:00"]), datetime.fromisoformat(now)
    assert is_quiet(week, instant)
    assert quiet_until(week, instant).isoformat() == quiet_until(week, instant, BERLIN).isoformat()
