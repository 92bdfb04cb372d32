"""Conditions on the columns of a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from .columns import FORMS
from .schema import Json, Strategy, happens, weighted

_ORDERINGS = ("above", "below", "at_least", "at_most", "equal", "not_equal")
_NUMBERS = st.sampled_from([0, 1, -2.5, 3, 1e30])
_WORDS = st.sampled_from(["a", "b", "OTHER", "", "nowhere"])
_TIMES = st.sampled_from(["2024-01-01", "2023-12-30T12:00:00", "2024-01-10"])


def conditions(forms: Mapping[str, str]) -> Strategy:
    """Conditions that must all hold, some of them lists of which one must."""
    one = _condition(forms)
    return st.lists(weighted((4, one), (1, st.lists(one, min_size=1, max_size=2))), min_size=1,
                    max_size=2)


@st.composite
def _condition(draw: st.DrawFn, forms: Mapping[str, str]) -> dict[str, Any]:
    column = draw(st.sampled_from(sorted(forms) or ["x"]))
    form = forms.get(column, "")
    reads = FORMS[form].reads[:1] if form else ()
    values: Json = {("continuous",): _NUMBERS, ("datetime",): _TIMES}.get(reads, _WORDS)
    if (values is _WORDS and "string" not in form) or draw(happens(25)):
        return {"column": column, "is": draw(st.sampled_from(["null", "not_null", "not_null"]))}
    if form == "boolean":
        return {"column": column, "is": "equal", "value": draw(st.booleans())}
    words = _ORDERINGS[-2:] if values is _WORDS else _ORDERINGS
    if draw(happens(20)):
        return {"column": column, "is": draw(st.sampled_from(["in", "not_in"])),
                "value": draw(st.lists(values, min_size=1, max_size=3))}
    return {"column": column, "is": draw(st.sampled_from(words)), "value": draw(values)}
