"""Spans of time as text: ISO 8601 durations of weeks, days, hours, minutes and seconds."""

from __future__ import annotations

_COUNT = "[0-9]{1,9}"
_SECONDS = rf"{_COUNT}([.,]{_COUNT})?S"
_MINUTES = f"{_COUNT}M({_SECONDS})?"
_HOURS = f"{_COUNT}H({_MINUTES}|{_SECONDS})?"
_TIME = f"T({_HOURS}|{_MINUTES}|{_SECONDS})"

PATTERN = f"^P({_COUNT}W|{_COUNT}D({_TIME})?|{_TIME})$"
"""A duration such as `P7D`, `PT3H`, `P1DT12H` or `P2W`.

Months and years have no place in it, for their length depends on the calendar. It does
without look-ahead, which some readers of schemas do not know.
"""
