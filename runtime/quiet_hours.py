"""When quiet hours end, by the clock of the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from ..compiler.resolution.quiet_hours import DAY

_MINUTE = timedelta(minutes=1)


def is_quiet(week: bytes, instant: datetime, zone: tzinfo | None = None) -> bool:
    """Whether an instant lies in quiet hours.

    Args:
        week: as `quiet_week` gives it.
        instant: with its offset from UTC.
        zone: whose clock counts; None is the local time of the machine.
    """
    local = instant.astimezone(zone)
    return bool(week[local.weekday() * DAY + local.hour * 60 + local.minute])


def quiet_until(week: bytes, now: datetime, zone: tzinfo | None = None) -> datetime:
    """The first instant from now on that is not quiet, in local time; now itself where it is not.

    It is looked for minute by minute, because a change of the clock makes a quiet time longer or
    shorter, and may fall onto its end. Offsets from UTC are whole minutes, as they are everywhere
    since 1972.
    """
    if is_quiet(week, now, zone):
        # In UTC, because a sum of local times ignores a change of the clock between them.
        now = now.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        while is_quiet(week, now, zone):
            now += _MINUTE
    return now.astimezone(zone)
