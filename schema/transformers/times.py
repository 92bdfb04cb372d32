"""Transformers of columns of dates and times."""

from __future__ import annotations

from ..declaration import Type
from ..fields import array, boolean
from .nulls import MISSING_INDICATOR, on_null

PARTS = ("year", "month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute",
         "second", "elapsed")
"""The columns that `datetime` can make of one column of times."""

DATETIME = Type(
    name="datetime",
    description="Calendar parts of a date or time, in its own time zone.",
    properties={
        "parts": array("The parts to take: `year` in standardised years, `elapsed` the "
                       "standardised time itself, the others as fractions from 0 to below 1.",
                       {"enum": list(PARTS)},
                       default=["year", "month", "day_of_month", "day_of_week", "hour"],
                       example=["month", "hour", "elapsed"], min_items=1, max_items=len(PARTS)),
        "cyclic": boolean("Give each fraction as sine and cosine of its place on a circle, so "
                          "that the last hour is near the first.", default=False),
        "on_null": on_null("zero", "error"),
        "missing_indicator": MISSING_INDICATOR,
    },
    examples=({}, {"parts": ["elapsed"]}, {"parts": ["hour"], "cyclic": True}),
)
