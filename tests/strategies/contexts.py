"""Contexts that fit a bundle: which rows belong to a sample, and what is made of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .columns import FORMS
from .conditions import conditions
from .drawn import DrawnBundle, Events
from .extractors import gives_ids, row_extractors
from .places import join
from .schema import Builder, happens, weighted

_NAMES = ("recent", "steps", "a.b", "x/y", "é")
_SORTABLE = ("continuous", "categorical", "datetime")
_OF_TIMES = ("decayed_mean", "since_last")
_SPANS = st.sampled_from(["PT6H", "P1D", "P7D", "P2W", "PT0.5S"])


@st.composite
def contexts(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder,
             aggregations: tuple[str, ...] = ("group_by", "pivot", "sequence")) -> dict[str, Any]:
    """A context over the events of the bundle.

    Args:
        aggregations: the types to draw from.
    """
    events = draw(st.sampled_from(bundle.events))
    value: dict[str, Any] = {"type": "context", "frame": events.frame}
    if events.path:
        value["joins"] = [join(link) for link in events.path]
    if events.on and not draw(happens(12)):
        value["on"] = dict(events.on)
    timed, placed = draw(_place(value, events))
    if placed and draw(happens(30)):
        value["within"] = draw(_SPANS if timed else st.sampled_from([0, 2.5, 20]))
    kinds = [draw(st.sampled_from(aggregations))
             for _ in range(draw(weighted((3, st.just(1)), (1, st.just(2)))))]
    keeps_order = any(kind != "group_by" for kind in kinds)
    if draw(happens(95 if keeps_order or "on" not in value else 30)):
        value["size"] = draw(st.integers(1, 5))
    forms = bundle.features[events.frame]
    if draw(happens(20)):
        value["where"] = draw(conditions(forms))
    sortable = [name for name, form in forms.items() if {*FORMS[form].reads} & {*_SORTABLE}]
    if sortable and draw(happens(30)):
        value["order_by"] = draw(st.sampled_from([*sortable, sortable]))
    numbers = any(kind != "sequence" for kind in kinds) and not draw(happens(2))
    if not draw(happens(2)):
        value["extractor"] = draw(row_extractors(bundle, builder, events.frame, numbers))
    value["aggregations"] = {
        name: draw(_aggregations(builder, kind, timed, value))
        for name, kind in zip(draw(st.permutations(_NAMES)), kinds, strict=False)}
    return value


@st.composite
def _place(draw: st.DrawFn, value: dict[str, Any], events: Events) -> tuple[bool, bool]:
    """Says where the sample stands; gives whether by a time, and whether at all."""
    how = draw(st.sampled_from(["as_of", "as_of", "time", "number", "none"]))
    if how == "none" and "on" in value:
        if draw(happens(40)):
            value["direction"] = draw(st.sampled_from(["before", "after"]))
        return False, False
    sample, row = events.places if how == "number" else events.times
    value["at" if how in ("time", "number") else "as_of"] = {"sample": sample, "row": row}
    if "at" in value or draw(happens(1)):
        value["direction"] = draw(st.sampled_from(["before", "after", "around"]))
        value["include_self"] = draw(st.booleans())
    return how != "number", True


@st.composite
def _aggregations(draw: st.DrawFn, builder: Builder, kind: str, timed: bool,
                  value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = draw(builder.family("aggregation", [kind]))
    if kind == "group_by":
        if not timed and not draw(happens(2)):
            found.pop("spans", None)
            functions = [name for name in found.get("functions", ()) if name not in _OF_TIMES]
            if functions:
                found["functions"] = functions
            else:
                found.pop("functions", None)
        return found
    around = value.get("direction") == "around"
    ids = gives_ids(value.get("extractor", {"type": "plain"}))
    if "folded" in found and (not around or ids) and not draw(happens(2)):
        del found["folded"]
    if "size" not in value and found.get("size") is None:
        found["size"] = draw(st.integers(1, 4))
    return found
