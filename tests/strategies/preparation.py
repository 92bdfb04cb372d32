"""Steps that prepare a bundle: splits where there is none, filters, columns made of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from .columns import FORMS
from .conditions import conditions
from .drawn import DrawnBundle
from .places import timed
from .schema import Builder, happens, mostly_without

DERIVED = "made of others"
"""The column that a step `derive` adds."""

_NUMBERS = ("add", "subtract", "multiply", "divide", "absolute", "compare", "coalesce")
_TWO = ("subtract", "divide")


@st.composite
def steps(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder) -> list[dict[str, Any]]:
    """Preparation: always a split where the bundle has none that will do."""
    found: list[dict[str, Any]] = []
    for frame in sorted(bundle.features):
        forms = bundle.features[frame]
        of_index = {} if frame == bundle.index_frame else {"frame": frame}
        if forms and draw(happens(4)):
            found.append({"type": "filter", **of_index, "where": draw(conditions(forms))})
        operation = draw(_operations(forms)) if draw(happens(12)) else None
        if operation is not None:
            found.append({"type": "derive", **of_index, "column": DERIVED,
                          "operation": operation})
    if "train" not in bundle.splits or draw(happens(20)):
        split = draw(builder.family("preparation", [
            "random_split", "stratified_split", "grouped_split",
            *(["time_split"] * 3 if timed(bundle) else [])]))
        mostly_without(draw, split, "only_where_not_null")
        found.append(split)
    if draw(happens(20)):
        found.append(draw(builder.family("preparation", ["priority"])))
    return found


@st.composite
def _operations(draw: st.DrawFn, forms: Mapping[str, str]) -> dict[str, Any] | None:
    """An operation on columns of one kind; None where there are none."""
    numbers = [name for name, form in forms.items() if "continuous" in FORMS[form].reads]
    times = [name for name, form in forms.items() if FORMS[form].reads[:1] == ("datetime",)]
    kinds = [*(_NUMBERS if numbers else ()), *(("date_part", "time_difference") if times else ()),
             *(("holds",) if forms else ())]
    if not kinds:
        return None
    kind = draw(st.sampled_from(kinds))
    if kind == "holds":
        return {"type": kind, "where": draw(conditions(forms))}
    if kind == "date_part":
        part = st.sampled_from(["year", "month", "hour", "day_of_week", "minute", "date"])
        return {"type": kind, "column": draw(st.sampled_from(times)), "part": draw(part)}
    if kind == "time_difference":
        return {"type": kind, "from": draw(st.sampled_from(times)),
                "to": draw(st.sampled_from(times)),
                "unit": draw(st.sampled_from(["seconds", "hours", "days"]))}
    column = draw(st.sampled_from(numbers))
    other = draw(st.sampled_from(numbers) | st.sampled_from([0, 2, -0.5]))
    if kind == "absolute":
        return {"type": kind, "column": column}
    if kind == "compare":
        word = draw(st.sampled_from(["equal", "not_equal", "above", "at_most"]))
        return {"type": kind, "left": column, "is": word, "right": other}
    more = [] if kind in _TWO or not draw(happens(20)) else [1.5]
    return {"type": kind, "operands": [column, other, *more]}
