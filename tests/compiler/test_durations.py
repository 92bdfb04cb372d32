"""ISO 8601 durations: what they are worth, and why some are refused."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specc.compiler.data.durations import nanoseconds
from specc.schema.durations import PATTERN

SECOND = 10**9


@pytest.mark.parametrize("text, length", [
    ("P7D", 7 * 86_400 * SECOND),
    ("PT3H", 3 * 3_600 * SECOND),
    ("P1DT12H", 36 * 3_600 * SECOND),
    ("P2W", 14 * 86_400 * SECOND),
    ("PT90M", 5_400 * SECOND),
    ("PT1H30S", 3_630 * SECOND),
    ("PT0.5S", SECOND // 2),
    ("PT1,000000001S", SECOND + 1),
    ("P0D", 0),
    ("P999999999W", 999_999_999 * 7 * 86_400 * SECOND),
])
def test_lengths(text: str, length: int) -> None:
    assert nanoseconds(text) == length


@pytest.mark.parametrize("text, reason", [
    ("P1M", "months"), ("P1Y", "years"), ("P1Y2M3DT4H", "no fixed length"),
    ("P1.5D", "only seconds"), ("PT0.5H", "only seconds"),
    ("P1W2D", "weeks stand alone"),
    ("", "reads like"), ("P", "reads like"), ("PT", "reads like"), ("P1DT", "reads like"),
    ("7D", "reads like"), ("P7", "reads like"), ("p7d", "reads like"), ("-P7D", "reads like"),
    ("PT1M1H", "reads like"), ("P1H", "reads like"), ("P1234567890D", "reads like"),
    ("P7D ", "reads like"), ("P\u0667D", "reads like"), ("PT1.S", "reads like"),
])
def test_refused(text: str, reason: str) -> None:
    assert not re.search(PATTERN, text)
    with pytest.raises(ValueError, match=reason):
        nanoseconds(text)


@given(st.timedeltas(min_value=dt.timedelta(0), max_value=dt.timedelta(days=10_000)))
def test_what_pandas_writes(span: dt.timedelta) -> None:
    microseconds = span // dt.timedelta(microseconds=1)
    assert nanoseconds(pd.Timedelta(span).isoformat()) == microseconds * 1000


@given(st.one_of(st.from_regex(PATTERN), st.text("P0.,WDTHMSY12\n", max_size=12)))
def test_the_pattern_and_the_function_agree(text: str) -> None:
    if re.search(PATTERN, text):
        assert nanoseconds(text) >= 0
    else:
        with pytest.raises(ValueError):
            nanoseconds(text)
