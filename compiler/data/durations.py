"""Durations as nanoseconds."""

from __future__ import annotations

import re

from ...schema.durations import PATTERN

_SECOND = 10**9
_UNITS = {"W": 604_800 * _SECOND, "D": 86_400 * _SECOND, "H": 3_600 * _SECOND,
          "M": 60 * _SECOND, "S": _SECOND}

_PATTERN = re.compile(PATTERN)
_PART = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?([WDHMS])")
_MONTHS_OR_YEARS = re.compile(r"^P[^T]*[0-9][YM]")
_FRACTION = re.compile(r"[0-9][.,][0-9]+[WDHM]")
_WEEKS_AND_MORE = re.compile(r"^P[0-9]+W.|^P.*[DT].*W")


def nanoseconds(text: str) -> int:
    """The length of an ISO 8601 duration such as `P7D`, `PT3H` or `P1DT12H`.

    It may be 0, and longer than 64 bits hold.

    Raises:
        ValueError: with the reason, exactly where the pattern of the schema does not match.
    """
    if not _PATTERN.match(text):
        raise ValueError(_reason(text))
    total = 0
    for count, fraction, unit in _PART.findall(text):
        total += int(count) * _UNITS[unit] + int(fraction.ljust(9, "0"))
    return total


def _reason(text: str) -> str:
    if _MONTHS_OR_YEARS.search(text):
        return "months and years have no fixed length; use weeks or days"
    if _FRACTION.search(text):
        return "only seconds may have a fraction"
    if _WEEKS_AND_MORE.search(text):
        return "weeks stand alone; use days beside hours"
    return "a duration reads like P7D, PT3H, PT30M, P1DT12H or P2W"
